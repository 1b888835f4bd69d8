"""Pictures of an evaluation's probabilities: precision-recall, ROC and reliability curves.

The curves are scikit-learn's.  A label's cells whose truth is missing take no part in its curve.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from sklearn.metrics import precision_recall_curve, roc_curve

from headway.evaluation import Evaluation
from headway.evaluation.rows import EvaluatedRows
from headway.metrics import observed_cells, top_label, wilson_interval
from headway.report.picture import (
    BLUE,
    GRID,
    INK,
    OKABE_ITO,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
    plain_log_ticks,
)
from headway.report.styles import shorten

__all__ = ["areas_picture", "evaluation_reliability_picture"]

MOST_NAMED = 5
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
BINS = 10


def areas_picture(evaluation: Evaluation) -> Picture:
    """Return the precision-recall and the ROC curves.

    Two classes have one curve, up to five classes or labels one each; of more, each is a thin
    line and all cells together are the thick one.
    """
    scores, rows = evaluation.scores, evaluation.rows
    several = evaluation.kind == "multilabel"
    roc = scores["macro_roc_area" if several else "roc_area"]
    precision = scores["macro_average_precision" if several else "average_precision"]
    title = (
        f"{'Mean a' if evaluation.kind != 'binary' else 'A'}verage precision "
        f"{precision.value:.3f}, ROC area {roc.value:.3f}"
    )
    columns = list(_columns(evaluation))
    named = len(columns) <= MOST_NAMED
    with drawing_style():
        figure = blank_figure(title, 5.6)
        top, bottom = figure.subplots(2, 1)
        for number, (name, truth, probs, weights) in enumerate(columns):
            style = (
                {
                    "color": OKABE_ITO[number],
                    "linestyle": DASHES[number],
                    "linewidth": 1.5,
                    "label": shorten(name, 14),
                }
                if named
                else {"color": GRID, "linewidth": 0.7}
            )
            _draw(top, bottom, truth, probs, weights, style)
        if not named:
            truth, probs, weights = _pooled(rows)
            style = {"color": BLUE, "linewidth": 2.0, "label": "all together"}
            _draw(top, bottom, truth, probs, weights, style)
        bottom.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (4, 3)), label="chance")
        for axes in (top, bottom):
            plain_frame(axes, grid="both").set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.03))
        top.set(xlabel="recall", ylabel="precision")
        bottom.set(xlabel="false positives, share of negatives", ylabel="recall")
        bottom.legend(loc="lower right", title=None if named else "thin: one each")
    what = {
        "binary": f"of {evaluation.classes[-1]}",
        "exclusive": "of each class against the rest",
        "multilabel": "of each label",
    }[evaluation.kind]
    return Picture(
        name="curves",
        title=title + ".",
        description=(
            f"Above precision against recall, below recall against false positives, {what}. "
            f"ROC area {roc.value:.3f} ({roc.low:.3f} to {roc.high:.3f}), average precision "
            f"{precision.value:.3f} ({precision.low:.3f} to {precision.high:.3f})."
        ),
        figure=figure,
    )


def evaluation_reliability_picture(evaluation: Evaluation) -> Picture:
    """Return how often forecasts came true against what was said, with 95 % intervals.

    Ten bins of equal width; below, how many forecasts each holds.
    """
    rows, error = evaluation.rows, evaluation["calibration_error"]
    everyone = np.arange(rows.n)
    if rows.kind == "multilabel":
        confidence, outcome, owners = observed_cells(rows.probs, rows.labels)
    elif rows.kind == "binary":
        confidence, outcome, owners = rows.probs[:, 1], rows.labels.astype(float), everyone
    else:
        confidence, outcome = top_label(rows.probs, rows.labels)
        owners = everyone
    said, came = {
        "binary": (
            f"probability of {evaluation.classes[-1]}",
            f"share that is {evaluation.classes[-1]}",
        ),
        "exclusive": ("largest probability of the row", "share in which it is right"),
        "multilabel": ("probability given to the label", "share of labels present"),
    }[rows.kind]
    title = (
        f"Probabilities are off by {100 * error.value:.1f} points, root mean square "
        f"({100 * error.low:.1f} to {100 * error.high:.1f})"
    )
    bins = np.clip((confidence * BINS).astype(np.int64), 0, BINS - 1)
    told = []
    for number in np.unique(bins):
        inside = bins == number
        weights = rows.weights[owners[inside]]
        frequency = float(np.average(outcome[inside], weights=weights))
        each = np.bincount(owners[inside], weights=weights)
        low, high = wilson_interval(min(frequency, 1.0), each.sum() ** 2 / (each**2).sum())
        told.append(
            (np.average(confidence[inside], weights=weights), frequency, low, high, inside.sum())
        )
    x, y, low, high, count = (np.asarray(column) for column in zip(*told, strict=True))
    with drawing_style():
        figure = blank_figure(title, 4.6)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.15])
        plain_frame(top, grid="both")
        top.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (4, 3)), label="perfect")
        top.vlines(x, low, high, color=BLUE, linewidth=1.3, alpha=0.75)
        top.plot(x, y, color=BLUE, marker="o", label="these rows")
        top.set(ylim=(-0.03, 1.03), xlim=(-0.02, 1.02), ylabel=came)
        top.legend(loc="best")
        plain_frame(bottom, grid="both")
        bottom.bar(x, count, width=0.05, color=BLUE)
        bottom.set_yscale("log")
        bottom.set_ylim(0.8, 1.6 * count.max())
        plain_log_ticks(bottom)
        bottom.set(ylabel="forecasts", xlabel=said)
    return Picture(
        name="reliability",
        title=title + ".",
        description=(
            "Ten bins of equal width; bars are 95 % intervals. On the dashed line, what is said "
            "comes true. "
            + " ".join(f"Said {a:.2f}, came true {b:.2f}." for a, b in zip(x, y, strict=True))
        ),
        figure=figure,
    )


def _columns(
    evaluation: Evaluation,
) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield (name, truth, probabilities, weights) of each curve that is defined."""
    rows = evaluation.rows
    for k, name in enumerate(evaluation.classes):
        if rows.kind == "binary" and k == 0:
            continue
        truth = rows.labels[:, k] if rows.kind == "multilabel" else 1.0 * (rows.labels == k)
        known = ~np.isnan(truth)
        if 0 < truth[known].sum() < known.sum():
            yield name, truth[known], rows.probs[known, k], rows.weights[known]


def _pooled(rows: EvaluatedRows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (truth, probabilities, weights) of all cells."""
    labels = rows.labels
    if rows.kind != "multilabel":
        labels = np.eye(len(rows.classes))[labels]
    cells, truth, owners = observed_cells(rows.probs, labels)
    return truth, cells, rows.weights[owners]


def _draw(
    top: Axes, bottom: Axes, truth: np.ndarray, probs: np.ndarray, weights: np.ndarray, style: dict
) -> None:
    precision, recall, _ = precision_recall_curve(truth, probs, sample_weight=weights)
    top.plot(recall, precision, drawstyle="steps-post", **style)
    alarms, hits, _ = roc_curve(truth, probs, sample_weight=weights)
    bottom.plot(alarms, hits, **style)
