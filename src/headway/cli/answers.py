"""Decisions of rows as lines of CSV, or as JSON: what `predict` and `decide` print."""

import csv
import sys
from pathlib import Path
from typing import Any, TextIO

from headway.cli.console import note, print_json
from headway.cli.data import with_names
from headway.cli.outputs import replacing

__all__ = ["features_in", "features_of", "known_names", "print_answers"]


def known_names(classifier: Any, model: Path) -> Any:
    """Return the names of the features that a saved model takes, or raise where it has none."""
    from headway.errors import InputValueError

    names = getattr(classifier, "feature_names_in_", None)
    if names is None:
        raise InputValueError(
            f"The model must know the names of its features, got '{model}', which was fitted to "
            "an array without names. Fit it with `headway fit`, or to a data frame."
        )
    return names


def features_of(classifier: Any, model: Path, file: str) -> Any:
    """Return the features that the model takes from a table, by name."""
    from headway.datasets import read_features

    names = known_names(classifier, model)
    return with_names(read_features(file, names), names)


def features_in(data: Any, classifier: Any, model: Path, file: str) -> Any:
    """Return the features that the model takes from a table that was read with its labels."""
    from headway.errors import InputValueError

    names = known_names(classifier, model)
    there = {str(name): place for place, name in enumerate(data.feature_names)}
    absent = [str(name) for name in names if str(name) not in there]
    if absent:
        raise InputValueError(
            f"The table must have every feature of the model, got '{file}' without "
            f"'{absent[0]}'. Give the columns that it was fitted to."
        )
    return with_names(data.X[:, [there[str(name)] for name in names]], names)


def print_answers(
    classifier: Any, logits: Any, *, probs: bool, json: bool, output: Path | None
) -> None:
    """Write one record a row to stdout, or to a file that appears when it is complete."""
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
