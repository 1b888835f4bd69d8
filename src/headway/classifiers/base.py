"""What every classifier of headway shares: labels in, logits through the head, classes out.

    fit      y -> labels;  _fit_model(X, labels, weights)   (the subclass)
    predict  X -> _logits(X) (the subclass) -> [calibrator] -> head -> probs -> decision -> classes

A subclass knows how to make logits and nothing else; probabilities and decisions come from the
head.  The trap: a binary problem has ONE logit column, read as (0, z), but two columns of
probabilities.
"""

import os
from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from headway.classifiers.after_logits import AfterLogits
from headway.classifiers.answers import named_answers, right_answers
from headway.classifiers.features import validate_features
from headway.classifiers.given_labels import (
    check_lengths,
    checked_label_smoothing,
    flat,
    given_weights,
    require_two_weighted,
    without_unknown,
)
from headway.classifiers.resolve import resolve_head
from headway.errors import InputValueError
from headway.heads import Head
from headway.labels import LabelEncoder, class_weights, smooth_targets, to_targets
from headway.labels.reading import LabelKind
from headway.losses import CanonicalLoss, PositiveWeightedLoss, weighted_mean

__all__ = ["HeadClassifier"]


class HeadClassifier(AfterLogits, ClassifierMixin, BaseEstimator):
    """Base of the classifiers: an abstract model that makes logits, with a head on top.

    A subclass stores `head`, `classes`, `class_weight` and `label_smoothing` as parameters and
    implements `_fit_model` and `_logits`; one that is saved also `_state` and `_set_state`, if it
    learns more than labels, head and calibrator.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The names of the classes, in the order of the probability columns.
    kind_ : {"binary", "exclusive", "multilabel"}
        The kind of labels found.
    head_ : Head
        Link, loss and decision in use.
    calibrator_ : Calibrator or None
        What is applied to the logits before the head; see `calibrate`.
    calibration_report_ : CalibrationReport or None
        What was found when it was fitted, and why it was kept or rolled back.
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

    def _state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return what the model learned, as named arrays and JSON values, for `save`.

        Labels, head and calibrator are saved for every classifier.
        """
        return {}, {}

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
        X = self._features(X, reset=reset)
        y = flat(y)
        if reset:
            declared = self.classes if classes is None else classes
            encoder = LabelEncoder(classes=declared, missing=self.missing)
            # Declared by a first `partial_fit`: its rows may lack some classes, or all but one.
            labels = encoder.fit_transform(y, partial=classes is not None)
            self.head_ = resolve_head(self.head, encoder.kind_)
            self.label_encoder_ = encoder
            self.kind_ = encoder.kind_
            self.classes_ = encoder.classes_
            self.calibrator_, self.calibration_report_ = None, None
        else:
            labels = self.label_encoder_.transform(y)
        check_lengths(X, labels)
        weights = self._row_weights(labels, sample_weight, len(labels))
        weights = without_unknown(labels, weights, refuse_nothing=reset)
        checked_label_smoothing(self.label_smoothing)
        return X, labels, weights

    def _targets(self, labels: np.ndarray) -> np.ndarray:
        """Return one-hot, smoothed or 0/1/NaN rows (n, K); (n, 1) for binary labels."""
        targets = to_targets(labels, self.kind_, self.label_encoder_.n_logits_)
        amount = checked_label_smoothing(self.label_smoothing)
        if amount:
            targets = smooth_targets(targets, amount, exclusive=self.kind_ == "exclusive")
        return targets

    def _row_weights(self, labels: np.ndarray, sample_weight: Any, n: int) -> np.ndarray | None:
        """Return sample times class weights, or None; for label matrices set the loss instead."""
        weights = given_weights(sample_weight, n)
        if weights is not None:
            require_two_weighted(labels, weights, "sample_weight", self.classes_)
        if self.class_weight is None:
            return weights
        per_class = class_weights(
            self.class_weight, labels, classes=self.classes_, kind=self.kind_, weights=weights
        )
        if self.kind_ == "multilabel":
            if not isinstance(self.head_.loss, (CanonicalLoss, PositiveWeightedLoss)):
                raise InputValueError(
                    "`class_weight` weighs the cross-entropy of label sets, but the loss of head "
                    f"{self.head_.name!r} is {type(self.head_.loss).__name__}. Pass "
                    "head='sigmoid', or leave class_weight out."
                )
            self.head_ = replace(self.head_, loss=PositiveWeightedLoss(tuple(per_class.tolist())))
            return weights
        rows = per_class[labels] if weights is None else per_class[labels] * weights
        require_two_weighted(labels, rows, "class_weight", self.classes_)
        return rows

    # -- predict ----------------------------------------------------------------------------

    def raw_logits(self, X: Any) -> np.ndarray:
        """Return the logits of the model itself, before any calibrator."""
        check_is_fitted(self)
        return self._logits(self._features(X, reset=False))

    def logits(self, X: Any) -> np.ndarray:
        """Return the logits, always two-dimensional: (n, K), or (n, 1) for binary labels.

        Calibrated, if the classifier has a calibrator.
        """
        logits = self.raw_logits(X)
        return logits if self.calibrator_ is None else self.calibrator_(logits)

    def _features(self, X: Any, *, reset: bool) -> Any:
        """Return the features, checked."""
        return validate_features(self, X, reset=reset, keep_bytes=self._takes_bytes)

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
        """Return the predicted labels, in the form in which `fit` was given them.

        Where the decision abstains the answer is "abstain"; a decision for several classes at
        once answers with sets of names.
        """
        logits = self.logits(X)
        return named_answers(self.head_.decide(logits), self.head_.decision, self.label_encoder_)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy in 0..1; for label sets the share of rows that are right in full.

        Cells whose truth is missing (NaN) cannot be wrong, and a row without a known cell does
        not count; with no known cell at all the score is NaN.  A label that `fit` never saw
        counts as a mistake where there is one label a row, and is an error in label sets.  An
        answer of several classes is right if the true one is among them; to abstain is not.
        """
        decisions = self.head_.decide(self.logits(X))
        truth: Any = flat(y)
        if self.kind_ == "multilabel":
            truth = self.label_encoder_.transform(truth)
        elif not hasattr(truth, "shape"):
            truth = np.asarray(truth)
        check_lengths(decisions, truth)
        right = right_answers(decisions, truth, self.label_encoder_)
        weights = without_unknown(truth, given_weights(sample_weight, len(decisions)))
        if self.kind_ == "multilabel" and np.isnan(truth).all():
            return float("nan")
        return float(weighted_mean(right.astype(np.float64), weights))

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
