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

from headway.calibration.rows import CalibrationRows, check_columns, label_rows
from headway.errors import InputValueError

__all__ = ["Platt"]

STEPS, HALVINGS = 100, 40
SETTLED = 1e-15  # share of the loss that a step promises
CELLS_AT_A_TIME = 1 << 18
LEAST_CURVATURE = 1e-12


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
        return cls(*_fit(rows, _targets(rows) if smooth else rows.targets.astype(np.float64)))


def _targets(rows: CalibrationRows) -> np.ndarray:
    """Return Platt's targets, (n, L), NaN where missing."""
    assert rows.targets is not None
    t = rows.targets.astype(np.float64)
    weights = np.ones(len(t)) if rows.weights is None else rows.weights
    positives = weights @ np.nan_to_num(t)
    negatives = weights @ (t == 0)
    return np.where(
        t > 0,
        (positives + 1.0) / (positives + 2.0),
        np.where(t == 0, 1.0 / (negatives + 2.0), np.nan),
    )


def _fit(rows: CalibrationRows, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    columns = rows.logits.shape[1]
    slope, intercept = np.ones(columns), np.zeros(columns)
    sums = _sums(rows, targets, slope, intercept)
    for _ in range(STEPS):
        loss, (ga, gb), (haa, hab, hbb) = sums
        determinant = haa * hbb - hab * hab
        flat = determinant <= LEAST_CURVATURE * haa * hbb
        inverse = np.where(flat, 0.0, 1.0 / np.where(flat, 1.0, determinant))
        da = -inverse * (hbb * ga - hab * gb)
        # A column of equal logits has an intercept alone.
        db = np.where(
            flat & (hbb > 0), -gb / np.where(hbb > 0, hbb, 1.0), -inverse * (haa * gb - hab * ga)
        )
        promised = -0.5 * (ga * da + gb * db)
        if np.all(promised <= SETTLED * loss):
            break
        length = np.ones(columns)
        for _ in range(HALVINGS):
            following = _sums(rows, targets, slope + length * da, intercept + length * db)
            worse = following[0] > loss * (1.0 + 1e-14)
            if not worse.any():
                break
            length = np.where(worse, length / 2, length)
        slope, intercept, sums = slope + length * da, intercept + length * db, following
    return slope, intercept


def _sums(
    rows: CalibrationRows, targets: np.ndarray, slope: np.ndarray, intercept: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the loss of each column, its gradient (2, L) and its curvatures (3, L)."""
    columns = len(slope)
    loss, gradient, curvature = np.zeros(columns), np.zeros((2, columns)), np.zeros((3, columns))
    step = max(1, CELLS_AT_A_TIME // columns)
    for start in range(0, len(rows), step):
        some = slice(start, start + step)
        z, t = rows.logits[some].astype(np.float64), targets[some]
        y = z * slope + intercept
        u = np.exp(-np.abs(y))
        q = u / (1.0 + u)
        cells = np.log1p(u) + np.maximum(y, 0.0) - t * y
        residual = np.where(y >= 0, 1.0 - q, q) - t
        bent = q * (1.0 - q)
        missing = np.isnan(t)
        if missing.any():
            for array in (cells, residual, bent):
                array[missing] = 0.0
        w = np.ones(len(z)) if rows.weights is None else rows.weights[some]
        loss += w @ cells
        gradient[1] += w @ residual
        residual *= z
        gradient[0] += w @ residual
        curvature[2] += w @ bent
        bent *= z
        curvature[1] += w @ bent
        bent *= z
        curvature[0] += w @ bent
    return loss, gradient, curvature
