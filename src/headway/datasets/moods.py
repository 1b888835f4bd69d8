"""The emotions data: moods of music, a multi-label set whose target is written "a|b"."""

import os
from dataclasses import replace
from pathlib import Path

from headway.datasets.dataset import Dataset
from headway.datasets.tables import read_table
from headway.errors import DataNotFoundError

__all__ = ["emotions"]


def emotions(*, folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Return the moods of 593 pieces of music, each with one to three of six moods.

    Parameters
    ----------
    folder : path, optional
        The folder that holds emotions_train.csv and emotions_test.csv (columns of numbers
        and one column `moods`, such as "calm|sad"); by default the one that the
        environment variable HEADWAY_DATA names.

    Returns
    -------
    Dataset
        `X` float64 of shape (391, 72), `y` text such as "calm|sad", with the test part.

    Raises
    ------
    DataNotFoundError
        If the two files are not there.

    References
    ----------
    Trohidis, Tsoumakas, Kalliris, Vlahavas (2008), "Multi-Label Classification of Music
    into Emotions", ISMIR.

    Examples
    --------
    >>> len(emotions().classes)  # doctest: +SKIP
    6
    """
    setting = folder if folder is not None else os.environ.get("HEADWAY_DATA")
    if not setting:
        raise DataNotFoundError(
            "The emotions data must be in a folder, got none: HEADWAY_DATA is not set. Set it to "
            "(or pass as `folder`) a folder with emotions_train.csv and emotions_test.csv."
        )
    files = [Path(setting) / f"emotions_{part}.csv" for part in ("train", "test")]
    for file in files:
        if not file.is_file():
            raise DataNotFoundError(
                f"The emotions data must be in emotions_train.csv and emotions_test.csv, got no "
                f"{file}. Set HEADWAY_DATA to (or pass as `folder`) the folder that holds them."
            )
    train = read_table(files[0], target="moods")
    test = read_table(files[1], target="moods", classes=train.classes)
    return replace(
        train,
        name="emotions",
        X_test=test.X,
        y_test=test.y,
        description="Moods of 593 pieces of music: any of six, from 72 measures of sound.",
        source="Trohidis, Tsoumakas, Kalliris, Vlahavas (2008), ISMIR",
    )
