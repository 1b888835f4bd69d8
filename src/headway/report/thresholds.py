"""A picture of F1 against the threshold, label by label: where 0.5 stands, and where the best.

    F(t) = (1 + b^2) hits(t) / (b^2 positives + predicted(t))        over the cells that are known

The trap is the height of the peak: it is that of the rows on which the threshold was sought, and
new rows will not reach it.  How far the best threshold moves when a fold is left out is shaded.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from headway._check import check_weights
from headway.decisions import TuneThresholds
from headway.errors import InputValueError
from headway.report.picture import (
    BLUE,
    GRID,
    INK,
    MUTED,
    VERMILLION,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
)
from headway.report.styles import shorten

__all__ = ["threshold_picture"]

MOST_LABELS = 8
GRID_OF_THRESHOLDS = np.linspace(0.0, 1.0, 501)
DEFAULT = 0.5


def threshold_picture(
    probs: Any,
    labels: Any,
    *,
    tuner: TuneThresholds | None = None,
    classes: Any = None,
    weights: Any = None,
    folds: int = 5,
    random_state: int = 0,
) -> Picture:
    """Return F1 of each label against its threshold, with 0.5 and the tuned value marked.

    Labels stand from the most common to the rarest.  Of more than eight, eight of them evenly
    spread are drawn; those without a known positive or a known negative are not.

    Parameters
    ----------
    probs : float array of shape (n, L)
        0..1, of the rows on which thresholds are tuned: not those that the model was trained on.
    labels : 0/1/NaN matrix of shape (n, L)
        The truth; missing cells are left out.
    tuner : TuneThresholds, optional
        With the goal "f1"; by default `TuneThresholds()`.
    classes : sequence of L names, optional
        By default "label 0", "label 1", ...
    weights : array of shape (n,), optional
        Non-negative row weights.
    folds : int
        At least 2: the best cut without each of so many parts of the rows is shaded.
    random_state : int
        Draws the folds, for the tuner too.

    Raises
    ------
    InputTypeError, InputValueError
        If labels do not fit the probs, no label can be drawn, or the tuner has another goal.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> probs = rng.random((400, 2)) * [1.0, 0.4]
    >>> labels = (rng.random(probs.shape) < probs).astype(int)
    >>> threshold_picture(probs, labels, classes=["common", "rare"]).title
    'Tuned for F1, thresholds lie at 0.29 to 0.45, not at 0.5.'
    """
    tuner = TuneThresholds() if tuner is None else tuner
    if tuner.goal != "f1":
        raise InputValueError(
            f"`tuner` must have the goal 'f1', got {tuner.goal!r}. The picture shows F1 alone."
        )
    if folds < 2:
        raise InputValueError(f"`folds` must be at least 2, got {folds}. 5 is a good choice.")
    probs = np.asarray(probs, dtype=np.float64)
    truth = np.asarray(labels, dtype=np.float64)
    if truth.ndim != 2:
        raise InputValueError(
            f"`labels` must be a matrix of shape (n, L), got {truth.shape}. One yes-or-no label is "
            "a column: `labels[:, None]`."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of labels without events, which are not drawn
        tuned = _values(tuner, probs, truth, weights, random_state)
        spans = _best_outside_folds(tuner, probs, truth, weights, folds, random_state)
    sizes = np.ones(len(probs)) if weights is None else np.asarray(weights, dtype=np.float64)
    check_weights(sizes, n_samples=len(probs))
    cells = np.where(np.isnan(truth), 0.0, sizes[:, None])
    positives, known = np.sum(cells * (truth == 1), axis=0), cells.sum(axis=0)
    names = [f"label {k}" for k in range(truth.shape[1])] if classes is None else list(classes)
    if len(names) != truth.shape[1]:
        raise InputValueError(
            f"`classes` must name the {truth.shape[1]} labels, got {len(names)} names."
        )
    shown = _shown(positives, known)
    beta = "F1" if tuner.beta == 1 else f"F{tuner.beta:g}"
    title = _title(beta, tuned[shown])
    rows = -(-len(shown) // 2)
    curves = {}
    with drawing_style():
        figure = blank_figure(title, 1.35 + 1.35 * rows, width=5.6)
        panels = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, k in zip(panels, shown, strict=False):
            counted = cells[:, k] > 0
            args = probs[counted, k], truth[counted, k], cells[counted, k]
            curves[k] = f_at(*args, GRID_OF_THRESHOLDS, beta=tuner.beta)
            ends = f_at(*args, np.array([DEFAULT, tuned[k]]), beta=tuner.beta)
            _draw(axes, curves[k], (DEFAULT, float(tuned[k])), ends, spans[:, k])
            share = 100 * positives[k] / known[k]
            axes.set_title(f"{shorten(str(names[k]), 18)}, {share:.2g} % of rows")
        for axes in panels[len(shown) :]:
            axes.set_visible(False)
        for axes in panels[len(shown) - 2 : len(shown)]:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("threshold of the label")
        panels[0].set(xlim=(-0.02, 1.02), ylim=(-0.03, 1.03))
        figure.supylabel(f"{beta} on the tuning rows", fontsize=8.5)
        handles, words = panels[0].get_legend_handles_labels()
        figure.legend(handles, words, loc="outside lower center", ncols=4, columnspacing=1.2)
    told = "; ".join(
        f"{names[k]}: threshold {tuned[k]:.2f} (without a fold {np.nanmin(spans[:, k]):.2f} to "
        f"{np.nanmax(spans[:, k]):.2f})"
        for k in shown
    )
    return Picture(
        name="thresholds",
        title=title + ".",
        description=f"{beta} on the tuning rows against the threshold of each label. {told}.",
        figure=figure,
    )


def f_at(
    probs: np.ndarray,
    truth: np.ndarray,
    weights: np.ndarray,
    thresholds: np.ndarray,
    /,
    *,
    beta: float = 1.0,
) -> np.ndarray:
    """Return F-beta of one label at each threshold; 0 where nothing is predicted.

    Examples
    --------
    >>> probs, truth = np.array([0.9, 0.4, 0.2]), np.array([1.0, 1.0, 0.0])
    >>> f_at(probs, truth, np.ones(3), np.array([0.1, 0.3, 0.4])).round(3)
    array([0.8  , 1.   , 0.667])
    """
    order = np.argsort(probs, kind="stable")
    above = np.searchsorted(probs[order], thresholds, side="right")

    def total(sizes: np.ndarray) -> np.ndarray:
        return np.concatenate([np.cumsum(sizes[order][::-1])[::-1], [0.0]])[above]

    hits, predicted = total(weights * (truth == 1)), total(weights)
    marked = beta**2 * np.sum(weights * (truth == 1)) + predicted
    return np.divide((1 + beta**2) * hits, marked, out=np.zeros(len(hits)), where=marked > 0)


def _values(
    tuner: TuneThresholds, probs: np.ndarray, truth: np.ndarray, weights: Any, seed: int
) -> np.ndarray:
    decision = tuner.fit(probs, truth, weights=weights, random_state=seed)
    return np.asarray(getattr(decision, "values"))  # noqa: B009 - a matrix gives LabelThresholds


def _best_outside_folds(
    tuner: TuneThresholds,
    probs: np.ndarray,
    truth: np.ndarray,
    weights: Any,
    folds: int,
    seed: int,
) -> np.ndarray:
    """Return the best cuts of the rows outside each fold, (folds, L)."""
    exact = replace(tuner, folds=None)
    part = np.random.default_rng(seed).permutation(len(probs)) % min(folds, len(probs))
    found = []
    for fold in range(part.max() + 1):
        kept = part != fold
        some = None if weights is None else np.asarray(weights)[kept]
        found.append(_values(exact, probs[kept], truth[kept], some, seed))
    return np.array(found)


def _shown(positives: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the columns to draw, the most common label first."""
    drawn = np.flatnonzero((positives > 0) & (positives < known))
    if not len(drawn):
        raise InputValueError(
            "`labels` must have a label with a known positive and a known negative, got none. "
            "Draw rows whose labels are known."
        )
    shares = positives[drawn] / known[drawn]
    ordered = drawn[np.argsort(-shares, kind="stable")]
    if len(ordered) <= MOST_LABELS:
        return ordered
    return ordered[np.linspace(0, len(ordered) - 1, MOST_LABELS).round().astype(int)]


