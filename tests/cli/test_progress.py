"""Progress goes to stderr: silent in short runs of a log, a line now and then in long ones."""

from headway.cli import progress
from headway.cli.progress import QUIET_SECONDS, progress_on_stderr


def test_a_log_stays_silent_until_a_run_is_long_and_then_gets_a_line_now_and_then(
    capsys, monkeypatch
):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress_on_stderr("comparing") as tell:
        for done, seconds in enumerate((0.0, 1.0, QUIET_SECONDS, QUIET_SECONDS + 1.0)):
            clock[0] = seconds
            tell(done, 4, f"fit {done}")
    captured = capsys.readouterr()
    assert captured.err == "headway: comparing 2/4: fit 2\n"
    assert captured.out == ""


def test_a_terminal_gets_a_bar_that_leaves_stdout_alone(capsys, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True)
    with progress_on_stderr("comparing") as tell:
        tell(1, 4, "fit 1")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "comparing" in captured.err
    assert "1/4" in captured.err
