"""Horizontal bars of ratios on a logarithmic axis, with the marks they should reach.

The shade says whether a bar reaches its must (light: not); the marks are a line (must) and a
triangle (dream), so that nothing depends on colour.
"""

from dataclasses import dataclass

from benchmarks._marks import reaches
from benchmarks._pairs import ratio_text

REACHED, SHORT, UNMARKED = "#4d4d4d", "#bdbdbd", "#808080"


@dataclass(frozen=True)
class Bar:
    """A ratio with its interval, and the marks beside it if it has any."""

    name: str
    line: dict
    must: float | None = None
    dream: float | None = None


def draw(path, title, bars):
    """Write a picture of the bars."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(9, 1.6 + 0.3 * len(bars)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xscale("log")
    for place, bar in enumerate(bars):
        _draw(axes, place, bar)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(range(len(bars)), [bar.name for bar in bars], fontsize=8)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    low = min([0.5, *(bar.line["low"] for bar in bars)])
    high = max([2, *(max(bar.line["high"], bar.dream or 0) for bar in bars)])
    axes.set_xlim(low / 1.2, high * 4)
    axes.xaxis.set_major_formatter("{x:g}x")
    axes.set_xlabel("peer / headway, time or memory (logarithmic)", fontsize=9)
    # Of the figure, not of the axes, to which long names leave little room.
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    axes.plot([], [], "|", color="black", markersize=12, markeredgewidth=2, label="must")
    axes.plot([], [], ">", color="white", markeredgecolor="black", label="dream")
    axes.plot([], [], color="black", linewidth=1.5, label="interval of the median")
    axes.spines[["top", "right"]].set_visible(False)
    if any(bar.must for bar in bars):
        handles, _ = axes.get_legend_handles_labels()
        handles += [Patch(color=REACHED, label="reaches its must"), Patch(color=SHORT, label="not")]
        figure.legend(handles=handles, loc="outside lower right", ncols=5, fontsize=8)
    figure.savefig(path, format="png", dpi=120)


def _draw(axes, place, bar):
    line = bar.line
    ratio = line["low"] if line.get("bound") else line["ratio"]
    shade = UNMARKED if bar.must is None else REACHED if reaches(line, bar.must) else SHORT
    axes.barh(place, ratio - 1, left=1, height=0.6, color=shade)
    if not line.get("bound"):
        axes.plot([line["low"], line["high"]], [place, place], color="black", linewidth=1.5)
    right = max(line["high"], bar.dream or 0, 1)
    axes.annotate(
        ratio_text(line), (right, place), (8, 0), textcoords="offset points", va="center", size=7
    )
    if bar.must:
        axes.plot(bar.must, place, "|", color="black", markersize=12, markeredgewidth=2)
        axes.plot(bar.dream, place, ">", color="white", markeredgecolor="black", markersize=6)
