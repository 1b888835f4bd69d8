"""What a fitted classifier can do after its logits: be calibrated, and decide by another rule.

Both return a copy: what was fitted stays as it is.
"""

from abc import abstractmethod
from copy import deepcopy
from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from headway.calibration import CalibrationReport, Calibrator
from headway.classifiers.answers import action_names
from headway.classifiers.given_labels import check_lengths, flat, given_weights, without_unknown
from headway.classifiers.held_out import fit_after_logits, fit_calibrator, fit_decision
from headway.errors import InputValueError
from headway.heads import Head
from headway.labels import LabelEncoder
from headway.labels.reading import LabelKind

__all__ = ["AfterLogits"]


class AfterLogits:
    """Part of every classifier: from raw logits on.

    Attributes
    ----------
    calibrator_ : Calibrator or None
        What is applied to the logits before the head.
    calibration_report_ : CalibrationReport or None
        What was found when it was fitted, and why it was kept or rolled back.
    """

    head_: Head
    kind_: LabelKind
    label_encoder_: LabelEncoder
    calibrator_: Calibrator | None = None
    calibration_report_: CalibrationReport | None = None

    @abstractmethod
    def raw_logits(self, X: Any) -> np.ndarray:
        """Return the logits of the model itself, before any calibrator."""

    def calibrate(
        self,
        X: Any,
        y: Any,
        method: Any = "temperature",
        *,
        sample_weight: Any = None,
        random_state: int = 0,
    ) -> Self:
        """Return a copy of the classifier whose logits are calibrated.

        Parameters
        ----------
        X : array or DataFrame of shape (n, d)
            Features of rows that the classifier was NOT fitted on.
        y : n labels
            Their labels.
        method : name or Calibrator
            What is fitted, kept only where it lowers the loss of rows that it was not fitted on
            (`calibration_report_` says why); an object is used as it is.
        sample_weight : array of shape (n,), optional
            Non-negative row weights.
        random_state : int
            Draws the folds that judge the calibrator.

        Raises
        ------
        InputTypeError, InputValueError
            If rows and labels do not fit together or the method does not suit them.
        """
        logits, labels, weights = self._held_out(X, y, sample_weight)
        copy = deepcopy(self)
        copy.calibrator_, copy.calibration_report_ = fit_calibrator(
            method, logits, labels, weights, head=self.head_, random_state=random_state
        )
        return copy

    def decide_by(
        self,
        decision: Any,
        X: Any = None,
        y: Any = None,
        *,
        sample_weight: Any = None,
        random_state: int = 0,
    ) -> Self:
        """Return a copy of the classifier that decides by another rule.

        Parameters
        ----------
        decision : Decision or Tuner
            What turns probabilities into answers; a tuner finds one for the rows given.
        X : array or DataFrame of shape (n, d), optional
            For a tuner: features of rows that neither the classifier nor, for promises such as
            those of conformal sets, its calibrator was fitted on.
        y : n labels, optional
            Their labels.
        sample_weight : array of shape (n,), optional
            Non-negative row weights.
        random_state : int
            For tuners that draw.

        Raises
        ------
        InputTypeError, InputValueError
            If the decision does not suit the labels or their number, or a tuner has no rows.

        Examples
        --------
        >>> from headway import LeastCost, LinearClassifier
        >>> model = LinearClassifier().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
        >>> unsure = LeastCost([[0.0, 1.0, 0.3], [1.0, 0.0, 0.3]])
        >>> model.decide_by(unsure).predict([[0.0], [1.5], [3.0]]).tolist()
        ['no', 'abstain', 'yes']
        """
        check_is_fitted(self)
        rows = None if X is None else self.held_out_probs(X, y, sample_weight)
        copy = deepcopy(self)
        copy.head_ = replace(
            self.head_,
            decision=fit_decision(decision, rows, kind=self.kind_, random_state=random_state),
        )
        copy._try_decision()
        return copy

    def held_out_probs(
        self, X: Any, y: Any, sample_weight: Any = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Return (probs, encoded labels, weights) of rows, as a tuner takes them."""
        logits, labels, weights = self._held_out(X, y, sample_weight)
        if self.calibrator_ is not None:
            logits = self.calibrator_(logits)
        return self.head_.to_probs(logits), labels, weights

    def _learn_after_logits(
        self,
        calibrator: Any,
        decision: Any,
        logits: np.ndarray,
        labels: np.ndarray,
        weights: np.ndarray | None,
        random_state: int,
    ) -> None:
        """Learn the calibrator and the decision from rows that the model was not fitted on."""
        self.calibrator_, self.calibration_report_, self.head_ = fit_after_logits(
            calibrator,
            decision,
            logits,
            labels,
            weights,
            head=self.head_,
            kind=self.kind_,
            random_state=random_state,
        )
        self._try_decision()

    def _try_decision(self) -> None:
        """Raise now, not at the first prediction, where the decision is for other columns."""
        self.head_.decide(np.zeros((1, self.label_encoder_.n_logits_)))
        if self.kind_ != "multilabel":
            action_names(self.head_.decision, self.label_encoder_.classes_)

    def _held_out(
        self, X: Any, y: Any, sample_weight: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Return (raw logits, encoded labels, weights) of rows to calibrate or tune on."""
        logits = self.raw_logits(X)
        if y is None:
            raise InputValueError(
                "`y` must hold the labels of `X`, got None. Pass both, of rows held out from `fit`."
            )
        labels = self.label_encoder_.transform(flat(y))
        check_lengths(logits, labels)
        weights = given_weights(sample_weight, len(labels))
        return logits, labels, without_unknown(labels, weights, refuse_nothing=True)
