"""Probabilities and decisions from somebody else's logits.

    logits -> [CALIBRATOR] -> head -> probs -> decision

`FromLogits` is a classifier whose features are logits.  It learns a calibrator and a decision.
This is a door where foreign numbers enter, and so the place where probabilities in the stead of
logits are caught; the kernels never guess.
"""

import warnings
from typing import Any

import numpy as np

from headway.classifiers.base import HeadClassifier
from headway.classifiers.held_out import fit_after_logits
from headway.errors import InputValueError

__all__ = ["FromLogits"]

SUM_TOLERANCE = 1e-5
SHIFTED = 0.25  # by how much accuracy must rise if every label is moved by one


class FromLogits(HeadClassifier):
    """Calibrate logits and decide by them.

    Parameters
    ----------
    calibrator : {"temperature", "platt", "isotonic"}, a Calibrator or None
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
        z = self._columns(X)
        if not self.allow_probs_like:
            _refuse_probs(X, exclusive=self.kind_ != "multilabel")
        if self.kind_ == "exclusive":
            _refuse_shifted(z, labels)
        self.calibrator_, self.calibration_report_, self.head_ = fit_after_logits(
            self.calibrator,
            self.decision,
            z,
            labels,
            weights,
            head=self.head_,
            kind=self.kind_,
            random_state=self.random_state,
        )

    def _logits(self, X: Any) -> np.ndarray:
        return self._columns(X)

    def _columns(self, X: np.ndarray) -> np.ndarray:
        """Return the logits (n, K), or (n, 1) for binary labels."""
        wanted = self.label_encoder_.n_logits_
        if self.kind_ == "binary" and X.shape[1] == 2:
            return X[:, 1:] - X[:, :1]
        if X.shape[1] != wanted:
            raise InputValueError(
                f"`X` must have a column of logits for each of the {len(self.classes_)} classes, "
                f"got {X.shape[1]} columns. Name all classes with `classes=` if the labels lack "
                "some."
            )
        return X

    def _state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        return {}, {}

    def _set_state(self, arrays: dict[str, np.ndarray], values: dict[str, Any]) -> None:
        pass  # the calibrator and the head are all there is


def _refuse_probs(X: np.ndarray, *, exclusive: bool) -> None:
    """Refuse rows that sum to 1; warn of independent columns inside 0..1."""
    inside = X.min(initial=0.0) >= 0.0
    if (
        exclusive
        and X.shape[1] > 1
        and inside
        and np.all(np.abs(X.sum(axis=1) - 1.0) <= SUM_TOLERANCE)
    ):
        raise InputValueError(
            "`X` must hold logits, but every row is at least 0 and sums to 1: these look like "
            "probabilities. Pass the values before the softmax, or their logarithms "
            "(np.log(probs)); allow_probs_like=True takes them as they are."
        )
    if inside and X.max(initial=0.0) <= 1.0:
        warnings.warn(
            "All logits lie between 0 and 1, as if a sigmoid had been applied already. Pass the "
            "values before it; allow_probs_like=True silences this.",
            UserWarning,
            stacklevel=4,
        )


def _refuse_shifted(z: np.ndarray, labels: np.ndarray) -> None:
    """Refuse labels that fit far better one column to the left or right."""
    largest = z.argmax(axis=1)
    right = float(np.mean(largest == labels))
    for shift, words in ((1, "one column to the left of"), (-1, "one column to the right of")):
        moved = float(np.mean(largest + shift == labels))
        if moved > right + SHIFTED and moved > 0.5:
            raise InputValueError(
                f"The largest logit must tend to be that of the label, but it is so in {right:.0%} "
                f"of the rows, and {words} it in {moved:.0%}. Labels that count from 1 were "
                "given to columns that count from 0, or the other way round: name the columns "
                "with `classes=`."
            )
