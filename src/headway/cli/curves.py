"""`headway curves`: draw sigmoid, tanh and softmax with their slopes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli.console import note, print_json
from headway.cli.options import Json
from headway.cli.outputs import FIGURE_SUFFIXES, check_output

if TYPE_CHECKING:
    from headway.explain.curves import Curves

NAME = "curves"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway curves
  headway curves -o curves.png
"""
SHOWN = (-6.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 6.0)


def run(
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Where to draw: a file ending in .svg, .png or .pdf; an old one is replaced.",
        ),
    ] = Path("curves.svg"),
    json: Json = False,
) -> None:
    """Draw sigmoid, tanh and softmax with their slopes.

    Also both Jacobians, and the sigmoid as the distribution function of
    logistic noise, by sampling.  A few values are printed.
    """
    check_output(output, suffixes=FIGURE_SUFFIXES)
    from headway.explain.curves import trace_curves
    from headway.report import curves_picture, write_picture

    curves = trace_curves()
    if json:
        print_json(curves.to_dict())
    else:
        typer.echo("\n".join(_lines(curves)))
    write_picture(curves_picture(curves), output)
    note(f"drew {output}")


def _lines(curves: "Curves") -> list[str]:
    """Return a few values of the curves, and how well the sampled noise agrees."""
    lines = ["    z  sigmoid   slope     tanh   slope"]
    for z in SHOWN:
        k = int(abs(curves.z - z).argmin())
        lines.append(
            f"{curves.z[k]:5.1f}  {curves.sigmoid[k]:7.4f}  {curves.sigmoid_slope[k]:6.4f}"
            f"  {curves.tanh[k]:7.4f}  {curves.tanh_slope[k]:6.4f}"
        )
    return [
        *lines,
        "",
        "The share of logistic noise below z differs from sigmoid(z) by at most "
        f"{curves.distance:.3f}",
        f"({len(curves.noise)} draws).",
    ]
