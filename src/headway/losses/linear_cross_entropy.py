"""Cross-entropy of linear logits for very many classes, with its gradients.

With z = X W^T + b for features X, weights W and biases b:

    losses             = cross_entropy(z, labels)
    residuals          = sample_weight * cross_entropy_gradient(z, labels)
    features_gradient  = residuals W
    weights_gradient   = residuals^T X
    bias_gradient      = the sum of the residuals over the rows

The trap is memory: with 1024 rows and 131,072 classes the logits alone take 512 MB, and their
gradient as much.  Here a chunk of rows has its logits at a time.
"""

from typing import NamedTuple

import numpy as np

from headway._array import Array, as_array, is_numpy, namespace, to_floating
from headway._check import check_fraction, check_labels, check_weights
from headway.errors import InputTypeError, InputValueError
from headway.kernels.many_classes import sum_linear_cross_entropy

__all__ = ["LinearCrossEntropy", "linear_cross_entropy"]

Out = tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]


class LinearCrossEntropy(NamedTuple):
    """The losses of the samples and the gradients of their (weighted) sum.

    Parameters
    ----------
    losses : float array of shape (n,)
        One loss for each sample, in nats, not multiplied by its weight.
    features_gradient : float array of shape (n, d), or None
        Derivative of the sum by the features, unless it was not needed.
    weights_gradient : float array of shape (K, d)
        Derivative of the sum by the weights.
    bias_gradient : float array of shape (K,), or None
        Derivative of the sum by the biases, if there are any.

    Examples
    --------
    >>> import numpy as np
    >>> result = linear_cross_entropy([[1.0, 2.0]], np.zeros((2, 2)), [0])
    >>> result.losses.round(4), result.bias_gradient
    (array([0.6931]), None)
    """

    losses: np.ndarray
    features_gradient: np.ndarray | None
    weights_gradient: np.ndarray
    bias_gradient: np.ndarray | None


def linear_cross_entropy(
    features: Array,
    weights: Array,
    labels: Array,
    /,
    *,
    bias: Array | None = None,
    label_smoothing: float = 0.0,
    sample_weight: Array | None = None,
    need_features_gradient: bool = True,
    out: Out | None = None,
) -> LinearCrossEntropy:
    """Return the cross-entropy of linear logits and its gradients, never holding all logits.

    Beside its results it takes as much as the weights for logits, but 32 MB to 128 MB (or
    those of 32 rows, if that is more), and some megabytes besides, however many samples
    there are.

    Parameters
    ----------
    features : array of real numbers of shape (n, d)
        One row for each sample.  Rows that are contiguous in memory are not copied.
    weights : array of real numbers of shape (K, d)
        One row for each class.  The computation is in float64 if either of the two is
        float64 or integer, else in float32.
    labels : integer array of shape (n,)
        True classes, each in 0..K-1.
    bias : array of shape (K,), optional
        Added to the logits; -inf for a class that is impossible.
    label_smoothing : float, default=0.0
        Share of the mass, 0 <= share < 1, spread evenly over the possible classes.
    sample_weight : array of shape (n,), optional
        Finite weights, at least 0, of the samples in the sum whose gradient is returned.
        A sample of weight 0 adds nothing, even at an infinite loss.
    need_features_gradient : bool, default=True
        False saves a third of the time where the features are not to be learnt.
    out : tuple of three arrays or None, optional
        Contiguous arrays that receive the gradients by features, weights and biases (None:
        a new one is made).  They save the time that fresh memory takes, which is a tenth
        of the whole for 100,000 classes.  After an error they hold anything.

    Returns
    -------
    LinearCrossEntropy
        `losses`, `features_gradient`, `weights_gradient` and `bias_gradient`, in the dtype
        of the computation and not divided by the number of samples.  The same bits for any
        number of threads.

    Raises
    ------
    InputTypeError
        If `features` or `weights` are not real NumPy arrays or sequences, or `labels` are
        not integers.
    InputValueError
        If shapes disagree, a label is outside 0..K-1, or a row has no possible class.

    See Also
    --------
    cross_entropy : the same losses from logits.

    References
    ----------
    Milakov & Gimelshein (2018), "Online normalizer calculation for softmax",
    arXiv:1805.02867.
    Wijmans et al. (2025), "Cut Your Losses in Large-Vocabulary Language Models", ICLR.

    Examples
    --------
    Two classes with the same weights are equally probable, so that the residuals are
    0.5 - 1 and 0.5:

    >>> import numpy as np
    >>> result = linear_cross_entropy([[1.0, 2.0]], np.zeros((2, 2)), [0], bias=[0.0, 0.0])
    >>> result.losses
    array([0.69314718])
    >>> result.weights_gradient
    array([[-0.5, -1. ],
           [ 0.5,  1. ]])
    >>> result.bias_gradient
    array([-0.5,  0.5])
    """
    rows, table = _matrices(features, weights)
    (n, d), n_classes, dtype = rows.shape, len(table), rows.dtype
    smoothing = check_fraction(label_smoothing, "label_smoothing")
    labels = as_array(labels)
    namespace(rows, labels)
    check_labels(labels, namespace(labels), shape=(n,), n_classes=n_classes)
    if bias is not None:
        bias = np.ascontiguousarray(bias, dtype=dtype)
        if bias.shape != (n_classes,):
            raise InputValueError(
                f"`bias` must have shape ({n_classes},), one number for each class, "
                f"got {bias.shape}."
            )
    if sample_weight is not None:
        sample_weight = np.ascontiguousarray(sample_weight, dtype=dtype)
        check_weights(sample_weight, n_samples=n)
    given = (None, None, None) if out is None else out
    inputs = [rows, table, *(a for a in (labels, bias, sample_weight) if a is not None)]
    result = LinearCrossEntropy(
        np.empty(n, dtype=dtype),
        _output(given[0], (n, d), dtype, 0, inputs) if need_features_gradient else None,
        _output(given[1], (n_classes, d), dtype, 1, inputs),
        _output(given[2], (n_classes,), dtype, 2, inputs) if bias is not None else None,
    )
    if n == 0:
        result.weights_gradient[:] = 0
        if result.bias_gradient is not None:
            result.bias_gradient[:] = 0
        return result
    empty_row = sum_linear_cross_entropy(
        rows,
        table,
        np.ascontiguousarray(labels, dtype=np.int64),
        bias=bias,
        smoothing=smoothing,
        sample_weights=sample_weight,
        **result._asdict(),
    )
    if empty_row >= 0:
        raise InputValueError(
            "Every row must have a possible class, but all logits are -inf at "
            f"row {empty_row}. Allow a class there, or drop the row."
        )
    return result


