"""How far a long command has come: a bar on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from headway.cli.console import note

__all__ = ["progress_on_stderr"]

QUIET_SECONDS = 15.0  # between two lines of a log


@contextmanager
def progress_on_stderr(what: str) -> Iterator[Callable[[int, int, str], None]]:
    """Give a function `tell(done, total, text)` that shows progress on stderr.

    The bar leaves nothing behind on the terminal.  Where stderr is a file or a pipe, a plain
    line appears at most every 15 seconds, so that short commands stay silent there.
    """
    if not sys.stderr.isatty():
        yield _log(what)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn(what),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[text]}"),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=None, text="")

        def tell(done: int, total: int, text: str) -> None:
            bar.update(task, completed=done, total=total, text=text)

        yield tell


def _log(what: str) -> Callable[[int, int, str], None]:
    last = time.monotonic()

    def tell(done: int, total: int, text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= QUIET_SECONDS:
            last = time.monotonic()
            note(f"{what} {done}/{total}: {text}")

    return tell
