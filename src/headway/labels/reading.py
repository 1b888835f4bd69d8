"""Reading labels: the four ways in which people write down which classes a row has.

    flat     one name per row                      ["ham", "spam", "ham"]
    matrix   one 0/1 column per label              [[0, 1], [1, 1], [0, 0]]
    sets     a set (or list) of names per row      [{"sad"}, {"calm", "sad"}, set()]
    piped    the same as text, "" for none         ["sad", "calm|sad", ""]

The trap is that formats look alike: a list of lists of numbers with equal lengths is
read as a matrix, of unequal lengths or of text as sets; text is piped as soon as one
row has a "|".  Whoever means something else says so with `kind=` or `classes=`.
"""

from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

import numpy as np

from headway.errors import InputTypeError, InputValueError
from headway.labels.names import as_names

__all__ = ["SEPARATOR", "LabelFormat", "LabelKind", "WrittenLabels", "read_labels"]

LabelKind = Literal["binary", "exclusive", "multilabel"]
LabelFormat = Literal["flat", "matrix", "sets", "piped"]

SEPARATOR = "|"
NO_ROWS = np.empty(0, dtype=np.int64)
NO_MATRIX = np.empty((0, 0))
ROWS = list | tuple | np.ndarray


@dataclass(frozen=True)
class WrittenLabels:
    """Labels as they were written, before classes have numbers.

    Attributes
    ----------
    format : {"flat", "matrix", "sets", "piped"}
        How they were written.
    n_samples : int
        Number of rows.
    names : ndarray
        flat: one name per row.  matrix: the names of the columns, if they have any,
        else empty.  sets and piped: the names of all rows one after another.
    rows : ndarray of int64
        sets and piped: the row of each entry of `names`; else empty.
    matrix : ndarray of float64, shape (n, L)
        matrix: 0, 1 or NaN (missing) in each cell; else empty.
    """

    format: LabelFormat
    n_samples: int
    names: np.ndarray
    rows: np.ndarray
    matrix: np.ndarray


def read_labels(
    y: Any, /, *, kind: str = "auto", missing: Any = None, may_be_piped: bool = True
) -> WrittenLabels:
    """Return the labels of `y`, with the format they are written in.

    Parameters
    ----------
    y : array-like
        Any of the four formats; also a data frame or sparse matrix of 0/1 columns.
    kind : {"auto", "binary", "exclusive", "multilabel"}
        What the labels are declared to be.
    missing : number or text, optional
        Value that marks a missing cell of a label matrix (NaN always does).
    may_be_piped : bool
        Whether "|" in text may separate labels when `kind` is "auto".

    Raises
    ------
    InputTypeError, InputValueError
        If `y` is in none of the formats; the first bad place is named.

    Examples
    --------
    >>> read_labels(["sad", "calm|sad", ""]).format
    'piped'
    """
    columns: list[Any] | None = None
    if y is None:
        raise InputValueError("`y` must hold the labels, got None. Pass one label per row.")
    if isinstance(y, str | bytes) or (not hasattr(y, "__len__") and not hasattr(y, "toarray")):
        raise InputTypeError(
            f"`y` must be a sequence of labels, got {type(y).__name__}. Pass one label per row."
        )
    if hasattr(y, "toarray"):
        y = y.toarray()
    elif hasattr(y, "columns") and hasattr(y, "to_numpy"):
        columns = list(y.columns)
        y = y.to_numpy()
    values = _as_array_or_sets(y)
    if isinstance(values, list):
        _refuse_exclusive(kind, "several labels a row")
        return _from_sets(values)
    if values.ndim == 2 and values.shape[1] == 1 and kind != "multilabel":
        values, columns = values[:, 0], None
    if values.ndim == 2:
        _refuse_exclusive(kind, f"a matrix of shape {values.shape}")
        return _from_matrix(values, columns, missing)
    if values.ndim != 1:
        raise InputValueError(
            f"`y` must have one or two dimensions, got shape {values.shape}. "
            "Pass one label per row, or a 0/1 matrix of shape (n, L)."
        )
    names = as_names(values)
    is_text = names.dtype.kind in "UO"
    if kind == "multilabel" and not is_text:
        raise InputValueError(
            "Labels of kind 'multilabel' must be a 0/1 matrix, sets, or text such as 'a|b', "
            f"got one number per row (dtype {names.dtype}). "
            "For a single 0/1 label pass a matrix of shape (n, 1)."
        )
    if kind == "multilabel" or (kind == "auto" and may_be_piped and is_text and _has_pipe(names)):
        return _from_piped(names.tolist())
    return WrittenLabels("flat", len(names), names, NO_ROWS, NO_MATRIX)


def _has_pipe(names: np.ndarray) -> bool:
    return any(SEPARATOR in name for name in names.tolist())


def _refuse_exclusive(kind: str, came: str) -> None:
    if kind in ("binary", "exclusive"):
        raise InputValueError(
            f"Labels of kind {kind!r} must be one label per row, got {came}. If these are "
            "one-hot rows, pass `y.argmax(axis=1)`; if rows may carry several labels, "
            "use kind='multilabel'."
        )


