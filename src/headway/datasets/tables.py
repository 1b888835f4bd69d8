"""Tables: numeric features and labels from the columns of a CSV file.

The target is one column of names or integers; one column of label sets written "a|b", where an
empty cell is the empty set; or several columns of 0 and 1, where an empty cell is a missing
label.  Features are numbers: text is refused, never turned into numbers by guessing.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars

from headway.datasets.csv_file import CsvFile, Table
from headway.datasets.dataset import Dataset
from headway.errors import InputTypeError, InputValueError
from headway.labels.names import as_names, find_codes, nearest_names, quote, unique_names
from headway.labels.reading import SEPARATOR, read_labels

__all__ = ["read_features", "read_table", "read_target"]


def read_table(
    path: str | os.PathLike[str],
    /,
    *,
    target: str | Sequence[str],
    classes: Sequence[Any] | None = None,
    missing: float | str | None = None,
) -> Dataset:
    r"""Return the table in a CSV file as a data set: all columns but the target are features.

    Parameters
    ----------
    path : path
        CSV with a header line, in UTF-8, gzipped or not; commas, semicolons or tabs.
        Blank lines are skipped.
    target : str or sequence of str
        The column with the labels, or several columns of 0 and 1 (as text: "a,b,c").
    classes : sequence, optional
        All classes there are; by default those in the file, sorted.
    missing : number or text, optional
        What stands in a cell of several 0/1 columns that is not known, besides nothing.

    Returns
    -------
    Dataset
        `X` float64; `y` integers or text of shape (n,), text such as "a|b", or a float64
        matrix (n, L) of 0, 1 and NaN.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    FileFormatError
        If it is empty or broken; the line is named.
    InputTypeError
        If a feature is text; the column, the first value and its line are named.
    InputValueError
        If the target column is missing (the nearest names are suggested), a cell is empty
        or infinite, a row has no label, or a label is not among `classes`.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "mails.csv"
    >>> _ = file.write_text("links,capitals,kind\n0,1.5,ham\n7,9,spam\n")
    >>> data = read_table(file, target="kind")
    >>> data.X.tolist(), data.y.tolist(), data.classes
    ([[0.0, 1.5], [7.0, 9.0]], ['ham', 'spam'], ('ham', 'spam'))
    """
    file = CsvFile.open(path)
    targets = _target_columns(file, target)
    features = [name for name in file.columns if name not in targets]
    if not features:
        raise InputValueError(
            f"{file.path} must have features beside the target, got only {quote(targets)}. "
            "Add columns of numbers."
        )
    table = file.read(numeric=features)
    X = _numbers(table, features)
    y, found = _labels(table, targets, missing)
    if classes is not None:
        _refuse_unknown(table, y, found, classes)
        found = tuple(classes)
    return Dataset(
        name=file.path.name.removesuffix(".gz").removesuffix(".csv"),
        X=X,
        y=y,
        classes=found,
        feature_names=tuple(features),
        description=f"{len(X)} rows with {len(features)} numeric features.",
        source=str(file.path),
    )


def read_target(
    path: str | os.PathLike[str],
    /,
    *,
    target: str | Sequence[str],
    missing: float | str | None = None,
) -> np.ndarray | polars.DataFrame:
    r"""Return the labels in a CSV file; the other columns may hold anything.

    Parameters
    ----------
    path, target, missing
        As for `read_table`.

    Returns
    -------
    ndarray of shape (n,), or polars.DataFrame of shape (n, L)
        Integers or text; for several columns a frame of 0, 1 and NaN under their names.

    Raises
    ------
    DataNotFoundError, FileFormatError, InputValueError
        As for `read_table`.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "mails.csv"
    >>> _ = file.write_text("text,kind\nhello,ham\nwin!,spam\n")
    >>> read_target(file, target="kind").tolist()
    ['ham', 'spam']
    """
    file = CsvFile.open(path)
    targets = _target_columns(file, target)
    y, names = _labels(file.read(numeric=()), targets, missing)
    return y if y.ndim == 1 else polars.DataFrame(y, schema=list(names), orient="row")


def read_features(
    path: str | os.PathLike[str], feature_names: Sequence[str] | np.ndarray, /
) -> np.ndarray:
    r"""Return the named features from a CSV file, in the order of the names.

    Parameters
    ----------
    path : path
        As for `read_table`; other columns (such as the target) are ignored.
    feature_names : sequence of str
        The columns a model was fitted to.

    Returns
    -------
    ndarray of float64, shape (n, d)
        Finite numbers.

    Raises
    ------
    DataNotFoundError, FileFormatError, InputTypeError, InputValueError
        As for `read_table`; columns that the file lacks are named, with the nearest names.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "new.csv"
    >>> _ = file.write_text("b,note,a\n2,x,1\n4,y,3\n")
    >>> read_features(file, ["a", "b"]).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    file = CsvFile.open(path)
    names = [str(name) for name in feature_names]
    absent = [name for name in names if name not in file.columns]
    if absent:
        near = nearest_names(absent[0], [name for name in file.columns if name not in names])
        hint = f" Nearest to {absent[0]!r}: {', '.join(map(repr, near))}." if near else ""
        raise InputValueError(
            f"{file.path} must have all {len(names)} features of the model, got none named "
            f"{quote(absent)}.{hint} Add or rename the columns."
        )
    return _numbers(file.read(numeric=names), names)


