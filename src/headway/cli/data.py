"""The data a verb works on: a set that headway brings, or a CSV file with a target column."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli.console import one_line

if TYPE_CHECKING:
    from headway.datasets import Dataset

__all__ = ["DataName", "DataTarget", "load_data", "with_names"]

DataName = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="digits, mnist, another set that headway brings, or a CSV file with a header line.",
        show_default=False,
    ),
]
DataTarget = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="COL",
        help="For a CSV file: the column to predict, one class per row or labels written a|b. "
        "Several 0/1 columns: a,b,c.",
        show_default=False,
    ),
]


def load_data(name: str, target: str | None, missing: str | None = None) -> "Dataset":
    """Return the data set of that name, or the table in the file of that name.

    Raises
    ------
    typer.BadParameter
        If `--target` is missing for a file, or given for a set that has its own labels:
        usage errors, exit code 2.
    """
    from headway.datasets import DATASET_NAMES, load
    from headway.errors import InputValueError

    try:
        return load(name, target=target, missing=missing)
    except InputValueError as error:
        if (name in DATASET_NAMES) == (target is not None):
            raise typer.BadParameter(one_line(str(error)), param_hint="'--target'") from error
        raise


def with_names(features: Any, names: Sequence[str]) -> Any:
    """Return the features as a data frame, so that a model remembers and checks their names."""
    import polars

    # Said, not guessed: as many rows as columns, in Fortran order, would be taken for columns.
    return polars.DataFrame(features, schema=[str(name) for name in names], orient="row")
