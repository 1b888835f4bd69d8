"""A slope and an intercept for each label's logit.

    calibrated logit = slope z + intercept

Found for all labels side by side by Newton's method on the cross-entropy.  With `smooth=True`
targets are Platt's: (positives + 1) / (positives + 2) and 1 / (negatives + 2), which keep the
slope finite where the logits part the classes without a mistake.

References
----------
Platt (1999), "Probabilistic Outputs for Support Vector Machines", Advances in Large Margin
Classifiers;
Lin, Lin and Weng (2007), "A note on Platt's probabilistic outputs", Machine Learning 68.
"""

from dataclasses import dataclass

import numpy as np

from headway._frozen import restore_frozen
from headway.calibration.columns import Prior, fit_columns, soft_targets
from headway.calibration.rows import CalibrationRows, check_columns, label_rows
from headway.errors import InputValueError

__all__ = ["Platt"]

NO_PRIOR = Prior(np.zeros(2), np.zeros(2))


@dataclass(frozen=True, eq=False)
class Platt:
    """Move each column of logits along a line.

    Parameters
    ----------
    slope, intercept : float arrays of shape (L,)
        Finite numbers for each column.

    Examples
    --------
    >>> Platt([2.0, 1.0], [0.0, -1.0])(np.array([[1.0, 1.0]]))
    array([[2., 0.]])
    """

    slope: np.ndarray
    intercept: np.ndarray

    __setstate__ = restore_frozen

    def __post_init__(self) -> None:
        for name in ("slope", "intercept"):
            value = np.array(getattr(self, name), dtype=np.float64)
            if value.ndim != 1 or not np.isfinite(value).all():
                raise InputValueError(
                    f"`{name}` must hold a finite number for each column, got shape {value.shape}. "
                    "Use Platt.fit to find them."
                )
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        if self.slope.shape != self.intercept.shape:
            raise InputValueError(
                f"`slope` and `intercept` must have the same length, got {len(self.slope)} and "
                f"{len(self.intercept)}. Give one of each for every column."
            )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Platt)
            and np.array_equal(self.slope, other.slope)
            and np.array_equal(self.intercept, other.intercept)
        )

    def __hash__(self) -> int:
        return hash((self.slope.tobytes(), self.intercept.tobytes()))

    @property
    def keeps_order(self) -> bool:
        """Return whether larger logits of each label stay larger."""
        return bool(np.all(self.slope > 0))

    def __call__(self, logits: np.ndarray, /) -> np.ndarray:
        """Return slope * logits + intercept, (n, L)."""
        logits, dtype = check_columns(logits, len(self.slope))
        return (logits * self.slope + self.intercept).astype(dtype, copy=False)

    @classmethod
    def fit(
        cls,
        logits: np.ndarray,
        labels: np.ndarray,
        /,
        *,
        weights: np.ndarray | None = None,
        smooth: bool = True,
    ) -> "Platt":
        """Return the slopes and intercepts of least cross-entropy on held-out rows.

        Parameters
        ----------
        logits : float array of shape (n, L)
            Of L independent labels, or of one binary column.
        labels : 0/1/NaN matrix of shape (n, L); integers of shape (n,) for one binary column
            The truth.
        weights : array of shape (n,), optional
            Non-negative row weights.
        smooth : bool
            Whether targets are Platt's.

        Raises
        ------
        InputTypeError, InputValueError
            If shapes disagree or the classes of more than two exclusive ones are given.
        """
        rows = label_rows(logits, labels, weights)
        assert rows.targets is not None
        targets = soft_targets(rows) if smooth else rows.targets.astype(np.float64)
        start = np.tile([1.0, 0.0], (rows.logits.shape[1], 1))
        # A column of equal logits has an intercept alone.
        held = np.zeros(start.shape, dtype=bool)
        held[:, 0] = _constant(rows)
        found = fit_columns(rows, targets, _line, start, held=held, prior=NO_PRIOR)
        return cls(*found.coefficients.T)


def _line(z: np.ndarray) -> np.ndarray:
    """Return the logits and 1 of logits (l, n), as (l, 2, n)."""
    return np.stack([z, np.ones_like(z)], axis=1)


def _constant(rows: CalibrationRows) -> np.ndarray:
    """Return whether all known logits of a column are equal, (L,)."""
    assert rows.targets is not None
    known = ~np.isnan(rows.targets)
    if rows.weights is not None:
        known &= rows.weights[:, None] > 0
    if known.all():
        return rows.logits.min(axis=0) == rows.logits.max(axis=0)
    low = np.where(known, rows.logits, np.inf).min(axis=0)
    return low >= np.where(known, rows.logits, -np.inf).max(axis=0)
