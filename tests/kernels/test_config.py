"""What `show_config` says is what runs."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import headway
from headway.cli import main
from headway.kernels.core import available_levels, core

# What an installation without a compiler, or with a broken one, meets.
WITHOUT_CORE = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "headway.kernels._headway_core":
            raise {error}
sys.meta_path.insert(0, Missing())
"""


def run(code, **environment):
    variables = {**os.environ, **environment}
    if "HEADWAY_CORE" not in environment:
        variables.pop("HEADWAY_CORE", None)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=variables, timeout=120
    )


def test_it_names_the_level_in_use(level):
    config = headway.show_config()
    assert config.core == level
    assert config.available == available_levels()
    assert next(value for name, value in config.rows() if name == "core").startswith(level)


def test_it_counts_the_threads_that_threadpoolctl_allows():
    with threadpool_limits(1):
        config = headway.show_config()
    assert config.threads == 1
    assert {library.threads for library in config.blas} == {1}


def test_it_knows_the_blas_libraries_and_the_versions():
    config = headway.show_config()
    assert config.blas
    assert config.packages["numpy"] == np.__version__
    assert config.headway == headway.__version__


def test_it_prints_a_table_of_every_field():
    config = headway.show_config()
    assert repr(config) == str(config)
    names = [line.split()[0] for line in str(config).splitlines()]
    assert {"headway", "core", "threads", "blas", "python", "torch", "processor"} <= set(names)
    assert json.loads(json.dumps(config.to_dict()))["core"] == config.core


def test_it_does_not_import_torch():
    done = run("import headway, sys; headway.show_config(); print('torch' in sys.modules)")
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize("error", ["ModuleNotFoundError('not built')", "ImportError('no glibc')"])
def test_without_a_core_there_is_one_notice_and_the_reason(error):
    code = WITHOUT_CORE.format(error=error)
    code += "import headway; print(headway.softmax([0.0, 0.0]), headway.show_config())"
    done = run(code)
    reason = error.split("'")[1]
    assert done.returncode == 0
    assert done.stderr.count("RuntimeWarning: headway runs without its compiled core") == 1
    assert f"({reason})" in done.stderr
    assert done.stdout.startswith("[0.5 0.5]")
    assert f"numpy, for there is no compiled core: {reason}" in done.stdout


def test_the_notice_is_silenced_by_asking_for_numpy():
    code = WITHOUT_CORE.format(error="ModuleNotFoundError('not built')")
    done = run(code + "import headway; print(headway.show_config().core)", HEADWAY_CORE="numpy")
    assert (done.stdout, done.stderr) == ("numpy\n", "")


def test_a_level_this_machine_lacks_is_refused_by_name():
    done = run("import headway; headway.softmax([0.0])", HEADWAY_CORE="avx1024")
    assert done.returncode == 1
    assert "Unset HEADWAY_CORE" in done.stderr


@pytest.mark.skipif(core() is None, reason="there is no compiled core")
@pytest.mark.parametrize("wanted", available_levels())
def test_the_environment_chooses_the_level(wanted):
    done = run("import headway; print(headway.show_config().core)", HEADWAY_CORE=wanted)
    assert done.stdout == f"{wanted}\n", done.stderr


def test_the_verb_prints_a_table_or_json(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["config"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("headway ")
    assert max(map(len, out.splitlines())) <= 80
    assert main(["config", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads(json.dumps(headway.show_config().to_dict()))
