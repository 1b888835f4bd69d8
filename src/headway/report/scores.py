"""Pictures of the scores: accuracy, log-loss and the paired differences, with intervals."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes

from headway.comparison import Comparison, Entry, Estimate
from headway.report.picture import (
    INK,
    MUTED,
    PAPER,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
)
from headway.report.styles import head_style, shorten

__all__ = ["accuracy_picture", "difference_picture", "log_loss_picture"]


def accuracy_picture(comparison: Comparison) -> Picture:
    """Return the accuracy of every model and head with its 95 % interval."""
    best = max(comparison.entries, key=lambda entry: entry.accuracy.mean)
    what = "Most rows entirely right" if comparison.kind == "multilabel" else "Best accuracy"
    title = f"{what}: {_name(best)}, {100 * best.accuracy.mean:.1f} %"
    return _picture(
        comparison,
        name="accuracy",
        title=title,
        label=(
            "rows with every label right, %" if comparison.kind == "multilabel" else "accuracy, %"
        ),
        pick=lambda entry: _times(entry.accuracy, 100.0),
        digits=2,
    )


def log_loss_picture(comparison: Comparison) -> Picture:
    """Return the log-loss of every model and head with its 95 % interval."""
    best = min(comparison.entries, key=lambda entry: entry.log_loss.mean)
    title = f"Best probabilities: {_name(best)}, log-loss {best.log_loss.mean:.3f} nats"
    return _picture(
        comparison,
        name="log-loss",
        title=title,
        label="log-loss, nats per label"
        if comparison.kind == "multilabel"
        else "log-loss, nats (smaller is better)",
        pick=lambda entry: entry.log_loss,
        digits=3,
    )


def difference_picture(comparison: Comparison) -> Picture | None:
    """Return the paired differences in accuracy with their intervals; None without a pair."""
    verdicts = comparison.verdicts
    if not verdicts:
        return None
    clear = sum(v.difference.low > 0 or v.difference.high < 0 for v in verdicts)
    title = (
        f"{clear} of {len(verdicts)} paired differences {'is' if clear == 1 else 'are'} "
        "clearly not zero"
        if clear
        else "No paired difference is clearly different from zero"
    )
    with drawing_style():
        figure = blank_figure(title, 1.35 + 0.42 * len(verdicts))
        axes = plain_frame(figure.subplots(), grid="x")
        axes.axvline(0, color=INK, linewidth=1)
        for place, verdict in enumerate(verdicts):
            _point(axes, place, verdict.difference, verdict.second)
            axes.annotate(
                f"{verdict.difference.mean:+.2f}".replace("-", "−"),
                (verdict.difference.mean, place),
                xytext=(0, 6),
                textcoords="offset points",
                ha="center",
                fontsize=7.5,
            )
        axes.set_yticks(
            range(len(verdicts)), [f"{v.model}, {shorten(v.second, 15)}" for v in verdicts]
        )
        axes.set_ylim(len(verdicts) - 0.4, -0.7)
        first = verdicts[0].first
        axes.set_xlabel(f"{first} minus this head, accuracy points")
    return Picture(
        name="difference",
        title=title + ".",
        description=" ".join(
            f"{v.model}: {v.first} minus {v.second} {v.difference.mean:+.2f} points, 95 % interval "
            f"{v.difference.low:+.2f} to {v.difference.high:+.2f}."
            for v in verdicts
        ),
        figure=figure,
    )


def _picture(
    comparison: Comparison,
    *,
    name: str,
    title: str,
    label: str,
    pick: Callable[[Entry], Estimate],
    digits: int,
) -> Picture:
    entries = comparison.entries
    estimates = [pick(entry) for entry in entries]
    with drawing_style():
        figure = blank_figure(title, 1.15 + 0.36 * len(entries))
        axes = plain_frame(figure.subplots(), grid="x")
        for place, (entry, estimate) in enumerate(zip(entries, estimates, strict=True)):
            _point(axes, place, estimate, entry.head)
        ends = [
            value
            for estimate in estimates
            for value in (estimate.mean, estimate.low, estimate.high)
            if math.isfinite(value)
        ] or [0.0, 1.0]
        width = max(ends) - min(ends) or 0.1
        axes.set_xlim(min(ends) - 0.06 * width, max(ends) + 0.06 * width)
        axes.set_ylim(len(entries) - 0.5, -0.5)
        axes.set_yticks(
            range(len(entries)),
            [f"{entry.model}, {shorten(entry.head, 15)}" for entry in entries],
        )
        for place, (before, after) in enumerate(itertools.pairwise(entries)):
            if before.model != after.model:
                axes.axhline(place + 0.5, color=MUTED, linewidth=0.6)
        beside = axes.secondary_yaxis("right")
        beside.set_yticks(
            range(len(entries)), [f"{estimate.mean:.{digits}f}" for estimate in estimates]
        )
        beside.tick_params(length=0)
        beside.spines["right"].set_visible(False)
        axes.set_xlabel(f"{label}; bars: 95 % interval")
    return Picture(
        name=name,
        title=title + ".",
        description="; ".join(
            f"{_name(entry)}: {estimate.mean:.{digits}f} "
            f"({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"
            for entry, estimate in zip(entries, estimates, strict=True)
        )
        + ".",
        figure=figure,
    )


def _point(axes: Axes, place: int, estimate: Estimate, head: str) -> None:
    style = head_style(head)
    if math.isfinite(estimate.low) and math.isfinite(estimate.high):
        axes.plot([estimate.low, estimate.high], [place, place], color=style.colour, linewidth=2)
        for end in (estimate.low, estimate.high):
            axes.plot([end, end], np.array([-0.12, 0.12]) + place, color=style.colour, linewidth=2)
    axes.plot(
        estimate.mean,
        place,
        marker=style.marker,
        markersize=7,
        color=style.colour,
        markeredgecolor=PAPER,
        linestyle="none",
    )


def _name(entry: Entry) -> str:
    return f"{entry.model} with {entry.head}"


def _times(estimate: Estimate, factor: float) -> Estimate:
    spread = None if estimate.spread is None else factor * estimate.spread
    return Estimate(
        factor * estimate.mean,
        factor * estimate.low,
        factor * estimate.high,
        spread,
        estimate.n_seeds,
    )
