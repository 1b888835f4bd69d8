"""An evaluation, or two of the same rows, for the terminal: 80 columns, readable without colour."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from headway.evaluation import Evaluation, PairedEvaluation, Score
from headway.report.styles import shorten
from headway.report.text import bullet, p_value, plain_lines, plain_table

__all__ = ["evaluation_text", "paired_text", "plain_evaluation", "plain_paired"]

MOST_LABELS = 30
SHORT_NAME = 7  # characters of a number with its sign


def evaluation_text(evaluation: Evaluation) -> tuple[RenderableType, ...]:
    """Return what a terminal shows of an evaluation: scores, classes, confusion, notes.

    Each item is printed with `rich.console.Console.print`, one after the other.
    """
    return tuple(_parts(evaluation))


def plain_evaluation(evaluation: Evaluation, width: int = 80) -> str:
    """Return the same as a string without colour, no wider than `width` columns.

    Examples
    --------
    >>> from headway.evaluation import evaluate_probs
    >>> result = evaluate_probs([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]], [0, 0, 1])
    >>> print(plain_evaluation(result).splitlines()[0])
    3 rows, two classes: 0 and 1
    """
    return plain_lines(evaluation_text(evaluation), width)


def paired_text(pair: PairedEvaluation, names: tuple[str, str]) -> tuple[RenderableType, ...]:
    """Return what a terminal shows of two models on the same rows.

    Parameters
    ----------
    pair : PairedEvaluation
        What `compare_evaluations` returned.
    names : tuple of two str
        What to call the two.
    """
    return tuple(_paired_parts(pair, names))


def plain_paired(pair: PairedEvaluation, names: tuple[str, str], width: int = 80) -> str:
    """Return the same as a string without colour, no wider than `width` columns."""
    return plain_lines(paired_text(pair, names), width)


def _parts(evaluation: Evaluation) -> Iterator[RenderableType]:
    yield Text(_facts(evaluation), style="bold")
    yield Text("")
    yield _scores(evaluation)
    yield Text(
        "(-): smaller is better. The interval of a weighted row is that of one row."
        if evaluation.rows.weighted
        else "(-): smaller is better."
    )
    yield Text("")
    yield from _classes(evaluation)
    if evaluation.confusion is not None and max(evaluation.confusion.shape) <= 8:
        yield Text("")
        yield _confusion(evaluation)
    if evaluation.notes:
        yield Text("")
        yield Text("Notes", style="bold")
        for note in evaluation.notes:
            yield bullet(note)


def _facts(evaluation: Evaluation) -> str:
    classes = evaluation.classes
    what = {
        "binary": f"two classes: {classes[0]} and {classes[-1]}",
        "exclusive": f"{len(classes)} exclusive classes",
        "multilabel": f"{len(classes)} label{'s' if len(classes) > 1 else ''}, several at once",
    }[evaluation.kind]
    return f"{evaluation.n:,} row{'s' if evaluation.n > 1 else ''}, {what}"


def _scores(evaluation: Evaluation) -> Table:
    table = plain_table()
    table.add_column("score", no_wrap=True)
    for title in ("value", f"{100 * evaluation.level:g} % interval"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("made by", no_wrap=True)
    for score in evaluation.scores.values():
        table.add_row(
            _title(score), _number(score.value), _span(score.low, score.high), score.method
        )
    return table


def _title(score: Score) -> str:
    return score.title + (" (-)" if score.smaller_is_better else "")


def _classes(evaluation: Evaluation) -> Iterator[RenderableType]:
    lines = evaluation.per_class
    order: np.ndarray = np.arange(len(lines.names))
    if len(order) > MOST_LABELS:
        order = np.argsort(-lines.support, kind="stable")[:MOST_LABELS]
    table = plain_table()
    table.add_column("label" if evaluation.kind == "multilabel" else "class", no_wrap=True)
    columns = {
        "rows": lines.support,
        "prec.": lines.precision,
        "recall": lines.recall,
        "F1": lines.f1,
        "ROC": lines.roc_area,
        "AP": lines.average_precision,
        "calib.": lines.calibration_error,
    }
    if lines.threshold is not None:
        columns["above"] = lines.threshold
    for title in columns:
        table.add_column(title, justify="right", no_wrap=True)
    for k in order:
        cells = [f"{lines.support[k]:.6g}"]
        cells += [_short(float(column[k])) for column in list(columns.values())[1:]]
        table.add_row(shorten(lines.names[k], 16), *cells)
    yield table
    above = "; above: its threshold" if lines.threshold is not None else ""
    yield Text(
        "prec.: precision; ROC: area under that curve; AP: average precision; calib.: calibration "
        f"error{above}."
    )
    if len(order) < len(lines.names):
        yield Text(f"The {MOST_LABELS} most frequent of {len(lines.names)}; --json has all.")


def _confusion(evaluation: Evaluation) -> Table:
    assert evaluation.confusion is not None
    table = plain_table()
    table.add_column("true, decided:", no_wrap=True)
    for name in evaluation.actions:
        table.add_column(shorten(name, 9), justify="right", no_wrap=True)
    for name, line in zip(evaluation.classes, evaluation.confusion, strict=True):
        table.add_row(shorten(name, 16), *(f"{count:.6g}" for count in line))
    return table


def _paired_parts(pair: PairedEvaluation, names: tuple[str, str]) -> Iterator[RenderableType]:
    # Short names head their columns.
    short = max(map(len, names)) <= SHORT_NAME
    called = names if short else ("first", "second")
    places = ("", "") if short else (" (first)", " (second)")
    yield Text(f"{names[0]}{places[0]} minus {names[1]}{places[1]}", style="bold")
    yield Text(f"on the same {pair.first.n:,} rows")
    yield Text("")
    table = plain_table()
    table.add_column("score", no_wrap=True)
    for title in (*called, "difference", f"{100 * pair.level:g} % interval"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("better", no_wrap=True)
    for name, score in pair.scores.items():
        table.add_row(
            _title(pair.first[name]),
            _number(score.first),
            _number(score.second),
            _signed(score.difference),
            _span(score.low, score.high, signed=True),
            dict(zip(("first", "second"), called, strict=True)).get(score.better or "", ""),
        )
    yield table
    yield Text(
        '"Better" is empty where the interval holds 0. Of many scores some leave out 0 by chance: '
        "look at the one that matters."
    )
    yield Text("")
    right = "every label of" if pair.first.kind == "multilabel" else "the class of"
    yield Text(
        f"Only {names[0]} got {right} {pair.only_first} rows right, only {names[1]} "
        f"{pair.only_second}: McNemar's exact p {p_value(pair.p_value)}."
    )


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"


def _short(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _signed(value: float) -> str:
    return "-" if math.isnan(value) else f"{value + 0.0:+.4f}"


def _span(low: float, high: float, *, signed: bool = False) -> str:
    if math.isnan(low):
        return "-"
    write = _signed if signed else _number
    return f"{write(low)} to {write(high)}"
