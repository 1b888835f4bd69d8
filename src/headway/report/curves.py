"""Pictures of the links: their curves and slopes, their Jacobians, the noise behind the sigmoid."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from headway.explain import Curves, trace_curves
from headway.report.picture import (
    BLUE,
    INK,
    MUTED,
    OKABE_ITO,
    VERMILLION,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
)

__all__ = ["curves_picture", "jacobians_picture"]

GREEN = OKABE_ITO[2]


def curves_picture(curves: Curves | None = None) -> Picture:
    """Return one picture of sigmoid, tanh and softmax, their slopes, Jacobians and noise."""
    curves = trace_curves() if curves is None else curves
    title = (
        "Sigmoid and tanh squash each value on its own; softmax shares one unit among all of them"
    )
    with drawing_style():
        figure = blank_figure(title, 10.2, width=8.6)
        panels = figure.subplots(4, 2)
        _values(panels[0, 0], curves)
        _slopes(panels[0, 1], curves)
        _softmax_values(panels[1, 0], curves)
        _softmax_slopes(panels[1, 1], curves)
        _jacobian(panels[2, 0], curves.softmax_jacobian, "Softmax Jacobian: each column sums to 0")
        _jacobian(panels[2, 1], curves.sigmoid_jacobian, "Sigmoid Jacobian: diagonal only")
        _identity(panels[3, 0], curves)
        _noise(panels[3, 1], curves)
    return Picture(
        name="curves",
        title=title + ".",
        description=(
            "Eight panels: sigmoid and tanh; their slopes, at most 1/4 and 1; softmax of three "
            "classes while one logit moves; its slopes, which sum to zero; the Jacobians of "
            "softmax and sigmoid at the logits -0.5, 1.2, -0.1, 2.4; tanh as a stretched sigmoid; "
            "and the share of logistic noise below z, which follows the sigmoid."
        ),
        figure=figure,
    )


def jacobians_picture(curves: Curves | None = None) -> Picture:
    """Return the two Jacobians at the worked example, one above the other."""
    curves = trace_curves() if curves is None else curves
    title = "Softmax couples the classes, sigmoid does not: how each prob answers to each logit"
    with drawing_style():
        figure = blank_figure(title, 5.0)
        panels = figure.subplots(2, 1)
        _jacobian(panels[0], curves.softmax_jacobian, "Softmax: what one gains, the others lose")
        _jacobian(panels[1], curves.sigmoid_jacobian, "Sigmoid: each minds its own logit")
    return Picture(
        name="jacobians",
        title=title + ".",
        description=(
            "Two tables of slopes at the logits -0.5, 1.2, -0.1, 2.4. In the softmax table every "
            "column sums to zero; in the sigmoid table everything off the diagonal is zero."
        ),
        figure=figure,
    )


def _values(axes: Axes, curves: Curves) -> None:
    plain_frame(axes, grid="both")
    axes.plot(curves.z, curves.sigmoid, color=VERMILLION, label="sigmoid(z), in 0..1")
    axes.plot(curves.z, curves.tanh, color=GREEN, linestyle="--", label="tanh(z), in −1..1")
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.set(title="Values", xlabel="logit z", ylabel="value")
    axes.legend(loc="upper left")


def _slopes(axes: Axes, curves: Curves) -> None:
    plain_frame(axes, grid="both")
    axes.plot(curves.z, curves.sigmoid_slope, color=VERMILLION, label="sigmoid′, at most 1/4")
    axes.plot(curves.z, curves.tanh_slope, color=GREEN, linestyle="--", label="tanh′, at most 1")
    axes.set(title="Slopes", xlabel="logit z", ylabel="derivative", ylim=(0, 1.25))
    axes.legend(loc="upper left")


def _softmax_values(axes: Axes, curves: Curves) -> None:
    plain_frame(axes, grid="both")
    for k, (name, colour, dash) in enumerate(_softmax_lines(curves)):
        axes.plot(curves.z, curves.softmax[:, k], color=colour, linestyle=dash, label=name)
    axes.set(title="Softmax while one logit moves", xlabel="moving logit z", ylabel="prob")
    axes.set_ylim(0, 1.02)
    axes.legend(loc="center left")


def _softmax_slopes(axes: Axes, curves: Curves) -> None:
    plain_frame(axes, grid="both")
    for k, (name, colour, dash) in enumerate(_softmax_lines(curves)):
        axes.plot(curves.z, curves.softmax_slope[:, k], color=colour, linestyle=dash, label=name)
    total = curves.softmax_slope.sum(axis=1)
    axes.plot(curves.z, total, color=INK, linewidth=1.0, linestyle=":", label="sum of the three")
    axes.set(title="Its slopes sum to zero", xlabel="moving logit z", ylabel="derivative by z")
    axes.set_ylim(-0.22, 0.42)
    axes.legend(loc="upper left", ncols=2, columnspacing=1.0)


def _softmax_lines(curves: Curves) -> list[tuple[str, str, str]]:
    still = [f"logit fixed at {value:g}" for value in curves.others]
    return [
        ("moving logit", BLUE, "-"),
        (still[0], VERMILLION, "--"),
        (still[1], GREEN, "-."),
    ]


def _jacobian(axes: Axes, jacobian: np.ndarray, title: str) -> None:
    size = len(jacobian)
    largest = 0.25  # the largest slope either link can have
    axes.imshow(jacobian, cmap="PuOr", vmin=-1.6 * largest, vmax=1.6 * largest, aspect="auto")
    for k in range(size):
        for j in range(size):
            axes.text(j, k, _signed(jacobian[k, j]), ha="center", va="center", color="#111111")
    sums = jacobian.sum(axis=0)
    axes.set_xticks(range(size), [f"logit {j}\nΣ {_signed(sums[j])}" for j in range(size)])
    axes.set_yticks(range(size), [f"prob {k}" for k in range(size)])
    axes.set_title(title)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _identity(axes: Axes, curves: Curves) -> None:
    plain_frame(axes, grid="both")
    axes.plot(curves.z, curves.tanh, color=GREEN, linestyle="--", label="tanh(z)")
    few = slice(None, None, 12)
    axes.plot(
        curves.z[few],
        curves.tanh_by_sigmoid[few],
        linestyle="none",
        marker="o",
        markerfacecolor="none",
        markeredgecolor=VERMILLION,
        label="2 sigmoid(2z) − 1",
    )
    axes.set(title="tanh is a stretched sigmoid", xlabel="logit z", ylabel="value")
    axes.legend(loc="upper left")


def _noise(axes: Axes, curves: Curves) -> None:
    plain_frame(axes, grid="both")
    size = len(curves.noise)
    grid = np.linspace(-6.0, 6.0, 31)
    share = np.searchsorted(curves.noise, grid) / size
    axes.plot(curves.z, curves.sigmoid, color=VERMILLION, label="sigmoid(z)")
    axes.plot(
        grid,
        share,
        linestyle="none",
        marker="s",
        markersize=3.5,
        markerfacecolor="none",
        markeredgecolor=BLUE,
        label=f"share of {size:,} draws below z\n(largest gap {curves.distance:.3f})",
    )
    axes.set(
        title="The sigmoid counts logistic noise below z",
        xlabel="z",
        ylabel="share of draws, prob",
    )
    axes.legend(loc="upper left")


def _signed(value: float) -> str:
    """Return the number with three digits, a true minus, and zero without a sign."""
    text = f"{value:.3f}"
    return "0" if float(text) == 0 else text.replace("-", "−")
