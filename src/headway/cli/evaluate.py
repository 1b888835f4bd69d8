"""`headway evaluate`: how good a saved model is on the rows of a table, with intervals."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli.console import note, print_json
from headway.cli.data import with_names
from headway.cli.options import Json, Missing, SavedModel, Target, UnseenFile
from headway.cli.outputs import prepare_folder

if TYPE_CHECKING:
    from headway.evaluation import Evaluation, PairedEvaluation

NAME = "evaluate"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway evaluate iris.headway test.csv --target species
  headway evaluate new.headway test.csv --target species --against old.headway
  headway evaluate new.headway test.csv --target kind --costs prices.csv
  headway evaluate moods.headway test.csv --target calm,sad --figures pictures
"""


def run(
    model: SavedModel,
    file: UnseenFile,
    target: Target,
    missing: Missing = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL2",
            help="Another model: every difference on the same rows, with its paired interval.",
            show_default=False,
        ),
    ] = None,
    costs: Annotated[
        str | None,
        typer.Option(
            metavar="COSTS",
            help="Also the mean cost of the decisions; a CSV file of prices, see `headway decide`.",
            show_default=False,
        ),
    ] = None,
    level: Annotated[
        float, typer.Option(metavar="SHARE", help="Confidence of the intervals.")
    ] = 0.95,
    bootstrap: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Resamples; 0 for none, else at least 100."),
    ] = 1000,
    zero_division: Annotated[
        float,
        typer.Option(
            "--zero-division",
            metavar="SHARE",
            help="What a row with no true and no decided label scores.",
        ),
    ] = 1.0,
    figures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write every figure as SVG and PNG into this folder.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Say how good a saved model is on rows it has not seen.

    Prints every score with its interval (exact for shares of rows, else by
    resampling rows), a table of the classes or labels, and the confusion.
    """
    if not 0 < level < 1:
        raise typer.BadParameter(
            f"must lie between 0 and 1, got {level:g}.", param_hint="'--level'"
        )
    if 0 < bootstrap < 100:
        raise typer.BadParameter(
            f"must be 0 or at least 100, got {bootstrap}.", param_hint="'--bootstrap'"
        )
    if not 0 <= zero_division <= 1:
        raise typer.BadParameter(
            f"must lie in 0..1, got {zero_division:g}.", param_hint="'--zero-division'"
        )
    if figures is not None:
        prepare_folder(figures)

    from headway.evaluation import compare_evaluations, evaluate

    options: dict[str, Any] = {
        "level": level,
        "n_bootstrap": bootstrap,
        "zero_division": zero_division,
        "cost": costs,
    }
    labels = _labels(file, target, missing)
    first = evaluate(*_rows(model, file), labels, **options)
    pair = None
    if against is not None:
        second = evaluate(*_rows(against, file), labels, **options)
        pair = compare_evaluations(first, second, level=level, n_bootstrap=bootstrap)
    names = (str(model), str(against))
    if json:
        print_json(_summary(first, pair, names))
    else:
        _show(first, pair, names)
    if figures is not None:
        from headway.report import save_evaluation_figures

        written = save_evaluation_figures(first, figures, pair, names)
        note(f"wrote {len(written)} figures to {figures}")


def _labels(file: str, target: str, missing: str | None) -> Any:
    from headway.datasets import read_target

    return read_target(file, target=target, missing=missing)


def _rows(path: Path, file: str) -> tuple[Any, Any]:
    """Return (the model, the features it asks for, under their names)."""
    from headway.classifiers import load
    from headway.datasets import read_features
    from headway.errors import InputValueError

    model = load(path)
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        raise InputValueError(
            f"The model must know the names of its features, got '{path}', which was fitted to "
            "an array without names. Fit it with `headway fit`, or to a data frame."
        )
    return model, with_names(read_features(file, names), names)


def _summary(
    first: "Evaluation", pair: "PairedEvaluation | None", names: tuple[str, str]
) -> dict[str, Any]:
    """Return all that is known; the second model and the differences only if there is one."""
    if pair is None:
        return {"model": names[0], **first.to_dict()}
    return {
        "model": names[0],
        **first.to_dict(),
        "against": {"model": names[1], **pair.second.to_dict()},
        "differences": pair.to_dict(),
    }


def _show(first: "Evaluation", pair: "PairedEvaluation | None", names: tuple[str, str]) -> None:
    """Print the tables: styled on a terminal (rich honours NO_COLOR), plain in a pipe."""
    from headway.report import evaluation_text, paired_text, plain_evaluation, plain_paired

    if not sys.stdout.isatty():
        typer.echo(plain_evaluation(first), nl=False)
        if pair is not None:
            typer.echo("\n" + plain_paired(pair, names), nl=False)
        return
    from rich.console import Console

    console = Console(highlight=False)
    parts = evaluation_text(first)
    if pair is not None:
        parts += ("", *paired_text(pair, names))
    for part in parts:
        console.print(part)
