"""The rows whose given label a cross-fitted model contradicts most: where to look for mistakes.

    out-of-fold probs  ->  confident joint  ->  flagged rows, ranked by log-odds

    log-odds = log p[suggested] - log p[given],   suggested = the most probable other class
    flagged  = the row is counted off the diagonal of the confident joint, and log-odds > 0

Of the rules of Northcutt et al. this is the strictest: each flagged row has a reason of its own,
its class-wise threshold.  Pruning a number of rows from each pair of classes finds more mistakes
among more false alarms, and where it cuts depends on ties (`docs/label-review.md` has both,
measured).  Whoever wants more reads on in the ranking, which goes beyond what is flagged.

Each label of a label matrix is a question of two classes, cell by cell; a missing cell has
probabilities, but nothing that could be wrong.  The trap: probabilities of rows that the model was
fitted on agree with their labels, right or wrong, so that each row is judged by a clone that has
not seen it.
"""

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing as take_rows
from sklearn.utils.validation import _num_samples

from headway._check import check_probs, check_weights, checked_cells, first_index, place
from headway.classifiers import HeadClassifier, wrap
from headway.classifiers.validation import rarest_label
from headway.errors import InputTypeError, InputValueError
from headway.evaluation.confident_joint import ConfidentJoint, confident_joint
from headway.evaluation.label_doubts import LabelReview
from headway.labels import LabelEncoder
from headway.labels.names import quote

__all__ = ["review_labels", "review_probs"]

LEAST = float(np.finfo(np.float64).tiny)  # a probability that underflowed still has a logarithm


def review_probs(
    probs: Any, labels: Any, /, *, classes: Any = None, sample_weight: Any = None
) -> LabelReview:
    """Return which labels some out-of-fold probabilities contradict.

    Parameters
    ----------
    probs : float array of shape (n, K), or (n, L) of independent labels
        Probabilities, 0..1, of models that were not fitted on the row; two columns for binary
        labels.
    labels : integer array of shape (n,), or 0/1/NaN array of shape (n, L)
        Given labels, 0..K-1; NaN cells are missing.
    classes : sequence of K or L names, optional
        By default the numbers of the columns.
    sample_weight : array of shape (n,), optional
        Non-negative row weights; a weight of 2 counts as the row given twice.

    Returns
    -------
    LabelReview

    Raises
    ------
    InputTypeError, InputValueError
        If shapes disagree, a label is outside its classes or a value is no probability.

    References
    ----------
    Northcutt, Jiang and Chuang (2021), "Confident Learning: Estimating Uncertainty in Dataset
    Labels", JAIR 70.

    Examples
    --------
    Row 2 is given 0, but is held to be 1 with 0.9, more than rows given 1 are on average:

    >>> probs = np.array([[0.9, 0.1], [0.7, 0.3], [0.1, 0.9], [0.2, 0.8]])
    >>> review = review_probs(probs, np.array([0, 0, 0, 1]), classes=["cat", "dog"])
    >>> np.flatnonzero(review.flagged).tolist(), review.expected_errors
    ([2], 1.0)
    >>> doubt = review.table()[0]
    >>> doubt.given, doubt.suggested, round(doubt.log_odds, 4)
    ('cat', 'dog', 2.1972)
    """
    p, y = _checked_probs(probs), np.asarray(labels)
    weights = np.ones(len(p))
    if sample_weight is not None:
        weights = np.asarray(sample_weight, dtype=np.float64)
        check_weights(weights, n_samples=len(p))
    names = tuple(range(p.shape[1])) if classes is None else tuple(_plain(classes))
    if len(names) != p.shape[1]:
        raise InputValueError(
            f"`classes` must name the {p.shape[1]} columns of `probs`, got {len(names)} names. "
            "Give one for each column."
        )
    if y.ndim == 2:
        return _review_cells(p, checked_cells(y, p.shape), weights, names)
    return _review_classes(p, _checked_labels(y, p.shape), weights, names)


