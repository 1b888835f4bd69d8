"""The picture of one row of logits: both links as bars, and what temperature does to softmax."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from headway.explain import LogitTable, worked_example
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

__all__ = ["logits_picture"]

MOST = 16
MARKERS = "osD^vP*X"
DASHES = ("-", "--", "-.", ":")


def logits_picture(table: LogitTable | None = None) -> Picture:
    """Return the bars of sigmoid and softmax and the effect of temperature on softmax.

    With more than 16 logits the largest 16 are drawn.
    """
    table = worked_example() if table is None else table
    shown = np.sort(np.argsort(-table.logits, kind="stable")[:MOST])
    title = (
        f"Softmax takes {table.names[table.argmax]}; "
        + (f"sigmoid passes {_names(table)}" if table.passing else "sigmoid passes no label")
        + (f" (temperature {table.temperature:g})" if table.temperature != 1 else "")
    )
    height = 1.9 + 0.42 * len(shown) + 2.4
    with drawing_style():
        figure = blank_figure(title, height)
        grid = figure.add_gridspec(2, 2, height_ratios=[0.42 * len(shown) + 1.0, 2.6])
        _bars(figure.add_subplot(grid[0, 0]), table, shown, "sigmoid")
        _bars(figure.add_subplot(grid[0, 1]), table, shown, "softmax")
        _sweep(figure.add_subplot(grid[1, :]), table, shown)
    values = "; ".join(
        f"{table.names[k]}: logit {table.logits[k]:g}, sigmoid {table.sigmoid[k]:.2f}, "
        f"softmax {table.softmax[k]:.2f}"
        for k in shown
    )
    return Picture(
        name="logits",
        title=title + ".",
        description=f"Bars of both links and softmax over temperatures. {values}.",
        figure=figure,
    )


def _names(table: LogitTable) -> str:
    names = [table.names[k] for k in table.passing[:4]]
    if len(table.passing) > 4:
        return ", ".join(names) + f" and {len(table.passing) - 4} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _bars(axes: Axes, table: LogitTable, shown: np.ndarray, link: str) -> None:
    plain_frame(axes, grid="x")
    values = getattr(table, link)[shown]
    places = range(len(shown))
    chosen = [k in table.passing if link == "sigmoid" else k == table.argmax for k in shown]
    colour = VERMILLION if link == "sigmoid" else BLUE
    # What is decided is filled, what is not is hatched: the difference survives greyscale.
    for place, value, filled in zip(places, values, chosen, strict=True):
        axes.barh(
            place,
            value,
            height=0.62,
            facecolor=colour if filled else PAPER,
            edgecolor=colour,
            hatch=None if filled else "////",
        )
        axes.text(
            value + 0.03,
            place,
            f"{value:.2f}",
            va="center",
            fontsize=8,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.8},
        )
    axes.set(xlim=(0, 1.28), xticks=[0, 0.5, 1], ylim=(len(shown) - 0.4, -0.6))
    axes.set_title(f"{link}: sum {getattr(table, link).sum():.2f}")
    if link == "sigmoid":
        axes.axvline(table.threshold, color=INK, linewidth=1, linestyle=":")
        axes.set_xlabel(f"value (filled: above {table.threshold:g})")
        axes.set_ylabel("logit")
        signed = [f"{table.logits[k]:g}".replace("-", "−") for k in shown]
        labels = [
            f"{shorten(table.names[k], 9)}: {logit}" for k, logit in zip(shown, signed, strict=True)
        ]
        axes.set_yticks(places, labels, fontsize=7.5)
    else:
        axes.set_xlabel("prob (filled: argmax)")
        axes.set_yticks(places, [""] * len(shown))


def _sweep(axes: Axes, table: LogitTable, shown: np.ndarray) -> None:
    plain_frame(axes)
    rows = table.sweep
    places = np.arange(len(rows))
    largest = sorted(shown, key=lambda k: -table.logits[k])[:6]
    for number, k in enumerate(largest):
        axes.plot(
            places,
            [row.softmax[k] for row in rows],
            color=OKABE_ITO[number % 6],
            linestyle=DASHES[number % 4],
            marker=MARKERS[number],
            label=shorten(table.names[k], 12),
        )
    here = [row.temperature for row in rows].index(table.temperature)
    axes.axvline(here, color=MUTED, linewidth=0.8, linestyle=":")
    axes.set_xticks(places, [_temperature(row.temperature) for row in rows])
    axes.set(xlabel="temperature T", ylabel="softmax prob", ylim=(-0.03, 1.05))
    axes.set_title("From argmax (T → 0) to all alike (T → ∞)")
    axes.legend(loc="upper right", ncols=2, title="logit", title_fontsize=8)


def _temperature(value: float) -> str:
    if value == 0:
        return "→ 0"
    return "→ ∞" if math.isinf(value) else f"{value:g}"
