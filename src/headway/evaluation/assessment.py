"""Evaluate a model, or bare probabilities, on rows whose truth is known.

    rows -> scores(weights) -> the data's own weights, and those of the resamples -> intervals

Shares of rows (accuracy, exact match, coverage) without weights have exact intervals (Clopper
and Pearson's); the calibration error has the normal interval of its debiased square; all else is
bootstrapped over rows, every score on the same resamples.

The trap is to judge a model on rows that its fit, its calibrator or its thresholds have seen:
no interval knows that, and all of them would be too good.

References
----------
Clopper and Pearson (1934), "The use of confidence or fiducial limits illustrated in the case of
the binomial", Biometrika 26(4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from headway._check import check_fraction
from headway.classifiers.answers import action_names
from headway.classifiers.base import HeadClassifier
from headway.decisions import LabelThresholds, Threshold
from headway.errors import InputTypeError, InputValueError
from headway.evaluation.bootstrap import bootstrap_interval
from headway.evaluation.costs import costs_of
from headway.evaluation.exclusive import exclusive_scorer
from headway.evaluation.multilabel import multilabel_scorer
from headway.evaluation.per_label import confusion_of, label_scores
from headway.evaluation.results import Evaluation, Score
from headway.evaluation.rows import EvaluatedRows, read_rows
from headway.evaluation.scorer import Scorer, Values, measure
from headway.links import SigmoidLink
from headway.metrics import cell_log_loss, clopper_pearson_interval, log_loss

__all__ = ["check_settings", "evaluate", "evaluate_probs", "scorer_of"]


def evaluate(
    model: HeadClassifier,
    X: Any,
    y: Any,
    *,
    cost: Any = None,
    sample_weight: Any = None,
    level: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
    zero_division: float = 1.0,
) -> Evaluation:
    """Return how good a fitted classifier is on rows it has not seen, with intervals.

    Parameters
    ----------
    model : HeadClassifier
        Fitted.
    X : array or DataFrame of shape (n, d)
        Features.
    y : n labels
        As for `fit`; cells of a label matrix may be NaN (missing).
    cost : LeastCost, path, dict or array, optional
        Prices of the actions, for one class a row, as `read_costs` takes them; what the rows
        cost by them becomes the score "mean_cost".  By default those that the model decides by,
        if it does: give one `cost` to compare models that decide by different rules.
    sample_weight : array of shape (n,), optional
        Non-negative; a weight of 2 counts as the row given twice in every value.  In intervals a
        row is one observation, whatever its weight.
    level : float
        Confidence of the intervals, in (0, 1).
    n_bootstrap : int
        Resamples; 0 for no bootstrap intervals.
    random_state : int
        Draws the resamples.
    zero_division : float
        What a row of a label set scores that has no true and no decided label, 0..1.

    Returns
    -------
    Evaluation
        Scores, table of classes, confusion.

    Raises
    ------
    InputTypeError, InputValueError
        If rows and labels do not fit together, a label was not there at `fit`, or an action that
        the model can take has no price.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from headway import LinearClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LinearClassifier().fit(X[::2], y[::2])
    >>> accuracy = evaluate(model, X[1::2], y[1::2])["accuracy"]
    >>> round(accuracy.value, 3), round(accuracy.low, 3), round(accuracy.high, 3)
    (0.96, 0.888, 0.992)
    """
    if not isinstance(model, HeadClassifier):
        raise InputTypeError(
            f"`model` must be a classifier of headway, got {type(model).__name__}. For anything "
            "else give its probabilities to `evaluate_probs`."
        )
    logits = model.logits(X)
    head = model.head_
    labels = model.label_encoder_.transform(y)
    if len(labels) != len(logits):
        raise InputValueError(
            f"`y` must have one label for each of the {len(logits)} rows of `X`, got "
            f"{len(labels)}. Pass the labels of the same rows."
        )
    losses = None
    if model.kind_ != "multilabel":
        losses = log_loss(head.to_log_probs(logits), labels)
    elif isinstance(head.link, SigmoidLink):
        losses = cell_log_loss(logits, labels)  # from logits, where nothing rounds to 0 or 1
    actions = head.decide(logits)
    decisions, further = _columns(actions, head.decision, model.classes_)
    rows = read_rows(
        head.to_probs(logits),
        labels,
        decisions=decisions,
        classes=model.classes_.tolist(),
        losses=losses,
        sample_weight=sample_weight,
        further=further,
        thresholds=_thresholds(head.decision, model.kind_, len(model.classes_)),
        costs=costs_of(cost, head.decision, actions, labels, model.classes_),
    )
    return _evaluate(
        rows,
        level=level,
        n_bootstrap=n_bootstrap,
        random_state=random_state,
        zero_division=zero_division,
    )


def evaluate_probs(
    probs: Any,
    labels: Any,
    *,
    decisions: Any = None,
    classes: Sequence[Any] | None = None,
    costs: Any = None,
    sample_weight: Any = None,
    level: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
    zero_division: float = 1.0,
) -> Evaluation:
    """Return how good anybody's probabilities and decisions are, with intervals.

    Parameters
    ----------
    probs : float array of shape (n, K) or (n, L)
        0..1; for exclusive classes, of which there are at least two, rows sum to 1.
    labels : integer array of shape (n,), or array of shape (n, L) of 0, 1 and NaN
        Classes 0..K-1; or label sets, whose missing cells count nowhere.
    decisions : array, optional
        For classes: integers (n,), where K and more are further actions such as abstaining, or a
        0/1 matrix (n, K) of sets.  For label sets: a 0/1 matrix (n, L).  By default the most
        probable class, or every label above 0.5.
    classes : sequence, optional
        Names of the columns.
    costs : float array of shape (n,), optional
        What the decision about each row cost; their mean becomes the score "mean_cost".
    sample_weight, level, n_bootstrap, random_state, zero_division
        As for `evaluate`.

    Raises
    ------
    InputTypeError, InputValueError
        If the arrays do not fit together; the message names the place.

    Examples
    --------
    The first row's missing cell counts nowhere, so 2 of 3 cells are right:

    >>> result = evaluate_probs([[0.9, 0.2], [0.3, 0.6]], [[1, np.nan], [1, 1]])
    >>> result["hamming_accuracy"].value, result["exact_match"].value
    (0.75, 0.5)
    """
    rows = read_rows(
        probs,
        labels,
        decisions=decisions,
        classes=classes,
        losses=None,
        sample_weight=sample_weight,
        costs=costs,
    )
    return _evaluate(
        rows,
        level=level,
        n_bootstrap=n_bootstrap,
        random_state=random_state,
        zero_division=zero_division,
    )


def scorer_of(rows: EvaluatedRows, zero_division: float) -> Scorer:
    """Return the scorer that the kind of labels calls for."""
    if rows.kind == "multilabel":
        return multilabel_scorer(rows, zero_division=zero_division)
    return exclusive_scorer(rows)


def check_settings(level: float, n_bootstrap: int) -> None:
    """Raise unless the interval's settings make sense."""
    if not 0.0 < level < 1.0:
        raise InputValueError(f"`level` must lie between 0 and 1, got {level}. Use 0.95 for 95 %.")
    if n_bootstrap != 0 and n_bootstrap < 100:
        raise InputValueError(
            f"`n_bootstrap` must be 0 or at least 100, got {n_bootstrap}. Use 1000."
        )


