"""`headway signal`: how much of the signal deep stacks keep, by activation and depth."""

from typing import Annotated, Any

import typer

from headway.cli.console import note, print_json
from headway.cli.data import DataName, DataTarget, load_data
from headway.cli.options import Figure, Json, Missing, choices, names
from headway.cli.outputs import FIGURE_SUFFIXES, check_output

NAME = "signal"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway signal
  headway signal --activation sigmoid --recipe glorot,norm-after --epochs 10
  headway signal iris.csv --target species --depth 2,8 --figure signal.svg
"""
ACTIVATIONS = ("sigmoid", "tanh", "relu", "gelu", "selu", "silu")
RECIPES = ("glorot", "he", "scaled", "fitting", "norm", "norm-after")


def run(
    data: DataName = "digits",
    target: DataTarget = None,
    activation: Annotated[
        str, typer.Option(metavar="NAMES", help=f"One or more of {', '.join(ACTIVATIONS)}.")
    ] = "sigmoid,tanh,relu,gelu,selu",
    depth: Annotated[
        str, typer.Option(metavar="NUMBERS", help="How many hidden layers.")
    ] = "2,5,10,20,50",
    recipe: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="How stacks start: glorot (usual), he (made for relu), scaled (glorot times "
            "4), fitting (what fits the activation), norm and norm-after (glorot, and a "
            "norm before or after each activation).",
        ),
    ] = "glorot,fitting",
    width: Annotated[
        int, typer.Option(metavar="N", min=1, help="Units in each hidden layer.")
    ] = 64,
    epochs: Annotated[
        int, typer.Option(metavar="N", min=0, help="Also train for so many passes over the rows.")
    ] = 0,
    seeds: Annotated[
        int, typer.Option(metavar="N", min=1, help="Stacks of each kind; medians are printed.")
    ] = 1,
    missing: Missing = None,
    figure: Figure = None,
    json: Json = False,
) -> None:
    """Show how much of the signal deep stacks keep.

    The gradient that reaches the first layer, and the differences between rows
    that reach the last one, by activation, start and depth.  A sentence of
    advice follows for each stack that loses them.
    """
    activations = choices(activation, allowed=ACTIVATIONS, option="--activation")
    recipes = choices(recipe, allowed=RECIPES, option="--recipe")
    depths = _depths(depth)
    if figure is not None:
        check_output(figure, suffixes=FIGURE_SUFFIXES)
    from headway.explain import sweep_signal

    sweep = sweep_signal(
        load_data(data, target, missing),
        activations=activations,
        depths=depths,
        recipes=recipes,
        width=width,
        epochs=epochs,
        seeds=seeds,
    )
    if json:
        print_json(sweep.to_dict())
    else:
        typer.echo(sweep.to_text(), nl=False)
    if figure is not None:
        from headway.report import signal_picture, write_picture

        write_picture(signal_picture(sweep), figure)
        note(f"drew {figure}")


def _depths(text: str) -> list[int]:
    """Return the numbers of a comma-separated list, each at least 1."""
    parts = names(text)
    if not parts or not all(part.isdecimal() and int(part) >= 1 for part in parts):
        raise typer.BadParameter(
            f"expected whole numbers of at least 1, such as 2,10; got '{text}'.",
            param_hint="'--depth'",
        )
    return [int(part) for part in parts]
