"""The `headway` command: its verbs, its errors and its exit codes.

Typer answers usage errors itself (exit 2).  Everything a verb raises ends here:
a user's mistake becomes one line on stderr and exit code 1; a traceback is shown
only with `--debug`.
"""

import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer

from headway import __version__
from headway.cli import (
    calibrate,
    compare,
    config,
    curves,
    decide,
    evaluate,
    explain_prediction,
    explain_training,
    fit,
    inspect,
    predict,
    probs,
    review,
    signal,
    study,
    tune,
)
from headway.cli.console import note, one_line, quieten_stdout
from headway.errors import HeadwayError

__all__ = ["app", "main"]

FAILED = 1
INTERRUPTED = 130  # 128 + SIGINT, what a shell expects

app = typer.Typer(
    name="headway",
    help=(
        "The last layer of a classifier: softmax or sigmoid, probabilities and decisions, "
        "trained side by side and explained."
    ),
    epilog="""Examples:

\b
  headway compare digits
  headway inspect FILE.csv --target COLUMN
  headway compare --help
""",
    # Plain text: the same on every terminal, in a pipe and in a log, and rich stays unimported.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)

for verb in (
    compare,
    inspect,
    fit,
    predict,
    calibrate,
    tune,
    decide,
    evaluate,
    review,
    explain_prediction,
    probs,
    curves,
    explain_training,
    signal,
    study,
    config,
):
    app.command(verb.NAME, epilog=verb.EXAMPLES, context_settings=verb.CONTEXT)(verb.run)


def show_version(wanted: bool) -> None:
    """Print the version and leave, if it was asked for."""
    if wanted:
        typer.echo(f"headway {__version__}")
        raise typer.Exit


@app.callback()
def headway(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show tracebacks (may also stand after the verb)."),
    ] = False,
) -> None:
    """Take the options that stand before the verb; `main` has already acted on `--debug`."""


def split_debug(words: Sequence[str]) -> tuple[list[str], bool]:
    """Return the command line without `--debug`, and whether it was there.

    Words after a bare `--` are data and stay.

    Examples
    --------
    >>> split_debug(["probs", "--debug", "--", "1", "2"])
    (['probs', '--', '1', '2'], True)
    """
    words = list(words)
    end = words.index("--") if "--" in words else len(words)
    options = [word for word in words[:end] if word != "--debug"]
    return options + words[end:], len(options) < end


def main(args: Sequence[str] | None = None) -> int:
    """Return the exit code of one command line (by default the program's own).

    Parameters
    ----------
    args : sequence of str, optional
        The words after `headway`.

    Returns
    -------
    int
        0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.
    """
    words, debug = split_debug(sys.argv[1:] if args is None else args)
    with warnings.catch_warnings():
        # Warnings meant for the user, scikit-learn's about convergence among them, always show.
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = warn_in_one_line
        code = attempt(words, debug)
    return quieten_stdout() or code


def attempt(words: list[str], debug: bool) -> int:
    """Run one command line and turn whatever it raises into an exit code."""
    try:
        app(words, prog_name="headway")
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else FAILED
        if code == INTERRUPTED:
            note("stopped by Ctrl-C; nothing more was written")
        return code
    except KeyboardInterrupt:
        note("stopped by Ctrl-C; nothing more was written")
        return INTERRUPTED
    except Exception as error:
        if debug:
            traceback.print_exc()
        else:
            note(f"error: {explain(error)}")
        return FAILED
    return 0


def explain(error: Exception) -> str:
    """Return what went wrong in one line, for the person at the keyboard.

    A mistake in the input is told by its own message; anything else is a fault
    of headway's and says so.
    """
    if isinstance(error, HeadwayError):
        return one_line(str(error))
    if isinstance(error, OSError):
        place = f" '{error.filename}'" if error.filename else ""
        return f"{error.strerror or one_line(str(error))}{place}"
    if isinstance(error, MemoryError):
        return "not enough memory. Try fewer rows, a smaller model or one model at a time."
    return (
        f"{type(error).__name__}: {one_line(str(error))} "
        "(not foreseen: run again with --debug to see where, and please report it)"
    )


def warn_in_one_line(message, category, filename, lineno, file=None, line=None) -> None:
    """Show a warning as one line on stderr, without the place in the code."""
    note(f"warning: {one_line(str(message))}")
