"""`headway inspect`: which kind of labels a file has, and which head they call for."""

import textwrap
from typing import Any

import typer

from headway.cli.console import print_json
from headway.cli.data import DataName, DataTarget, load_data
from headway.cli.options import Json, Missing

NAME = "inspect"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway inspect iris.csv --target species
  headway inspect songs.csv --target moods --json
  headway inspect digits
"""


def run(
    data: DataName, target: DataTarget = None, missing: Missing = None, json: Json = False
) -> None:
    """Say which kind of labels a column holds.

    Binary, one class per row, or several labels per row; how balanced they are;
    how many rows carry none, one or several; whether they call for softmax or
    sigmoid, and why.
    Of a file only the target is read; the other columns may hold anything.
    """
    from headway.datasets import DATASET_NAMES, read_target
    from headway.labels import inspect_labels

    if target is None or data in DATASET_NAMES:
        dataset = load_data(data, target, missing)
        structure = inspect_labels(dataset.y, classes=dataset.classes)
    else:
        structure = inspect_labels(read_target(data, target=target, missing=missing))
    if json:
        print_json(structure.to_dict())
    else:
        typer.echo("\n".join(_wrapped(structure.to_text())))


def _wrapped(text: str) -> list[str]:
    """Return the lines, long ones folded under the column where their value starts."""
    return [
        row
        for line in text.splitlines()
        for row in (textwrap.wrap(line, width=80, subsequent_indent=" " * 11) or [""])
    ]
