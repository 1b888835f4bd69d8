"""`headway explain`: why a saved model decided one row as it did, and what would change it."""

from typing import Annotated, Any

import typer

from headway.cli.console import note, print_json
from headway.cli.data import with_names
from headway.cli.options import Figure, Json, SavedModel, names
from headway.cli.outputs import FIGURE_SUFFIXES, check_output

NAME = "explain"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway explain iris.headway new.csv --row 2
  headway explain iris.headway new.csv --row 2 --figure why.svg
  headway explain iris.headway new.csv --label setosa --json
"""


def run(
    model: SavedModel,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A CSV file with the features by name; other columns are ignored.",
            show_default=False,
        ),
    ],
    row: Annotated[
        int, typer.Option(metavar="N", min=0, help="Which row to explain, counted from 0.")
    ] = 0,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="NAME",
            help="Explain this class, or A,B: why A rather than B.  Of label sets: these labels.",
            show_default=False,
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="mean|zeros",
            help="What the row is compared with: the mean of the rows of FILE (unless there is "
            "only one) or zeros.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(metavar="COUNT", min=1, help="How many features to tell.")
    ] = 10,
    figure: Figure = None,
    json: Json = False,
) -> None:
    """Explain one prediction of a saved model.

    The features that moved the logits, the logits before and after
    calibration, the probabilities, the rule that decided, and the smallest
    change of a logit, the threshold or the temperature that would flip it.
    """
    if figure is not None:
        check_output(figure, suffixes=FIGURE_SUFFIXES)

    from headway.classifiers import load
    from headway.datasets import read_features
    from headway.errors import InputValueError
    from headway.explain import explain_prediction

    classifier = load(model)
    columns = getattr(classifier, "feature_names_in_", None)
    if columns is None:
        raise InputValueError(
            f"The model must know the names of its features, got '{model}', which was fitted to "
            "an array without names. Fit it with `headway fit`, or to a data frame."
        )
    told = explain_prediction(
        classifier,
        with_names(read_features(file, columns), columns),
        row,
        baseline=baseline,
        top=top,
        classes=None if label is None else _classes(label, classifier.classes_),
    )
    if json:
        print_json(told.to_dict())
    else:
        typer.echo(told.to_text(), nl=False)
    if figure is not None:
        from headway.report import explanation_picture, write_picture

        write_picture(explanation_picture(told), figure)
        note(f"drew {figure}")


def _classes(label: str, classes: Any) -> tuple[str, ...]:
    """Return the names asked for: one whose name may hold a comma, or several between commas."""
    return (label,) if label in map(str, classes) else names(label)