def review_labels(
    estimator: Any,
    X: Any,
    y: Any,
    /,
    *,
    cv: int = 5,
    sample_weight: Any = None,
    random_state: int = 0,
) -> LabelReview:
    """Return which labels of `y` are contradicted by models that have not seen them.

    Parameters
    ----------
    estimator : classifier
        Of headway, or any with `fit` and `predict_proba` or `decision_function`, which `wrap`
        then puts under a head.  It is not changed: a clone is fitted for each fold.
    X : array, data frame, sparse matrix or list of n rows
        Features as the estimator takes them.
    y : n labels, or label matrix, sets or "a|b" texts
        Given labels, as in `fit`.
    cv : int
        Number of folds, at least 2; rows of each class are dealt out evenly.
    sample_weight : array of shape (n,), optional
        Row weights, for the fits and for what is counted.
    random_state : int
        Deals the rows out.

    Returns
    -------
    LabelReview

    Raises
    ------
    InputTypeError, InputValueError
        If the arguments are not as described, or a class has a single row, so that no model
        without it knows the class.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from headway import LinearClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> y[[3, 70]] = 1, 0  # two mistakes
    >>> review = review_labels(LinearClassifier(), X, y)
    >>> [(doubt.row, doubt.given, doubt.suggested) for doubt in review.table(2)]
    [(70, 0, 2), (3, 1, 0)]
    """
    model = estimator if isinstance(estimator, HeadClassifier) else wrap(estimator)
    encoder = LabelEncoder(classes=model.classes, missing=model.missing)
    labels = encoder.fit_transform(y)
    n = len(labels)
    if _num_samples(X) != n:
        raise InputValueError(
            f"`X` and `y` must have as many rows, got {_num_samples(X)} and {n}. Pass one label "
            "for each row."
        )
    weights = None
    if sample_weight is not None:
        weights = np.asarray(sample_weight, dtype=np.float64)
        check_weights(weights, n_samples=n)
    folds = _folds(labels, cv, random_state)
    _check_folds(labels, folds, encoder.classes_)
    # Label matrices are cut in their encoded form, whose columns are the same in every part.
    written = labels if encoder.kind_ == "multilabel" else encoder.classes_[labels]
    probs = np.empty((n, len(encoder.classes_)))
    for fold in range(cv):
        kept, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        some = clone(model).fit(
            take_rows(X, kept), written[kept], None if weights is None else weights[kept]
        )
        probs[held] = some.predict_proba(take_rows(X, held))
    return review_probs(probs, labels, classes=encoder.classes_, sample_weight=weights)


def _review_classes(
    probs: np.ndarray, labels: np.ndarray, weights: np.ndarray, names: tuple[Any, ...]
) -> LabelReview:
    found = confident_joint(probs, labels, weights)
    rows = np.arange(len(labels))
    others = probs.copy()
    others[rows, labels] = -1.0
    suggested = others.argmax(axis=1)
    log_odds = _log(probs[rows, suggested]) - _log(probs[rows, labels])
    sure = (found.guesses >= 0) & (found.guesses != labels)
    return LabelReview(
        kind="binary" if len(names) == 2 else "exclusive",
        classes=names,
        labels=labels,
        probs=probs,
        weights=weights,
        thresholds=found.thresholds,
        confident_joint=found.counts,
        joint=found.joint,
        suggested=suggested,
        log_odds=log_odds,
        flagged=sure & (log_odds > 0) & (weights > 0),
    )


