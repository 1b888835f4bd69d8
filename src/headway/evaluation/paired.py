"""Two evaluations of the same rows, score by score.

    difference(weights) = first(weights) - second(weights),   on the same resamples

Rows that are hard for one model are hard for the other, so the difference is known far better
than either value: two intervals that overlap say nothing about it.  Beside the intervals stands
McNemar's exact test of the rows that only one of the two got right.

The trap is to read many scores and believe the one that stands out: with 20 intervals of 95 %,
one leaves out 0 by chance.  Choose the score that matters before looking.
"""

from __future__ import annotations

import math

import numpy as np

from headway.errors import InputTypeError, InputValueError
from headway.evaluation.assessment import check_settings, scorer_of
from headway.evaluation.bootstrap import bootstrap_interval
from headway.evaluation.results import SMALLER_IS_BETTER, Evaluation, PairedEvaluation, PairedScore
from headway.evaluation.scorer import measure
from headway.metrics import hits, mcnemar_exact

__all__ = ["compare_evaluations"]


def compare_evaluations(
    first: Evaluation,
    second: Evaluation,
    /,
    *,
    level: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> PairedEvaluation:
    """Return the differences between two models on the same rows, with paired intervals.

    Parameters
    ----------
    first, second : Evaluation
        Of the same rows in the same order.
    level : float
        Confidence of the intervals, in (0, 1).
    n_bootstrap : int
        Resamples; 0 for no intervals.
    random_state : int
        Draws the resamples.

    Returns
    -------
    PairedEvaluation
        First minus second, for every score that both have; and McNemar's test.

    Raises
    ------
    InputTypeError, InputValueError
        If the rows, their labels or weights differ.

    Examples
    --------
    >>> from headway.evaluation import evaluate_probs
    >>> labels = np.tile([0, 1], 20)
    >>> sure = np.where(labels[:, None] == [0, 1], 0.9, 0.1)
    >>> first = evaluate_probs(sure, labels)
    >>> pair = compare_evaluations(first, evaluate_probs(np.roll(sure, 1, axis=0), labels))
    >>> pair["accuracy"].difference, pair["accuracy"].better
    (1.0, 'first')
    >>> pair.only_first, pair.only_second
    (40, 0)
    """
    for one in (first, second):
        if not isinstance(one, Evaluation):
            raise InputTypeError(
                f"Both arguments must be evaluations, got {type(one).__name__}. Pass what "
                "`evaluate` returned."
            )
    check_settings(level, n_bootstrap)
    _check_same_rows(first, second)
    # Of two rules on the same probs the areas are the same, in every resample.
    same = np.array_equal(first.rows.probs, second.rows.probs)
    measured = [
        measure(
            scorer_of(each.rows, each.zero_division),
            each.rows.weights,
            n_bootstrap,
            random_state=random_state,
            areas=not same,
        )
        for each in (first, second)
    ]
    scores = {}
    for name in first.scores:
        if name not in second.scores:
            continue
        values = first.scores[name].value, second.scores[name].value
        if name not in measured[0]:
            scores[name] = _paired(name, values, np.zeros(n_bootstrap), level)
            continue
        skip = 0 if name == "calibration_error" else 1
        with np.errstate(invalid="ignore"):
            draws = measured[0][name][skip:] - measured[1][name][skip:]
        scores[name] = _paired(name, values, draws, level)
    test = mcnemar_exact(*(hits(e.rows.choices, e.rows.labels) for e in (first, second)))
    return PairedEvaluation(first, second, level, scores, *test)


def _paired(name: str, values: tuple[float, float], draws: np.ndarray, level: float) -> PairedScore:
    difference = values[0] - values[1]
    low = high = math.nan
    if len(draws):
        low, high = bootstrap_interval(draws, difference, level=level)
    better = None
    if low > 0 or high < 0:
        better = "first" if (low > 0) != (name in SMALLER_IS_BETTER) else "second"
    return PairedScore(name, *values, difference, low, high, better)


def _check_same_rows(first: Evaluation, second: Evaluation) -> None:
    one, two = first.rows, second.rows
    if (one.kind, one.classes) != (two.kind, two.classes):
        raise InputValueError(
            f"Both evaluations must be of the same classes, got {_few(one.classes)} and "
            f"{_few(two.classes)}. Fit both models to the same labels."
        )
    if one.n != two.n:
        raise InputValueError(
            f"Both evaluations must be of the same rows, got {one.n} and {two.n} rows. Evaluate "
            "both models on one set of rows."
        )
    if first.zero_division != second.zero_division:
        raise InputValueError(
            f"Both evaluations must have the same `zero_division`, got {first.zero_division:g} "
            f"and {second.zero_division:g}. Evaluate both with one."
        )
    for name, a, b in (("labels", one.labels, two.labels), ("weights", one.weights, two.weights)):
        if not np.array_equal(a, b, equal_nan=True):
            differs = ~((a == b) | ((a != a) & (b != b)))
            row = int(np.argwhere(differs)[0][0])
            raise InputValueError(
                f"Both evaluations must have the same {name}, but row {row} differs. Evaluate "
                "both models on the same rows in the same order."
            )


def _few(classes: tuple[str, ...]) -> str:
    return ", ".join(classes[:5]) + (", ..." if len(classes) > 5 else "")
