"""Features at the door of an estimator: NumPy, pandas, polars or SciPy sparse in, floats out.

scikit-learn's `validate_data` does the conversion and keeps `n_features_in_` and
`feature_names_in_`; this module adds what its messages leave out: the cell that holds the
text, the column that holds the NaN, and what to do about a wrong number of columns.
"""

import math
from typing import Any

import numpy as np
from sklearn.utils import get_tags
from sklearn.utils.validation import validate_data

from headway._check import check_features
from headway.errors import InputTypeError, InputValueError

__all__ = ["validate_features"]


def validate_features(estimator: Any, X: Any, /, *, reset: bool, keep_bytes: bool = False) -> Any:
    """Return the features as a finite floating array (n, d), or as CSR if they are sparse.

    float32 and float64 stay what they are, in whatever memory order; everything else becomes
    float64.  Nothing is copied that does not have to be.

    Parameters
    ----------
    estimator : BaseEstimator
        Its `n_features_in_` and `feature_names_in_` are set (`reset=True`) or compared with.
    X : array, DataFrame or sparse matrix of shape (n, d)
        The features; `d` at least 1, `n` at least 1.
    reset : bool
        True in `fit`, False everywhere else.
    keep_bytes : bool
        Whether dense uint8 features stay uint8.

    Returns
    -------
    float32 or float64 array of shape (n, d), or CSR array of that shape

    Raises
    ------
    InputTypeError
        If a cell is no number, or sparse features meet an estimator that takes dense ones.
    InputValueError
        If the shape is wrong, a cell is text, or a value is NaN or infinite (row and column
        are named).
    """
    accepts_sparse = get_tags(estimator).input_tags.sparse
    try:
        X = validate_data(
            estimator,
            X,
            reset=reset,
            accept_sparse="csr" if accepts_sparse else False,
            dtype=[np.float64, np.float32, *([np.uint8] if keep_bytes else [])],
            ensure_all_finite=False,
        )
    except (InputValueError, InputTypeError):
        raise
    except (ValueError, TypeError) as error:
        raise _explained(error, X) from error
    check_features(X, feature_names=getattr(estimator, "feature_names_in_", None))
    return X


def _explained(error: Exception, X: Any) -> Exception:
    """Return scikit-learn's complaint with the place and the remedy added."""
    text = str(error)
    cell = _first_non_number(X)
    if cell is not None and isinstance(error, TypeError):
        return InputTypeError(f"`X` must hold numbers only: {text}. {cell}. {_ENCODE}")
    if cell is not None:
        return InputValueError(f"`X` must hold numbers only: {text}. {cell}. {_ENCODE}")
    if "features as input" in text:
        text += " Pass the columns of `fit`, all of them and in the same order."
    return InputTypeError(text) if isinstance(error, TypeError) else InputValueError(text)


_ENCODE = "Drop that column or encode it as numbers (for example with OneHotEncoder)."


def _first_non_number(X: Any) -> str | None:
    """Return where the first cell lies that `float` refuses, column by column, or None."""
    names = [str(name) for name in X.columns] if hasattr(X, "columns") else None
    cells = X.to_numpy() if hasattr(X, "to_numpy") else np.asarray(X, dtype=object)
    if cells.ndim != 2 or np.issubdtype(cells.dtype, np.number):
        return None
    for column in range(cells.shape[1]):
        for row, value in enumerate(cells[:, column]):
            try:
                math.isnan(float(value))
            except (TypeError, ValueError):
                where = f"{names[column]!r}" if names else f"{column}"
                return f"Got {value!r} at row {row}, column {where}"
    return None
