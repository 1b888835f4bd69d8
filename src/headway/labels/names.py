"""Names of classes: which values may name a class, and looking them up.

A class is named by text, an integer, a boolean, or a float that is an integer (what
pandas makes of integers beside an empty cell).  Text and numbers never mix: "1" and 1
are different names, and a silent conversion would hide a misread file.
"""

import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np

from headway.errors import InputTypeError, InputValueError

__all__ = ["as_names", "find_codes", "nearest_names", "quote", "unique_names"]

FEW = 1 << 16  # integers that are told apart by a table
LARGE = 1 << 60


def as_names(values: Any, /, *, what: str = "y") -> np.ndarray:
    """Return class names as a 1-D array whose dtype is text, integer, boolean or float.

    Parameters
    ----------
    values : 1-D array-like of shape (n,)
        Names as a user gives them.
    what : str
        The argument's name in messages.

    Returns
    -------
    ndarray of shape (n,)
        The same names; an object array of numbers becomes a numeric one, an object
        array of text stays one.

    Raises
    ------
    InputTypeError
        If a value cannot name a class, or text and numbers are mixed.
    InputValueError
        If a label is missing, infinite, or a float that is not an integer.

    Examples
    --------
    >>> as_names(["cat", "dog"]).tolist()
    ['cat', 'dog']
    """
    names = np.asarray(values)
    if names.ndim != 1:
        raise InputValueError(
            f"`{what}` must be one-dimensional, got shape {names.shape}. "
            "Pass one label per row, or a 0/1 matrix of labels."
        )
    if names.dtype.kind == "T":
        names = names.astype(object)
    if names.dtype.kind == "O":
        names = _from_objects(names, what)
    if names.dtype.kind == "f":
        _refuse_fractions(names, what)
    if names.dtype.kind not in "biufUO":
        hint = (
            "Decode them to text first."
            if names.dtype.kind == "S"
            else "Convert them to text or integers first."
        )
        raise InputTypeError(
            f"Unknown label type: `{what}` must hold text, integers or booleans, "
            f"got dtype {names.dtype}. {hint}"
        )
    return names


def unique_names(names: np.ndarray, /) -> np.ndarray:
    """Return the distinct names, sorted, in the dtype of `names`.

    Examples
    --------
    >>> unique_names(np.array(["b", "a", "b"])).tolist()
    ['a', 'b']
    """
    if names.dtype.kind in "UO":
        # Hashing text is several times faster than sorting all of it.
        return _text_array(sorted(set(names.tolist())), names.dtype)
    span = _span(names)
    if span is None:
        return np.unique(names)
    low, size = span
    present = np.zeros(size, dtype=bool)
    present[names.astype(np.int64) - low] = True
    return (np.flatnonzero(present) + low).astype(names.dtype)


def find_codes(names: np.ndarray, classes: np.ndarray, /) -> np.ndarray:
    """Return the position of each name in `classes`, or -1 where it is unknown.

    Parameters
    ----------
    names : ndarray of shape (n,)
        As `as_names` returns them.
    classes : ndarray of shape (K,)
        Distinct names in any order.

    Returns
    -------
    ndarray of int64, shape (n,)
        Codes in -1..K-1.

    Examples
    --------
    >>> find_codes(np.array(["b", "x", "a"]), np.array(["a", "b"])).tolist()
    [1, -1, 0]
    """
    if not len(classes) or (names.dtype.kind in "UO") != (classes.dtype.kind in "UO"):
        return np.full(len(names), -1, dtype=np.int64)
    if names.dtype.kind in "UO":
        index = {name: code for code, name in enumerate(classes.tolist())}
        found = (index.get(name, -1) for name in names.tolist())
        return np.fromiter(found, dtype=np.int64, count=len(names))
    span = _span(classes)
    if span is not None and names.dtype == classes.dtype:
        low, size = span
        table = np.full(size, -1, dtype=np.int64)
        table[classes.astype(np.int64) - low] = np.arange(len(classes))
        places = names.astype(np.int64) - low
        if not len(names) or (places.min() >= 0 and places.max() < size):
            return table[places]
    order = np.argsort(classes, kind="stable")
    place = np.minimum(np.searchsorted(classes[order], names), len(classes) - 1)
    codes = order[place]
    return np.where(classes[codes] == names, codes, -1).astype(np.int64)


