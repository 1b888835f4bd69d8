"""One temperature, then a matrix and an intercept: each class may listen to all the others.

    calibrated logits = matrix @ log softmax(z / T) + intercept

Fitted with penalties that draw to the identity and to 0 (`affine.py` has the rule): K for the
diagonal and the intercept, K (K - 1) for what lies off the diagonal, so that K^2 numbers are
paid for only where the rows can.  The trap: one impossible class would make every other logit
infinite; logits of -inf are refused.  A class without enough rows keeps its tempered logit, but
the others were fitted without its rows and may rise above it there: bring rows of every class.

References
----------
Berta, Holzmüller, Jordan and Bach (2025), "Structured Matrix Scaling for Multi-Class
Calibration", arXiv 2511.03685.
"""

from dataclasses import dataclass

import numpy as np

from headway._frozen import restore_frozen
from headway.calibration.affine import fit_affine, free_classes, mapped, tempered
from headway.calibration.rows import check_columns, class_rows, refuse_impossible
from headway.calibration.temperature import Temperature
from headway.errors import InputValueError

__all__ = ["MatrixScaling"]


@dataclass(frozen=True, eq=False)
class MatrixScaling:
    """Mix the log-probabilities of all classes.

    Parameters
    ----------
    temperature : float
        What the logits are divided by first, above 0.
    matrix : float array of shape (K, K)
        Finite; row k makes the logit of class k.
    intercept : float array of shape (K,)
        Finite numbers for each class.

    Examples
    --------
    >>> from headway.kernels import softmax
    >>> swap = MatrixScaling(1.0, [[0.0, 1.0], [1.0, 0.0]], [0.0, 0.0])
    >>> softmax(swap(np.log([[0.25, 0.75]])))
    array([[0.75, 0.25]])
    """

    temperature: float
    matrix: np.ndarray
    intercept: np.ndarray
    keeps_order = False

    __setstate__ = restore_frozen

    def __post_init__(self) -> None:
        object.__setattr__(self, "temperature", Temperature(self.temperature).value)
        for name, ndim in (("matrix", 2), ("intercept", 1)):
            value = np.array(getattr(self, name), dtype=np.float64)
            if value.ndim != ndim or not np.isfinite(value).all():
                raise InputValueError(
                    f"`{name}` must be finite with {ndim} axes, got {value!r}. Use "
                    "MatrixScaling.fit to find it."
                )
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        if self.matrix.shape != 2 * self.intercept.shape:
            raise InputValueError(
                f"`matrix` must have a row and a column for each of the {len(self.intercept)} "
                f"intercepts, got shape {self.matrix.shape}. Use MatrixScaling.fit to find it."
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MatrixScaling) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[float, bytes, bytes]:
        return self.temperature, self.matrix.tobytes(), self.intercept.tobytes()

    def __call__(self, logits: np.ndarray, /) -> np.ndarray:
        """Return matrix @ log softmax(logits / T) + intercept, (n, K)."""
        logits, dtype = check_columns(logits, len(self.intercept))
        refuse_impossible(logits)
        x = tempered(logits, self.temperature)
        return mapped(x, self.matrix, self.intercept).astype(dtype, copy=False)

    @classmethod
    def fit(
        cls, logits: np.ndarray, labels: np.ndarray, /, *, weights: np.ndarray | None = None
    ) -> "MatrixScaling":
        """Return the numbers of least penalised cross-entropy on held-out rows.

        Parameters
        ----------
        logits : float array of shape (n, K)
            Finite, of a softmax over K >= 2 classes.
        labels : integer array of shape (n,)
            Classes 0..K-1.  A class with fewer than 20 rows, or none, keeps its row of the
            identity and intercept 0.
        weights : array of shape (n,), optional
            Non-negative row weights.

        Raises
        ------
        InputTypeError, InputValueError
            If shapes disagree, a label is outside its classes, a logit is not finite, or
            independent labels are given.
        """
        rows = class_rows(logits, labels, weights)
        refuse_impossible(rows.logits)
        found = fit_affine(rows, free_classes(rows), whole=True)
        return cls(found.temperature, found.a, found.b)
