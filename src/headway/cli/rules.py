"""Decisions in words, for the terminal."""

from typing import Any

__all__ = ["rule_in_words"]


def rule_in_words(decision: Any, classes: Any) -> tuple[str, list[tuple[str, float]]]:
    """Return what a decision does in one phrase, and the numbers of its labels, if it has any.

    Examples
    --------
    >>> from headway.decisions import Abstain, LabelThresholds
    >>> rule_in_words(Abstain(0.9), ["ham", "spam"])
    ('the most probable class, or abstain below 0.9', [])
    >>> rule_in_words(LabelThresholds((0.2, 0.6), at_most=1), ["calm", "sad"])
    ('a threshold for each label, at most 1', [('calm', 0.2), ('sad', 0.6)])
    """
    names = [str(name) for name in classes]
    kind = type(decision).__name__
    if kind == "Argmax":
        return "the most probable class", []
    if kind == "Threshold":
        return f"every label above {decision.value:.4g}", []
    if kind == "BinaryThreshold":
        return f"{names[1]} above {decision.value:.4g}", []
    if kind == "LabelThresholds":
        words = "a threshold for each label"
        words += ", at least one" if decision.at_least_one else ""
        words += "" if decision.at_most is None else f", at most {decision.at_most}"
        return words, list(zip(names, map(float, decision.values), strict=True))
    if kind == "Abstain":
        return f"the most probable class, or abstain below {decision.threshold:.4g}", []
    if kind == "TopK":
        return f"the {decision.k} most probable", []
    if kind == "LeastCost":
        return "the action of least expected cost", []
    if kind == "ExpectedF1":
        return f"the set of largest expected F{decision.beta:g} of each row", []
    if kind == "PredictionSets":
        promise = "" if decision.coverage is None else f", coverage {decision.coverage:g}"
        # A score of "lac" is minus the probability.
        plain = type(decision.score).__name__ == "LacScore"
        words = "every class of at least this probability" if plain else "the set of candidates"
        return words + promise, _cutoffs(decision.cutoffs, names, sign=-1.0 if plain else 1.0)
    return kind, []


def _cutoffs(
    cutoffs: tuple[float, ...], names: list[str], *, sign: float
) -> list[tuple[str, float]]:
    if len(cutoffs) == 1:
        return [("all" if sign < 0 else "cutoff", sign * cutoffs[0])]
    return list(zip(names, (sign * value for value in cutoffs), strict=True))