def _review_cells(
    probs: np.ndarray, labels: np.ndarray, weights: np.ndarray, names: tuple[Any, ...]
) -> LabelReview:
    known = ~np.isnan(labels)
    given = np.where(known, labels, 0.0)
    log_odds = (_log(probs) - _log(1.0 - probs)) * (1.0 - 2.0 * given)
    sure = np.zeros(labels.shape, dtype=bool)
    found: list[ConfidentJoint] = []
    for column in range(labels.shape[1]):
        rows = np.flatnonzero(known[:, column])
        p, y = probs[rows, column], given[rows, column].astype(np.int64)
        found.append(confident_joint(np.column_stack([1.0 - p, p]), y, weights[rows]))
        sure[rows, column] = (found[-1].guesses >= 0) & (found[-1].guesses != y)
    return LabelReview(
        kind="multilabel",
        classes=names,
        labels=labels,
        probs=probs,
        weights=weights,
        thresholds=np.array([one.thresholds for one in found]),
        confident_joint=np.array([one.counts for one in found]),
        joint=np.array([one.joint for one in found]),
        suggested=np.where(known, 1 - given, -1).astype(np.int64),
        log_odds=np.where(known, log_odds, np.nan),
        flagged=sure & (log_odds > 0) & (weights[:, None] > 0),
    )


def _log(probs: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probs, LEAST))


def _folds(labels: np.ndarray, cv: Any, random_state: int) -> np.ndarray:
    """Return the fold of each row, the rows of each class dealt out in turn."""
    if isinstance(cv, bool) or not isinstance(cv, int | np.integer):
        raise InputTypeError(f"`cv` must be a number of folds, got {cv!r}. Try 5.")
    if not 2 <= cv <= len(labels):
        raise InputValueError(
            f"`cv` must be at least 2 and at most the {len(labels)} rows, got {cv}. Try 5."
        )
    stratum = labels if labels.ndim == 1 else rarest_label(labels)
    order = np.random.default_rng(random_state).permutation(len(labels))
    order = order[np.argsort(stratum[order], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[order] = np.arange(len(labels)) % cv
    return folds


def _check_folds(labels: np.ndarray, folds: np.ndarray, classes: np.ndarray) -> None:
    """Raise unless each class that occurs is known to the models of all folds."""
    if labels.ndim == 1:
        counts = np.bincount(labels, minlength=len(classes))
        lonely = classes[counts == 1]
        if len(lonely):
            raise InputValueError(
                "Each class must have at least two rows, so that a model without one of them "
                f"knows it, got one row of {quote(lonely)}. Drop these rows, or join the class "
                "with another."
            )
        return
    for fold in np.unique(folds):
        part = labels[folds != fold]
        bad = ((part == 1).sum(axis=0) == 0) | ((part == 0).sum(axis=0) == 0)
        if bad.any():
            raise InputValueError(
                "Each label must be present in some rows and absent in others in every training "
                f"part, but {quote(classes[bad])} is not without fold {fold}. Drop the label, or "
                "change `cv` or `random_state`."
            )


def _checked_probs(probs: Any) -> np.ndarray:
    p = np.asarray(probs)
    check_probs(p, np)
    p = p.astype(np.float64)
    bad = ~((p >= 0) & (p <= 1 + 1e-6))
    if bad.any():
        index = first_index(bad, np)
        raise InputValueError(
            f"`probs` must lie in 0..1, got {p[index]:g} at {place(index)}. Pass probabilities, "
            "not logits."
        )
    return np.minimum(p, 1.0)


def _checked_labels(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if labels.dtype.kind not in "iub":
        raise InputTypeError(
            f"`labels` must be integers, got dtype {labels.dtype}. Encode class names with "
            "`LabelEncoder` first."
        )
    if labels.shape != shape[:1] or shape[1] < 2:
        raise InputValueError(
            f"`probs` must have a row for each label and a column for each of at least two "
            f"classes, got {shape} and {labels.shape}. Two classes have two columns."
        )
    outside = (labels < 0) | (labels >= shape[1])
    if outside.any():
        row = int(outside.argmax())
        raise InputValueError(
            f"`labels` must be in 0..{shape[1] - 1}, got {labels[row]} at row {row}. Encode class "
            "names with `LabelEncoder` first."
        )
    return labels.astype(np.int64)


def _plain(names: Any) -> list[Any]:
    """Return names as Python's own values."""
    return names.tolist() if isinstance(names, np.ndarray) else list(names)
