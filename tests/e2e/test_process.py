"""The installed program as a process: pipes, signals, colour, start-up."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-c", "import sys; from headway.cli import main; sys.exit(main())"]


def run(*words, **options):
    environment = {**os.environ, "COLUMNS": "80", **options.pop("env", {})}
    return subprocess.run(
        [*PROGRAM, *words], capture_output=True, text=True, env=environment, timeout=120, **options
    )


def test_the_program_is_installed_under_its_name():
    program = Path(sys.executable).with_name("headway")
    if not program.exists():
        pytest.skip("the package is not installed in this environment")
    done = subprocess.run([program, "--version"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("headway ")


def test_the_exit_code_reaches_the_shell(tmp_path):
    assert run("probs", "--", "1", "2").returncode == 0
    assert run("inspect", str(tmp_path / "gone.csv"), "--target", "y").returncode == 1
    assert run("no-such-verb").returncode == 2


def test_no_traceback_but_with_debug(tmp_path):
    words = ("inspect", str(tmp_path / "gone.csv"), "--target", "y")
    assert "Traceback" not in run(*words).stderr
    assert "Traceback" in run("--debug", *words).stderr
    assert "Traceback" in run(*words, "--debug").stderr


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_pipe_gets_no_colour(variables):
    for words in (("probs", "--", "1", "2"), ("--help",)):
        done = run(*words, env=variables)
        assert done.returncode == 0
        assert "\x1b" not in done.stdout + done.stderr


def test_a_reader_that_leaves_early_is_no_error_message():
    command = shlex.join([*PROGRAM, "explain-training", "digits", "--json"])
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} | head -n 1"], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "{\n"
    assert done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_under_stdout_is_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, "probs", "--", "1", "2"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "No space left" in done.stderr


def test_ctrl_c_stops_a_contest_with_130_and_one_line(tmp_path):
    # As the program, but telling its progress at once, so that the signal comes in the contest.
    eager = "from headway.cli import progress; progress.QUIET_SECONDS = 0; " + PROGRAM[-1]
    words = ["compare", "digits", "--seeds", "500", "--model", "linear"]
    process = subprocess.Popen(
        [sys.executable, "-c", eager, *words, "--html", tmp_path / "report.html"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "headway: stopped by Ctrl-C; nothing more was written"
    assert "Traceback" not in first + err
    assert os.listdir(tmp_path) == []