def _target_columns(file: CsvFile, target: str | Sequence[str]) -> tuple[str, ...]:
    if isinstance(target, str):
        whole = target in file.columns or "," not in target
        names = [target] if whole else [part.strip() for part in target.split(",")]
    else:
        names = list(target)
    if not names or len(set(names)) != len(names):
        raise InputValueError(
            f"`target` must name distinct columns, got {quote(names) or 'none'}. "
            "Name each column once."
        )
    for name in names:
        if name not in file.columns:
            near = nearest_names(name, file.columns)
            hint = (
                f"Nearest names: {', '.join(map(repr, near))}."
                if near
                else f"The file has {quote(file.columns, limit=20)}."
            )
            raise InputValueError(
                f"The target must be a column of {file.path}, got {name!r}, which is not. {hint}"
            )
    return tuple(names)


def _labels(
    table: Table, targets: tuple[str, ...], missing: float | str | None
) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Return labels and the names of their classes."""
    if len(targets) > 1:
        return _zeros_and_ones(table, targets, missing), targets
    if missing is not None:
        raise InputValueError(
            "A missing value must be that of several 0/1 columns, got "
            f"missing={missing!r} with the single target column {targets[0]!r}. Drop the rows "
            "whose label is not known: nothing can be learned from them."
        )
    column = table.frame[targets[0]].str.strip_chars().fill_null("")
    empty = column == ""
    if column.str.contains(SEPARATOR, literal=True).any():
        written = read_labels(column.to_numpy(), kind="multilabel")
        return column.to_numpy(), tuple(unique_names(written.names).tolist())
    if empty.any():
        row = int(np.argmax(empty.to_numpy()))
        raise InputValueError(
            f"Each row must have a label, got an empty cell in column {targets[0]!r} on line "
            f"{table.line(row)} of {table.file.path} ({int(empty.sum())} such rows). "
            "Fill it in or drop the row."
        )
    values = _names_or_numbers(column)
    return values, tuple(unique_names(values).tolist())


def _names_or_numbers(column: polars.Series) -> np.ndarray:
    """Return text as integers or floats only where that loses nothing ("007" is a name)."""
    integers = column.cast(polars.Int64, strict=False)
    if not integers.null_count():
        lossless = (integers.cast(polars.String) == column).all()
        return integers.to_numpy() if lossless else column.to_numpy().astype(object)
    numbers = column.cast(polars.Float64, strict=False)
    if not numbers.null_count():
        return numbers.to_numpy()
    return column.to_numpy().astype(object)


def _zeros_and_ones(
    table: Table, targets: tuple[str, ...], missing: float | str | None
) -> np.ndarray:
    if missing in (0, 1) or (isinstance(missing, str) and _number(missing) in (0.0, 1.0)):
        raise InputValueError(
            f"A missing value must be neither 0 nor 1, got {missing!r}: these are labels. Name "
            "what stands in the cells that are not known."
        )
    matrix = np.empty((table.frame.height, len(targets)))
    for place, name in enumerate(targets):
        text = table.frame[name].str.strip_chars()
        text = text.set(text == "", None)
        if missing is not None:
            text = text.set(_stands_for(text, missing), None)
        numbers = text.cast(polars.Float64, strict=False)
        wrong = (text.is_not_null() & ~numbers.is_in([0.0, 1.0]).fill_null(False)).to_numpy()
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputValueError(
                "Several target columns must hold 0 and 1 (empty, or what is declared as missing: "
                "not known), got "
                f"{text[row]!r} in column {name!r} on line {table.line(row)} of "
                f"{table.file.path}. For one column of names give that column alone."
            )
        matrix[:, place] = numbers.cast(polars.Float64).fill_null(np.nan).to_numpy()
    return matrix


def _stands_for(text: polars.Series, missing: float | str) -> polars.Series:
    """Return which cells are the missing value, as text or as a number (-1 is -1.0)."""
    same = (text == str(missing).strip()).fill_null(False)
    number = _number(missing)
    if number is None:
        return same
    return same | (text.cast(polars.Float64, strict=False) == number).fill_null(False)


def _number(value: float | str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _numbers(table: Table, features: Sequence[str]) -> np.ndarray:
    """Return the features as numbers, or raise naming the first that is not one."""
    columns, bad = [], []
    for name in features:
        column = table.frame[name]
        if column.dtype == polars.String:
            text = column.str.strip_chars()
            column = _flags_or_numbers(text)
            wrong = column.is_null() & text.fill_null("").ne("")
            if wrong.any():
                bad.append((name, int(np.argmax(wrong.to_numpy()))))
        columns.append(column)
    if bad:
        raise InputTypeError(_text_features(table, bad))
    for column in columns:
        known = (column.is_finite() & column.is_not_null()).fill_null(False).to_numpy()
        if not known.all():
            row = int(np.argmin(known))
            value = "an empty cell" if column[row] is None else f"{column[row]}"
            raise InputValueError(
                f"Features must be finite numbers, got {value} in column {column.name!r} on line "
                f"{table.line(row)} of {table.file.path} ({int((~known).sum())} such cells in "
                "this column). Fill in the missing values or drop those rows."
            )
    return polars.DataFrame(columns).to_numpy(order="c")


def _flags_or_numbers(text: polars.Series) -> polars.Series:
    """Return text as numbers, null where it is none; a column of true and false as 1 and 0."""
    numbers = text.cast(polars.Float64, strict=False)
    if numbers.null_count() < len(text):
        return numbers
    folded = text.str.to_lowercase()
    if folded.is_in(["true", "false"]).all():
        return (folded == "true").cast(polars.Float64)
    return numbers


def _text_features(table: Table, bad: list[tuple[str, int]]) -> str:
    name, row = bad[0]
    value = table.frame[name][row]
    others = [other for other, _ in bad[1:]]
    also = f" Also not numeric: {quote(others, limit=20)}." if others else ""
    advice = "Turn text into numbers first (for example one 0/1 column for each value)."
    if value.strip().lower() in ("na", "n/a", "nan", "null", "none", "?", "-"):
        advice = "If it marks a missing value, fill it in or drop those rows."
    elif value.strip().replace(",", "", 1).lstrip("+-").isdigit():
        advice = "Write decimals with a point."
    return (
        f"Features must be numbers, got the text {value!r} in column {name!r} on line "
        f"{table.line(row)} of {table.file.path}.{also} {advice} Columns that are not needed "
        "can be left out of the file."
    )


def _refuse_unknown(
    table: Table, y: np.ndarray, found: tuple[Any, ...], classes: Sequence[Any]
) -> None:
    if y.ndim == 2:
        if len(classes) != y.shape[1]:
            raise InputValueError(
                f"`classes` must name the {y.shape[1]} target columns, got {len(classes)} names. "
                "Leave it out to use the names in the header."
            )
        return
    declared = as_names(list(classes), what="classes")
    names = as_names(list(found))
    unknown = names[find_codes(names, declared) < 0]
    if not len(unknown):
        return
    first = unknown.tolist()[0]
    cells = y.tolist()
    holds = [
        first == cell or first in [part.strip() for part in str(cell).split(SEPARATOR)]
        for cell in cells
    ]
    near = nearest_names(first, classes)
    hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
    raise InputValueError(
        f"Labels must be among the declared classes ({quote(classes)}), got {quote(unknown)} "
        f"(first on line {table.line(holds.index(True))} of {table.file.path}).{hint} Declare "
        "all classes, or correct the label."
    )
