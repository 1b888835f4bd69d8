"""`headway predict`: labels and probabilities for the rows of a table, from a saved model."""

import csv
import sys
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from headway.cli.console import note, print_json
from headway.cli.data import with_names
from headway.cli.options import Json
from headway.cli.outputs import check_output, replacing

NAME = "predict"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway predict iris.headway new.csv
  headway predict iris.headway new.csv --probs -o predictions.csv
"""


def run(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="A file that `headway fit` wrote.", show_default=False
        ),
    ],
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A CSV file with the features by name; other columns are ignored.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="Write here instead of to stdout; an old file is replaced.",
            show_default=False,
        ),
    ] = None,
    probs: Annotated[
        bool, typer.Option("--probs", help="Add one column per class with its probability.")
    ] = False,
    json: Json = False,
) -> None:
    """Predict the rows of a table with a saved model, as CSV.

    One line per row: the column `prediction`, and with --probs one column
    `prob:CLASS` per class.  Labels of a set are written a|b.
    """
    if output is not None:
        check_output(output, suffixes=(".json",) if json else ())

    from headway.classifiers import load
    from headway.datasets import read_features
    from headway.errors import InputValueError

    classifier = load(model)
    names = getattr(classifier, "feature_names_in_", None)
    if names is None:
        raise InputValueError(
            f"The model must know the names of its features, got '{model}', which was fitted to "
            "an array without names. Fit it with `headway fit`, or to a data frame."
        )
    logits = classifier.logits(with_names(read_features(file, names), names))
    predictions = _as_text(classifier, logits)
    columns = classifier.head_.to_probs(logits) if probs else None

    if output is None:
        _write(sys.stdout, predictions, classifier.classes_, columns, json)
        return
    with replacing(output) as temporary, temporary.open("w", newline="", encoding="utf-8") as sink:
        _write(sink, predictions, classifier.classes_, columns, json)
    note(f"wrote {len(predictions)} predictions to {output}")


def _as_text(classifier: Any, logits: Any) -> list[str]:
    """Return the answer of each row as text; several labels or candidates as a|b."""
    from headway.classifiers.answers import action_names

    head, classes = classifier.head_, classifier.classes_
    decisions = head.decide(logits)
    if decisions.ndim == 1:
        return list(map(str, action_names(head.decision, classes)[decisions]))
    return ["|".join(map(str, classes[row.astype(bool)])) for row in decisions]


def _write(sink: TextIO, predictions: list[str], classes: Any, probs: Any, json: bool) -> None:
    """Write one record per row: CSV with a header line, or a JSON list of objects."""
    if json:
        records: list[dict[str, Any]] = [{"prediction": label} for label in predictions]
        if probs is not None:
            for record, row in zip(records, probs.tolist(), strict=True):
                record["probs"] = dict(zip(map(str, classes), row, strict=True))
        print_json(records, sink)
        return
    writer = csv.writer(sink, lineterminator="\n")
    if probs is None:
        writer.writerow(["prediction"])
        writer.writerows([label] for label in predictions)
        return
    writer.writerow(["prediction", *(f"prob:{name}" for name in classes)])
    for label, row in zip(predictions, probs.tolist(), strict=True):
        writer.writerow([label, *map(repr, row)])
