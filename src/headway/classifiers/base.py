"""What every classifier of headway shares: labels in, logits through the head, classes out.

    fit      y -> labels;  _fit_model(X, labels, weights)   (the subclass)
    predict  X -> _logits(X) (the subclass) -> head -> probs -> decision -> classes

A subclass knows how to make logits and nothing else; probabilities and decisions come from the
head.  The trap: a binary problem has ONE logit column, read as (0, z), but two columns of
probabilities.
"""

import os
import warnings
from abc import abstractmethod
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import check_is_fitted

from headway._check import check_weights
from headway.classifiers.features import validate_features
from headway.decisions import Argmax, Threshold
from headway.errors import InputTypeError, InputValueError
from headway.heads import HEAD_NAMES, Head, preset_head
from headway.labels import LabelEncoder, class_weights, smooth_targets, to_targets
from headway.links import SigmoidLink, SoftmaxLink
from headway.losses import CanonicalLoss, OneColumnLoss, PositiveWeightedLoss, weighted_mean

__all__ = ["HeadClassifier", "resolve_head"]

LabelKind = Literal["binary", "exclusive", "multilabel"]


class HeadClassifier(ClassifierMixin, BaseEstimator):
    """Base of the classifiers: an abstract model that makes logits, with a head on top.

    A subclass stores `head`, `classes`, `class_weight` and `label_smoothing` as parameters and
    implements four methods: `_fit_model`, `_logits`, `_state` and `_set_state`.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The names of the classes, in the order of the probability columns.
    kind_ : {"binary", "exclusive", "multilabel"}
        The kind of labels found.
    head_ : Head
        Link, loss and decision in use.
    label_encoder_ : LabelEncoder
        Turns the user's labels into integers and decisions back into labels.
    n_features_in_ : int
        Number of features d.
    feature_names_in_ : ndarray of shape (d,)
        Names of the features, where `X` was a DataFrame with text column names.
    """

    _takes_bytes = False  # whether dense uint8 features may stay what they are

    head: Any
    classes: Any
    missing: Any = None
    class_weight: Any
    label_smoothing: float

    classes_: np.ndarray
    kind_: LabelKind
    head_: Head
    label_encoder_: LabelEncoder
    n_features_in_: int

    # -- what a subclass brings -------------------------------------------------------------

    @abstractmethod
    def _fit_model(self, X: Any, labels: np.ndarray, weights: np.ndarray | None) -> None:
        """Fit the model.

        Parameters
        ----------
        X : float array of shape (n, d), or CSR where the subclass takes sparse features
        labels : integer array of shape (n,), or the 0/1/NaN matrix (n, L)
            The encoded labels; `self._targets` makes of them what the head's loss compares
            logits with.
        weights : float64 array of shape (n,) or None
            Sample times class weights; None means all 1.
        """

    @abstractmethod
    def _logits(self, X: Any) -> np.ndarray:
        """Return the logits of validated features: (n, K), or (n, 1) for binary."""

    @abstractmethod
    def _state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return all that was learned, as named arrays and JSON values, for `save`."""

    @abstractmethod
    def _set_state(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        """Restore what `_state` returned."""

    # -- fit --------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "HeadClassifier":
        """Return the classifier, fitted to the rows of `X` and their labels.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Features, finite numbers.
        y : n labels
            One label a row (text, integers, booleans), a 0/1 matrix (n, L) whose NaN cells are
            missing, n sets of labels, or n texts "a|b".
        sample_weight : array of shape (n,), optional
            Non-negative weights of the rows; a weight of 2 counts as the row given twice.

        Returns
        -------
        HeadClassifier
            `self`.

        Raises
        ------
        InputTypeError, InputValueError
            If features, labels or weights are not as described; the message names the place.
        """
        X, labels, weights = self._prepare(X, y, sample_weight, reset=True)
        self._fit_model(X, labels, weights)
        return self

    def _prepare(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool, classes: Any = None
    ) -> tuple[Any, np.ndarray, np.ndarray | None]:
        """Return (X, labels, weights), checked; with `reset`, learn the labels too.

        `classes` (for a first `partial_fit`) stands in for the parameter of that name.
        """
        if y is None:
            raise InputValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None. "
                "Call `fit(X, y)` with one label a row."
            )
        X = validate_features(self, X, reset=reset, keep_bytes=self._takes_bytes)
        y = _flat(y)
        if reset:
            declared = self.classes if classes is None else classes
            encoder = LabelEncoder(classes=declared, missing=self.missing)
            # Declared by a first `partial_fit`: its rows may lack some classes, or all but one.
            labels = encoder.fit_transform(y, partial=classes is not None)
            self.head_ = resolve_head(self.head, encoder.kind_)
            self.label_encoder_ = encoder
            self.kind_ = encoder.kind_
            self.classes_ = encoder.classes_
        else:
            labels = self.label_encoder_.transform(y)
        if len(labels) != X.shape[0]:
            raise InputValueError(
                "Found input variables with inconsistent numbers of samples: `X` has "
                f"{X.shape[0]} rows, `y` has {len(labels)}. Pass one label for each row of `X`."
            )
        weights = self._row_weights(labels, sample_weight, X.shape[0])
        unlabelled = _without_known_cell(labels)
        if unlabelled.any():
            # Nothing is known of such a row, so it counts as little as a row that is not there.
            weights = np.where(unlabelled, 0.0, 1.0 if weights is None else weights)
            if reset and not weights.any():
                raise InputValueError(
                    "A row that carries weight must have a known cell, got none in "
                    f"{len(labels)} rows. Bring rows with a known label."
                )
        self._checked_label_smoothing()
        return X, labels, weights

    def _targets(self, labels: np.ndarray) -> np.ndarray:
        """Return one-hot, smoothed or 0/1/NaN rows (n, K); (n, 1) for binary labels."""
        targets = to_targets(labels, self.kind_, self.label_encoder_.n_logits_)
        amount = self._checked_label_smoothing()
        if amount:
            targets = smooth_targets(targets, amount, exclusive=self.kind_ == "exclusive")
        return targets

    def _checked_label_smoothing(self) -> float:
        amount = self.label_smoothing
        if isinstance(amount, bool) or not isinstance(amount, (int, float, np.number)):
            raise InputTypeError(
                f"`label_smoothing` must be a number in 0..1, got {amount!r}. Pass 0 for none."
            )
        if not 0 <= amount < 1:
            raise InputValueError(
                f"`label_smoothing` must be at least 0 and below 1, got {amount}. Try 0.1."
            )
        return float(amount)

    def _row_weights(self, labels: np.ndarray, sample_weight: Any, n: int) -> np.ndarray | None:
        """Return sample times class weights, or None; for label matrices set the loss instead."""
        weights = None
        if sample_weight is not None:
            weights = np.asarray(sample_weight, dtype=np.float64)
            check_weights(weights, n_samples=n)
            self._require_two_weighted_classes(labels, weights, "sample_weight")
        if self.class_weight is None:
            return weights
        per_class = class_weights(
            self.class_weight, labels, classes=self.classes_, kind=self.kind_, weights=weights
        )
        if self.kind_ == "multilabel":
            self.head_ = replace(self.head_, loss=PositiveWeightedLoss(tuple(per_class.tolist())))
            return weights
        rows = per_class[labels] if weights is None else per_class[labels] * weights
        self._require_two_weighted_classes(labels, rows, "class_weight")
        return rows

    def _require_two_weighted_classes(
        self, labels: np.ndarray, weights: np.ndarray, name: str
    ) -> None:
        if self.kind_ == "multilabel":
            return
        present = np.unique(labels[weights > 0])
        if present.size < 2:
            names = self.classes_[present].tolist()
            got = f"only one class: {names[0]!r}" if names else "no class"
            raise InputValueError(
                f"At least two classes must carry a positive `{name}`, got {got}. Give rows of "
                "another class weight as well."
            )

    # -- predict ----------------------------------------------------------------------------

    def logits(self, X: Any) -> np.ndarray:
        """Return the logits, always two-dimensional: (n, K), or (n, 1) for binary labels."""
        check_is_fitted(self)
        X = validate_features(self, X, reset=False, keep_bytes=self._takes_bytes)
        return self._logits(X)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the logits in scikit-learn's shapes: (n,) for binary labels, else (n, K)."""
        logits = self.logits(X)
        return logits[:, 0] if self.kind_ == "binary" else logits

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities (n, K): (n, 2) for binary labels, (n, L) for label sets.

        Rows sum to 1 except for label sets.  Under a sigmoid head on exclusive classes they are
        the independent values of `membership`, normalised.
        """
        logits = self.logits(X)
        return self.head_.to_probs(logits)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithms of `predict_proba`, in nats, computed from the logits."""
        logits = self.logits(X)
        return self.head_.to_log_probs(logits)

    def membership(self, X: Any) -> np.ndarray:
        """Return the link of the logits as it stands: under a sigmoid, independent values.

        Shape (n, K), values in 0..1; for a sigmoid head on exclusive classes the rows need not
        sum to 1; for binary labels (n, 1), the probability of the second class.
        """
        logits = self.logits(X)
        return self.head_.membership(logits)

    def predict(self, X: Any) -> Any:
        """Return the predicted labels, in the form in which `fit` was given them."""
        logits = self.logits(X)
        return self.label_encoder_.inverse_transform(self.head_.decide(logits))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy in 0..1; for label sets the share of rows that are right in full.

        Cells whose truth is missing (NaN) cannot be wrong, and a row without a known cell does
        not count; with no known cell at all the score is NaN.  A label that `fit` never saw
        counts as a mistake where there is one label a row, and is an error in label sets.
        """
        logits = self.logits(X)
        decisions = self.head_.decide(logits)
        truth: Any = _flat(y)
        if self.kind_ == "multilabel":
            truth = self.label_encoder_.transform(truth)
        elif not hasattr(truth, "shape"):
            truth = np.asarray(truth)
        if truth.shape[:1] != (len(decisions),):
            raise InputValueError(
                "Found input variables with inconsistent numbers of samples: `X` has "
                f"{len(decisions)} rows, `y` has shape {truth.shape}. Pass one label for each row "
                "of `X`."
            )
        if self.kind_ == "multilabel":
            right = np.all((truth == decisions) | np.isnan(truth), axis=1)
        else:
            right = np.asarray(truth) == np.asarray(self.classes_)[decisions]
        if sample_weight is not None:
            sample_weight = np.asarray(sample_weight, dtype=np.float64)
            check_weights(sample_weight, n_samples=len(decisions))
        if self.kind_ == "multilabel":
            known = ~_without_known_cell(truth)
            if not known.any():
                return float("nan")
            right = right[known]
            sample_weight = None if sample_weight is None else sample_weight[known]
        return float(weighted_mean(right.astype(np.float64), sample_weight))

    # -- save -------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted classifier into one file, which `headway.load` reads.

        Parameters
        ----------
        path : path
            The file to write; an old one is replaced only when the new one is complete.
        """
        from headway.classifiers.persistence import save

        check_is_fitted(self)
        save(self, path)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def resolve_head(head: Any, kind: LabelKind, /) -> Head:
    """Return the head that a name (or a Head) stands for on labels of this kind.

    Raises
    ------
    InputTypeError
        If `head` is neither a name nor a Head.
    InputValueError
        If the name is unknown or the head does not suit the labels.
    """
    if isinstance(head, str):
        return preset_head(head, kind)
    if not isinstance(head, Head):
        raise InputTypeError(
            f"`head` must be a Head or one of {', '.join(map(repr, HEAD_NAMES))}, "
            f"got {head!r}. Try head='auto'."
        )
    if kind == "multilabel" and head.exclusive:
        raise InputValueError(
            f"`head` must let labels hold independently, got the exclusive head {head.name!r} "
            "for labels of which several can hold at once. Pass head='sigmoid'."
        )
    if kind != "multilabel" and not head.exclusive:
        raise InputValueError(
            f"`head` must pick one class a row, got {head.name!r}, which is for label sets, "
            "with one label a row. Pass sigmoid_head(exclusive=True)."
        )
    if isinstance(head.decision, Threshold if head.exclusive else Argmax):
        raise InputValueError(
            f"The decision of `head` must suit the labels, got {type(head.decision).__name__} for "
            f"{'one class a row' if head.exclusive else 'labels of which several can hold'}. Pass "
            f"{'Argmax()' if head.exclusive else 'Threshold(0.5)'}."
        )
    if kind == "binary" and isinstance(head.link, SoftmaxLink):
        # One logit column z, read as (0, z): the softmax of the pair is the sigmoid of z.
        canonical = isinstance(head.loss, CanonicalLoss)
        loss = CanonicalLoss(SigmoidLink()) if canonical else OneColumnLoss(head.loss)
        return replace(head, link=SigmoidLink(), loss=loss)
    return head


def _without_known_cell(labels: np.ndarray) -> np.ndarray:
    """Return which rows of a label matrix are missing in full; one label a row never is."""
    if labels.ndim == 1:
        return np.zeros(len(labels), dtype=bool)
    return np.isnan(labels).all(axis=1)


def _flat(y: Any) -> Any:
    """Return `y`, a single column flattened with scikit-learn's warning."""
    if not hasattr(y, "shape") and hasattr(y, "__array__"):
        y = np.asarray(y)
    shape = getattr(y, "shape", None)
    if shape is not None and len(shape) == 2 and shape[1] == 1 and not hasattr(y, "tocsr"):
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape "
            "of y to (n_samples,), for example using ravel().",
            DataConversionWarning,
            stacklevel=3,
        )
        return np.asarray(y).ravel()
    return y
