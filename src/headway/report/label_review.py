"""A review of labels for the terminal, and the pictures whose label is contradicted most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from headway.evaluation import LabelDoubt, LabelReview
from headway.report.images import hang, wall
from headway.report.picture import Picture, blank_figure, drawing_style
from headway.report.styles import shorten
from headway.report.text import plain_lines, plain_table

__all__ = ["doubted_images_picture", "plain_review", "review_text"]

MOST_PAIRS = 5
ACROSS = 5
LONGEST = 16


def review_text(review: LabelReview, *, top: int = 20) -> tuple[RenderableType, ...]:
    """Return what a terminal shows of a review: how many labels, which pairs, and the worst rows.

    Each item is printed with `rich.console.Console.print`, one after the other.
    """
    return tuple(_parts(review, top))


def plain_review(review: LabelReview, *, top: int = 20, width: int = 80) -> str:
    """Return the same as a string without colour, no wider than `width` columns.

    Examples
    --------
    >>> import numpy as np
    >>> from headway.evaluation import review_probs
    >>> probs = np.array([[0.9, 0.1], [0.7, 0.3], [0.1, 0.9], [0.2, 0.8]])
    >>> print(plain_review(review_probs(probs, np.array([0, 0, 0, 1]))).splitlines()[0])
    1 of 4 labels is contradicted confidently, and about 1 is expected to be wrong.
    """
    return plain_lines(review_text(review, top=top), width)


def doubted_images_picture(
    review: LabelReview, X: Any, image_shape: tuple[int, int], *, top: int = 20
) -> Picture | None:
    """Return the images whose label is contradicted most; None if no label is.

    Parameters
    ----------
    review : LabelReview
        What `review_labels` returned.
    X : array of shape (n, d)
        The rows that were reviewed, one image each.
    image_shape : (height, width)
        Of an image.
    top : int
        How many.
    """
    doubts = review.table(top)
    if not doubts:
        return None
    title = f"The {len(doubts)} images whose label is contradicted most"
    down = -(-len(doubts) // ACROSS)
    with drawing_style():
        figure = blank_figure(title, 0.5 + 1.05 * down)
        axes = wall(figure, across=ACROSS, down=down, gap=(0.12, 0.6))
        for number, doubt in enumerate(doubts):
            left, height = 1.12 * (number % ACROSS), 1.6 * (number // ACROSS)
            hang(axes, X[doubt.row], image_shape, left, height)
            for shift, words, align, weight in (
                (-0.06, _said("given", doubt, doubt.given), "bottom", "bold"),
                (1.05, _said("rather", doubt, doubt.suggested), "top", "normal"),
            ):
                axes.text(
                    left + 0.5,
                    height + shift,
                    words,
                    ha="center",
                    va=align,
                    fontsize=7.5,
                    fontweight=weight,
                )
    return Picture(
        name="doubted-images",
        title=title + ".",
        description="Above each image the label it was given, below it the one that models "
        "trained on the other images hold to be more probable. Rows: "
        + ", ".join(f"{d.row} ({d.given}, rather {d.suggested})" for d in doubts)
        + ".",
        figure=figure,
    )


def _said(how: str, doubt: LabelDoubt, name: Any) -> str:
    if doubt.label is not None:
        name = f"{shorten(str(doubt.label), 8)} {name}"
    return f"{how} {shorten(str(name), 12)}"


def _parts(review: LabelReview, top: int) -> Iterator[RenderableType]:
    flagged, listed = int(review.flagged.sum()), len(review.order())
    what = "label" if review.labels.ndim == 1 else "cell"
    expected = round(review.expected_errors)
    yield Text(
        f"{flagged} of {review.n_labels} {what}s {'is' if flagged == 1 else 'are'} contradicted "
        f"confidently, and about {expected} {'is' if expected == 1 else 'are'} expected to be "
        "wrong.",
        style="bold",
    )
    pairs = review.pairs()
    if pairs:
        yield Text("")
        yield Text("Most often confused (estimated rows)", style="bold")
        yield _pairs(review, pairs[:MOST_PAIRS])
    yield Text("")
    if not listed:
        yield Text(f"No {what} is held less probable than another.")
        return
    shown = review.table(top)
    yield Text(
        f"The {len(shown)} {what}s contradicted most, of {listed} contradicted", style="bold"
    )
    yield _doubts(review, shown)
    yield Text(
        "Rows count from 0. Odds: how many times more probable than the given label the other "
        "one is, to models that have not seen the row. * contradicted confidently: the other "
        "probability reaches the average of the rows that carry that label."
    )


def _pairs(review: LabelReview, pairs: tuple[tuple[Any, Any, float], ...]) -> Table:
    table = plain_table()
    for name in ("label", "truly") if review.labels.ndim == 2 else ("given", "truly"):
        table.add_column(name, no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    for first, second, weight in pairs:
        table.add_row(shorten(str(first), 30), shorten(str(second), 30), f"{weight:.1f}")
    return table


def _doubts(review: LabelReview, doubts: tuple[LabelDoubt, ...]) -> Table:
    table = plain_table()
    table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("row", justify="right", no_wrap=True)
    cells = review.labels.ndim == 2
    if cells:
        table.add_column("label", no_wrap=True)
    table.add_column("given", no_wrap=True)
    table.add_column("prob", justify="right", no_wrap=True)
    table.add_column("rather", no_wrap=True)
    table.add_column("prob", justify="right", no_wrap=True)
    table.add_column("odds", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for doubt in doubts:
        table.add_row(
            str(doubt.rank),
            str(doubt.row),
            *([shorten(str(doubt.label), LONGEST)] if cells else []),
            shorten(str(doubt.given), LONGEST),
            f"{doubt.given_prob:.3f}",
            shorten(str(doubt.suggested), LONGEST),
            f"{doubt.suggested_prob:.3f}",
            _odds(doubt),
            "*" if doubt.flagged else "",
        )
    return table


def _odds(doubt: LabelDoubt) -> str:
    odds = doubt.suggested_prob / max(doubt.given_prob, 1e-300)
    return f"{odds:.1f}" if odds < 100 else f"{odds:.0f}" if odds < 1e5 else "> 100000"
