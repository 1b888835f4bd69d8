"""The shortest way from a few rows of features to logits and probabilities of a linear model.

    logits = X W' + b        probs = link(logits)

    softmax     exp(z) / sum(exp(z))
    sigmoid     1 / (1 + exp(-z)) of each
    binary      of one logit z, read as (0, z): (sigmoid(-z), sigmoid(z))
    normalised  sigmoids of exclusive classes: softmax(log_sigmoid(z))

One row costs a microsecond of arithmetic, so everything else counts: what `lean_rows` returns
holds the weights laid out, checks shapes and dtypes alone, and writes into arrays it is handed.
"""

from typing import Any, Literal

import numpy as np

from headway._array import quiet
from headway.kernels import inplace
from headway.kernels.core import core

__all__ = ["LeanLink", "NumpyLeanRows", "lean_rows"]

LeanLink = Literal["softmax", "sigmoid", "binary", "normalised"]


def lean_rows(coefficients: np.ndarray, intercepts: np.ndarray, link: LeanLink, /) -> Any:
    """Return the compiled rows-to-probabilities of a linear model, or their NumPy twin.

    Parameters
    ----------
    coefficients : float32 or float64 array of shape (K, d), C-contiguous
        Copied.
    intercepts : array of that dtype, of shape (K,)
        Copied.
    link : {"softmax", "sigmoid", "binary", "normalised"}
        "binary" wants K = 1.

    Returns
    -------
    object
        With `n_features`, `n_logits` and `n_probs`, and with `logits(X, out)` and `probs(X, out)`,
        which return `out`.  `X` is float32 or float64 of shape (n, d) or (d,); `out` has the dtype
        of the weights, is C-contiguous and has n_logits or n_probs columns for each row of `X`.
        Anything else is a ValueError or a TypeError.

    Examples
    --------
    >>> rows = lean_rows(np.array([[1.0, 0.0]]), np.array([0.0]), "binary")
    >>> rows.probs(np.array([[0.0, 5.0]]), np.empty((1, 2)))
    array([[0.5, 0.5]])
    """
    compiled = core()
    if compiled is None:
        return NumpyLeanRows(coefficients, intercepts, link)
    single = coefficients.dtype == np.float32
    make = compiled.LeanPredictorFloat32 if single else compiled.LeanPredictorFloat64
    return make(coefficients, intercepts, link)


class NumpyLeanRows:
    """What `lean_rows` returns where there is no compiled core."""

    def __init__(self, coefficients: np.ndarray, intercepts: np.ndarray, link: LeanLink):
        self._transposed = np.array(coefficients.T, order="C")
        self._intercepts = np.array(intercepts)
        self._link = link
        self.n_logits, self.n_features = coefficients.shape
        self.n_probs = 2 if link == "binary" else self.n_logits

    def logits(self, X: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Write X W' + b into `out`."""
        self._check(X, out, self.n_logits)
        self._multiply(X, out)
        return out

    def probs(self, X: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Write the probabilities into `out`."""
        self._check(X, out, self.n_probs)
        rows = out.reshape(-1, self.n_probs)
        if self._link == "binary":
            self._multiply(X, out[..., 1:])
            np.negative(rows[:, 1:], out=rows[:, :1])
        else:
            self._multiply(X, out)
        if self._link in ("sigmoid", "binary"):
            inplace.sigmoid(rows, rows)
            return out
        if self._link == "normalised":
            inplace.log_sigmoid(rows, rows)
        if inplace.softmax(rows, rows) >= 0:
            rows[~rows.any(axis=1)] = np.nan  # no class was possible
        return out

    @quiet
    def _multiply(self, X: np.ndarray, out: np.ndarray) -> None:
        np.matmul(X.astype(out.dtype, copy=False), self._transposed, out=out)
        out += self._intercepts

    def _check(self, X: np.ndarray, out: np.ndarray, columns: int) -> None:
        d, dtype = self.n_features, self._transposed.dtype
        if X.dtype.char not in "fd":
            raise TypeError("`X` must be of dtype float32 or float64. Convert it with `X.astype`.")
        if X.ndim not in (1, 2) or X.shape[-1] != d:
            raise ValueError(
                f"`X` must be a row of shape ({d},) or rows of shape (n, {d}), got {X.shape}. "
                "Give the features the model was fitted with."
            )
        fits = out.dtype == dtype and out.shape == (*X.shape[:-1], columns)
        if not (fits and out.flags.c_contiguous and out.flags.writeable):
            raise ValueError(
                f"`out` must be a C-contiguous array of dtype {dtype} with {columns} columns and "
                f"one row for each row of `X`, got shape {out.shape}. Make it with `numpy.empty`."
            )
