"""Data by name or by file: the one door that the command line uses."""

import os
from collections.abc import Callable, Sequence

from headway.datasets.csv_file import CsvFile
from headway.datasets.dataset import Dataset
from headway.datasets.images import digits, mnist
from headway.datasets.moods import emotions
from headway.datasets.synthetic import blobs, label_sets, moons
from headway.datasets.tables import read_table
from headway.errors import DataNotFoundError, InputValueError
from headway.labels.names import nearest_names, quote

__all__ = ["DATASET_NAMES", "load"]

LOADERS: dict[str, Callable[[], Dataset]] = {
    "digits": digits,
    "mnist": mnist,
    "emotions": emotions,
    "blobs": blobs,
    "moons": moons,
    "label_sets": label_sets,
}
DATASET_NAMES = tuple(LOADERS)


def load(
    name_or_path: str | os.PathLike[str],
    /,
    *,
    target: str | Sequence[str] | None = None,
    missing: float | str | None = None,
) -> Dataset:
    """Return a data set by its name, or the table in a CSV file.

    Parameters
    ----------
    name_or_path : str or path
        One of `DATASET_NAMES`, or a CSV file.
    target : str or sequence of str, optional
        For a file: the column (or the 0/1 columns) with the labels.
    missing : number or text, optional
        For a file with several 0/1 columns: what marks a cell that is not known, besides nothing.

    Raises
    ------
    DataNotFoundError
        If it is neither a name nor a file; names spelled alike are suggested.
    InputValueError
        If a file has no `target`, or a named data set has one or a missing value.

    Examples
    --------
    >>> load("digits").n_features
    64
    """
    name = os.fspath(name_or_path)
    if name in LOADERS:
        if target is not None:
            raise InputValueError(
                f"The data set {name!r} has its own labels, got target={target!r}. Leave `target` "
                f"out, or write ./{name} if a file is meant."
            )
        if missing is not None:
            raise InputValueError(
                f"The data set {name!r} has its own labels, got missing={missing!r}. Leave "
                "`missing` out."
            )
        return LOADERS[name]()
    if not os.path.exists(name) and not os.path.splitext(name)[1]:
        near = nearest_names(name, DATASET_NAMES)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise DataNotFoundError(
            f"Data must be a file or one of {', '.join(DATASET_NAMES)}, got {name!r}, which is "
            f"neither.{hint} Check the name and the folder."
        )
    if target is None:
        columns = CsvFile.open(name).columns
        raise InputValueError(
            f"A table must have a target column, got none for {name}. Name the column with the "
            f"labels (--target, or `target=`); the file has {quote(columns, limit=20)}."
        )
    return read_table(name, target=target, missing=missing)
