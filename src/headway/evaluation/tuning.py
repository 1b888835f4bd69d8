"""What a tuned decision is worth on rows that it was not tuned on.

    for each fold:  tune on the others, decide this one
    all rows:       these decisions beside those of the rule in use, paired

Scored on its own tuning rows a tuned rule looks better than it is: for every label it took the
threshold that luck favoured.
"""

from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from headway.classifiers import HeadClassifier
from headway.classifiers.held_out import fit_decision
from headway.classifiers.validation import rarest_label
from headway.decisions import Tuner, TuneThresholds
from headway.errors import InputTypeError, InputValueError
from headway.evaluation.assessment import evaluate_probs
from headway.evaluation.paired import compare_evaluations
from headway.evaluation.results import PairedEvaluation

__all__ = ["evaluate_tuning"]


def evaluate_tuning(
    model: HeadClassifier,
    tuner: Tuner,
    X: Any,
    y: Any,
    *,
    folds: int = 5,
    sample_weight: Any = None,
    level: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
    zero_division: float = 1.0,
) -> PairedEvaluation:
    """Return what a tuner would change, judged on rows that it did not tune on.

    Parameters
    ----------
    model : HeadClassifier
        Fitted, on other rows.
    tuner : Tuner
        What `model.decide_by(tuner, X, y)` would be given.
    X : array or DataFrame of shape (n, d)
        Features.
    y : n labels
        Their labels.
    folds : int
        At least 2.
    sample_weight : array of shape (n,), optional
        Non-negative row weights.
    level, n_bootstrap, random_state, zero_division
        As for `evaluate`; `random_state` draws the folds too.

    Returns
    -------
    PairedEvaluation
        First the tuned decisions, second those of the model as it is.  Where a cost is tuned
        for, `mean_cost` is that of a row.

    Raises
    ------
    InputTypeError, InputValueError
        If rows and labels do not fit together, or a fold cannot be tuned on.

    Examples
    --------
    More of the true labels are found where few may be missed:

    >>> from headway import LinearClassifier
    >>> from headway.decisions import RiskControlledSets
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(1500, 2))
    >>> y = (2 * X + rng.logistic(size=X.shape) > 2).astype(int)
    >>> model = LinearClassifier().fit(X[:500], y[:500])
    >>> pair = evaluate_tuning(model, RiskControlledSets(0.05), X[500:], y[500:])
    >>> pair["macro_recall"].better
    'first'
    """
    if not isinstance(tuner, Tuner):
        raise InputTypeError(
            f"`tuner` must be a Tuner, got {tuner!r}. A decision that is not tuned is scored by "
            "`evaluate(model.decide_by(decision), X, y)`."
        )
    if folds < 2:
        raise InputValueError(f"`folds` must be at least 2, got {folds}. 5 is a good choice.")
    probs, labels, weights = model.held_out_probs(X, y, sample_weight)
    if len(labels) < 2:
        raise InputValueError(
            f"`X` must have at least 2 rows, to tune on some and judge by others, got "
            f"{len(labels)}. Give more rows."
        )
    strata = labels if labels.ndim == 1 else rarest_label(labels)
    fewest = int(np.unique(strata, return_counts=True)[1].min())
    parts = StratifiedKFold(max(2, min(folds, fewest)), shuffle=True, random_state=random_state)
    tuned: Any = None
    for kept, held in parts.split(np.zeros(len(labels)), strata):
        some = None if weights is None else weights[kept]
        rows = probs[kept], labels[kept], some
        rule = fit_decision(tuner, rows, kind=model.kind_, random_state=random_state)
        answers = np.asarray(rule(probs[held]))
        if tuned is None:
            tuned = np.empty((len(labels), *answers.shape[1:]), dtype=answers.dtype)
        tuned[held] = answers
    first, second = (
        evaluate_probs(
            probs,
            labels,
            decisions=decisions,
            classes=[str(name) for name in model.classes_],
            costs=_costs(tuner, decisions, labels),
            sample_weight=weights,
            level=level,
            n_bootstrap=draws,
            random_state=random_state,
            zero_division=zero_division,
        )
        # What counts of the second are the differences.
        for decisions, draws in ((tuned, n_bootstrap), (model.head_.decision(probs), 0))
    )
    return compare_evaluations(
        first, second, level=level, n_bootstrap=n_bootstrap, random_state=random_state
    )


def _costs(tuner: Any, decisions: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """Return what each row costs at the tuner's prices, if it has any; missing cells are free."""
    if not isinstance(tuner, TuneThresholds) or tuner.goal != "cost":
        return None
    if decisions.shape != labels.shape or decisions.max() > 1:
        return None  # sets of candidates, abstentions: the prices say nothing of these
    alarms = tuner.false_alarm * ((decisions == 1) & (labels == 0))
    costs = alarms + tuner.miss * ((decisions == 0) & (labels == 1))
    return costs.reshape(len(labels), -1).sum(axis=1)
