"""Checks of arguments, and the text of what is said when they fail.

Called once, at the public door.  Every message has three parts: what must hold,
what came (value and place), and what to do.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from headway._array import Array, is_numpy, namespace
from headway.errors import InputTypeError, InputValueError

__all__ = [
    "check_axis",
    "check_class_weight",
    "check_features",
    "check_fraction",
    "check_labels",
    "check_logits",
    "check_mask",
    "check_multilabel_targets",
    "check_positive_weight",
    "check_probs",
    "check_soft_targets",
    "check_weights",
    "checked_cells",
    "first_index",
    "place",
]


def first_index(mask: Array, xp: Any, /) -> tuple[int, ...]:
    """Return the index of the first True entry in C order."""
    if is_numpy(mask):
        flat = int(np.argmax(mask))
    else:
        flat = int(xp.argmax(xp.astype(xp.reshape(mask, (-1,)), xp.uint8)))
    return tuple(int(i) for i in np.unravel_index(flat, tuple(mask.shape)))


def place(index: tuple[int, ...], /) -> str:
    """Return words for a position: "row 3", "row 3, column 1"."""
    if not index:
        return "the only row"
    if len(index) == 1:
        return f"row {index[0]}"
    if len(index) == 2:
        return f"row {index[0]}, column {index[1]}"
    return f"position {index}"


def check_axis(ndim: int, axis: int, /) -> int:
    """Return `axis` counted from 0, or raise."""
    if ndim == 0:
        raise InputValueError(
            "`logits` must have an axis of classes, got a single number. "
            "Give a row such as [0.0, 1.5], or use `sigmoid` for one logit."
        )
    if not -ndim <= axis < ndim:
        raise InputValueError(
            f"`axis` must be in {-ndim}..{ndim - 1} for logits with {ndim} dimensions, got {axis}."
        )
    return axis % ndim


def check_logits(logits: Array, /, *, axis: int = -1) -> int:
    """Return `axis` counted from 0 unless `logits` lack a non-empty axis of classes."""
    axis = check_axis(logits.ndim, axis)
    if logits.shape[axis] == 0:
        raise InputValueError(
            f"`logits` must have at least one class, got shape {tuple(logits.shape)} "
            f"with none along axis {axis}. Give one column for each class."
        )
    return axis


def check_mask(
    where: Array, shape: tuple[int, ...], xp: Any, /, *, name: str = "where", of: str = "logits"
) -> None:
    """Raise unless `where` is a boolean array that broadcasts to `shape`."""
    if not xp.isdtype(where.dtype, "bool"):
        raise InputTypeError(
            f"`{name}` must be boolean (True for classes that take part), got dtype "
            f"{where.dtype}. Compare it first, for example `{name} == 1`."
        )
    try:
        fits = np.broadcast_shapes(tuple(where.shape), shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise InputValueError(
            f"`{name}` must broadcast to the shape of `{of}` {shape}, "
            f"got {tuple(where.shape)}. Give one flag for each class, or for each cell."
        )


def check_labels(
    labels: Array, xp: Any, /, *, shape: tuple[int, ...], n_classes: int | None = None
) -> None:
    """Raise unless `labels` are integers in 0..n_classes-1 (if given), one for each sample."""
    if not xp.isdtype(labels.dtype, "integral"):
        raise InputTypeError(
            f"`labels` must be integers, got dtype {labels.dtype}. Encode class names with "
            "`LabelEncoder` first; for probability targets use `soft_cross_entropy`."
        )
    if tuple(labels.shape) != shape:
        raise InputValueError(
            f"`labels` must have shape {shape}, one for each sample, "
            f"got {tuple(labels.shape)}. For one-hot rows use `soft_cross_entropy`."
        )
    if n_classes is None:
        return
    outside = (labels < 0) | (labels >= n_classes)
    if bool(xp.any(outside)):
        index = first_index(outside, xp)
        raise InputValueError(
            f"`labels` must be in 0..{n_classes - 1}, got {int(labels[index])} at {place(index)}. "
            "Encode class names with `LabelEncoder` first, or give one logit for each class."
        )


def _check_target_shape(targets: Array, shape: tuple[int, ...], advice: str) -> None:
    if tuple(targets.shape) != shape:
        raise InputValueError(
            f"`targets` must have the shape of `logits` {shape}, "
            f"got {tuple(targets.shape)}. {advice}"
        )


def check_soft_targets(
    targets: Array, xp: Any, /, *, shape: tuple[int, ...], half: bool = False
) -> None:
    """Raise unless every row of `targets` (last axis) is a distribution over the classes."""
    _check_target_shape(targets, shape, "For integer labels use `cross_entropy`.")
    bad = ~(targets >= 0)
    if bool(xp.any(bad)):
        index = first_index(bad, xp)
        raise InputValueError(
            f"`targets` must be probabilities, got {float(targets[index]):g} at {place(index)}. "
            "Give rows that are at least 0 and sum to 1."
        )
    # What rounding may leave of 1: a row of terms in half precision, or in float32.
    tolerance = 1e-2 if half else 1e-5
    total = xp.sum(targets, axis=-1, dtype=xp.float64)
    bad = ~(xp.abs(total - 1) <= tolerance)
    if bool(xp.any(bad)):
        index = first_index(bad, xp)
        raise InputValueError(
            f"`targets` must sum to 1 over the classes, got {float(total[index]):g} at "
            f"{place(index)}. Divide each row by its sum; for labels that are not exclusive "
            "use `binary_cross_entropy`."
        )


def check_multilabel_targets(targets: Array, xp: Any, /, *, shape: tuple[int, ...]) -> None:
    """Raise unless `targets` are in 0..1, or NaN where a label is missing."""
    _check_target_shape(
        targets, shape, "Give one target for each logit: 0, 1, a probability, or NaN if missing."
    )
    bad = (targets < 0) | (targets > 1)
    if bool(xp.any(bad)):
        index = first_index(bad, xp)
        raise InputValueError(
            f"`targets` must be in 0..1, or NaN where missing, got {float(targets[index]):g} "
            f"at {place(index)}. Write present labels as 1 and absent ones as 0."
        )


def checked_cells(labels: Any, shape: tuple[int, ...], /, *, of: str = "probs") -> np.ndarray:
    """Return a matrix of labels as float64 if it has that shape and holds 0, 1 and NaN alone."""
    given = np.asarray(labels)
    if given.shape != shape:
        raise InputValueError(
            f"`labels` must have the shape of `{of}` {shape}, got {given.shape}. Give one cell "
            "for each label: 0, 1, or NaN if missing."
        )
    try:
        cells = given.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"`labels` must be numbers, got dtype {given.dtype}. Encode label sets with "
            "`LabelEncoder` first."
        ) from error
    bad = ~((cells == 0) | (cells == 1) | np.isnan(cells))
    if bad.any():
        index = first_index(bad, np)
        raise InputValueError(
            f"`labels` must be 0, 1 or NaN, got {cells[index]:g} at {place(index)}. Write present "
            "labels as 1, absent ones as 0 and missing ones as NaN."
        )
    return cells


def check_probs(probs: Array, xp: Any, /, *, name: str = "probs") -> None:
    """Raise unless `probs` is a floating matrix with at least one column."""
    if not xp.isdtype(probs.dtype, "real floating"):
        raise InputTypeError(
            f"`{name}` must be floating, got dtype {probs.dtype}. "
            "Give probabilities, for example from `softmax(logits)`."
        )
    if probs.ndim != 2 or probs.shape[1] == 0:
        raise InputValueError(
            f"`{name}` must have shape (n, K) with at least one class, got {tuple(probs.shape)}. "
            "Give one row for each sample; reshape a single one with `probs[None, :]`."
        )


def check_weights(weights: Array, /, *, n_samples: int) -> None:
    """Raise unless `weights` are finite, at least 0, not all 0, one for each sample."""
    if tuple(weights.shape) != (n_samples,):
        raise InputValueError(
            f"`weights` must have shape ({n_samples},), one for each sample, "
            f"got {tuple(weights.shape)}. Give one number for each row."
        )
    xp = namespace(weights)
    bad = ~((weights >= 0) & xp.isfinite(weights))
    if bool(xp.any(bad)):
        index = first_index(bad, xp)
        raise InputValueError(
            f"`weights` must be finite and at least 0, got {float(weights[index]):g} at "
            f"{place(index)}. Drop the sample or give it weight 0."
        )
    if not bool(xp.any(weights > 0)):
        raise InputValueError(
            "`weights` must not all be zero: there is nothing to average. "
            "Give at least one sample a weight above 0."
        )


def check_class_weight(weight: Array, xp: Any, /, *, n_classes: int) -> None:
    """Raise unless `weight` is finite, at least 0, one number for each class."""
    if tuple(weight.shape) != (n_classes,):
        raise InputValueError(
            f"`class_weight` must have shape ({n_classes},), one for each class, "
            f"got {tuple(weight.shape)}."
        )
    bad = ~((weight >= 0) & xp.isfinite(weight))
    if bool(xp.any(bad)):
        index = first_index(bad, xp)
        raise InputValueError(
            f"`class_weight` must be finite and at least 0, got {float(weight[index]):g} "
            f"for class {index[0]}. Use 1.0 for classes that count as they are."
        )


def check_positive_weight(weight: Array, xp: Any, /, *, n_labels: int) -> None:
    """Raise unless `weight` is positive and finite: one number, or one for each label."""
    if tuple(weight.shape) not in ((), (n_labels,)):
        raise InputValueError(
            f"`positive_weight` must be one number or have shape ({n_labels},), one for each "
            f"label, got {tuple(weight.shape)}."
        )
    bad = ~((weight > 0) & xp.isfinite(weight))
    if bool(xp.any(bad)):
        index = first_index(bad, xp)
        named = f" for label {index[0]}" if index else ""
        raise InputValueError(
            f"`positive_weight` must be positive and finite, got {float(weight[index]):g}{named}. "
            "Use 1.0 for labels that count as they are."
        )


def check_fraction(value: float, name: str, /, *, below_one: bool = True) -> float:
    """Return `value` as a float unless it lies outside 0 <= value < 1 (or <= 1)."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"`{name}` must be a number, got {value!r}. Give a fraction such as 0.1."
        ) from error
    if not (0 <= number < 1 or (number == 1 and not below_one)):
        bound = "0 <= value < 1" if below_one else "0 <= value <= 1"
        raise InputValueError(
            f"`{name}` must satisfy {bound}, got {number:g}. Give a fraction such as 0.1."
        )
    return number


