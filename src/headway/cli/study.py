"""`headway study`: softmax against sigmoid as a task gets harder, against the exact answer."""

from typing import Annotated, Any

import typer

from headway.cli.console import note, print_json
from headway.cli.options import Figure, Json, choice
from headway.cli.outputs import FIGURE_SUFFIXES, check_output
from headway.cli.progress import progress_on_stderr

NAME = "study"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway study separation
  headway study samples --quick
  headway study classes --seeds 10 --figure classes.svg
  headway study label-noise --model mlp --quick

Studies: separation (classes overlap more), samples (fewer training rows),
classes (from 2 to 1000), imbalance (rare classes), label-noise (wrong labels).
"""
STUDIES = ("separation", "samples", "classes", "imbalance", "label-noise")
MODELS = ("linear", "mlp")


def run(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help=f"{', '.join(STUDIES)}.", show_default=False)
    ],
    model: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="linear, or mlp: a network with one hidden layer (slower)."
        ),
    ] = "linear",
    seeds: Annotated[
        int, typer.Option(metavar="N", min=2, help="How many times to draw each setting.")
    ] = 20,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer settings and test rows.")] = False,
    figure: Figure = None,
    json: Json = False,
) -> None:
    """Compare softmax and sigmoid as a task gets harder.

    On made-up rows whose exact posterior is known: many draws of each setting,
    the same rows for both heads, paired differences with intervals, and how far
    each stays from the best possible answer.
    """
    name = choice(study, allowed=STUDIES, option="STUDY")
    chosen_model = choice(model, allowed=MODELS, option="--model")
    if figure is not None:
        check_output(figure, suffixes=FIGURE_SUFFIXES)
    from headway.comparison import run_study, study_text

    with progress_on_stderr(f"study {name}") as tell:
        result = run_study(name, model=chosen_model, seeds=seeds, quick=quick, progress=tell)
    if json:
        print_json(result.to_dict())
    else:
        typer.echo(study_text(result), nl=False)
        note(f"took {result.seconds:.1f} s")
    if figure is not None:
        from headway.report import study_picture, write_picture

        write_picture(study_picture(result), figure)
        note(f"drew {figure}")
