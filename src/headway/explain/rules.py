"""What calibrator, head and decision did to one row, in words and in the numbers they compare.

    logits -> calibrator -> link -> probs -> decision

Each decision of headway has its own sentence; one that is not known here gets a general one, and
the probabilities it saw.  The trap is a probability on the line: it does not exceed its
threshold, and the sentences say "exceeds" for that reason.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from headway.calibration import (
    Beta,
    Isotonic,
    MatrixScaling,
    Platt,
    PriorShift,
    Temperature,
    VectorScaling,
)
from headway.decisions import (
    Abstain,
    Argmax,
    BinaryThreshold,
    ExpectedF1,
    LabelThresholds,
    LacScore,
    LeastCost,
    PredictionSets,
    Threshold,
    TopK,
)
from headway.explain.explanation import Option
from headway.heads import Head
from headway.links import SigmoidLink, SoftmaxLink

__all__ = ["calibration_words", "decision_options", "head_words", "rule_words", "runner_up"]


def calibration_words(calibrator: Any, raw: np.ndarray, /) -> str:
    """Return what a calibrator does to the raw logits (K,) of a row, in one sentence.

    Examples
    --------
    >>> calibration_words(Temperature(2.0), np.zeros(2))
    'Each logit is divided by the temperature 2.'
    """
    if calibrator is None:
        return "There is no calibrator: the logits stay as they are."
    if isinstance(calibrator, Temperature):
        return f"Each logit is divided by the temperature {calibrator.value:.4g}."
    if isinstance(calibrator, Platt):
        if len(raw) == 1:
            slope, intercept = float(calibrator.slope[0]), float(calibrator.intercept[0])
            return f"The logit is multiplied by {slope:.4g}, and {intercept:.4g} is added."
        return "Each logit is multiplied by a slope of its own, and an intercept is added."
    if isinstance(calibrator, Isotonic):
        return "Each logit goes through a rising function of its own" + _step(calibrator, raw)
    if isinstance(calibrator, Beta):
        return "Each logit goes through a curve of its own, bent to either side (beta calibration)."
    if isinstance(calibrator, VectorScaling):
        return (
            f"Each logit is divided by the temperature {calibrator.temperature:.4g}, multiplied "
            "by a slope of its own, and an intercept is added."
        )
    if isinstance(calibrator, MatrixScaling):
        return "Each calibrated logit is a weighted sum of all logits (matrix scaling)."
    if isinstance(calibrator, PriorShift):
        return "To each logit a constant of its own is added, for other class shares."
    return f"The logits go through {type(calibrator).__name__}."


def _step(calibrator: Isotonic, raw: np.ndarray) -> str:
    """Return between which bends a single logit lies, or a full stop."""
    places, values = calibrator.places[0], calibrator.values[0]
    if len(raw) > 1 or len(places) < 2:
        return "."
    right = int(np.clip(np.searchsorted(places, raw[0]), 1, len(places) - 1))
    if not places[0] <= raw[0] <= places[-1]:
        end = 0 if raw[0] < places[0] else -1
        side = "below" if raw[0] < places[0] else "above"
        return f": {side} {places[end]:.4g} it is {values[end]:.4g}."
    return (
        f": between {places[right - 1]:.4g} and {places[right]:.4g} it goes from "
        f"{values[right - 1]:.4g} to {values[right]:.4g}."
    )


def head_words(head: Head, z: np.ndarray, names: tuple[str, ...], /) -> str:
    """Return how the head makes probabilities of one row of logits, with its sum.

    Examples
    --------
    >>> from headway.heads import softmax_head
    >>> head_words(softmax_head(), np.zeros(2), ("ant", "bee"))
    'Softmax: exp(logit - largest logit) is divided by the sum of these over all classes, 2.'
    """
    if isinstance(head.link, SoftmaxLink):
        total = float(np.exp(z - z.max()).sum())
        return (
            "Softmax: exp(logit - largest logit) is divided by the sum of these over all "
            f"classes, {total:.4g}."
        )
    if not isinstance(head.link, SigmoidLink):
        zeros = int((head.to_probs(z[None, :])[0] == 0).sum())
        none = f"; {zeros} of them are exactly 0" if zeros else ""
        return f"The head {head.name} turns the logits into probabilities{none}."
    if not head.exclusive:
        return "Sigmoid: 1 / (1 + exp(-logit)), each label on its own."
    if len(z) == 1:
        return f"Sigmoid: 1 / (1 + exp(-logit)) is the probability of {names[0]}."
    total = float(head.membership(z[None, :]).sum())
    return (
        "Sigmoid: 1 / (1 + exp(-logit)), each class on its own; these memberships are divided "
        f"by their sum, {total:.4g}."
    )


def rule_words(decision: Any, actions: tuple[str, ...], /) -> str:
    """Return how a decision is made of probabilities, in one sentence.

    Parameters
    ----------
    decision : Decision
        The rule.
    actions : tuple of str
        Names of the classes, labels or actions.
    """
    if isinstance(decision, Argmax):
        if len(actions) == 2:
            return "The more probable of the two classes is taken."
        return "The class of the largest logit is taken."
    if isinstance(decision, LeastCost):
        return "The action of the least expected cost is taken: the sum of prob times cost."
    if isinstance(decision, BinaryThreshold):
        return (
            f"{actions[1]} is taken if its probability exceeds {decision.value:.4g}, "
            f"else {actions[0]}."
        )
    if isinstance(decision, Threshold):
        return f"A label is present if its probability exceeds {decision.value:.4g}."
    if isinstance(decision, LabelThresholds):
        return "A label is present if its probability exceeds its own threshold" + _bounds(decision)
    if isinstance(decision, ExpectedF1):
        measure = "F1" if decision.beta == 1 else f"F{decision.beta:.4g}"
        return (
            f"Of all sets of labels the one with the largest expected {measure} is taken: it "
            "consists of the most probable labels, and how many depends on all of them."
        )
    if isinstance(decision, TopK):
        return f"The {decision.k} most probable are taken."
    if isinstance(decision, Abstain):
        return (
            f"The most probable class is taken if its probability is at least "
            f"{decision.threshold:.4g}, else nobody is answered."
        )
    if isinstance(decision, PredictionSets):
        return _sets_words(decision)
    return f"{type(decision).__name__} decides by the probabilities."


def _sets_words(decision: PredictionSets) -> str:
    if isinstance(decision.score, LacScore):
        said = "A class is a candidate if its probability is at least its line"
    else:
        said = (
            "Classes are candidates from the most probable on, as long as the probabilities that "
            "rank above a class, and a share of its own, stay within the cutoff"
        )
        share = getattr(decision.score, "share", None)
        if share is not None:
            said += f" (the share is this row's draw, {share:.4g}, and is held in what follows)"
    if decision.coverage is not None:
        said += f"; sets were promised to hold the true class in {decision.coverage:.4g} of rows"
    return said + "."


def _bounds(decision: LabelThresholds) -> str:
    said = ""
    if decision.at_least_one:
        said += "; a row without any gets the one that misses its threshold least"
    if decision.at_most is not None:
        said += f"; at most {decision.at_most} are kept, those that exceed theirs most"
    return said + "."


def decision_options(
    decision: Any, probs: np.ndarray, decided: Any, actions: tuple[str, ...], /
) -> tuple[tuple[Option, ...], str]:
    """Return what could be decided with the numbers that are compared, and what these are.

    Parameters
    ----------
    decision : Decision
        The rule.
    probs : float array of shape (K,)
        Probabilities.
    decided : int, or 0/1 array of shape (K,)
        What it answered.
    actions : tuple of A str
        Names of the classes, labels or actions.
    """
    A = len(actions)
    chosen = np.arange(A) == decided if np.ndim(decided) == 0 else np.asarray(decided) == 1
    if isinstance(decision, LeastCost):
        values, compared = probs @ decision.cost, "expected cost"
        lines: list[float | None] = [None] * A
    else:
        values, compared = probs, "prob"
        lines = _lines(decision, len(probs))
        if len(probs) < A:  # to abstain has no probability
            values = np.concatenate([probs, np.full(A - len(probs), np.nan)])
            lines = [*lines, *[None] * (A - len(probs))]
    options = tuple(
        Option(name, bool(took), float(value), line)
        for name, took, value, line in zip(actions, chosen, values, lines, strict=True)
    )
    return options, compared


def _lines(decision: Any, K: int) -> list[float | None]:
    """Return the number that each probability is compared with, where there is one."""
    if isinstance(decision, BinaryThreshold):
        return [None, decision.value]
    if isinstance(decision, Threshold):
        return [decision.value] * K
    if isinstance(decision, LabelThresholds):
        return list(decision.values)
    if isinstance(decision, Abstain):
        return [decision.threshold] * K
    if isinstance(decision, PredictionSets) and isinstance(decision.score, LacScore):
        lines = -np.broadcast_to(decision.cutoffs, (K,))
        return [float(line) if np.isfinite(line) else None for line in lines]
    return [None] * K


def runner_up(decision: Any, options: tuple[Option, ...], compared: str, /) -> str:
    """Return what would have been decided next: the best of what was not chosen.

    Of costs the cheapest, of thresholds the label or class nearest to its line, else the most
    probable; where the decision abstained, the most probable class.
    """
    left = [option for option in options if not option.chosen and not np.isnan(option.value)]
    if not left:
        return ""
    if compared == "expected cost":
        return min(left, key=lambda option: option.value).name
    if isinstance(decision, Abstain):
        best = max(left, key=lambda option: option.value)
        answered = any(option.chosen and not np.isnan(option.value) for option in options)
        return options[-1].name if answered and best.value < decision.threshold else best.name
    return max(
        left, key=lambda option: option.value - (0.0 if option.line is None else option.line)
    ).name