def check_features(X: Any, /, feature_names: Sequence[str] | None = None) -> None:
    """Raise unless every feature is finite, naming the first that is not.

    Parameters
    ----------
    X : array or SciPy sparse matrix of shape (n, d)
        Numeric features.
    feature_names : sequence of str, optional
        Names of the columns, used in the message.

    Raises
    ------
    InputValueError
        Naming the value, the row and the column.
    """
    sparse = hasattr(X, "tocsr")
    values = X.data if sparse else X
    if values.dtype.kind != "f":
        return
    # One pass without a temporary: a sum is finite unless an entry is not (or it overflows).
    with np.errstate(all="ignore"):
        if np.isfinite(np.sum(values)):
            return
    finite = np.isfinite(values)
    if finite.all():
        return
    if sparse:
        table = X.tocsr()
        bad = np.flatnonzero(~np.isfinite(table.data))
        at = int(bad[0])
        row = int(np.searchsorted(table.indptr, at, side="right")) - 1
        column, value = int(table.indices[at]), float(table.data[at])
    else:
        row, column = (int(i) for i in np.unravel_index(int(np.argmin(finite)), X.shape))
        value = float(X[row, column])
    shown = "NaN" if np.isnan(value) else ("inf" if value > 0 else "-inf")
    named = f" ({feature_names[column]!r})" if feature_names is not None else ""
    raise InputValueError(
        f"`X` must be finite, got {shown} at row {row}, column {column}{named}. "
        "Fill missing values, for example with scikit-learn's `SimpleImputer`, or drop the row."
    )
