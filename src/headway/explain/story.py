"""The story of one training example: what was compared with what, and which way it pushed.

`training_step` fills these; they hold numbers, and tell them as text or JSON.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["HeadStep", "Neuron", "TrainingStory"]


@dataclass(frozen=True, eq=False)
class Neuron:
    """One output neuron in full.

    It adds up its inputs times its weights and compares the sum with its threshold:
    logit = weighted sum + bias, where the bias is minus the threshold, and the activation
    sigmoid(logit) passes 0.5 exactly where the weighted sum passes the threshold.

    Attributes
    ----------
    column : int
        Which of the logits it computes.
    name : str
        The class it stands for.
    weights : float array (d,)
        One for each input.
    products : float array (d,)
        Inputs times weights.
    weighted_sum : float
        Their sum.
    bias : float
        What is added to it.
    activation : float
        sigmoid(weighted_sum + bias), 0..1.
    """

    column: int
    name: str
    weights: np.ndarray
    products: np.ndarray
    weighted_sum: float
    bias: float
    activation: float

    @property
    def threshold(self) -> float:
        """Return minus the bias: the weighted sum at which the activation is 0.5."""
        return -self.bias

    @property
    def logit(self) -> float:
        """Return the weighted sum plus the bias."""
        return self.weighted_sum + self.bias

    def largest(self, count: int) -> np.ndarray:
        """Return the columns of the `count` products that weigh most, largest first."""
        order = np.argsort(-np.abs(self.products), kind="stable")[:count]
        return order[self.products[order] != 0]


@dataclass(frozen=True, eq=False)
class HeadStep:
    """What one head makes of the same logits, and one gradient step later.

    Attributes
    ----------
    name : str
        "softmax" or "sigmoid".
    probs : float array (K,)
        The link's values, 0..1: softmax values sum to 1, sigmoid values need not.
    loss : float
        In nats.
    gradient : float array (K,)
        Of the loss by the logits: probs - targets.
    logits_after, probs_after : float array (K,)
        After one step down the gradient of the weights and the bias.
    loss_after : float
        In nats.
    path : float array (steps + 1,)
        What the link gives the example's own class while training on all rows.
    logits_trained, probs_trained : float array (K,)
        At the end of that training.
    """

    name: str
    probs: np.ndarray
    loss: float
    gradient: np.ndarray
    logits_after: np.ndarray
    probs_after: np.ndarray
    loss_after: float
    path: np.ndarray
    logits_trained: np.ndarray
    probs_trained: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON-ready lists."""
        return {
            "name": self.name,
            "probs": self.probs.tolist(),
            "probs_sum": float(self.probs.sum()),
            "loss": self.loss,
            "gradient": self.gradient.tolist(),
            "logits_after": self.logits_after.tolist(),
            "probs_after": self.probs_after.tolist(),
            "loss_after": self.loss_after,
            "path": self.path.tolist(),
            "logits_trained": self.logits_trained.tolist(),
            "probs_trained": self.probs_trained.tolist(),
        }


