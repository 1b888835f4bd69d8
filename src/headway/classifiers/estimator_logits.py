"""Logits of somebody else's estimators: log-posteriors, margins, or logarithms of probabilities.

    softmax over K classes    z[k] = log p[k]          one estimator for all
    a sigmoid for each        z[k] = log p[k] - log (1 - p[k])    one estimator a column

Linear discriminant analysis and naive Bayes compute log-posteriors, up to a constant of the row:
they are logits of a softmax.  Boosting and logistic regression have logits of their own.  Of the
rest the logarithm of the probabilities is taken.  The trap: votes (forests, neighbours, leaves)
give probabilities of exactly 0, whose logarithm no calibrator can mend.  They are mixed with one
vote that is spread evenly, (votes p + 1 / K) / (votes + 1); others stay above the rounding error.

References
----------
Provost and Domingos (2003), "Tree Induction for Probability-Based Ranking", Machine Learning 52.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing as take_rows
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from headway.classifiers.base import HeadClassifier
from headway.errors import InputTypeError, InputValueError

__all__ = ["ColumnModel", "JointModel", "fit_columns", "fit_joint", "takes_label_sets"]

LEAST = float(np.finfo(np.float64).eps)  # of probabilities that are no votes
WITHOUT = float(np.log(1e-6))  # of a class that the training rows lack, beside all others
OWN_LOGITS = (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    LinearDiscriminantAnalysis,
    LogisticRegression,
    LogisticRegressionCV,
    QuadraticDiscriminantAnalysis,
)


@dataclass(frozen=True, eq=False)
class JointModel:
    """One fitted estimator for all columns.

    Parameters
    ----------
    estimator : fitted classifier
        Its classes are 0..K-1, or some of them; or it takes label sets.
    columns : int
        How many logits a row has: 1 for binary labels.
    names : array of shape (K,), optional
        The classes as the estimator names them, if it was not fitted to 0..K-1.
    label_sets : bool
        Whether the columns are labels on their own.
    """

    estimator: Any
    columns: int
    names: np.ndarray | None = None
    label_sets: bool = False

    def __call__(self, X: Any) -> np.ndarray:
        """Return the logits, (n, columns)."""
        if self.label_sets:
            return _logits_of_label_sets(self.estimator, X)
        if isinstance(self.estimator, HeadClassifier):
            z = self.estimator.logits(X)
        else:
            z = _logits_of_classes(self.estimator, X)
        found = np.asarray(self.estimator.classes_)
        wanted = np.arange(max(self.columns, 2)) if self.names is None else self.names
        if len(found) == len(wanted) or z.shape[1] == self.columns == 1:
            return z
        # A fold may lack a class: it is possible all the same.
        if z.shape[1] == 1:
            z = np.column_stack([np.zeros(len(z)), z])
        full = np.broadcast_to(z.max(axis=1, keepdims=True) + WITHOUT, (len(z), len(wanted)))
        full = np.array(full)
        full[:, np.searchsorted(wanted, found)] = z
        return full


@dataclass(frozen=True, eq=False)
class ColumnModel:
    """One fitted estimator for each column, or a constant logit where a column never varies.

    Parameters
    ----------
    estimators : tuple
        Fitted classifiers of 0 and 1, or numbers.
    """

    estimators: tuple[Any, ...]

    def __call__(self, X: Any) -> np.ndarray:
        """Return the logits, (n, columns)."""
        n = X.shape[0] if hasattr(X, "shape") else len(X)
        z = np.empty((n, len(self.estimators)))
        for k, estimator in enumerate(self.estimators):
            if isinstance(estimator, float):
                z[:, k] = estimator
            else:
                z[:, k] = JointModel(estimator, 1)(X)[:, 0]
        return z


def takes_label_sets(estimator: Any, /) -> bool:
    """Return whether an estimator can be fitted to a whole matrix of labels."""
    return bool(get_tags(estimator).classifier_tags.multi_label)


def fit_joint(
    estimator: Any, X: Any, labels: np.ndarray, weights: np.ndarray | None, columns: int, /
) -> JointModel:
    """Return one clone of the estimator, fitted to integer labels (n,) or a 0/1 matrix (n, L)."""
    own = labels.ndim == 1 or isinstance(estimator, HeadClassifier)
    y = labels if own else labels.astype(np.int64)
    model = _fitted(estimator, X, y, weights)
    return JointModel(model, columns, label_sets=labels.ndim == 2)


def fit_columns(
    estimator: Any, X: Any, targets: np.ndarray, weights: np.ndarray | None, /
) -> ColumnModel:
    """Return a clone of the estimator for each column of 0, 1 and NaN, fitted to its known rows."""
    models: list[Any] = []
    for column in targets.T:
        known = np.flatnonzero(~np.isnan(column))
        truth = column[known].astype(np.int64)
        if len(np.unique(truth)) < 2:
            # Jeffreys' estimate of a share of which only one outcome was seen.
            positives = truth.sum()
            odds = (positives + 0.5) / (len(truth) - positives + 0.5)
            models.append(float(np.log(odds)))
            continue
        some = None if weights is None else weights[known]
        if some is not None and (some == 1).all():
            some = None  # the weights only left out rows without a known cell
        whole = len(known) == len(column)
        models.append(_fitted(estimator, X if whole else take_rows(X, known), truth, some))
    return ColumnModel(tuple(models))


def _fitted(estimator: Any, X: Any, y: np.ndarray, weights: np.ndarray | None) -> Any:
    model = clone(estimator)
    if weights is None:
        return model.fit(X, y)
    if isinstance(model, Pipeline):
        last = model.steps[-1][0]
        if has_fit_parameter(model.steps[-1][1], "sample_weight"):
            return model.fit(X, y, **{f"{last}__sample_weight": weights})
    elif has_fit_parameter(model, "sample_weight"):
        return model.fit(X, y, sample_weight=weights)
    raise InputValueError(
        f"Row weights need an estimator that takes them, got {type(model).__name__}, whose `fit` "
        "has no `sample_weight`. Leave the weights out, or wrap another estimator."
    )


def _logits_of_classes(estimator: Any, X: Any) -> np.ndarray:
    """Return (n, 1) log-odds for two classes, else (n, K)."""
    last = _last_step(estimator)
    if _has_own_logits(last) or not hasattr(estimator, "predict_proba"):
        if not hasattr(estimator, "decision_function"):
            raise InputTypeError(
                "`estimator` must have predict_proba or decision_function, got "
                f"{type(estimator).__name__}. Wrap a classifier."
            )
        z = np.asarray(estimator.decision_function(X), dtype=np.float64)
        return z[:, None] if z.ndim == 1 else z
    log_probs = _log_probs(estimator, last, X)
    return log_probs[:, 1:] - log_probs[:, :1] if log_probs.shape[1] == 2 else log_probs


def _logits_of_label_sets(estimator: Any, X: Any) -> np.ndarray:
    """Return (n, L) log-odds of an estimator that was fitted to a matrix of labels."""
    if isinstance(estimator, HeadClassifier):
        return estimator.logits(X)
    if not hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.decision_function(X), dtype=np.float64)
    answer = estimator.predict_proba(X)
    if isinstance(answer, list):  # one (n, 2) a label; (n, 1) for a label that never varied
        known = [np.asarray(classes) for classes in estimator.classes_]
        columns = [
            p[:, list(classes).index(1)] if 1 in classes else np.zeros(len(p))
            for p, classes in zip(answer, known, strict=True)
        ]
        answer = np.column_stack(columns)
    answer = np.asarray(answer, dtype=np.float64)
    votes = _votes(_last_step(estimator))
    present, absent = _smoothed(answer, votes, 2), _smoothed(1.0 - answer, votes, 2)
    return np.log(present) - np.log(absent)


def _log_probs(estimator: Any, last: Any, X: Any) -> np.ndarray:
    votes = _votes(last)
    if votes is None and hasattr(estimator, "predict_log_proba"):
        try:
            with np.errstate(divide="ignore"):
                found = np.asarray(estimator.predict_log_proba(X), dtype=np.float64)
        except IndexError as error:  # CategoricalNB's way to say so
            raise InputValueError(
                f"The categories of the features must be known to {type(last).__name__}, got one "
                f"that the rows it was fitted on lack ({error}). Tell it how many there are, as by "
                "`min_categories`."
            ) from error
        # What underflowed comes last in its row, whatever the other rows hold.
        least = np.where(found == -np.inf, np.log(LEAST), found).min(axis=1, keepdims=True)
        return np.where(found == -np.inf, np.minimum(least, np.log(LEAST)), found)
    probs = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    return np.log(_smoothed(probs, votes, probs.shape[1]))


def _smoothed(probs: np.ndarray, votes: float | None, outcomes: int) -> np.ndarray:
    if votes is None:
        return np.maximum(probs, LEAST)
    return (votes * probs + 1.0 / outcomes) / (votes + 1.0)


def _votes(estimator: Any) -> float | None:
    """Return how many votes a probability is the share of, or None if it is none."""
    neighbors = getattr(estimator, "n_neighbors", None)
    # Neighbours within a radius are no fixed number, and label propagation weighs by a kernel.
    if isinstance(neighbors, (int, np.integer)) and not hasattr(estimator, "kernel"):
        return float(neighbors)
    if hasattr(estimator, "estimators_") and hasattr(estimator, "max_samples"):  # bagging, forests
        return float(len(estimator.estimators_))
    leaf = getattr(estimator, "min_samples_leaf", None)
    if hasattr(estimator, "tree_"):
        return float(leaf) if isinstance(leaf, int) else 1.0
    return None


def _has_own_logits(estimator: Any) -> bool:
    """Return whether `decision_function` is the logits of which `predict_proba` is made."""
    if not isinstance(estimator, OWN_LOGITS):
        return False
    if getattr(estimator, "loss", "log_loss") == "exponential":
        return False
    return not (getattr(estimator, "solver", "") == "liblinear" and len(estimator.classes_) > 2)


def _last_step(estimator: Any) -> Any:
    """Return what a pipeline, a search or a frozen estimator ends in."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif type(estimator).__name__ == "FrozenEstimator":
            estimator = estimator.estimator
        else:
            return estimator
