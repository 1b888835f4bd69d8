"""A picture of how often what is said of each label comes true, label by label.

The trap is to look at all labels together: their faults cancel, and the cells of common labels
hide those of rare ones.
"""

from __future__ import annotations

import numpy as np

from headway.errors import InputValueError
from headway.evaluation import Evaluation
from headway.metrics import wilson_interval
from headway.report.picture import (
    BLUE,
    INK,
    VERMILLION,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
)
from headway.report.styles import shorten

__all__ = ["label_reliability_picture"]

MOST_LABELS = 8
BINS = 5


def label_reliability_picture(
    evaluation: Evaluation,
    other: Evaluation | None = None,
    names: tuple[str, str] = ("first", "second"),
) -> Picture:
    """Return a reliability diagram of each label, with 95 % intervals.

    Five bins of equal width.  Labels stand from the most common to the rarest; of more than eight,
    eight of them evenly spread are drawn.

    Parameters
    ----------
    evaluation : Evaluation
        Of label sets.
    other : Evaluation, optional
        Of the same rows by another model, or by the same one before it was calibrated.
    names : tuple of two str
        What to call the two.

    Raises
    ------
    InputValueError
        If one of them is not of label sets, or they are not of the same labels.
    """
    both = [evaluation] if other is None else [evaluation, other]
    for one in both:
        if one.kind != "multilabel" or one.classes != evaluation.classes:
            raise InputValueError(
                "Reliability label by label takes evaluations of the same label sets, got "
                f"{one.kind} and {len(one.classes)} classes. For others see `evaluation_pictures`."
            )
    support = evaluation.per_class.support
    shown = np.argsort(-support, kind="stable")
    if len(shown) > MOST_LABELS:
        shown = shown[np.linspace(0, len(shown) - 1, MOST_LABELS).round().astype(int)]
    errors = [one.per_class.calibration_error for one in both]
    worst = int(shown[np.argmax(np.nan_to_num(errors[0][shown]))])
    whose = "" if other is None else f"{names[0]}: "
    title = (
        f"{whose}{evaluation.classes[worst]} is off most, by "
        f"{100 * np.nan_to_num(errors[0][worst]):.1f} points, root mean square"
    )
    rows = -(-len(shown) // 2)
    styles = ((BLUE, "o", "-", -0.008), (VERMILLION, "s", ":", 0.008))
    told = []
    with drawing_style():
        figure = blank_figure(title, 1.35 + 1.55 * rows, width=5.6)
        panels = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, k in zip(panels, shown, strict=False):
            plain_frame(axes, grid="both")
            axes.plot(
                [0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (4, 3)), label="perfect"
            )
            for one, name, (colour, marker, dash, shift) in zip(both, names, styles, strict=False):
                said, came, low, high = _bins(one, k)
                axes.vlines(said + shift, low, high, color=colour, linewidth=1.2, alpha=0.75)
                axes.plot(
                    said + shift,
                    came,
                    color=colour,
                    marker=marker,
                    linestyle=dash,
                    linewidth=1.2,
                    label=name if other is not None else "these rows",
                )
            axes.set_title(f"{shorten(evaluation.classes[k], 18)}, {support[k]:,.6g} true")
            told.append(
                f"{evaluation.classes[k]}: "
                + ", ".join(f"{100 * error[k]:.1f}" for error in errors)
                + " points"
            )
        for axes in panels[len(shown) :]:
            axes.set_visible(False)
        for axes in panels[len(shown) - 2 : len(shown)]:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("probability given to the label")
        panels[0].set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        figure.supylabel("share of rows that have it", fontsize=8.5)
        handles, words = panels[0].get_legend_handles_labels()
        figure.legend(handles, words, loc="outside lower center", ncols=3)
    return Picture(
        name="label-reliability",
        title=title + ".",
        description=(
            "Five bins of equal width; bars are 95 % intervals. On the dashed line, what is said "
            f"comes true. Calibration errors: {'; '.join(told)}."
        ),
        figure=figure,
    )


def _bins(evaluation: Evaluation, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (mean probability, share of positives, ends of its interval) of each bin."""
    rows = evaluation.rows
    truth = rows.labels[:, k]
    known = ~np.isnan(truth) & (rows.weights > 0)
    probs, truth, weights = rows.probs[known, k], truth[known], rows.weights[known]
    number = np.clip((probs * BINS).astype(np.int64), 0, BINS - 1)
    told = []
    for bin in np.unique(number):
        inside = number == bin
        w = weights[inside]
        came = float(np.average(truth[inside], weights=w))
        low, high = wilson_interval(min(came, 1.0), w.sum() ** 2 / (w**2).sum())
        told.append((float(np.average(probs[inside], weights=w)), came, low, high))
    said, came_true, lows, highs = (
        np.asarray(column, dtype=np.float64)
        for column in (zip(*told, strict=True) if told else ((),) * 4)
    )
    return said, came_true, lows, highs
