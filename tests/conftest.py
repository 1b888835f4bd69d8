"""Fixtures shared by every room."""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data_folder():
    """Return the folder of real data sets, or skip."""
    folder = Path(os.environ.get("HEADWAY_DATA") or BESIDE)
    if not folder.is_dir():
        pytest.skip("no real data here: set HEADWAY_DATA to a folder that holds mnist.npz")
    return folder


@pytest.fixture(params=["numpy", "torch", "array_api_strict"])
def xp(request):
    """Return an array namespace: what the kernels promise, each of them must keep."""
    if request.param == "torch":
        pytest.importorskip("torch")
        return pytest.importorskip("array_api_compat.torch")
    return pytest.importorskip(request.param)
