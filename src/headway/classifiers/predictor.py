"""A fitted linear classifier stripped to what one prediction needs.

`LinearClassifier.predict_proba` checks everything, which takes ten times as long as the
arithmetic of a row.  A `Predictor` checks the shape and the dtype.  It holds a copy of the
coefficients and no state, so that threads may share it; a later `fit` does not change it.
"""

from typing import Any, final

import numpy as np

from headway.calibration import Calibrator, Platt, PriorShift, Temperature
from headway.classifiers.answers import named_answers
from headway.decisions import Argmax
from headway.errors import InputTypeError, InputValueError
from headway.heads import Head
from headway.kernels.lean import LeanLink, lean_rows
from headway.labels import LabelEncoder
from headway.links import SigmoidLink, SoftmaxLink

__all__ = ["Predictor", "calibrated_weights"]

AFFINE = (Platt, PriorShift, Temperature)

# What the core and NumPy raise where `X` is not what they read as it stands.
REFUSED = (TypeError, ValueError, AttributeError, BufferError)


@final
class Predictor:
    """Predicts a few rows at a time without overhead; made by `LinearClassifier.predictor`.

    Takes NumPy arrays of shape (n, d).  Rows in the dtype of the predictor, next to each other in
    memory, are read as they are; other real numbers are converted.  Nothing else is checked: NaN
    and infinities pass through, and feature names play no part.

    Parameters
    ----------
    coef : array of shape (K, d); (1, d) for binary labels
        Coefficients.
    intercept : array of shape (K,)
        Intercepts.
    head : Head
        Turns logits into probabilities and decisions.
    label_encoder : LabelEncoder
        Turns decisions into the user's labels.
    dtype : {"float32", "float64"}
        In which it computes and answers.

    See Also
    --------
    LinearClassifier : the estimator, with every check.

    Examples
    --------
    >>> from headway import LinearClassifier
    >>> model = LinearClassifier().fit([[0.0], [1.0], [2.0], [3.0]], ["ham", "ham", "spam", "spam"])
    >>> predictor = model.predictor()
    >>> row = np.array([[1.5]], dtype=np.float32)
    >>> predictor.predict_proba(row).round(3)
    array([[0.5, 0.5]], dtype=float32)
    >>> predictor.predict(row + 1).tolist()
    ['spam']
    """

    __slots__ = ("_dtype", "_lean", "_made_of", "_n_logits", "_n_probs")

    def __init__(
        self,
        coef: np.ndarray,
        intercept: np.ndarray,
        head: Head,
        label_encoder: LabelEncoder,
        dtype: Any = "float32",
    ):
        try:
            self._dtype = np.dtype(dtype)
        except TypeError:
            self._dtype = np.dtype(object)
        if self._dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise InputValueError(
                f"`dtype` must be float32 or float64, got {dtype!r}. The default is float32."
            )
        # Kept for `predict` and for pickling; `coef` is copied, since `fit` may change it.
        self._made_of = (coef.copy(), intercept.copy(), head, label_encoder, self._dtype.name)
        self._lean = lean_rows(
            np.ascontiguousarray(coef, dtype=self._dtype),
            np.ascontiguousarray(intercept, dtype=self._dtype),
            _lean_link(head, len(intercept)),
        )
        self._n_logits, self._n_probs = self._lean.n_logits, self._lean.n_probs

    def logits(self, X: np.ndarray, /) -> np.ndarray:
        """Return the logits (n, K), or (n, 1) for binary labels.

        Parameters
        ----------
        X : real array of shape (n, d)

        Raises
        ------
        InputTypeError, InputValueError
            If `X` is no NumPy array of real numbers of that shape.
        """
        try:
            return self._lean.logits(X, np.empty((len(X), self._n_logits), self._dtype))
        except REFUSED:
            X = self._readable(X)
        return self._lean.logits(X, np.empty((len(X), self._n_logits), self._dtype))

    def predict_proba(self, X: np.ndarray, /) -> np.ndarray:
        """Return probabilities (n, K): (n, 2) for binary labels, (n, L) for label sets.

        Parameters and errors are those of `logits`.
        """
        try:
            return self._lean.probs(X, np.empty((len(X), self._n_probs), self._dtype))
        except REFUSED:
            X = self._readable(X)
        return self._lean.probs(X, np.empty((len(X), self._n_probs), self._dtype))

    def predict(self, X: np.ndarray, /) -> np.ndarray:
        """Return the predicted labels, in the form in which `fit` was given them.

        Parameters and errors are those of `logits`.
        """
        _, _, head, label_encoder, _ = self._made_of
        logits = self.logits(X)
        if label_encoder.kind_ == "multilabel" or not isinstance(head.decision, Argmax):
            return named_answers(head.decide(logits), head.decision, label_encoder)
        if self._n_logits == 1:
            return label_encoder.classes_[(logits[:, 0] > 0).astype(np.intp)]
        return label_encoder.classes_[logits.argmax(axis=1)]

    def __reduce__(self) -> tuple[Any, ...]:
        return Predictor, self._made_of

    def __repr__(self) -> str:
        coef, _, head, _, dtype = self._made_of
        return f"Predictor({coef.shape[1]} features, head={head.name!r}, dtype={dtype!r})"

    def _readable(self, X: Any) -> np.ndarray:
        """Return `X` as the core reads it, or say what is wrong with it."""
        d = self._made_of[0].shape[1]
        if not isinstance(X, np.ndarray):
            raise InputTypeError(
                f"`X` must be a NumPy array, got {type(X).__name__}. Convert it with "
                "`numpy.asarray`, or ask the classifier itself."
            )
        if X.dtype.kind not in "fiub":
            raise InputTypeError(
                f"`X` must hold real numbers, got dtype {X.dtype}. Convert it with `X.astype`."
            )
        if X.ndim != 2 or X.shape[1] != d:
            raise InputValueError(
                f"`X` must have shape (n, {d}), the features of `fit`, got {X.shape}. "
                "One row is `x[None, :]`."
            )
        return np.ascontiguousarray(X, dtype=self._dtype)


def _lean_link(head: Head, n_logits: int) -> LeanLink:
    """Return what the head makes of logits, by the names of `lean_rows`."""
    if isinstance(head.link, SoftmaxLink):
        return "softmax"
    if isinstance(head.link, SigmoidLink):
        if not head.exclusive:
            return "sigmoid"
        return "binary" if n_logits == 1 else "normalised"
    raise InputValueError(
        "A predictor needs a head whose link is softmax or sigmoid, got "
        f"{type(head.link).__name__}. Use `predict_proba` of the classifier."
    )


def calibrated_weights(
    coef: np.ndarray, intercept: np.ndarray, calibrator: Calibrator | None, /
) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients and intercepts of which the logits come out calibrated."""
    if calibrator is None:
        return coef, intercept
    if not isinstance(calibrator, AFFINE):
        raise InputTypeError(
            "A predictor takes calibrators that scale, mix and shift logits, got "
            f"{type(calibrator).__name__}. Use `predict_proba` of the classifier."
        )
    constant = calibrator(np.zeros((1, len(intercept))))
    matrix = (calibrator(np.eye(len(intercept))) - constant).T
    return matrix @ coef, matrix @ intercept + constant[0]
