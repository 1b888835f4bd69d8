"""The rows a calibrator learns from, checked once at the door."""

from dataclasses import dataclass

import numpy as np

from headway._check import check_weights, checked_cells, first_index, place
from headway.errors import InputTypeError, InputValueError

__all__ = [
    "CalibrationRows",
    "calibration_rows",
    "check_columns",
    "class_rows",
    "label_rows",
    "refuse_impossible",
]


@dataclass(frozen=True)
class CalibrationRows:
    """Logits with the truth they are measured by.

    Attributes
    ----------
    logits : float32 or float64 array of shape (n, K), contiguous
        Logits.
    labels : int64 array of shape (n,), or None
        True classes of a softmax.
    targets : array of shape (n, K) and the dtype of `logits`, or None
        0, 1 or NaN for each sigmoid.  One of the two is given.
    weights : float64 array of shape (n,), or None
        Row weights.
    """

    logits: np.ndarray
    labels: np.ndarray | None
    targets: np.ndarray | None
    weights: np.ndarray | None

    def __len__(self) -> int:
        return len(self.logits)

    @property
    def total(self) -> float:
        """Return the weight of all rows."""
        return float(len(self)) if self.weights is None else float(self.weights.sum())

    def columns(self, kept: np.ndarray, /) -> "CalibrationRows":
        """Return the rows with some of the independent labels (booleans)."""
        assert self.targets is not None
        return CalibrationRows(
            np.ascontiguousarray(self.logits[:, kept]),
            None,
            np.ascontiguousarray(self.targets[:, kept]),
            self.weights,
        )

    def take(self, chosen: np.ndarray | slice, /) -> "CalibrationRows":
        """Return some of the rows."""

        def part(array: np.ndarray | None) -> np.ndarray | None:
            return None if array is None else np.ascontiguousarray(array[chosen])

        return CalibrationRows(
            np.ascontiguousarray(self.logits[chosen]),
            part(self.labels),
            part(self.targets),
            part(self.weights),
        )

    def every_nth(self, n: int, /) -> "CalibrationRows":
        """Return one row in n."""
        return self.take(slice(None, None, n))


def calibration_rows(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None, /
) -> CalibrationRows:
    """Return the rows, checked.

    Raises
    ------
    InputTypeError, InputValueError
        If shapes disagree, a label is outside its classes, or a logit is NaN, +inf, or -inf where
        that cannot be: for independent labels, and for the true class.

    Examples
    --------
    >>> rows = calibration_rows([[0.5], [-1.0]], [1, 0])
    >>> rows.targets.tolist()
    [[1.0], [0.0]]
    """
    z = np.asarray(logits)
    if z.dtype.kind not in "iuf":
        raise InputTypeError(f"`logits` must be real numbers, got dtype {z.dtype}. Give floats.")
    if z.ndim != 2 or 0 in z.shape:
        raise InputValueError(
            f"`logits` must have shape (n, K) with rows and columns, got {z.shape}. A binary "
            "problem has one column: `logits[:, None]`."
        )
    z = np.ascontiguousarray(z, dtype=np.float32 if z.dtype in (np.float16, np.float32) else float)
    truth = np.asarray(labels)
    if truth.shape[:1] != z.shape[:1]:
        raise InputValueError(
            f"`labels` must have one entry for each of the {len(z)} rows of `logits`, got shape "
            f"{truth.shape}. Pass the rows that the logits were made of."
        )
    if weights is not None:
        weights = np.asarray(weights, dtype=np.float64)
        check_weights(weights, n_samples=len(z))
        weights = np.ascontiguousarray(weights)
    if truth.ndim == 1:
        return _exclusive(z, truth, weights)
    return _labels(z, truth, weights)


def label_rows(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None, /
) -> CalibrationRows:
    """Return the rows of independent labels, or of one binary column; refuse exclusive classes."""
    rows = calibration_rows(logits, labels, weights)
    if rows.targets is None:
        raise InputValueError(
            "`labels` must be those of independent labels or of one binary column, got "
            f"{rows.logits.shape[1]} exclusive classes. Use Temperature."
        )
    return rows


def class_rows(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None, /
) -> CalibrationRows:
    """Return the rows of exclusive classes; refuse independent labels and one binary column."""
    rows = calibration_rows(logits, labels, weights)
    if rows.labels is None:
        raise InputValueError(
            "`labels` must be those of exclusive classes with a column of logits each, got "
            f"{rows.logits.shape[1]} independent columns. Use Platt or Beta."
        )
    return rows


def refuse_impossible(logits: np.ndarray, /) -> None:
    """Refuse logits of -inf, which a matrix would spread to all classes."""
    _check_values(logits, np.isfinite(logits), "finite for matrix scaling")


def check_columns(logits: np.ndarray, count: int, /) -> tuple[np.ndarray, np.dtype]:
    """Return the logits as an array of `count` columns, and the floating dtype to answer in."""
    logits = np.asarray(logits)
    if logits.ndim != 2 or logits.shape[1] != count:
        raise InputValueError(
            f"`logits` must have {count} columns, got shape {logits.shape}. Give those of the "
            "labels or classes that the calibrator is for."
        )
    return logits, logits.dtype if logits.dtype.kind == "f" else np.dtype(np.float64)


def _exclusive(z: np.ndarray, truth: np.ndarray, weights: np.ndarray | None) -> CalibrationRows:
    if truth.dtype.kind not in "iub":
        raise InputTypeError(
            f"`labels` must be integers, got dtype {truth.dtype}. Encode class names with "
            "`LabelEncoder` first."
        )
    k = max(z.shape[1], 2)
    outside = (truth < 0) | (truth >= k)
    if outside.any():
        row = int(outside.argmax())
        raise InputValueError(
            f"`labels` must be in 0..{k - 1}, got {truth[row]} at row {row}. Labels count from 0."
        )
    if z.shape[1] == 1:
        _check_values(z, np.isfinite(z), "finite for one binary column")
        return CalibrationRows(z, None, truth[:, None].astype(z.dtype), weights)
    _check_values(z, z < np.inf, "finite, or -inf for impossible classes")
    picked = np.take_along_axis(z, truth[:, None].astype(np.intp), axis=1)[:, 0]
    _check_values(picked, picked > -np.inf, "above -inf for the true class")
    return CalibrationRows(z, np.ascontiguousarray(truth, dtype=np.int64), None, weights)


def _labels(z: np.ndarray, truth: np.ndarray, weights: np.ndarray | None) -> CalibrationRows:
    targets = np.ascontiguousarray(checked_cells(truth, z.shape, of="logits"), dtype=z.dtype)
    known = ~np.isnan(targets)
    if not known.any():
        raise InputValueError(
            "`labels` must have a known cell, got NaN alone. Give rows whose labels are known."
        )
    _check_values(z, np.isfinite(z), "finite for independent labels")
    return CalibrationRows(z, None, targets, weights)


def _check_values(z: np.ndarray, fine: np.ndarray, what: str) -> None:
    if not fine.all():
        index = first_index(~fine, np)
        raise InputValueError(
            f"`logits` must be {what}, got {z[index]} at {place(index)}. Drop the row, or look at "
            "what made it."
        )
