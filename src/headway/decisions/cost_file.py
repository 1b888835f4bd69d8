"""A table of costs in a CSV file: actions in the first line, true classes in the first column.

    true,  cat,  dog,  abstain
    cat,     0,   10,      0.2
    dog,     1,    0,      0.2

Cells stay text here, by name and with the line they stand on; `cost_table` makes prices of them.
The trap is the corner, which people leave empty or name as they like: it is not looked at.
"""

import csv
import io
from pathlib import Path
from typing import Any

from headway.errors import DataNotFoundError, FileFormatError, InputValueError
from headway.labels.names import nearest_names

__all__ = ["read_cost_cells"]


def read_cost_cells(path: Path, /) -> tuple[dict[str, dict[str, str]], dict[str, int]]:
    """Return {true class: {action: text}} and the line of each true class.

    Raises
    ------
    DataNotFoundError, FileFormatError, InputValueError
        If there is no such file, it is no table, or a name is empty or repeated.
    """
    lines = _lines(path)
    header = lines[0][1][1:]
    if len(lines) < 2 or not header:
        raise FileFormatError(
            f"{path} must hold a table of costs, got {len(lines)} lines and {len(header)} actions. "
            "Name the actions in the first line and the true classes in the first column."
        )
    for line, cells in lines:
        if len(cells) != len(header) + 1:
            raise FileFormatError(
                f"Each row of {path} must have {len(header) + 1} cells, as its first line has, "
                f"got {len(cells)} on line {line}. Write every price."
            )
    _check_distinct(header, "Actions", path)
    _check_distinct([cells[0] for _, cells in lines[1:]], "True classes", path)
    rows = {cells[0]: dict(zip(header, cells[1:], strict=True)) for _, cells in lines[1:]}
    return rows, {cells[0]: line for line, cells in lines[1:]}


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Return (line, cells) of each row that is not blank."""
    if not path.exists():
        siblings = sorted(entry.name for entry in path.parent.glob("*") if entry.is_file())
        near = nearest_names(path.name, siblings)
        hint = f"Nearest there: {', '.join(near)}." if near else "Check the name and the folder."
        raise DataNotFoundError(f"Costs must be in an existing file, got no {path}. {hint}")
    try:
        text = path.read_text(encoding="utf-8-sig")
        first = text.lstrip().split("\n", 1)[0]
        delimiter = max(",;\t", key=first.count)
        # A name in quotes may stand behind the space that aligns a table.
        options: dict[str, Any] = {"delimiter": delimiter, "skipinitialspace": True}
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, **options)
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(
            f"{path} must be a CSV file in UTF-8, got one that cannot be read ({error}). "
            "Save the table as CSV."
        ) from error
    lines = [(line, cells) for line, cells in lines if any(cells)]
    if not lines:
        raise FileFormatError(f"{path} must hold a table of costs, got an empty file. Write one.")
    return lines


def _check_distinct(names: list[str], what: str, path: Path) -> None:
    for place, name in enumerate(names):
        if not name or name in names[:place]:
            raise InputValueError(
                f"{what} of {path} must be distinct and not empty, got {name!r} as number "
                f"{place + 1} of {len(names)}. Name each once."
            )
