"""The frame around the verbs: help, version, exit codes, tracebacks, interruption."""

import json
import re
import subprocess
import sys
import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning

import headway
from headway.cli import app as app_module
from headway.cli import main
from headway.cli.app import explain, split_debug
from headway.cli.console import one_line, print_pairs, to_json
from headway.errors import InputValueError

VERBS = [
    "compare",
    "inspect",
    "fit",
    "predict",
    "review",
    "explain",
    "probs",
    "curves",
    "explain-training",
    "signal",
    "study",
    "config",
]
HEAVY = ["numpy", "scipy", "sklearn", "torch", "matplotlib", "polars", "pandas", "rich", "jinja2"]


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def failing(error):
    """Return a stand-in for the typer app that raises."""

    def app(words, prog_name):
        raise error

    return app


def test_help_names_every_verb_and_fits_80_columns(capsys, narrow):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for verb in VERBS:
        assert re.search(rf"^  {verb} ", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_has_an_example_of_its_own(verb, capsys, narrow):
    assert main([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert "Example" in out
    assert re.search(rf"^ +headway {verb}", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= 80


def test_help_imports_nothing_heavy():
    probe = (
        "import sys; from headway.cli import main; code = main(['--help']);"
        f"print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.strip() == "[]"


def test_without_a_verb_the_help_is_shown_as_a_usage_error(capsys):
    assert main([]) == 2
    captured = capsys.readouterr()
    assert "Commands:" in captured.out + captured.err


def test_version_is_the_packages(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"headway {headway.__version__}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compar", "digits"], "Did you mean 'compare'"),
        (["compare"], "DATA"),
        (["compare", "digits", "--nonsense"], "--nonsense"),
        (["compare", "digits", "--seeds", "0"], "--seeds"),
        (["compare", "digits", "--seeds", "many"], "--seeds"),
        (["compare", "digits", "--model", "liner"], "Did you mean 'linear'"),
        (["compare", "digits", "--model", ","], "--model"),
        (["compare", "digits", "--heads", "softmx"], "Did you mean 'softmax'"),
        (["compare", "digits", "--test-size", "1"], "--test-size"),
        (["compare", "digits", "--test-size", "nan"], "--test-size"),
        (["compare", "digits", "--target", "species"], "has its own labels"),
        (["fit", "x.csv", "--target", "y"], "--output"),
        (["fit", "x.csv", "--target", "y", "-o", "m.headway", "--model", "cnn"], "--model"),
        (["fit", "x.csv", "--target", "y", "-o", "m.headway", "-C", "0"], "-C"),
        (["fit", "x.csv", "--target", "y", "-o", "m.headway", "-C", "nan"], "-C"),
        (["fit", "x.csv", "--target", "y", "-o", "m.headway", "--model", "mlp", "-C", "1"], "-C"),
        (["fit", "x.csv", "--target", "y", "-o", "m.headway", "--model", "linear,mlp"], "one of"),
        (["fit", "x.csv", "--target", "y", "-o", "m.headway", "--epochs", "3"], "--epochs"),
        (["predict", "m.headway"], "FILE"),
        (["probs"], "LOGIT"),
        (["probs", "--", "1", "two"], "two"),
        (["explain-training", "digits", "--row", "-1"], "--row"),
        (["explain", "m.headway", "new.csv", "--row", "-1"], "--row"),
        (["explain", "m.headway", "new.csv", "--top", "0"], "--top"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_exits_with_2_and_says_what_is_wrong(words, message, capsys):
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_debug_may_stand_anywhere_but_among_the_data():
    assert split_debug(["--debug", "inspect", "f"]) == (["inspect", "f"], True)
    assert split_debug(["inspect", "f", "--debug"]) == (["inspect", "f"], True)
    assert split_debug(["probs", "--", "--debug"]) == (["probs", "--", "--debug"], False)


def test_a_mistake_is_one_line_and_a_traceback_only_with_debug(capsys, monkeypatch):
    monkeypatch.setattr(app_module, "app", failing(InputValueError("must be\n  this, got that.")))
    assert main(["inspect"]) == 1
    assert capsys.readouterr().err == "headway: error: must be this, got that.\n"
    assert main(["inspect", "--debug"]) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_fault_of_headway_says_so_without_a_traceback(capsys, monkeypatch):
    monkeypatch.setattr(app_module, "app", failing(ZeroDivisionError("division by zero")))
    assert main(["inspect"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("headway: error: ZeroDivisionError: division by zero (not foreseen")
    assert err.count("\n") == 1


def test_a_failing_disk_names_the_file():
    assert explain(OSError(28, "No space left on device", "out.csv")) == (
        "No space left on device 'out.csv'"
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(130)])
def test_ctrl_c_exits_with_130_and_one_line(error, capsys, monkeypatch):
    monkeypatch.setattr(app_module, "app", failing(error))
    assert main(["compare", "digits"]) == 130
    assert capsys.readouterr().err == "headway: stopped by Ctrl-C; nothing more was written\n"


def test_a_warning_is_one_line_on_stderr(capsys, monkeypatch):
    def app(words, prog_name):
        warnings.warn("two\nlines", ConvergenceWarning, stacklevel=1)

    monkeypatch.setattr(app_module, "app", app)
    assert main([]) == 0
    assert capsys.readouterr().err == "headway: warning: two lines\n"


def test_json_has_no_nan_and_no_numpy():
    np = pytest.importorskip("numpy")
    value = {
        1: np.float32(0.5),
        "a": np.array([1.0, np.nan]),
        "b": (np.inf, -np.inf),
        "c": [np.bool_(True), None, "text", np.int64(3)],
    }
    plain = to_json(value)
    assert plain == {
        "1": 0.5,
        "a": [1.0, None],
        "b": ["inf", "-inf"],
        "c": [True, None, "text", 3],
    }
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_long_values_wrap_under_their_own_column(capsys):
    print_pairs([("name", "word " * 40), ("x", "1")])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("name  word")
    assert lines[1].startswith("      word")
    assert lines[-1] == "x     1"


def test_one_line_has_one_line():
    assert one_line(" a\n\n b\tc ") == "a b c"