def _evaluate(
    rows: EvaluatedRows,
    *,
    level: float,
    n_bootstrap: int,
    random_state: int,
    zero_division: float,
) -> Evaluation:
    check_settings(level, n_bootstrap)
    zero_division = check_fraction(zero_division, "zero_division", below_one=False)
    scorer = scorer_of(rows, zero_division)
    values = measure(scorer, rows.weights, n_bootstrap, random_state=random_state)
    return Evaluation(
        kind=rows.kind,
        n=rows.n,
        classes=rows.classes,
        level=level,
        scores={name: _score(name, rows, scorer, values, level) for name in scorer.names},
        per_class=label_scores(rows),
        confusion=confusion_of(rows),
        actions=rows.actions,
        notes=rows.notes + scorer.notes,
        rows=rows,
        zero_division=zero_division,
    )


def _score(name: str, rows: EvaluatedRows, scorer: Scorer, values: Values, level: float) -> Score:
    if name == "calibration_error":
        value, low, high = scorer.calibration.interval(level)
        return Score(name, value, low, high, "none" if math.isnan(low) else "normal")
    value, draws = float(values[name][0]), values[name][1:]
    if name in scorer.proportions and not rows.weighted:
        counted = scorer.proportions[name]
        counted = counted[~np.isnan(counted)]
        if not len(counted):
            return Score(name, math.nan, math.nan, math.nan, "none")
        low, high = clopper_pearson_interval(int(counted.sum()), len(counted), level=level)
        return Score(name, value, low, high, "exact")
    if not len(draws) or rows.n < 2:
        return Score(name, value, math.nan, math.nan, "none")
    low, high = bootstrap_interval(draws, value, level=level)
    method = "none" if math.isnan(low) else f"bootstrap, {len(draws)}"
    return Score(name, value, low, high, method)


def _columns(
    decisions: np.ndarray, decision: Any, classes: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return (decisions as columns of classes, then of further actions; names of the latter).

    A decision may name its actions, and need not have all classes among them.
    """
    if decisions.ndim == 2:
        return decisions, ()
    columns = {str(name): k for k, name in enumerate(classes.tolist())}
    names = [str(name) for name in action_names(decision, classes).tolist()]
    for name in names:
        columns.setdefault(name, len(columns))
    return np.array([columns[name] for name in names])[decisions], tuple(columns)[len(classes) :]


def _thresholds(decision: Any, kind: str, n_labels: int) -> np.ndarray | None:
    """Return the threshold of each label, where the decision has some."""
    if kind == "multilabel" and isinstance(decision, LabelThresholds):
        return np.asarray(decision.values, dtype=np.float64)
    if kind == "multilabel" and isinstance(decision, Threshold):
        return np.full(n_labels, decision.value)
    return None
