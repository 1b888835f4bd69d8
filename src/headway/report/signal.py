"""Picture of signals in deep stacks: the gradient layer by layer, as usual and after the cure."""

from __future__ import annotations

from statistics import median

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from headway.explain import SignalSweep
from headway.report.picture import (
    BLUE,
    INK,
    OKABE_ITO,
    VERMILLION,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
)
from headway.training.signal_advice import LOST

__all__ = ["signal_picture"]

STYLES: dict[str, tuple[str, str, str]] = {
    "sigmoid": (VERMILLION, "s", "-"),
    "tanh": (OKABE_ITO[2], "^", "--"),
    "relu": (BLUE, "o", "-"),
    "gelu": (OKABE_ITO[3], "D", "-."),
    "selu": (OKABE_ITO[4], "v", ":"),
    "silu": (INK, "P", "--"),
}
WORDS = {
    "glorot": "usual start (glorot)",
    "he": "start made for relu (he)",
    "scaled": "usual start times 4 (scaled)",
    "fitting": "start that fits the activation",
    "norm": "usual start, norm before each activation",
    "norm-after": "usual start, norm after each activation",
}
LEAST = 1e-40  # what is smaller is drawn here: float32 knows nothing below 1e-45


def signal_picture(sweep: SignalSweep) -> Picture:
    """Return the gradient of each hidden layer in the deepest stacks, one panel a recipe."""
    depth = max(sweep.depths)
    recipes = list(dict.fromkeys(recipe for _, recipe in sweep.stacks))
    title = _title(sweep, depth)
    with drawing_style():
        figure = blank_figure(title, 0.8 + 2.2 * len(recipes), width=5.6)
        panels = figure.subplots(len(recipes), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for axes, recipe in zip(panels, recipes, strict=True):
            _panel(axes, sweep, recipe, depth)
        for axes in panels:
            axes.yaxis.set_major_locator(LogLocator(base=10, numticks=8))
            axes.yaxis.set_minor_locator(NullLocator())
        panels[-1].set_xlabel("hidden layer, counted from the input")
        panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        panels[0].legend(ncols=2, loc="lower right")
    return Picture(
        name="signal",
        title=title + ".",
        description=(
            f"Norm of the loss gradient by the weights of each of {depth} hidden layers before "
            f"training, relative to the last one's, on a logarithmic scale; one panel for each of "
            f"{', '.join(WORDS[recipe] for recipe in recipes)}. "
            f"The first layer keeps: {_ends(sweep, depth)}."
        ),
        figure=figure,
    )


def _panel(axes: Axes, sweep: SignalSweep, recipe: str, depth: int) -> None:
    plain_frame(axes, grid="both").set_yscale("log")
    for activation, other in sweep.stacks:
        if other != recipe:
            continue
        runs = sweep.select(activation, recipe, depth)
        gradients = [
            median(
                run.before.layers[layer].gradient / (run.before.layers[-1].gradient or 1.0)
                for run in runs
            )
            for layer in range(depth)
        ]
        colour, marker, dash = STYLES[activation]
        axes.plot(
            range(1, depth + 1),
            [max(gradient, LEAST) for gradient in gradients],
            color=colour,
            marker=marker,
            linestyle=dash,
            markevery=max(depth // 8, 1),
            label=activation,
        )
    axes.set_title(WORDS[recipe], fontweight="normal")
    axes.set_ylabel("gradient / that of the last")


def _title(sweep: SignalSweep, depth: int) -> str:
    """Return what the sweep shows, which is not always that sigmoids lose."""
    kept = {
        recipe: median(run.before.gradient_kept for run in sweep.select("sigmoid", recipe, depth))
        for activation, recipe in sweep.stacks
        if activation == "sigmoid"
    }
    lost = {recipe for recipe, value in kept.items() if value < LOST}
    if "glorot" in lost and "fitting" in kept and "fitting" not in lost:
        return (
            f"Through {depth} sigmoid layers the gradient fades to nothing with the usual start; "
            "a start that fits keeps it"
        )
    if lost:
        return f"Through {depth} sigmoid layers the gradient fades layer by layer"
    return f"How much of the gradient reaches each of {depth} hidden layers"


def _ends(sweep: SignalSweep, depth: int) -> str:
    return ", ".join(
        f"{activation} ({recipe}) "
        f"{median(r.before.gradient_kept for r in sweep.select(activation, recipe, depth)):.1e}"
        for activation, recipe in sweep.stacks
    )
