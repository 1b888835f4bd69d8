"""Pictures of the errors: confusion matrices, and per-label errors of multi-label data."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from headway.comparison import Comparison, Entry, confusion_counts
from headway.evaluation import Evaluation
from headway.report.picture import (
    BLUE,
    GRID,
    PAPER,
    VERMILLION,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
)
from headway.report.styles import shorten
from headway.report.tallies import label_errors

__all__ = [
    "confusion_picture",
    "evaluation_confusion_picture",
    "label_errors_picture",
    "matrix_picture",
]

MOST_NUMBERED = 16
MOST_GRID = 40
MOST_LABELS = 30


def confusion_picture(comparison: Comparison, entry: Entry) -> Picture:
    """Return the confusion matrix of one entry over all its seeds; errors are shaded.

    Only the errors carry colour: a scale that held the diagonal too would show nothing else.
    """
    counts = confusion_counts(entry, len(comparison.classes))
    wrong = counts.sum() - np.trace(counts)
    return matrix_picture(
        counts,
        comparison.classes,
        comparison.classes,
        name=f"confusion-{entry.model}-{_file(entry.head)}",
        title=f"{entry.model}, {entry.head}: {wrong:,} of {counts.sum():,} test decisions wrong",
        counted="counted over all seeds",
    )


def evaluation_confusion_picture(evaluation: Evaluation) -> Picture | None:
    """Return the confusion matrix of an evaluation; None where there is none.

    Actions that are no class, such as abstaining, are columns behind the classes.
    """
    counts = evaluation.confusion
    if counts is None:
        return None
    answered = counts[:, : len(evaluation.classes)]
    wrong = answered.sum() - np.trace(answered)
    title = f"{wrong:,.6g} of {counts.sum():,.6g} rows decided wrongly"
    if answered.shape != counts.shape:
        title += f", {counts.sum() - answered.sum():,.6g} without an answer"
    return matrix_picture(
        counts,
        evaluation.classes,
        evaluation.actions,
        name="confusion",
        title=title,
        counted="in weights" if evaluation.rows.weighted else "in rows",
    )


def matrix_picture(
    counts: np.ndarray,
    classes: tuple[str, ...],
    columns: tuple[str, ...],
    *,
    name: str,
    title: str,
    counted: str,
) -> Picture:
    """Return a picture of counts: true classes downwards, decisions to the right."""
    size, width = counts.shape
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    with drawing_style():
        figure = blank_figure(title, 1.1 + min(3.7, 0.9 + 0.31 * size))
        axes = figure.subplots()
        most = max(wrong.max(), 1)
        shaded = np.ma.masked_equal(wrong, 0)
        axes.imshow(shaded, cmap="Oranges", vmin=-0.15 * most, vmax=1.25 * most, aspect="auto")
        axes.set_xticks(np.arange(width + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
        if size <= MOST_GRID:
            axes.grid(which="minor", linewidth=0.5)
        for k in range(size):
            axes.add_patch(Rectangle((k - 0.5, k - 0.5), 1, 1, facecolor="#eceef2", edgecolor=GRID))
        if max(size, width) <= MOST_NUMBERED:
            _write_numbers(axes, counts)
            names = [shorten(label, 9) for label in columns]
            slanted = max(map(len, names)) > 3
            axes.set_xticks(
                range(width),
                names,
                rotation=35 if slanted else 0,
                ha="right" if slanted else "center",
                rotation_mode="anchor",
            )
            axes.set_yticks(range(size), [shorten(label, 9) for label in classes])
        axes.tick_params(which="both", length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set(xlabel="decided class", ylabel="true class")
    return Picture(
        name=name,
        title=title + ".",
        description=_worst(classes, columns, wrong, counted),
        figure=figure,
    )


def _write_numbers(axes: Axes, counts: np.ndarray) -> None:
    for true, decided in np.argwhere(counts):
        axes.text(
            decided,
            true,
            f"{counts[true, decided]:.4g}"
            if counts.dtype.kind == "f"
            else f"{counts[true, decided]}",
            ha="center",
            va="center",
            fontsize=7.2 if counts.max() < 10000 else 6,
            color="#111111",
        )


def label_errors_picture(comparison: Comparison, entry: Entry) -> Picture:
    """Return how often each label of multi-label data was missed or wrongly given."""
    missed, alarms, seen = label_errors(entry)
    order = np.argsort(-(missed + alarms) / np.maximum(seen, 1), kind="stable")[:MOST_LABELS]
    worst = comparison.classes[int(order[0])]
    title = f"{entry.model}, {entry.head}: {worst} is the label most often decided wrongly"
    places = np.arange(len(order))
    share = np.maximum(seen[order], 1) / 100.0
    with drawing_style():
        figure = blank_figure(title, 1.4 + 0.26 * len(order))
        axes = plain_frame(figure.subplots(), grid="x")
        axes.barh(places, missed[order] / share, height=0.7, color=BLUE, label="missed")
        axes.barh(
            places,
            alarms[order] / share,
            left=missed[order] / share,
            height=0.7,
            facecolor=PAPER,
            edgecolor=VERMILLION,
            hatch="////",
            label="given wrongly",
        )
        axes.set_yticks(places, [shorten(comparison.classes[k], 24) for k in order])
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.set_xlabel("share of test rows, %")
        axes.legend(loc="lower right")
    return Picture(
        name=f"errors-{entry.model}-{_file(entry.head)}",
        title=title + ".",
        description="; ".join(
            f"{comparison.classes[k]}: {missed[k]} missed, {alarms[k]} given wrongly" for k in order
        )
        + ".",
        figure=figure,
    )


def _worst(
    classes: tuple[str, ...], columns: tuple[str, ...], wrong: np.ndarray, counted: str
) -> str:
    if not wrong.any():
        return "Every test row was decided rightly."
    true, taken = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return (
        f"Rows are true classes, columns decisions, {counted}. The most frequent "
        f"error: {classes[true]} taken for {columns[taken]}, {wrong[true, taken]:.6g} times."
    )


def _file(head: str) -> str:
    return head.replace("+", "-")
