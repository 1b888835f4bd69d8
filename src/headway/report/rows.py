"""Pictures of single test rows: what was taken for what, and where two heads disagree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headway.comparison import Comparison, Entry
from headway.report.images import hang, wall
from headway.report.picture import (
    PAPER,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
)
from headway.report.styles import head_style, shorten
from headway.report.tallies import Pair, agreement, confused_pairs, pair_rows

__all__ = ["confused_images_picture", "confused_pairs_picture", "disagreement_picture"]

MOST_PAIRS = 8
PAIR_ROWS = 5
ACROSS = 6


def confused_pairs_picture(comparison: Comparison) -> Picture | None:
    """Return the pairs of classes confused most often, head by head; None without errors."""
    entries = _entries(comparison)
    pairs = confused_pairs(entries, len(comparison.classes))[:MOST_PAIRS]
    if not pairs:
        return None
    classes = comparison.classes
    names = [f"{classes[p.true]} taken for {classes[p.taken]}" for p in pairs]
    title = f"Most often confused: {names[0]}"
    heads = list(dict.fromkeys(entry.head for entry in entries))
    thick = 0.8 / len(heads)
    with drawing_style():
        figure = blank_figure(title, 1.2 + len(pairs) * max(0.34, 0.17 * len(heads)))
        axes = plain_frame(figure.subplots(), grid="x")
        for number, head in enumerate(heads):
            style = head_style(head)
            axes.barh(
                np.arange(len(pairs)) + (number - (len(heads) - 1) / 2) * thick,
                [_count(pair, entries, head) for pair in pairs],
                height=thick * 0.9,
                facecolor=style.colour if style.hatch is None else PAPER,
                edgecolor=style.colour,
                hatch=style.hatch,
                label=head,
            )
        axes.set_yticks(range(len(pairs)), [_narrow(classes, pair) for pair in pairs])
        axes.set_ylim(len(pairs) - 0.4, -0.6)
        axes.set_xlabel("times, over all seeds and models")
        axes.legend(loc="lower right")
    return Picture(
        name="confused-pairs",
        title=title + ".",
        description="; ".join(f"{n} {p.total} times" for n, p in zip(names, pairs, strict=True))
        + ".",
        figure=figure,
    )


def confused_images_picture(comparison: Comparison) -> Picture | None:
    """Return images of the pairs confused most often on the first split; None without images."""
    if comparison.image_shape is None:
        return None
    entries = _entries(comparison)
    seed = comparison.seeds[0]
    found = []
    for pair in confused_pairs(entries, len(comparison.classes)):
        rows = pair_rows(entries, pair, seed)
        if len(rows):
            found.append((pair, rows[:ACROSS]))
        if len(found) == PAIR_ROWS:
            break
    if not found:
        return None
    classes = comparison.classes
    title = "What the most confused images look like"
    with drawing_style():
        figure = blank_figure(title, 0.4 + 0.5 * len(found))
        axes = wall(figure, across=ACROSS, down=len(found), gap=(0.12, 0.12))
        for line, (_, rows) in enumerate(found):
            for place, row in enumerate(rows):
                pixels = comparison.X_test[int(row)]
                hang(axes, pixels, comparison.image_shape, 1.12 * place, 1.12 * line)
        axes.set_yticks(
            [1.12 * line + 0.5 for line in range(len(found))],
            [
                f"{shorten(classes[pair.true], 9)} taken for {shorten(classes[pair.taken], 9)}"
                for pair, _ in found
            ],
        )
    return Picture(
        name="confused-images",
        title=title + ".",
        description="Test images of the first split, one line for each pair of classes: "
        + "; ".join(f"{classes[p.true]} taken for {classes[p.taken]}" for p, _ in found)
        + ".",
        figure=figure,
    )


def disagreement_picture(comparison: Comparison, first: Entry, second: Entry) -> Picture | None:
    """Return images on which two heads of one model decide differently; None if there are none."""
    if comparison.image_shape is None:
        return None
    differing = agreement(first, second).differing
    if not len(differing):
        return None
    shown = differing[:12]
    classes, run, other = comparison.classes, first.runs[0], second.runs[0]
    title = (
        f"{first.model}: {first.head} and {second.head} disagree on {len(differing)} of "
        f"{len(run.labels)} test images"
    )
    across = 4
    down = -(-len(shown) // across)
    with drawing_style():
        figure = blank_figure(title, 0.5 + 1.3 * down)
        axes = wall(figure, across=across, down=down, gap=(0.12, 0.6))
        for number, row in enumerate(shown):
            left, top = 1.12 * (number % across), 1.6 * (number // across)
            hang(axes, comparison.X_test[int(row)], comparison.image_shape, left, top)
            label, one, two = (
                shorten(classes[int(values[row])], 9)
                for values in (run.labels, run.predictions, other.predictions)
            )
            lines = (
                (top - 0.06, f"truly {label}", "bottom", "bold"),
                (top + 1.05, f"{first.head} {one}", "top", "normal"),
                (top + 1.21, f"{second.head} {two}", "top", "normal"),
            )
            for height, words, align, weight in lines:
                axes.text(
                    left + 0.5,
                    height,
                    words,
                    ha="center",
                    va=align,
                    fontsize=7.5,
                    fontweight=weight,
                )
    return Picture(
        name=f"disagreement-{first.model}-{_file(first.head)}-{_file(second.head)}",
        title=title + ".",
        description="Above each image its true class, below it the two decisions.",
        figure=figure,
    )


def _entries(comparison: Comparison) -> tuple[Entry, ...]:
    right = tuple(entry for entry in comparison.entries if entry.mistake is None)
    return right or comparison.entries


def _count(pair: Pair, entries: Sequence[Entry], head: str) -> int:
    return sum(
        count for count, entry in zip(pair.counts, entries, strict=True) if entry.head == head
    )


def _narrow(classes: tuple[str, ...], pair: Pair) -> str:
    return f"{shorten(classes[pair.true], 14)} → {shorten(classes[pair.taken], 14)}"


def _file(head: str) -> str:
    return head.replace("+", "-")