def _matrices(features: Array, weights: Array) -> tuple[np.ndarray, np.ndarray]:
    """Return both matrices in one dtype, each with contiguous rows."""
    rows = _matrix(features, "features", "sample")
    table = _matrix(weights, "weights", "class")
    if len(table) == 0 or rows.shape[1] != table.shape[1]:
        raise InputValueError(
            f"`weights` must have at least one row, and {rows.shape[1]} columns like `features`, "
            f"got shape {table.shape}. Give one row for each class."
        )
    wide = np.float64 in (rows.dtype, table.dtype)
    dtype = np.dtype(np.float64 if wide else np.float32)
    return _contiguous_rows(rows, dtype), _contiguous_rows(table, dtype)


def _matrix(values: Array, name: str, row: str) -> np.ndarray:
    array = as_array(values)
    if not is_numpy(array):
        raise InputTypeError(
            f"`{name}` must be a NumPy array, got {type(array).__name__}. Convert it with "
            "`numpy.asarray`, or use `cross_entropy` on the logits, which keeps autograd."
        )
    floating, _ = to_floating(array, namespace(array), name=name)
    if floating.ndim != 2:
        raise InputValueError(
            f"`{name}` must have two dimensions, got shape {floating.shape}. "
            f"Give one row for each {row}."
        )
    return floating


def _contiguous_rows(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    array = np.require(array, dtype, ["A"])
    steps = array.strides
    apart = steps[1] == dtype.itemsize and steps[0] > 0 and steps[0] % dtype.itemsize == 0
    return array if apart else np.ascontiguousarray(array)


def _output(
    given: np.ndarray | None,
    shape: tuple[int, ...],
    dtype: np.dtype,
    position: int,
    inputs: list[np.ndarray],
) -> np.ndarray:
    """Return a new array, or the given one if it can be written to while the inputs are read."""
    if given is None:
        return np.empty(shape, dtype=dtype)
    if not isinstance(given, np.ndarray):
        raise InputTypeError(
            f"`out[{position}]` must be a NumPy array or None, got {type(given).__name__}."
        )
    fits = given.shape == shape and given.dtype == dtype and given.dtype.isnative
    if not (fits and given.flags.c_contiguous and given.flags.aligned and given.flags.writeable):
        raise InputValueError(
            f"`out[{position}]` must be a writable C-contiguous array of shape {shape} and dtype "
            f"{dtype}, got shape {given.shape} and dtype {given.dtype}. Make it with `numpy.empty`."
        )
    if any(np.may_share_memory(given, array) for array in inputs):
        raise InputValueError(
            f"`out[{position}]` must not overlap an input or another output, since those are "
            "still read when it is written. Make it with `numpy.empty`."
        )
    inputs.append(given)
    return given
