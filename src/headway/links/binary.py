"""Two classes in one logit column or in two.

    sigmoid(z) = softmax([0, z])[1]
    softmax([a, b])[1] = sigmoid(b - a)

Softmax with two columns is the sigmoid of their difference: the same model with
one redundant column.
"""

from headway._array import Array, as_array, namespace
from headway.errors import InputValueError

__all__ = ["one_column_logits", "two_column_logits"]


def two_column_logits(logits: Array, /) -> Array:
    """Return the pair (0, z) of each logit z: what a softmax over two classes takes.

    Parameters
    ----------
    logits : array of shape (n,) or (n, 1)
        Log-odds of the second class.

    Returns
    -------
    array of shape (n, 2)
        A column of zeros beside the logits.

    Raises
    ------
    InputValueError
        If there is more than one column.

    Examples
    --------
    >>> import numpy as np
    >>> two_column_logits(np.array([2.0, -1.0]))
    array([[ 0.,  2.],
           [ 0., -1.]])
    """
    logits = as_array(logits)
    if logits.ndim not in (1, 2) or (logits.ndim == 2 and logits.shape[1] != 1):
        raise InputValueError(
            f"Binary `logits` must have shape (n,) or (n, 1), got {tuple(logits.shape)}. "
            "For more classes use `softmax` on the logits themselves."
        )
    xp = namespace(logits)
    column = xp.reshape(logits, (-1, 1))
    return xp.concat([xp.zeros_like(column), column], axis=1)


def one_column_logits(logits: Array, /) -> Array:
    """Return the difference of two logit columns: the log-odds of the second class.

    Parameters
    ----------
    logits : array of shape (n, 2)
        Logits of a softmax over two classes.

    Returns
    -------
    array of shape (n, 1)
        Second column minus first.

    Raises
    ------
    InputValueError
        If there are not exactly two columns.

    Examples
    --------
    >>> import numpy as np
    >>> one_column_logits(np.array([[1.0, 3.0], [0.0, -1.0]]))
    array([[ 2.],
           [-1.]])
    """
    logits = as_array(logits)
    if logits.ndim != 2 or logits.shape[1] != 2:
        raise InputValueError(
            f"`logits` of two classes must have shape (n, 2), got {tuple(logits.shape)}. "
            "Only two classes can be written as one column."
        )
    return logits[:, 1:2] - logits[:, 0:1]