def _title(score: str, tuned: np.ndarray) -> str:
    low, high = f"{tuned.min():.2f}", f"{tuned.max():.2f}"
    where = f"at {low}" if low == high else f"at {low} to {high}"
    beside = tuned.max() < DEFAULT or tuned.min() > DEFAULT
    return f"Tuned for {score}, thresholds lie {where}" + (", not at 0.5" if beside else "")


def _draw(
    axes: Axes,
    curve: np.ndarray,
    thresholds: tuple[float, float],
    values: np.ndarray,
    span: np.ndarray,
) -> None:
    plain_frame(axes, grid="both")
    axes.axvspan(
        span.min(), span.max(), color=GRID, linewidth=0, zorder=0.5, label="best without a fold"
    )
    axes.plot(GRID_OF_THRESHOLDS, curve, color=INK, linewidth=1.3)
    for place, value, colour, marker, dash, word in zip(
        thresholds,
        values,
        (VERMILLION, BLUE),
        ("s", "o"),
        (":", "--"),
        ("0.5", "tuned"),
        strict=True,
    ):
        axes.axvline(place, color=colour, linewidth=1, linestyle=dash)
        axes.plot(place, value, color=colour, marker=marker, linestyle=dash, label=word)
        axes.annotate(
            f"{value:.2f}",
            (place, value),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=7.5,
            color=MUTED,
        )
