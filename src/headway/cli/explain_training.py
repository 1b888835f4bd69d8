"""`headway explain-training`: one example from its one-hot row to the logits after a step."""

from typing import Annotated, Any

import typer

from headway.cli.console import note, print_json
from headway.cli.data import DataName, DataTarget, load_data
from headway.cli.options import Figure, Json, Missing
from headway.cli.outputs import FIGURE_SUFFIXES, check_output

NAME = "explain-training"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway explain-training digits
  headway explain-training digits --row 7 --figure step.svg
  headway explain-training iris.csv --target species --json
"""


def run(
    data: DataName = "digits",
    target: DataTarget = None,
    row: Annotated[
        int, typer.Option(metavar="N", min=0, help="Which row to follow, counted from 0.")
    ] = 0,
    missing: Missing = None,
    figure: Figure = None,
    json: Json = False,
) -> None:
    """Follow one training example through both heads.

    Its one-hot row, one neuron in full, the logits, the probabilities, the
    loss, the gradient `probs - targets`, and the logits after one step.
    """
    if figure is not None:
        check_output(figure, suffixes=FIGURE_SUFFIXES)
    from headway.explain import follow_example

    story = follow_example(load_data(data, target, missing), row=row)
    if json:
        print_json(story.to_dict())
    else:
        typer.echo(story.to_text(), nl=False)
    if figure is not None:
        from headway.report import story_picture, write_picture

        write_picture(story_picture(story), figure)
        note(f"drew {figure}")
