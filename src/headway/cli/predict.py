"""`headway predict`: labels and probabilities for the rows of a table, from a saved model."""

from typing import Annotated, Any

import typer

from headway.cli.answers import features_of, print_answers
from headway.cli.options import AnswersOutput, Json, Probs, SavedModel
from headway.cli.outputs import check_output

NAME = "predict"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway predict iris.headway new.csv
  headway predict iris.headway new.csv --probs -o predictions.csv
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
    output: AnswersOutput = None,
    probs: Probs = False,
    json: Json = False,
) -> None:
    """Predict the rows of a table with a saved model, as CSV.

    One line per row: the column `prediction`, and with --probs one column
    `prob:CLASS` per class.  Labels of a set are written a|b.
    """
    if output is not None:
        check_output(output, suffixes=(".json",) if json else ())

    from headway.classifiers import load

    classifier = load(model)
    logits = classifier.logits(features_of(classifier, model, file))
    print_answers(classifier, logits, probs=probs, json=json, output=output)
