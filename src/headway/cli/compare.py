"""`headway compare`: train the same model with several heads and say which is better."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli.console import note, print_json
from headway.cli.data import DataName, DataTarget, load_data
from headway.cli.options import Json, Missing, choices
from headway.cli.outputs import check_output, prepare_folder
from headway.cli.progress import progress_on_stderr

if TYPE_CHECKING:
    from headway.comparison import Comparison
    from headway.datasets import Dataset

NAME = "compare"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway compare digits --html report.html
  headway compare digits --heads softmax,sigmoid,sigmoid+mse --model mlp
  headway compare iris.csv --target species --model linear,lda,naive-bayes
  headway compare iris.csv --target species --seeds 10 --json

Heads: softmax, sigmoid, sparsemax, entmax, focal, asymmetric.

Common mistakes that --heads also takes, to see what they cost: sigmoid+mse,
double-softmax, softmax+bce.
"""
OWN_MODELS = ("linear", "mlp", "cnn")
MODELS = (*OWN_MODELS, "lda", "naive-bayes", "forest", "boosting")


def run(
    data: DataName,
    target: DataTarget = None,
    missing: Missing = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Any of linear, mlp, cnn (pictures only) and scikit-learn's lda, naive-bayes, "
            "forest, boosting, separated by commas.  [default: the first three that apply]",
            show_default=False,
        ),
    ] = None,
    heads: Annotated[
        str, typer.Option(metavar="LIST", help="Heads to compare; the first is the reference.")
    ] = "softmax,sigmoid",
    seeds: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many times to split and train.")
    ] = 5,
    tune: Annotated[
        bool,
        typer.Option(
            "--tune",
            help="Choose C and the learning rate for each head on validation rows (slower).",
        ),
    ] = False,
    test_size: Annotated[
        float,
        typer.Option(
            "--test-size",
            metavar="SHARE",
            help="Share of the rows kept for testing; unused by mnist, whose split is fixed.",
        ),
    ] = 0.5,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the report as one HTML file; its folder is made if missing.",
            show_default=False,
        ),
    ] = None,
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
    """Train softmax and sigmoid, or other heads, side by side and compare them.

    Same model, rows, initial weights and order of batches; several seeds.
    Prints accuracy, log-loss, Brier score and calibration error of every head,
    and whether the difference is more than chance.
    """
    from headway.heads import HEAD_NAMES

    chosen_heads = choices(heads, allowed=HEAD_NAMES, option="--heads")
    chosen_models = None if model is None else choices(model, allowed=MODELS, option="--model")
    if not 0 < test_size < 1:
        raise typer.BadParameter(
            f"must lie between 0 and 1, got {test_size:g}.", param_hint="'--test-size'"
        )
    dataset = load_data(data, target, missing)
    if chosen_models is None:
        chosen_models = OWN_MODELS if dataset.image_shape is not None else ("linear", "mlp")
    if html is not None:
        check_output(html, suffixes=(".html", ".htm"), make_folder=True)
    if figures is not None:
        prepare_folder(figures)

    from headway.comparison import compare

    with progress_on_stderr(f"comparing on {dataset.name}") as tell:
        result = compare(
            dataset,
            models=chosen_models,
            heads=chosen_heads,
            seeds=seeds,
            tune=tune,
            test_size=test_size,
            progress=tell,
        )
    if json:
        print_json(result.to_dict())
    else:
        _show(result)
    _write(result, dataset, html, figures)


def _show(result: "Comparison") -> None:
    """Print the comparison: styled on a terminal (rich honours NO_COLOR), plain in a pipe."""
    from headway.report import as_plain_text, text

    if not sys.stdout.isatty():
        typer.echo(as_plain_text(result), nl=False)
        return
    from rich.console import Console

    console = Console(highlight=False)
    for part in text(result):
        console.print(part)


def _write(
    result: "Comparison", dataset: "Dataset", html: Path | None, figures: Path | None
) -> None:
    """Write the report and the figures that were asked for, and say where they are."""
    if figures is not None:
        from headway.report import save_figures

        written = save_figures(result, figures)
        note(f"wrote {len(written)} figures to {figures}")
    if html is None:
        note("for the report with pictures, add:  --html report.html")
        return
    from headway.explain import follow_example
    from headway.report import write_report

    story = follow_example(dataset, row=_first_known_row(dataset.y))
    write_report(result, html, story)
    note(f"the report is {html}")


def _first_known_row(y: Any) -> int:
    """Return the first row of which a label is known."""
    known = (y == y).any(axis=1) if y.ndim == 2 else y == y  # NaN differs from itself
    return int(known.argmax())
