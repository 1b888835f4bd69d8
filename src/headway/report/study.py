"""Picture of a study: softmax minus sigmoid against what was swept, and both beside Bayes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from headway.comparison import Estimate, StudyPoint, StudyResult
from headway.comparison.study_telling import LAYOUT_WORDS, VARIABLES, StudyVariable
from headway.report.picture import (
    INK,
    MUTED,
    OKABE_ITO,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
)
from headway.report.styles import head_style

__all__ = ["study_picture"]

# Colour, marker and dash of each layout; not those of the two heads.
STYLES: dict[str, tuple[str, str, str]] = {
    "sphere": (OKABE_ITO[2], "^", "-"),
    "ring": (OKABE_ITO[3], "D", "--"),
    "row": (INK, "v", ":"),
}
LINEAR = 1.0  # accuracy points
SHIFT = 0.012  # of the axis, so that intervals at one value stand side by side
SWEPT = {
    "separation": "as classes overlap less",
    "samples": "as training rows become more",
    "classes": "as classes become more",
    "imbalance": "as rare classes become rarer",
    "label-noise": "as more training labels are wrong",
}


def study_picture(result: StudyResult) -> Picture:
    """Return the paired differences with intervals, and the accuracies under the Bayes bound."""
    variable = VARIABLES[result.variable]
    title = _title(result)
    layouts = result.layouts
    with drawing_style():
        figure = blank_figure(title, 7.2, width=7.2)
        grid = figure.add_gridspec(3, len(layouts), height_ratios=(1.15, 1.15, 1.0))
        differences = figure.add_subplot(grid[0, :])
        losses = figure.add_subplot(grid[1, :])
        _differences(differences, result, lambda point: point.accuracy_difference)
        differences.set_ylabel("softmax − sigmoid,\naccuracy points")
        differences.set_title(
            f"Accuracy: above 0, softmax is better (scale linear to ±{LINEAR:g}, then logarithmic)",
            fontweight="normal",
        )
        _stretch(differences)
        differences.legend(loc="best", ncols=3)
        _differences(losses, result, lambda point: point.log_loss_difference)
        losses.set_ylabel("softmax − sigmoid,\nnats")
        losses.set_title("Log-loss: below 0, softmax is better", fontweight="normal")
        losses.set_xlabel(variable.words)
        first: Axes | None = None
        for column, layout in enumerate(layouts):
            axes = figure.add_subplot(grid[2, column], sharey=first)
            _accuracies(axes, result, layout)
            axes.set_xlabel(variable.short)
            if first is None:
                axes.set_ylabel("accuracy, %")
                axes.legend(loc="best")
            else:
                axes.tick_params(labelleft=False)
            first = first or axes
        for axes in figure.axes:
            _value_axis(axes, result, variable, few=axes not in (differences, losses))
    return Picture(
        name=f"study-{result.name}",
        title=title + ".",
        description=(
            "Two panels of softmax minus sigmoid, in accuracy points and in nats, with 95 % "
            f"intervals over {result.seeds} draws, against {variable.words}; below, the accuracy "
            "of both heads and of the exact posterior. " + "; ".join(_ends(result)) + "."
        ),
        figure=figure,
    )


def _differences(
    axes: Axes, result: StudyResult, difference: Callable[[StudyPoint], Estimate]
) -> None:
    plain_frame(axes, grid="both")
    axes.axhline(0, color=MUTED, linewidth=1.0)
    for number, layout in enumerate(result.layouts):
        points = result.select(layout)
        estimates = [difference(point) for point in points]
        means = np.array([estimate.mean for estimate in estimates])
        halves = np.array([(estimate.high - estimate.low) / 2 for estimate in estimates])
        colour, marker, dash = STYLES[layout]
        axes.errorbar(
            _shifted(result, points, number - 1),
            means,
            yerr=halves,
            color=colour,
            marker=marker,
            linestyle=dash,
            capsize=2.5,
            elinewidth=1.1,
            label=LAYOUT_WORDS[layout].split(":")[0],
        )


def _stretch(axes: Axes) -> None:
    """Make room around 0: a tenth of a point and twenty points stand in one panel."""
    axes.set_yscale("symlog", linthresh=LINEAR, linscale=1.0)
    ticks = [-50, -20, -10, -5, -2, -1, -0.5, 0, 0.5, 1, 2, 5, 10, 20, 50]
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))


def _accuracies(axes: Axes, result: StudyResult, layout: str) -> None:
    plain_frame(axes, grid="both")
    points = result.select(layout)
    values = [result.value(point) for point in points]
    bayes = [100 * np.mean(point.bayes.accuracy) for point in points]
    axes.plot(values, bayes, color=MUTED, linewidth=4.0, alpha=0.45, label="Bayes bound")
    for head in ("softmax", "sigmoid"):
        style = head_style(head)
        axes.plot(
            values,
            [100 * np.mean(getattr(point, head).accuracy) for point in points],
            color=style.colour,
            marker=style.marker,
            linestyle=style.dash,
            linewidth=1.3,
            markersize=3.5,
            label=head,
        )
    axes.set_title(layout, fontweight="normal")


def _shifted(result: StudyResult, points: tuple[StudyPoint, ...], steps: int) -> np.ndarray:
    values = np.array([result.value(point) for point in points])
    every = [result.value(point) for point in result.points]
    if VARIABLES[result.variable].scale == "log":
        return np.asarray(values * (max(every) / min(every)) ** (SHIFT * steps / 2))
    return np.asarray(values + SHIFT * steps / 2 * (max(every) - min(every)))


def _value_axis(axes: Axes, result: StudyResult, variable: StudyVariable, *, few: bool) -> None:
    """Put a tick at each setting, or at every other one where there is little room."""
    values = sorted({result.value(point) for point in result.points})
    if variable.scale == "log":
        axes.set_xscale("log")
    if few and len(values) > 4:
        values = values[::2] if len(values) % 2 else values[1::2]
    axes.xaxis.set_major_locator(FixedLocator(values))
    axes.xaxis.set_minor_locator(NullLocator())
    factor = 100 if variable.percent else 1
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{factor * value:g}"))


def _title(result: StudyResult) -> str:
    """Return the largest difference of each layout, as it was measured."""
    parts: list[str] = []
    for layout in result.layouts:
        most = max(
            (point.accuracy_difference for point in result.select(layout)),
            key=lambda estimate: abs(estimate.mean),
        )
        points = " points of accuracy" if not parts else ""
        parts.append(f"{most.mean:+.1f}{points} on the {layout}".replace("-", "−"))
    model = "linear models" if result.model == "linear" else "networks"
    return f"Softmax minus sigmoid {SWEPT[result.name]} ({model}): at most {', '.join(parts)}"


def _ends(result: StudyResult) -> list[str]:
    show = VARIABLES[result.variable].show
    return [
        f"{layout}: {points[0].accuracy_difference.mean:.2f} points at "
        f"{show(result.value(points[0]))}, {points[-1].accuracy_difference.mean:.2f} at "
        f"{show(result.value(points[-1]))}"
        for layout in result.layouts
        for points in (result.select(layout),)
    ]