def _as_array_or_sets(y: Any) -> np.ndarray | list[Any]:
    """Return an array of numbers or text, or a list of rows of names."""
    if isinstance(y, np.ndarray) and y.dtype.kind != "O":
        return y
    if isinstance(y, np.ndarray) and y.ndim != 1:
        return y
    if not isinstance(y, list | tuple | np.ndarray):
        y = np.asarray(y)
        if y.dtype.kind != "O" or y.ndim != 1:
            return y
    items = list(y)
    # A set of types is built far faster than each item is asked.
    types = set(map(type, items))
    if any(issubclass(kind, set | frozenset) for kind in types):
        return items
    if not any(issubclass(kind, ROWS) for kind in types):
        return _plain_array(items)
    lengths = set(map(_length, items))
    if lengths == {-1}:
        return _plain_array(items)
    if len(lengths) == 1 and lengths != {0}:
        matrix = np.asarray(items)
        if matrix.ndim != 2 or matrix.dtype.kind in "biuf":
            return matrix
        if matrix.dtype.kind == "O" and not any(isinstance(cell, str) for cell in matrix.flat):
            return matrix
    return items


def _length(item: Any) -> int:
    """Return the length of a row of labels, -1 for a single label."""
    if isinstance(item, np.ndarray):
        return len(item) if item.ndim else -1
    return len(item) if isinstance(item, list | tuple) else -1


def _plain_array(items: list[Any]) -> np.ndarray:
    """Return a list of scalars as an array, without NumPy turning 1 beside "a" into "1"."""
    types = set(map(type, items))
    if types == {str} or not any(issubclass(kind, str) for kind in types):
        return np.asarray(items)
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def _from_piped(texts: list[str]) -> WrittenLabels:
    members: dict[str, list[str]] = {}
    for text in set(texts):
        members[text] = [part.strip() for part in text.split(SEPARATOR)] if text.strip() else []
        if "" in members[text]:
            raise InputValueError(
                f"Labels in text must stand between single '|' signs, got {text!r} at row "
                f"{texts.index(text)}. Remove the extra '|'."
            )
    return _written([members[text] for text in texts], "piped")


def _from_sets(items: list[Any]) -> WrittenLabels:
    for row, item in enumerate(items):
        if not isinstance(item, set | frozenset | ROWS):
            raise InputTypeError(
                "Each row of `y` must be a set or list of labels, like the rows before or after "
                f"it, got {item!r} at row {row}. Write an empty set for a row without labels."
            )
    return _written(items, "sets")


def _written(items: list[Any], format: LabelFormat) -> WrittenLabels:
    lengths = np.fromiter(map(len, items), dtype=np.int64, count=len(items))
    rows = np.repeat(np.arange(len(items)), lengths)
    names = list(chain.from_iterable(items))
    array = as_names(_plain_array(names)) if names else np.empty(0, dtype=object)
    return WrittenLabels(format, len(items), array, rows, NO_MATRIX)


def _from_matrix(values: np.ndarray, columns: list[Any] | None, missing: Any) -> WrittenLabels:
    if values.dtype.kind not in "biuf":
        values = _numbers(values, missing)
    matrix = values.astype(np.float64)
    if missing is not None and not isinstance(missing, str):
        matrix[values == missing] = np.nan
    good = (matrix == 0) | (matrix == 1) | np.isnan(matrix)
    if not good.all():
        row, column = np.unravel_index(np.argmin(good), good.shape)
        raise InputValueError(_bad_cell(matrix, int(row), int(column)))
    names = np.empty(0, dtype=object) if columns is None else as_names(columns, what="columns")
    return WrittenLabels("matrix", len(matrix), names, NO_ROWS, matrix)


def _numbers(values: np.ndarray, missing: Any) -> np.ndarray:
    result = np.empty(values.shape, dtype=np.float64)
    for place, cell in np.ndenumerate(values):
        declared = isinstance(missing, str) and isinstance(cell, str) and cell == missing
        if cell is None or declared or type(cell).__name__ == "NAType":
            result[place] = np.nan
        elif isinstance(cell, bool | int | float | np.number | np.bool_):
            result[place] = float(cell)
        else:
            raise InputTypeError(
                f"A matrix of labels must hold 0 and 1, got {cell!r} at row {place[0]}, column "
                f"{place[1]}. Pass one set of names per row to use names."
            )
    return result


def _bad_cell(matrix: np.ndarray, row: int, column: int) -> str:
    value = matrix[row, column]
    place = f"got {value:g} at row {row}, column {column}"
    observed = matrix[np.isfinite(matrix)]
    if np.isin(observed, (-1.0, 0.0, 1.0)).all() and np.isfinite(value):
        return (
            f"A matrix of labels must hold 0 and 1, {place}. -1 has two readings: if it means "
            "'missing', pass missing=-1 to the classifier or the encoder; if it means 'no', pass "
            "`(y > 0).astype(int)`."
        )
    whole = np.isfinite(value) and value == np.floor(value)
    kind = "multiclass-multioutput" if whole else "continuous-multioutput"
    hint = (
        "Rows of label names must be sets, for example `[set(row) for row in y]`; "
        "a code for missing cells is named by `missing=`."
        if whole
        else "Rows of probabilities are targets: use `soft_cross_entropy`."
    )
    return f"Unknown label type: {kind}. A matrix of labels must hold 0 and 1, {place}. {hint}"
