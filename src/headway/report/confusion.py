"""Pictures of the errors: confusion matrices, and per-label errors of multi-label data."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Rectangle

from headway.comparison import Comparison, Entry, confusion_counts
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

__all__ = ["confusion_picture", "label_errors_picture"]

MOST_NUMBERED = 16
MOST_GRID = 40
MOST_LABELS = 30


def confusion_picture(comparison: Comparison, entry: Entry) -> Picture:
    """Return the confusion matrix of one entry over all its seeds; errors are shaded.

    Only the errors carry colour: a scale that held the diagonal too would show nothing else.
    """
    classes = comparison.classes
    size = len(classes)
    counts = confusion_counts(entry, size)
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    title = f"{entry.model}, {entry.head}: {wrong.sum():,} of {counts.sum():,} test decisions wrong"
    numbered = size <= MOST_NUMBERED
    height = 1.1 + min(3.7, 0.9 + 0.31 * size)
    with drawing_style():
        figure = blank_figure(title, height)
        axes = figure.subplots()
        most = max(int(wrong.max()), 1)
        shaded = np.ma.masked_equal(wrong, 0)
        axes.imshow(shaded, cmap="Oranges", vmin=-0.15 * most, vmax=1.25 * most, aspect="auto")
        axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
        if size <= MOST_GRID:
            axes.grid(which="minor", linewidth=0.5)
        for k in range(size):
            axes.add_patch(Rectangle((k - 0.5, k - 0.5), 1, 1, facecolor="#eceef2", edgecolor=GRID))
        if numbered:
            for t in range(size):
                for p in range(size):
                    if counts[t, p]:
                        axes.text(
                            p,
                            t,
                            f"{counts[t, p]}",
                            ha="center",
                            va="center",
                            fontsize=7.2 if counts.max() < 10000 else 6,
                            color="#111111",
                        )
            names = [shorten(name, 9) for name in classes]
            slanted = max(map(len, names)) > 3
            axes.set_xticks(
                range(size),
                names,
                rotation=35 if slanted else 0,
                ha="right" if slanted else "center",
                rotation_mode="anchor",
            )
            axes.set_yticks(range(size), names)
        axes.tick_params(which="both", length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set(xlabel="decided class", ylabel="true class")
    return Picture(
        name=f"confusion-{entry.model}-{_file(entry.head)}",
        title=title + ".",
        description=_worst(classes, wrong),
        figure=figure,
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


def _worst(classes: tuple[str, ...], wrong: np.ndarray) -> str:
    if not wrong.any():
        return "Every test row was decided rightly."
    true, taken = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return (
        f"Rows are true classes, columns decisions, counted over all seeds. The most frequent "
        f"error: {classes[true]} taken for {classes[taken]}, {wrong[true, taken]} times."
    )


def _file(head: str) -> str:
    return head.replace("+", "-")
