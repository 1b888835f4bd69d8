"""One temperature, then a slope and an intercept for each class.

    calibrated logits = slope * log softmax(z / T) + intercept

Fitted with a penalty that draws to slope 1 and intercept 0 (`affine.py` has the rule), and so to
the temperature alone where rows are few.  The trap: classes get logits of their own, so that the
largest need not stay the largest.

References
----------
Guo, Pleiss, Sun and Weinberger (2017), "On Calibration of Modern Neural Networks", ICML.
"""

from dataclasses import dataclass

import numpy as np

from headway._frozen import restore_frozen
from headway.calibration.affine import fit_affine, free_classes, mapped, tempered
from headway.calibration.rows import check_columns, class_rows
from headway.calibration.temperature import Temperature
from headway.errors import InputValueError

__all__ = ["VectorScaling"]


@dataclass(frozen=True, eq=False)
class VectorScaling:
    """Give each class a slope and an intercept of its own.

    Parameters
    ----------
    temperature : float
        What the logits are divided by first, above 0.
    slope, intercept : float arrays of shape (K,)
        Finite numbers for each class.

    Examples
    --------
    Two classes of like logits, one of which is too rare by half:

    >>> from headway.kernels import softmax
    >>> softmax(VectorScaling(1.0, [1.0, 1.0], [0.0, np.log(3)])(np.zeros((1, 2))))
    array([[0.25, 0.75]])
    """

    temperature: float
    slope: np.ndarray
    intercept: np.ndarray
    keeps_order = False

    __setstate__ = restore_frozen

    def __post_init__(self) -> None:
        object.__setattr__(self, "temperature", Temperature(self.temperature).value)
        for name in ("slope", "intercept"):
            value = np.array(getattr(self, name), dtype=np.float64)
            if value.ndim != 1 or not np.isfinite(value).all():
                raise InputValueError(
                    f"`{name}` must hold a finite number for each class, got {value!r}. Use "
                    "VectorScaling.fit to find them."
                )
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        if self.slope.shape != self.intercept.shape:
            raise InputValueError(
                f"`slope` and `intercept` must have the same length, got {len(self.slope)} and "
                f"{len(self.intercept)}. Give one of each for every class."
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VectorScaling) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[float, bytes, bytes]:
        return self.temperature, self.slope.tobytes(), self.intercept.tobytes()

    def __call__(self, logits: np.ndarray, /) -> np.ndarray:
        """Return slope * log softmax(logits / T) + intercept, (n, K)."""
        logits, dtype = check_columns(logits, len(self.slope))
        x = tempered(logits, self.temperature)
        return mapped(x, self.slope, self.intercept).astype(dtype, copy=False)

    @classmethod
    def fit(
        cls, logits: np.ndarray, labels: np.ndarray, /, *, weights: np.ndarray | None = None
    ) -> "VectorScaling":
        """Return the numbers of least penalised cross-entropy on held-out rows.

        Parameters
        ----------
        logits : float array of shape (n, K)
            Of a softmax over K >= 2 classes; -inf marks an impossible class, and stays.
        labels : integer array of shape (n,)
            Classes 0..K-1.  A class with fewer than 20 rows, or none, keeps slope 1 and
            intercept 0.
        weights : array of shape (n,), optional
            Non-negative row weights.

        Raises
        ------
        InputTypeError, InputValueError
            If shapes disagree, a label is outside its classes, a logit is NaN, or independent
            labels are given.
        """
        rows = class_rows(logits, labels, weights)
        found = fit_affine(rows, free_classes(rows), whole=False)
        return cls(found.temperature, found.a, found.b)
