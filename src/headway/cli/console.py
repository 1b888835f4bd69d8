"""What reaches the terminal: data to stdout, notes to stderr, JSON without NaN.

JSON has no NaN and no infinity (RFC 8259), yet Python writes them bare; `to_json`
gives null and the words "inf" and "-inf" instead, so that every reader accepts them.
"""

import json
import math
import os
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import typer

__all__ = [
    "can_show",
    "note",
    "one_line",
    "print_json",
    "print_pairs",
    "quieten_stdout",
    "to_json",
]


def note(message: str) -> None:
    """Write one line to stderr, headed by the program's name."""
    typer.echo(f"headway: {message}", err=True)


def can_show(sign: str) -> bool:
    """Return whether stdout's encoding has a sign (an old Windows or C terminal may not)."""
    try:
        sign.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def one_line(text: str) -> str:
    """Return `text` with every run of white space made one space.

    Examples
    --------
    >>> one_line("`C` must be positive,    got 0.")
    '`C` must be positive, got 0.'
    """
    return " ".join(text.split())


def to_json(value: Any) -> Any:
    """Return `value` in JSON's own types: numpy's become Python's, NaN null, infinity text.

    Examples
    --------
    >>> to_json({"gap": float("nan"), "seeds": (0, 1)})
    {'gap': None, 'seeds': [0, 1]}
    """
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        return to_json(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(item) for item in value]
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


def print_json(value: Any, sink: TextIO | None = None) -> None:
    """Write `value` to `sink` (stdout unless given) as indented JSON."""
    text = json.dumps(to_json(value), indent=2, ensure_ascii=False, allow_nan=False)
    (sink or sys.stdout).write(text + "\n")


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Write names and values to stdout in two columns, one pair a line.

    Values are wrapped to 80 columns under their own column.
    """
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        lines = textwrap.wrap(value, width=max(20, 78 - width), break_on_hyphens=False) or [""]
        typer.echo(f"{name:<{width}}  {lines[0]}")
        for line in lines[1:]:
            typer.echo(f"{'':<{width}}  {line}")


def quieten_stdout() -> int:
    """Flush stdout and return 0, or 1 when its reader has gone or its disk is full.

    Without this, Python would report the lost flush while it shuts down, where
    nobody can catch it.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            note(f"error: cannot write to stdout: {error.strerror}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