def _span(names: np.ndarray) -> tuple[int, int] | None:
    """Return the least of some integers and how many lie up to the largest, if they are few."""
    if names.dtype.kind not in "iu" or not len(names):
        return None
    low, high = int(names.min()), int(names.max())
    # Far from the ends of int64, in which they are counted.
    return (low, high - low + 1) if high - low < FEW and abs(low) < LARGE else None


def nearest_names(name: Any, names: Sequence[Any] | np.ndarray, /, *, count: int = 3) -> list[str]:
    """Return up to `count` of `names` that are spelled most like `name`.

    Case is ignored when spellings are compared, since that is the commonest slip.

    Examples
    --------
    >>> nearest_names("labels", ["Label", "text", "level"])
    ['Label', 'level']
    """
    folded: dict[str, str] = {}
    for candidate in names:
        folded.setdefault(str(candidate).casefold(), str(candidate))
    close = difflib.get_close_matches(str(name).casefold(), list(folded), n=count, cutoff=0.5)
    return [folded[key] for key in close]


def quote(names: Any, /, *, limit: int = 5) -> str:
    """Return names as they read in a message: quoted text, at most `limit` of them.

    Examples
    --------
    >>> quote(["a", 2, "c"], limit=2)
    "'a', 2 and 1 more"
    """
    plain = [name.item() if isinstance(name, np.generic) else name for name in names]
    shown = ", ".join(repr(name) for name in plain[:limit])
    return shown if len(plain) <= limit else f"{shown} and {len(plain) - limit} more"


def _from_objects(names: np.ndarray, what: str) -> np.ndarray:
    values = names.tolist()
    if set(map(type, values)) == {str}:
        return names
    for row, value in enumerate(values):
        # NaN is the one value that differs from itself; pandas.NA refuses to say.
        if value is None or type(value).__name__ == "NAType" or _is_nan(value):
            raise InputValueError(_missing_label(what, row))
    is_text = [isinstance(value, str) for value in values]
    if all(is_text):
        return names
    for row, value in enumerate(values):
        if not isinstance(value, str | int | float | np.integer | np.floating | np.bool_):
            raise InputTypeError(
                f"Unknown label type: `{what}` must hold text, integers or booleans, "
                f"got {type(value).__name__} {value!r} at row {row}. "
                "Convert labels to text or integers first."
            )
    if any(is_text):
        text, number = is_text.index(True), is_text.index(False)
        raise InputTypeError(
            f"`{what}` must hold text or numbers, not both, got {values[text]!r} at row {text} "
            f"and {values[number]!r} at row {number}. Convert all labels to text, "
            "for example with `[str(label) for label in y]`."
        )
    return np.array(values)


def _refuse_fractions(names: np.ndarray, what: str) -> None:
    good = np.isfinite(names)
    if not good.all():
        row = int(np.argmin(good))
        if np.isnan(names[row]):
            raise InputValueError(_missing_label(what, row))
        raise InputValueError(
            f"Unknown label type: `{what}` must hold finite class labels, "
            f"got {names[row]} at row {row}. Replace it with the name of a class."
        )
    whole = names == np.floor(names)
    if not whole.all():
        row = int(np.argmin(whole))
        raise InputValueError(
            f"Unknown label type: continuous. `{what}` must hold classes (text, integers or "
            f"booleans), got {names[row]} at row {row}. headway does not fit numbers on a "
            "scale: cut them into classes first, or use a regressor."
        )


def _missing_label(what: str, row: int) -> str:
    return (
        f"`{what}` must have a label in every row, got none (NaN or None) at row {row}. "
        "Drop the rows without a label; only a 0/1 matrix of labels may have missing cells."
    )


def _is_nan(value: Any) -> bool:
    return isinstance(value, float | np.floating) and value != value


def _text_array(values: list[str], dtype: np.dtype) -> np.ndarray:
    if dtype.kind != "O":
        return np.array(values, dtype=dtype)
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result
