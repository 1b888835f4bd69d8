"""A CSV file with a header line: fast to read, and exact about where it is broken.

Polars parses all cells in parallel but pads short rows in silence, counts blank lines as
rows and gives no line numbers.  So a file is read fast first; only if a cell of the last
column is empty (as it must be in a short row) or polars gives up, Python's csv module walks
through the records and names the line.
"""

import csv
import gzip
import io
import os
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import polars

from headway.errors import DataNotFoundError, FileFormatError
from headway.labels.names import nearest_names

__all__ = ["CsvFile", "Table"]

DELIMITERS = (",", ";", "\t")
HEADER_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class Table:
    """The cells of a CSV file, blank lines left out.

    Attributes
    ----------
    file : CsvFile
        Where they are from.
    frame : polars.DataFrame
        One column each, of dtype Float64 where numbers were asked for and found, else text.
    records : ndarray of int
        For each row its number among the records of the file, blank lines counted.
    """

    file: "CsvFile"
    frame: polars.DataFrame
    records: np.ndarray

    def line(self, row: int) -> int:
        """Return the line of the file, counted from 1, on which a row starts."""
        return self.file.line_of_record(int(self.records[row]))


@dataclass(frozen=True, eq=False)
class CsvFile:
    """A CSV file held in memory, its header read.

    Attributes
    ----------
    path : Path
        The file.
    columns : tuple of str
        The names in the header, distinct and not empty.
    delimiter : str
        Comma, semicolon or tab: whichever the header has most of.
    content : bytes
        What the file holds, unpacked if it was gzipped.
    """

    path: Path
    columns: tuple[str, ...]
    delimiter: str
    content: bytes = field(repr=False)

    @classmethod
    def open(cls, path: str | os.PathLike[str], /) -> "CsvFile":
        """Return the file at `path`, its header checked.

        Raises
        ------
        DataNotFoundError
            If there is no such file; files spelled alike are suggested.
        FileFormatError
            If the file is empty, is not text in UTF-8, or has a header whose names are
            empty or repeated.
        """
        path = Path(path)
        content = _read_bytes(path)
        delimiter = _delimiter_of(content)
        try:
            header = next((row for row in _reader(content, delimiter) if row), None)
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileFormatError(_broken(path, content, 1, error)) from error
        if header is None:
            raise FileFormatError(
                f"{path} must have a header line and rows, got an empty file. "
                "Check that it was written completely."
            )
        columns = tuple(name.strip() for name in header)
        for place, name in enumerate(columns):
            if not name:
                hint = " It looks like a row index: write the file without it." * (place == 0)
                raise FileFormatError(
                    f"Each column of {path} must have a name, got none for column {place + 1} of "
                    f"{len(columns)}.{hint or ' Name it in the header line.'}"
                )
            if name in columns[:place]:
                raise FileFormatError(
                    f"Columns of {path} must have distinct names, got {name!r} twice (columns "
                    f"{columns.index(name) + 1} and {place + 1}). Rename one in the header line."
                )
        return cls(path, columns, delimiter, content)

    def read(self, *, numeric: Collection[str]) -> Table:
        """Return the cells, the columns in `numeric` as numbers if all their cells are.

        Raises
        ------
        FileFormatError
            If there are no rows, or a row has more or fewer cells than the header; its
            line is named.
        """
        blank: list[int] = []
        frame = self._parse(numeric)
        if frame is None or frame[:, -1].null_count():
            blank = self._blank_records()  # raises at the first broken row
        if frame is None:
            frame = self._parse(())
        if frame is None or frame.width != len(self.columns):
            raise FileFormatError(
                f"{self.path} must be a table in CSV format, got something that cannot be "
                "parsed. Open it in a text editor and look for stray quotation marks."
            )
        records = np.arange(frame.height)
        if blank:
            kept = np.ones(frame.height, dtype=bool)
            kept[[record for record in blank if record < frame.height]] = False
            frame, records = frame.filter(polars.Series(kept)), records[kept]
        if not frame.height:
            raise FileFormatError(
                f"{self.path} must have at least one row below its header, got none. "
                "Check that it was written completely."
            )
        return Table(self, frame, records)

    def line_of_record(self, record: int) -> int:
        """Return the line on which a record starts; the first below the header is 0."""
        return next(islice(self._records(), record, None))[0]

    def _parse(self, numeric: Collection[str]) -> polars.DataFrame | None:
        dtypes = [polars.Float64 if name in numeric else polars.String for name in self.columns]
        try:
            frame = polars.read_csv(
                io.BytesIO(self.content),
                separator=self.delimiter,
                schema_overrides=dtypes,
                infer_schema=False,
            )
        except polars.exceptions.PolarsError:
            return None
        if frame.width == len(self.columns):
            frame.columns = list(self.columns)
        return frame

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line it starts on, cells) of each record below the header."""
        reader = _reader(self.content, self.delimiter)
        start, header_seen = 1, False
        try:
            for cells in reader:
                if header_seen:
                    yield start, cells
                header_seen = header_seen or bool(cells)
                start = reader.line_num + 1
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileFormatError(_broken(self.path, self.content, start, error)) from error

    def _blank_records(self) -> list[int]:
        """Return which records are blank lines; raise if one has not the header's width."""
        blank, width, last = [], len(self.columns), -1
        for record, (line, cells) in enumerate(self._records()):
            if not cells:
                blank.append(record)
                continue
            last = record
            if len(cells) != width:
                raise FileFormatError(
                    f"Each row of {self.path} must have {width} cells, as its header has, got "
                    f"{len(cells)} on line {line}. Look for a missing or extra "
                    f"{self.delimiter!r} there, or text with one that is not in quotes."
                )
        # In a single column an empty line is an empty cell, except at the end.
        return blank if width > 1 else [record for record in blank if record > last]


def _reader(content: bytes, delimiter: str) -> Any:
    """Return a csv reader, whose type has no public name."""
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    return csv.reader(text, delimiter=delimiter, strict=True)


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise DataNotFoundError(f"A table must be a file, got the folder {path}. Name the file.")
    if not path.exists():
        siblings = sorted(entry.name for entry in path.parent.glob("*") if entry.is_file())
        near = nearest_names(path.name, siblings)
        hint = f"Nearest there: {', '.join(near)}." if near else "Check the name and the folder."
        raise DataNotFoundError(f"A table must be an existing file, got no {path}. {hint}")
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise FileFormatError(
            f"{path} must be a file that can be read, got: {error}. Check its permissions, or "
            "fetch it again."
        ) from error
    if b"\0" in content[:4096]:
        raise FileFormatError(
            f"{path} must be a CSV file in UTF-8, got a binary file (or UTF-16 text). "
            "Export the table as CSV in UTF-8."
        )
    return content


def _delimiter_of(content: bytes) -> str:
    header = content[:HEADER_BYTES].lstrip(b"\xef\xbb\xbf\r\n").split(b"\n", 1)[0]
    counts = [header.count(delimiter.encode()) for delimiter in DELIMITERS]
    return DELIMITERS[int(np.argmax(counts))]


def _broken(path: Path, content: bytes, line: int, error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as whole:
            line = content.count(b"\n", 0, whole.start) + 1
        return (
            f"{path} must be text in UTF-8, got other bytes on line {line}. Save the file in UTF-8."
        )
    return (
        f"{path} must be a table in CSV format, got a broken row that starts on line {line} "
        f"({error}). Look for a stray or unclosed quotation mark there."
    )
