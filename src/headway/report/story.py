"""Pictures of one training example: its neuron, the gradient at its logits, the step, the path."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from headway.explain import HeadStep, TrainingStory
from headway.report.picture import (
    BLUE,
    GRID,
    INK,
    MUTED,
    PAPER,
    VERMILLION,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
)
from headway.report.styles import shorten

__all__ = ["story_picture", "story_pictures"]

MOST = 12
COLOURS = {"softmax": BLUE, "sigmoid": VERMILLION}
MARKERS = {"softmax": "o", "sigmoid": "s"}
DASHES = {"softmax": "-", "sigmoid": "--"}


def story_pictures(story: TrainingStory) -> tuple[Picture, ...]:
    """Return four pictures of the story, each as wide as a phone: neuron, gradient, step, path."""
    with drawing_style():
        return (
            _neuron_picture(story),
            _gradient_picture(story),
            _step_picture(story),
            _path_picture(story),
        )


def story_picture(story: TrainingStory) -> Picture:
    """Return the whole story as one picture."""
    title = (
        f"How row {story.row} of {story.name} (labelled {story.label}) teaches a layer: "
        "the gradient at the logits is probs − targets"
    )
    with drawing_style():
        figure = blank_figure(title, 9.6, width=8.8)
        parts: Any = figure.subfigures(3, 1, height_ratios=[2.5, 3.2, 3.2])
        top, middle, bottom = parts
        _neuron_panels(top, story)
        top.suptitle(_neuron_title(story), fontsize=8.5, fontweight="bold", x=0.01, ha="left")
        for axes, head in zip(_row(middle, len(story.heads)), story.heads, strict=True):
            _gradient_panel(axes, story, head)
        panels = _row(bottom, len(story.heads) + 1)
        for axes, head in zip(panels, story.heads, strict=False):
            _step_panel(axes, story, head)
        _path_panel(panels[-1], story)
    return Picture(
        name="story",
        title=title + ".",
        description=" ".join(sentence for _, sentence in story.steps()),
        figure=figure,
    )


def _neuron_picture(story: TrainingStory) -> Picture:
    title = _neuron_title(story)
    figure = blank_figure(title, 2.5 if story.image_shape else 3.0)
    _neuron_panels(figure, story)
    return Picture(
        name="story-neuron",
        title=title + ".",
        description=story.steps()[1][1],
        figure=figure,
    )


def _gradient_picture(story: TrainingStory) -> Picture:
    title = "The gradient at the logits is probs − targets" + (
        " in both heads" if len(story.heads) > 1 else ""
    )
    figure = blank_figure(title, 0.6 + 2.3 * len(story.heads))
    panels = np.atleast_1d(figure.subplots(len(story.heads), 1))
    for axes, head in zip(panels, story.heads, strict=True):
        _gradient_panel(axes, story, head)
    return Picture(
        name="story-gradient",
        title=title + ".",
        description=" ".join(story.steps()[number][1] for number in (2, 4)),
        figure=figure,
    )


def _step_picture(story: TrainingStory) -> Picture:
    title = f"One step lifts the logit of {story.neuron.name} and lowers the others"
    if story.kind != "exclusive":
        title = "One step moves each logit towards its target"
    figure = blank_figure(title, 0.6 + 2.3 * len(story.heads))
    panels = np.atleast_1d(figure.subplots(len(story.heads), 1))
    for axes, head in zip(panels, story.heads, strict=True):
        _step_panel(axes, story, head)
    return Picture(
        name="story-step", title=title + ".", description=story.steps()[5][1], figure=figure
    )


def _path_picture(story: TrainingStory) -> Picture:
    many = len(story.heads) > 1
    title = f"Training on all rows, {'both heads learn' if many else 'the head learns'} the example"
    figure = blank_figure(title, 2.7)
    _path_panel(figure.subplots(), story)
    return Picture(
        name="story-path", title=title + ".", description=story.steps()[6][1], figure=figure
    )


def _neuron_title(story: TrainingStory) -> str:
    neuron = story.neuron
    return _true_minus(
        f"The neuron for {neuron.name}: weighted sum {neuron.weighted_sum:.2f} against its "
        f"threshold {neuron.threshold:.2f} gives the logit {neuron.logit:.2f}"
    )


def _neuron_panels(figure: Figure | SubFigure, story: TrainingStory) -> None:
    if story.image_shape is None:
        _product_bars(figure.subplots(), story)
        return
    neuron, shape = story.neuron, story.image_shape
    panels = figure.subplots(1, 3)
    largest = float(np.abs(neuron.weights).max()) or 1.0
    most = float(np.abs(neuron.products).max()) or 1.0
    pictures = (
        (story.features, "Greys", 0.0, 1.0, f"inputs\n(a {story.label})"),
        (neuron.weights, "PuOr", -largest, largest, f"x weights\n(±{largest:.2f})"),
        (neuron.products, "PuOr", -most, most, f"= products\n(sum {neuron.weighted_sum:.2f})"),
    )
    for axes, (values, colours, low, high, words) in zip(panels, pictures, strict=True):
        axes.imshow(values.reshape(shape), cmap=colours, vmin=low, vmax=high)
        axes.set_title(_true_minus(words.replace("x w", "× w")), fontweight="normal", loc="center")
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(visible=True, color=GRID)


def _product_bars(axes: Axes, story: TrainingStory) -> None:
    plain_frame(axes, grid="x")
    columns = story.neuron.largest(8)
    products = story.neuron.products[columns]
    places = np.arange(len(columns))
    for place, product in zip(places, products, strict=True):
        up = product > 0
        axes.barh(
            place,
            product,
            height=0.65,
            facecolor=BLUE if up else PAPER,
            edgecolor=BLUE,
            hatch=None if up else "////",
        )
    axes.set_yticks(places, [shorten(story.feature_names[j], 18) for j in columns])
    axes.set_ylim(len(columns) - 0.4, -0.6)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel("input × weight, the eight largest (hatched: below zero)")


def _gradient_panel(axes: Axes, story: TrainingStory, head: HeadStep) -> None:
    plain_frame(axes)
    shown = _shown(story)
    places = range(len(shown))
    targets, probs = story.targets[shown], head.probs[shown]
    colour = COLOURS[head.name]
    axes.vlines(places, targets, probs, color=colour, linewidth=3.5, alpha=0.45)
    axes.plot(
        places,
        probs,
        linestyle="none",
        marker=MARKERS[head.name],
        color=colour,
        label="prob",
    )
    axes.plot(
        places,
        targets,
        linestyle="none",
        marker="x",
        color=INK,
        markeredgewidth=1.4,
        label="target",
    )
    for place, target, prob in zip(places, targets, probs, strict=True):
        if np.isnan(target):
            continue
        axes.text(
            place,
            prob - 0.06 if target == 1 else prob + 0.05,
            _true_minus(f"{prob - target:+.2f}"),
            ha="center",
            va="top" if target == 1 else "bottom",
            fontsize=6.2,
        )
    _name_columns(axes, story, shown)
    axes.set(ylim=(-0.14, 1.1), yticks=[0, 0.5, 1], ylabel="prob, target")
    axes.set_title(_true_minus(f"{head.name}: probs sum to {head.probs.sum():.2f}"))
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 0.98),
        ncols=2,
        handletextpad=0.2,
        columnspacing=0.8,
        borderaxespad=0.2,
    )


def _step_panel(axes: Axes, story: TrainingStory, head: HeadStep) -> None:
    plain_frame(axes)
    shown = _shown(story)
    places = np.arange(len(shown))
    before, after = story.logits[shown], head.logits_after[shown]
    colour = COLOURS[head.name]
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.vlines(places, before, after, color=colour, linewidth=3.5, alpha=0.45)
    axes.plot(
        places,
        before,
        linestyle="none",
        marker=MARKERS[head.name],
        markerfacecolor=PAPER,
        markeredgecolor=colour,
        label="before",
    )
    axes.plot(
        places,
        after,
        linestyle="none",
        marker=MARKERS[head.name],
        color=colour,
        label="after one step",
    )
    _name_columns(axes, story, shown)
    axes.set_ylabel("logit")
    axes.margins(y=0.25)
    axes.set_title(f"{head.name}: loss {head.loss:.2f} → {head.loss_after:.2f} nats")
    axes.legend(loc="best", ncols=2, handletextpad=0.2, columnspacing=0.8, borderaxespad=0.2)


def _path_panel(axes: Axes, story: TrainingStory) -> None:
    plain_frame(axes, grid="both")
    for head in story.heads:
        steps = np.arange(len(head.path))
        axes.plot(
            steps,
            head.path,
            color=COLOURS[head.name],
            linestyle=DASHES[head.name],
            marker=MARKERS[head.name],
            markevery=max(len(steps) // 10, 1),
            label=head.name,
        )
    axes.set(xlabel="step of gradient descent", ylim=(-0.03, 1.03))
    axes.set_ylabel(f"prob of {shorten(story.neuron.name, 14)}")
    axes.set_title(f"Row {story.row} while all rows train")
    axes.legend(loc="lower right")


def _name_columns(axes: Axes, story: TrainingStory, shown: np.ndarray) -> None:
    names = [story.classes[k] for k in shown]
    long = max(len(name) for name in names) > 3
    axes.set_xticks(
        np.arange(len(shown)),
        [shorten(name, 14) for name in names],
        rotation=35 if long else 0,
        ha="right" if long else "center",
        rotation_mode="anchor",
    )
    if not long:
        axes.set_xlabel("class")
    axes.set_xlim(-0.6, len(shown) - 0.4)


def _row(figure: SubFigure, count: int) -> list[Axes]:
    return list(np.atleast_1d(figure.subplots(1, count)))


def _shown(story: TrainingStory) -> np.ndarray:
    """Return the columns to draw: all, or the row's own and those with the largest logits."""
    columns = range(len(story.classes))
    order = sorted(columns, key=lambda k: (story.targets[k] != 1, -story.logits[k]))
    return np.sort(np.asarray(order[:MOST]))


def _true_minus(text: str) -> str:
    return text.replace("-", "−")
