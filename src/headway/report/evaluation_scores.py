"""Pictures of an evaluation's numbers: scores with intervals, labels, and paired differences."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from headway.evaluation import Evaluation, PairedEvaluation
from headway.report.picture import (
    BLUE,
    INK,
    MUTED,
    OKABE_ITO,
    PAPER,
    VERMILLION,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
)
from headway.report.styles import shorten

__all__ = ["evaluation_scores_picture", "label_scores_picture", "paired_scores_picture"]

OUTSIDE = ("log_loss", "coverage_error", "set_size")  # not shares: no place on a scale of 0..1
MOST_LABELS = 30


def evaluation_scores_picture(evaluation: Evaluation) -> Picture:
    """Return every score that lies in 0..1, with its interval."""
    scores = [
        score
        for name, score in evaluation.scores.items()
        if name not in OUTSIDE and math.isfinite(score.value)
    ]
    main = next(iter(evaluation.scores.values()))
    level = f"{100 * evaluation.level:g} %"
    title = (
        f"{main.title.capitalize()} is {100 * main.value:.1f} % on {evaluation.n:,} rows "
        f"({100 * main.low:.1f} to {100 * main.high:.1f})"
    )
    with drawing_style():
        figure = blank_figure(title, 1.1 + 0.24 * len(scores))
        axes = plain_frame(figure.subplots(), grid="x")
        for place, score in enumerate(scores):
            colour, marker = (VERMILLION, "s") if score.smaller_is_better else (BLUE, "o")
            _point(axes, place, score.value, score.low, score.high, colour, marker)
        axes.set_yticks(range(len(scores)), [score.title for score in scores])
        axes.set_ylim(len(scores) - 0.5, -0.5)
        low = min(0.0, *(score.value for score in scores))
        axes.set_xlim(low - 0.02, max(1.02, *(score.value for score in scores)))
        beside = axes.secondary_yaxis("right")
        beside.set_yticks(range(len(scores)), [f"{score.value:.3f}" for score in scores])
        beside.tick_params(length=0)
        beside.spines["right"].set_visible(False)
        axes.set_xlabel(f"bars: {level} interval\nsquares: less is better")
    return Picture(
        name="scores",
        title=title + ".",
        description="; ".join(
            f"{score.title}: {score.value:.3f} ({score.low:.3f} to {score.high:.3f})"
            for score in scores
        )
        + ".",
        figure=figure,
    )


def label_scores_picture(evaluation: Evaluation) -> Picture:
    """Return precision, recall and F1 of each class or label, the best F1 first.

    Of more than 30 the most frequent are drawn.
    """
    table = evaluation.per_class
    word = "label" if evaluation.kind == "multilabel" else "class"
    order = np.argsort(-table.support, kind="stable")[:MOST_LABELS]
    order = order[np.argsort(-np.nan_to_num(table.f1[order]), kind="stable")]
    best, worst = table.names[order[0]], table.names[order[-1]]
    title = f"{best} is decided best (F1 {table.f1[order[0]]:.2f}), {worst} worst"
    if len(order) < len(table.names):
        title += f", of the {len(order)} most frequent of {len(table.names)}"
    places = np.arange(len(order))
    with drawing_style():
        figure = blank_figure(title, 1.5 + 0.24 * len(order))
        axes = plain_frame(figure.subplots(), grid="x")
        ends = np.stack([table.precision[order], table.recall[order]])
        axes.hlines(places, ends.min(axis=0), ends.max(axis=0), color=MUTED, linewidth=1)
        for values, name, marker, colour in (
            (table.precision, "precision", ">", OKABE_ITO[1]),
            (table.recall, "recall", "s", OKABE_ITO[2]),
            (table.f1, "F1", "o", BLUE),
        ):
            axes.plot(
                values[order],
                places,
                marker=marker,
                markersize=5.5,
                color=colour,
                markeredgecolor=PAPER,
                linestyle="none",
                label=name,
            )
        axes.set_yticks(places, [shorten(table.names[k], 20) for k in order])
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.set_xlim(-0.03, 1.03)
        axes.set_xlabel(f"share; one line a {word}")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)
    return Picture(
        name="labels" if word == "label" else "classes",
        title=title + ".",
        description="; ".join(
            f"{table.names[k]}: precision {table.precision[k]:.2f}, recall {table.recall[k]:.2f}, "
            f"F1 {table.f1[k]:.2f}"
            for k in order
        )
        + ".",
        figure=figure,
    )


def paired_scores_picture(pair: PairedEvaluation, names: tuple[str, str]) -> Picture:
    """Return the differences of two models on the same rows, towards the better one.

    A score of which smaller is better is turned round, so that right always favours the first.
    """
    scores = [
        score
        for name, score in pair.scores.items()
        if name not in OUTSIDE[1:] and math.isfinite(score.difference)
    ]
    clear = sum(score.better is not None for score in scores)
    title = f"{clear} of {len(scores)} differences between {names[0]} and {names[1]} are clear"
    with drawing_style():
        figure = blank_figure(title, 1.3 + 0.24 * len(scores))
        axes = plain_frame(figure.subplots(), grid="x")
        axes.axvline(0, color=INK, linewidth=1)
        for place, score in enumerate(scores):
            sign = -1 if pair.first[score.name].smaller_is_better else 1
            low, high = sorted((sign * score.low, sign * score.high))
            marker = "o" if score.better == "first" else "s" if score.better == "second" else "D"
            colour = {"first": BLUE, "second": VERMILLION, None: MUTED}[score.better]
            _point(axes, place, sign * score.difference, low, high, colour, marker)
        axes.set_yticks(range(len(scores)), [score.title for score in scores])
        axes.set_ylim(len(scores) - 0.5, -0.5)
        axes.set_xlabel(f"{shorten(names[0], 14)} better by\nbars: {100 * pair.level:g} % interval")
    return Picture(
        name="differences",
        title=title + ".",
        description=f"{names[0]} minus {names[1]}: "
        + "; ".join(
            f"{score.title} {score.difference:+.4f} ({score.low:+.4f} to {score.high:+.4f})"
            for score in scores
        )
        + ".",
        figure=figure,
    )


def _point(
    axes: Axes, place: int, value: float, low: float, high: float, colour: str, marker: str
) -> None:
    if math.isfinite(low) and math.isfinite(high):
        axes.plot([low, high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
    axes.plot(
        value,
        place,
        marker=marker,
        markersize=5.5,
        color=colour,
        markeredgecolor=PAPER,
        linestyle="none",
    )
