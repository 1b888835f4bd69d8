"""Probabilities and decisions from somebody else's logits.

    logits -> [CALIBRATOR] -> head -> probs -> decision

`FromLogits` is a classifier whose features are logits.  It learns a calibrator and a decision.
This is a door where foreign numbers enter: `logits_door` catches probabilities in their stead.
"""

from typing import Any

import numpy as np

from headway.classifiers.base import HeadClassifier
from headway.classifiers.logits_door import logit_columns, refuse_probs, refuse_shifted

__all__ = ["FromLogits"]


class FromLogits(HeadClassifier):
    """Calibrate logits and decide by them.

    Parameters
    ----------
    calibrator : str, a Calibrator or None
        "temperature"; of classes "vector" or "matrix", of labels "platt", "beta" or "isotonic".
        What is fitted, kept only where it lowers the loss of rows that it was not fitted on
        (`calibration_report_` says why); an object is used as it is.
    decision : Decision, Tuner or None
        How the probabilities become answers; a tuner is fitted to the rows.  None is the head's
        own: argmax, or 0.5 for label sets.
    head : "auto", "softmax", "sigmoid" or Head
        What the logits are for.
    classes : sequence, optional
        The names of the columns, in their order; by default the sorted labels.
    missing : number or text, optional
        Value that marks a missing cell in a matrix of labels, besides NaN.
    allow_probs_like : bool
        Accept logits that look like probabilities.
    random_state : int
        Draws the folds that judge the calibrator.

    Attributes
    ----------
    calibrator_ : Calibrator or None
        What is applied to the logits.
    calibration_report_ : CalibrationReport or None
        What was found and why it was kept or rolled back.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=(3000, 3))
    >>> y = np.array(["ant", "bee", "cat"])[(z + rng.gumbel(size=z.shape)).argmax(axis=1)]
    >>> model = FromLogits().fit(4 * z, y)
    >>> round(model.calibrator_.value)
    4
    >>> model.predict([[0.0, 9.0, 1.0]])
    array(['bee'], dtype='<U3')
    """

    def __init__(
        self,
        calibrator: Any = "temperature",
        *,
        decision: Any = None,
        head: Any = "auto",
        classes: Any = None,
        missing: Any = None,
        allow_probs_like: bool = False,
        random_state: int = 0,
    ):
        self.calibrator = calibrator
        self.decision = decision
        self.head = head
        self.classes = classes
        self.missing = missing
        self.allow_probs_like = allow_probs_like
        self.random_state = random_state

    # Of no use here: the logits are somebody else's, trained as they were.
    class_weight = None
    label_smoothing = 0.0

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "FromLogits":
        """Return the classifier, its calibrator fitted to held-out logits and their labels.

        Parameters
        ----------
        X : float array of shape (n, K)
            Held-out or cross-fitted logits, one column for each class in the order of `classes`,
            or of the sorted labels; for two classes one column (of the second class), or two.
        y : n labels
            As for every classifier: one a row, or a 0/1 matrix whose NaN cells are missing.
        sample_weight : array of shape (n,), optional
            Non-negative weights of the rows.

        Raises
        ------
        InputTypeError, InputValueError
            If the columns are not one for each class, or the logits look like probabilities.
        """
        super().fit(X, y, sample_weight)
        return self

    def _fit_model(self, X: Any, labels: np.ndarray, weights: np.ndarray | None) -> None:
        z = logit_columns(X, self.label_encoder_)
        if not self.allow_probs_like:
            refuse_probs(X, exclusive=self.kind_ != "multilabel")
        if self.kind_ == "exclusive":
            refuse_shifted(z, labels)
        self._learn_after_logits(
            self.calibrator, self.decision, z, labels, weights, self.random_state
        )

    def _logits(self, X: Any) -> np.ndarray:
        return logit_columns(X, self.label_encoder_)
