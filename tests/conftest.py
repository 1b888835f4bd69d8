"""Fixtures shared by every room."""

import os
from pathlib import Path

import pytest

from headway.kernels.core import available_levels, missing_because, use_core

# The notice that there is no core would spoil what the subprocesses of tests print.
if missing_because() is not None:
    os.environ.setdefault("HEADWAY_CORE", "numpy")

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data_folder():
    """Return the folder of real data sets, or skip."""
    folder = Path(os.environ.get("HEADWAY_DATA") or BESIDE)
    if not folder.is_dir():
        pytest.skip("no real data here: set HEADWAY_DATA to a folder that holds mnist.npz")
    return folder


# NumPy arrays are computed by the compiled core, at each level that this machine has, or by its
# twins in NumPy: every one must keep what the kernels promise.
LEVELS = available_levels()
LIBRARIES = [*(f"numpy-{level}" for level in LEVELS), "torch", "array_api_strict"]


def pytest_generate_tests(metafunc):
    if "xp" in metafunc.fixturenames:
        metafunc.parametrize("xp", LIBRARIES, indirect=True)
    elif "level" in metafunc.fixturenames:
        metafunc.parametrize("level", LEVELS, indirect=True)


@pytest.fixture
def xp(request):
    """Return an array namespace, with the core at one of its levels where that is NumPy."""
    library, _, level = request.param.partition("-")
    if library == "torch":
        pytest.importorskip("torch")
        yield pytest.importorskip("array_api_compat.torch")
    elif library == "numpy":
        with use_core(level):
            yield pytest.importorskip("numpy")
    else:
        yield pytest.importorskip(library)


@pytest.fixture
def level(request):
    """Return a level of the core and compute at it; beside `xp`, which does so, None."""
    if not hasattr(request, "param"):
        yield None
        return
    with use_core(request.param):
        yield request.param