@dataclass(frozen=True, eq=False)
class TrainingStory:
    """One training example of a one-layer network, followed through a step of training.

    Attributes
    ----------
    name : str
        Of the data.
    kind : {"binary", "exclusive", "multilabel"}
        The structure of the labels.
    classes : tuple of str
        One name for each logit (for binary data the one class that counts as 1).
    row : int
        Which row of the data.
    label : str
        What the row is.
    image_shape : tuple of int or None
        (height, width) if the row is a picture.
    feature_names : tuple of str
        Names of the inputs.
    scaling : str
        What was done to the features, in words.
    features : float array (d,)
        The row, scaled.
    targets : float array (K,)
        The row the probs are compared with: one-hot for exclusive classes.
    logits : float array (K,)
        Before the step; the same for every head.
    neuron : Neuron
        The output neuron of the row's class.
    learning_rate : float
        Length of the step.
    input_size : float
        |x|^2 + 1: one step moves each logit by learning_rate * input_size * gradient.
    heads : tuple of HeadStep
        Softmax and sigmoid for exclusive classes, else sigmoid alone.
    note : str
        Why there is one head only, or what the two have in common.
    """

    name: str
    kind: str
    classes: tuple[str, ...]
    row: int
    label: str
    image_shape: tuple[int, int] | None
    feature_names: tuple[str, ...]
    scaling: str
    features: np.ndarray
    targets: np.ndarray
    logits: np.ndarray
    neuron: Neuron
    learning_rate: float
    input_size: float
    heads: tuple[HeadStep, ...]
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return the story as JSON-ready dicts, lists and numbers; a missing target is null."""
        neuron = self.neuron
        return {
            "format": "headway-training-story",
            "version": 1,
            "name": self.name,
            "kind": self.kind,
            "classes": list(self.classes),
            "row": self.row,
            "label": self.label,
            "image_shape": None if self.image_shape is None else list(self.image_shape),
            "scaling": self.scaling,
            "features": self.features.tolist(),
            "targets": [None if np.isnan(t) else float(t) for t in self.targets],
            "logits": self.logits.tolist(),
            "neuron": {
                "name": neuron.name,
                "column": neuron.column,
                "weights": neuron.weights.tolist(),
                "weighted_sum": neuron.weighted_sum,
                "bias": neuron.bias,
                "threshold": neuron.threshold,
                "logit": neuron.logit,
                "activation": neuron.activation,
            },
            "learning_rate": self.learning_rate,
            "input_size": self.input_size,
            "heads": [head.to_dict() for head in self.heads],
            "note": self.note,
        }

    def steps(self) -> list[tuple[str, str]]:
        """Return the story as numbered steps: a heading and a plain sentence or two for each."""
        neuron = self.neuron
        width = len(self.features)
        own = f"{'label' if self.kind == 'multilabel' else 'class'} {neuron.name}"
        names = " and ".join(head.name for head in self.heads)
        return [
            (
                "The target row",
                f"Row {self.row} of {self.name} is labelled {self.label}. "
                + _target_words(self)
                + " The loss compares the output row with this row, never with the label's name.",
            ),
            (
                f"One neuron in full: the one for {own}",
                f"It multiplies its {width} inputs by its {width} weights and adds them up: "
                f"{neuron.weighted_sum:+.3f}. Its bias is {neuron.bias:+.3f}, so its threshold is "
                f"{neuron.threshold:+.3f}. The logit is the sum minus the threshold, "
                f"{neuron.logit:+.3f}, and the activation is sigmoid({neuron.logit:+.3f}) = "
                f"{neuron.activation:.3f}: above 0.5 exactly when the sum passes the threshold.",
            ),
            (
                "The logits become probs",
                f"There is one such neuron for each class. The same logits go through {names}. "
                + " ".join(
                    f"{head.name.capitalize()} gives {head.probs[neuron.column]:.3f} to {own} "
                    f"(its values sum to {head.probs.sum():.3f})."
                    for head in self.heads
                ),
            ),
            (
                "The loss",
                " ".join(f"{head.name.capitalize()}: {head.loss:.3f} nats." for head in self.heads)
                + _loss_words(self),
            ),
            (
                "The gradient at the logits is probs - targets",
                "Below zero it pulls a logit up, above zero it pushes it down. "
                + " ".join(
                    f"{head.name.capitalize()} gives {own} the gradient "
                    f"{head.gradient[neuron.column]:+.3f}."
                    for head in self.heads
                )
                + " "
                + self.note,
            ),
            (
                "One step",
                "A step moves each logit by -rate x (|x|^2 + 1) x gradient. With the learning "
                f"rate {self.learning_rate:.4g} that is "
                + _step_words(self.learning_rate * self.input_size)
                + ". "
                + " ".join(
                    f"{head.name.capitalize()}: the logit of {own} goes from "
                    f"{self.logits[neuron.column]:+.3f} to "
                    f"{head.logits_after[neuron.column]:+.3f}, the loss from {head.loss:.3f} to "
                    f"{head.loss_after:.3f}."
                    for head in self.heads
                ),
            ),
            (
                "Many steps",
                f"After {len(self.heads[0].path) - 1} steps of gradient descent over all rows "
                + " and ".join(
                    f"{head.name} gives {head.path[-1]:.3f} to {own}" for head in self.heads
                )
                + ".",
            ),
        ]

    def to_text(self, width: int = 80) -> str:
        """Return the story as plain text no wider than `width` columns."""
        blocks = [
            f"One training example of {self.name}, followed through one step",
            textwrap.fill(f"Features: {self.scaling}.", width),
        ]
        for number, (heading, sentence) in enumerate(self.steps(), start=1):
            blocks.append(f"{number}. {heading}\n" + textwrap.fill(sentence, width))
            if number == 2:
                blocks.append(self._neuron_rows())
            if number == 6:
                blocks.append("\n\n".join(self._head_rows(head) for head in self.heads))
        return "\n\n".join(blocks) + "\n"

    def _neuron_rows(self, count: int = 5) -> str:
        neuron = self.neuron
        name_width = max((len(self.feature_names[j]) for j in neuron.largest(count)), default=5)
        name_width = min(max(name_width, 5), 30)
        rows = [f"   {'input':<{name_width}}     value    weight   product"]
        rows += [
            f"   {self.feature_names[j][:name_width]:<{name_width}} {self.features[j]:9.3f} "
            f"{neuron.weights[j]:9.3f} {neuron.products[j]:9.3f}"
            for j in neuron.largest(count)
        ]
        rest = neuron.weighted_sum - float(neuron.products[neuron.largest(count)].sum())
        left = len(self.features) - len(neuron.largest(count))
        rows.append(f"   {f'({left} more)':<{name_width}} {'':9} {'':9} {rest:9.3f}")
        rows.append(f"   {'sum':<{name_width}} {'':9} {'':9} {neuron.weighted_sum:9.3f}")
        return "\n".join(rows)

    def _head_rows(self, head: HeadStep, most: int = 20) -> str:
        shown = _shown(self, most)
        wide = min(max(max(len(self.classes[k]) for k in shown), 5), 20)
        rows = [
            f"   {head.name}",
            f"   {'class':<{wide}}  target   logit    prob  gradient   logit after  prob after",
        ]
        rows += [
            f"   {self.classes[k][:wide]:<{wide}}  {self.targets[k]:6.0f}  {self.logits[k]:6.2f}"
            f"  {head.probs[k]:6.3f}  {head.gradient[k]:8.3f}  {head.logits_after[k]:12.2f}"
            f"  {head.probs_after[k]:10.3f}"
            for k in shown
        ]
        if len(shown) < len(self.classes):
            rows.append(f"   ({len(self.classes) - len(shown)} more)")
        rest = round(float(head.gradient.sum()), 3) + 0.0  # rounding may leave -1e-17
        rows.append(
            f"   {'sum':<{wide}}  {np.nansum(self.targets):6.0f}  {'':6}  {head.probs.sum():6.3f}"
            f"  {rest:8.3f}  {'':12}  {head.probs_after.sum():10.3f}"
        )
        return "\n".join(rows)


def _shown(story: TrainingStory, most: int) -> list[int]:
    """Return the columns to print: all of them, or the own class and the largest logits."""
    columns = list(range(len(story.classes)))
    if len(columns) <= most:
        return columns
    order = sorted(columns, key=lambda k: (story.targets[k] != 1, -story.logits[k]))
    return sorted(order[:most])


def _target_words(story: TrainingStory) -> str:
    if story.kind == "binary":
        return f"One logit suffices for two classes; its target is {story.targets[0]:.0f}."
    if story.kind == "multilabel":
        return (
            f"Its target row has {np.nansum(story.targets):.0f} ones among "
            f"{len(story.targets)} labels: a row of yes and no."
        )
    if len(story.targets) > 20:
        return f"Its one-hot row has {len(story.targets)} places: a single 1, and 0 elsewhere."
    return "Its one-hot row is " + " ".join(f"{t:.0f}" for t in story.targets) + "."


def _step_words(step: float) -> str:
    if abs(step - 1.0) < 1e-9:
        return "exactly minus the gradient"
    return f"-{step:.3g} x gradient"


def _loss_words(story: TrainingStory) -> str:
    if story.kind == "exclusive":
        return (
            " Softmax pays minus the logarithm of what the true class got. Sigmoid pays that and, "
            "for every other class, minus the logarithm of one less what it got."
        )
    return " It is minus the logarithm of what the truth got, added over the labels."
