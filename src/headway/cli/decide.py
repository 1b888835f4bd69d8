"""`headway decide`: the rows of a table decided by a rule that you state."""

from pathlib import Path
from typing import Annotated, Any

import typer

from headway.cli.answers import features_of, print_answers
from headway.cli.console import note
from headway.cli.options import (
    MODEL_SUFFIX,
    AnswersOutput,
    AtLeastOne,
    AtMost,
    Json,
    Probs,
    SavedModel,
    names,
)
from headway.cli.outputs import check_output
from headway.cli.rules import rule_in_words

NAME = "decide"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway decide iris.headway new.csv --costs costs.csv
  headway decide moods.headway new.csv --threshold calm=0.3,sad=0.6
  headway decide iris.headway new.csv --abstain-below 0.9 --save careful.headway

A file of costs has a line for each true class and a column for each action:

\b
  ,ham,spam,ask
  ham,0,10,1
  spam,1,0,1
"""


def run(
    model: SavedModel,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="A CSV file with the features by name; not needed with --save.",
            show_default=False,
        ),
    ] = None,
    costs: Annotated[
        str | None,
        typer.Option(
            metavar="COSTS",
            help="Take the action of least expected cost; a CSV file of prices.",
            show_default=False,
        ),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="T",
            help="Say yes above this probability: one for all, or label=0.3,other=0.6; may be "
            "given again for each label.",
            show_default=False,
        ),
    ] = None,
    abstain_below: Annotated[
        float | None,
        typer.Option(
            "--abstain-below",
            metavar="P",
            help="Answer only where the most probable class has at least this probability.",
            show_default=False,
        ),
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option(
            "--top-k", metavar="K", help="The K most probable classes.", show_default=False
        ),
    ] = None,
    argmax: Annotated[bool, typer.Option("--argmax", help="The most probable class.")] = False,
    at_least_one: AtLeastOne = False,
    at_most: AtMost = None,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL2",
            help=f"Save the model with this rule, ending in {MODEL_SUFFIX}.",
            show_default=False,
        ),
    ] = None,
    output: AnswersOutput = None,
    probs: Probs = False,
    json: Json = False,
) -> None:
    """Decide rows by a rule that you state, and save the rule with the model.

    Without a rule the model decides as it was saved.  To find a rule in data use
    `headway tune`.
    """
    stated = {
        "--costs": costs,
        "--threshold": threshold or None,
        "--abstain-below": abstain_below,
        "--top-k": top_k,
        "--argmax": argmax or None,
    }
    given = [option for option, value in stated.items() if value is not None]
    if len(given) > 1:
        raise typer.BadParameter("one rule at a time.", param_hint=f"'{given[1]}'")
    if (at_least_one or at_most is not None) and not threshold:
        raise typer.BadParameter(
            "goes with --threshold.", param_hint="'--at-least-one' / '--at-most'"
        )
    if file is None and save is None:
        raise typer.BadParameter("a table to decide, or --save.", param_hint="'FILE'")
    if save is not None:
        check_output(save, suffixes=(MODEL_SUFFIX,))
    if output is not None:
        check_output(output, suffixes=(".json",) if json else ())

    from headway.classifiers import load
    from headway.decisions import Abstain, Argmax, TopK, read_costs

    classifier = load(model)
    if costs is not None:
        classifier = classifier.decide_by(read_costs(costs, classifier.classes_))
    elif threshold:
        rule = _thresholds(threshold, classifier, at_least_one, at_most)
        classifier = classifier.decide_by(rule)
    elif abstain_below is not None:
        classifier = classifier.decide_by(Abstain(abstain_below))
    elif top_k is not None:
        classifier = classifier.decide_by(TopK(top_k))
    elif argmax:
        classifier = classifier.decide_by(Argmax())
    if file is not None:
        logits = classifier.logits(features_of(classifier, model, file))
        print_answers(classifier, logits, probs=probs, json=json, output=output)
    if save is not None:
        classifier.save(save)
        words = rule_in_words(classifier.head_.decision, classifier.classes_)[0]
        note(f"saved {save}, which decides by: {words}")


def _thresholds(texts: list[str], classifier: Any, at_least_one: bool, at_most: int | None) -> Any:
    """Return the decision that --threshold describes: one number, or label=number pairs."""
    from headway.decisions import BinaryThreshold, LabelThresholds

    classes = [str(name) for name in classifier.classes_]
    parts: list[str] = []
    for text in texts:
        # The name of a class may hold a comma itself.
        whole = text.rpartition("=")[0].strip() in classes
        parts += [text] if whole else names(text)
    pairs = [part.rpartition("=") for part in parts]
    if not any(sign for _, sign, _ in pairs):
        value = _number(",".join(texts))
        if classifier.kind_ == "binary":
            return BinaryThreshold(value)
        return LabelThresholds((value,) * len(classes), at_least_one, at_most)
    values = {}
    for name, sign, number in pairs:
        if not sign or name.strip() not in classes:
            raise typer.BadParameter(
                f"'{name.strip() or number}' is not one of {', '.join(classes[:10])}.",
                param_hint="'--threshold'",
            )
        values[name.strip()] = _number(number)
    if classifier.kind_ == "binary":
        second = classes[1]
        if set(values) != {second}:
            raise typer.BadParameter(
                f"two classes have one threshold, that of '{second}'.", param_hint="'--threshold'"
            )
        return BinaryThreshold(values[second])
    return LabelThresholds(tuple(values.get(name, 0.5) for name in classes), at_least_one, at_most)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"'{text}' is not a number.", param_hint="'--threshold'"
        ) from error
