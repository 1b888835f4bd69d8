"""The picture of one decision: what moved the logits, and what the rule compared."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from headway.explain import Explanation, Reason
from headway.explain.telling import flip_words
from headway.report.picture import (
    BLUE,
    DOTS,
    GRID,
    INK,
    PAPER,
    VERMILLION,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
)
from headway.report.styles import shorten

__all__ = ["explanation_picture"]

MOST_BARS = 12
MOST_REASONS = 3
WIDEST = 24  # characters of a panel's title
LEAST_COST = "expected cost"


def explanation_picture(told: Explanation) -> Picture:
    """Return contributions, logits and what the decision compared, as one picture.

    Of more than 12 classes the most probable are drawn, of more than 3 labels asked the first 3.
    """
    reasons = told.reasons[:MOST_REASONS]
    title = f"Row {told.row}: {told.answer}"
    if told.runner_up:
        title += f"; next comes {told.runner_up}"
    shown = _shown(told)
    heights = [_reason_height(told, reason) for reason in reasons]
    bars = 1.0 + 0.27 * max(len(shown), 3)
    with drawing_style():
        figure = blank_figure(title, 0.5 + sum(heights) + bars, width=7.4)
        # Long names: laid out at another resolution than they are drawn at, they would be cut off.
        figure.set_dpi(DOTS)
        parts: Any = figure.subfigures(
            len(reasons) + 1, 1, height_ratios=[*heights, bars], squeeze=False
        )[:, 0]
        for part, reason in zip(parts, reasons, strict=False):
            part.suptitle(_heading(reason), fontsize=8.5, fontweight="bold", x=0.01, ha="left")
            if told.image_shape is None:
                _bars(part.subplots(), told, reason)
            else:
                _images(part.subplots(1, 3), told, reason)
        left, right = parts[-1].subplots(1, 2)
        _logits(left, told, shown)
        _options(right, told)
    sentences = [flip_words(flip) for flip in told.flips]
    return Picture(
        name="explanation",
        title=title + ".",
        description=" ".join([told.rule, f"Decided: {told.answer}.", *sentences]),
        figure=figure,
    )


def _reason_height(told: Explanation, reason: Reason) -> float:
    if told.image_shape is not None:
        return 2.5
    return 0.95 + 0.2 * (len(reason.largest(told.top)) + 2)


def _shown(told: Explanation) -> np.ndarray:
    return np.sort(np.argsort(-told.probs, kind="stable")[:MOST_BARS])


def _heading(reason: Reason) -> str:
    question = shorten(reason.question, 44)
    difference = len(reason.classes) == 2
    return (
        f"Why {question}? Logit{' difference' if difference else ''} {reason.logit:.2f}, "
        f"at the baseline {reason.base:.2f}"
    ).replace(" -", " −")


def _bars(axes: Axes, told: Explanation, reason: Reason) -> None:
    """Draw the largest contributions, and the others as one bar."""
    plain_frame(axes, grid="x")
    columns = reason.largest(told.top)
    left = int(np.count_nonzero(reason.values)) - len(columns)
    names = [
        f"{shorten(told.feature_names[j], 30)} = {told.features[j]:.4g}".replace("= -", "= −")
        for j in columns
    ]
    values = reason.values[columns].tolist()
    if left:
        names.append(f"{left} more features")
        values.append(float(reason.values.sum()) - sum(values))
    for place, value in enumerate(values):
        up = value > 0
        axes.barh(
            place,
            value,
            height=0.68,
            facecolor=BLUE if up else PAPER,
            edgecolor=BLUE,
            hatch=None if up else "////",
        )
        axes.annotate(
            f"{value:+.2f}".replace("-", "−"),
            (value, place),
            xytext=(3 if up else -3, 0),
            textcoords="offset points",
            ha="left" if up else "right",
            va="center",
            fontsize=7,
        )
    axes.set_yticks(range(len(names)), names, fontsize=7.5)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.margins(x=0.14)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel("contribution to the logit (hatched: below zero)")


def _images(panels: Any, told: Explanation, reason: Reason) -> None:
    """Draw row, baseline and contributions as pictures; of channels the sum."""
    assert told.image_shape is not None
    pictures = [x.reshape(told.image_shape) for x in (told.features, told.baseline, reason.values)]
    low = float(min(pictures[0].min(), pictures[1].min()))
    high = float(max(pictures[0].max(), pictures[1].max()))
    total = pictures[2].sum(axis=0)
    most = float(np.abs(total).max()) or 1.0
    drawn = (
        (pictures[0].mean(axis=0), "Greys", low, high, "the row"),
        (pictures[1].mean(axis=0), "Greys", low, high, f"compared with\n{told.baseline_name}"),
        (total, "PuOr", -most, most, f"contributions, ±{most:.2f}\n(violet: for, orange: against)"),
    )
    for axes, (values, colours, least, largest, words) in zip(panels, drawn, strict=True):
        axes.imshow(values, cmap=colours, vmin=least, vmax=largest)
        axes.set_xlabel(words)
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(visible=True, color=GRID)


def _logits(axes: Axes, told: Explanation, shown: np.ndarray) -> None:
    """Draw the logits before and after calibration."""
    plain_frame(axes, grid="x")
    binary = told.kind == "binary"
    raw = np.append(0.0, told.raw_logits) if binary else told.raw_logits
    calibrated = np.append(0.0, told.logits) if binary else told.logits
    places = np.arange(len(shown))
    moved = not np.array_equal(told.raw_logits, told.logits)
    axes.axvline(0, color=INK, linewidth=0.8)
    if moved:
        axes.hlines(places, raw[shown], calibrated[shown], color=BLUE, linewidth=3, alpha=0.4)
        axes.plot(
            raw[shown],
            places,
            linestyle="none",
            marker="o",
            markerfacecolor=PAPER,
            markeredgecolor=BLUE,
            label="before calibration",
        )
    axes.plot(calibrated[shown], places, linestyle="none", marker="o", color=BLUE, label="logit")
    axes.set_yticks(places, [shorten(told.classes[k], 18) for k in shown], fontsize=7.5)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.margins(x=0.1)
    axes.set_xlabel("logit" + (" (open: before calibration)" if moved else ""))
    axes.set_title("Logits" + (f" ({told.classes[0]} counts as 0)" if binary else ""))


def _options(axes: Axes, told: Explanation) -> None:
    """Draw what the decision compared, its line, and what it chose."""
    plain_frame(axes, grid="x")
    options = [option for option in told.options if not np.isnan(option.value)]
    cost = told.compared == LEAST_COST
    order = sorted(range(len(options)), key=lambda k: options[k].value, reverse=not cost)
    kept = sorted(order[:MOST_BARS])
    options = [options[k] for k in kept]
    largest = max([abs(option.value) for option in options]) or 1.0
    for place, option in enumerate(options):
        axes.barh(
            place,
            option.value,
            height=0.62,
            facecolor=VERMILLION if option.chosen else PAPER,
            edgecolor=VERMILLION,
            hatch=None if option.chosen else "////",
        )
        if option.line is not None:
            axes.plot([option.line] * 2, [place - 0.42, place + 0.42], color=INK, linewidth=2)
        axes.text(
            max(option.value, option.line or 0.0, 0.0) + 0.03 * (largest if cost else 1.0),
            place,
            f"{option.value:.3f}".replace("-", "−"),
            va="center",
            fontsize=7,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6},
        )
    axes.set_yticks(
        range(len(options)), [shorten(option.name, 18) for option in options], fontsize=7.5
    )
    axes.set_ylim(len(options) - 0.4, -0.6)
    if cost:
        axes.margins(x=0.2)
    else:
        # A probability ends at 1; the layout makes room for the numbers that stand beyond it.
        axes.set(xlim=(0, 1), xticks=[0, 0.5, 1])
    lined = any(option.line is not None for option in options)
    axes.set_xlabel(
        f"{told.compared} (filled: chosen" + ("; black: its threshold)" if lined else ")")
    )
    axes.set_title(f"Decided: {_decided(told)}")


def _decided(told: Explanation) -> str:
    """Return the answer, or how many were chosen where their names are too long for a panel."""
    chosen = sum(option.chosen for option in told.options)
    if len(told.answer) <= WIDEST or chosen < 2:
        return shorten(told.answer, WIDEST)
    return f"{chosen} of {len(told.options)}"
