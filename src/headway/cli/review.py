"""`headway review`: the rows of a table whose label models contradict that have not seen it."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli.console import note, print_json
from headway.cli.data import DataName, DataTarget, load_data, with_names
from headway.cli.options import Figure, Json, Missing, choice
from headway.cli.outputs import FIGURE_SUFFIXES, check_output

if TYPE_CHECKING:
    from headway.datasets import Dataset
    from headway.evaluation import LabelReview

NAME = "review"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway review iris.csv --target species
  headway review cells.csv --target calm,sad --missing -1 --top 50 --json
  headway review digits --figure doubted.png
"""
MODELS = ("linear", "mlp")


def run(
    data: DataName,
    target: DataTarget = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="linear (logistic regression) or mlp (a small network)."
        ),
    ] = "linear",
    C: Annotated[
        float | None,
        typer.Option(
            "-C",
            metavar="C",
            help="linear: inverse strength of the penalty; smaller trusts single labels less.  "
            "[default: 1.0]",
            show_default=False,
        ),
    ] = None,
    folds: Annotated[
        int, typer.Option(metavar="N", min=2, help="How many parts to cross-fit in.")
    ] = 5,
    seed: Annotated[
        int, typer.Option(metavar="SEED", min=0, help="Deals the rows to the parts.")
    ] = 0,
    top: Annotated[int, typer.Option(metavar="N", min=1, help="How many labels to list.")] = 20,
    missing: Missing = None,
    figure: Figure = None,
    json: Json = False,
) -> None:
    """Say which labels look wrong.

    Each row is judged by a model that was trained without it.  The labels that
    are contradicted most are listed first; those contradicted confidently are
    marked.  Where rows are pictures, --figure draws them.
    """
    model = choice(model, allowed=MODELS, option="--model")
    if C is not None and model != "linear":
        raise typer.BadParameter("applies to --model linear only.", param_hint="'-C'")
    if C is not None and not C > 0:
        raise typer.BadParameter(f"must be greater than 0, got {C:g}.", param_hint="'-C'")
    if figure is not None:
        check_output(figure, suffixes=FIGURE_SUFFIXES)
    dataset = load_data(data, target, missing)
    if figure is not None and dataset.image_shape is None:
        raise typer.BadParameter(
            f"draws pictures, and the rows of {dataset.name} are none.", param_hint="'--figure'"
        )

    from headway.evaluation import review_labels

    features = with_names(dataset.X, dataset.feature_names)
    review = review_labels(
        _classifier(model, C, seed, dataset), features, dataset.y, cv=folds, random_state=seed
    )
    if json:
        print_json(review.to_dict(top))
    else:
        _show(review, top)
    if figure is not None:
        _draw(review, dataset, figure, top)


def _classifier(model: str, C: float | None, seed: int, dataset: "Dataset") -> Any:
    """Return an unfitted classifier; pixels share one scale already, columns of a table do not."""
    from headway.classifiers import LinearClassifier, MLPClassifier

    if model == "mlp":
        return MLPClassifier(classes=dataset.classes, random_state=seed)
    return LinearClassifier(
        C=1.0 if C is None else C,
        classes=dataset.classes,
        standardize=dataset.image_shape is None,
    )


def _show(review: "LabelReview", top: int) -> None:
    """Print the review: styled on a terminal (rich honours NO_COLOR), plain in a pipe."""
    from headway.report import plain_review, review_text

    if not sys.stdout.isatty():
        typer.echo(plain_review(review, top=top), nl=False)
        return
    from rich.console import Console

    console = Console(highlight=False)
    for part in review_text(review, top=top):
        console.print(part)


def _draw(review: "LabelReview", dataset: "Dataset", figure: Any, top: int) -> None:
    from headway.report import doubted_images_picture, write_picture

    assert dataset.image_shape is not None
    picture = doubted_images_picture(review, dataset.X, dataset.image_shape, top=top)
    if picture is None:
        note(f"no label is contradicted, so {figure} was not drawn")
        return
    write_picture(picture, figure)
    note(f"drew {figure}")
