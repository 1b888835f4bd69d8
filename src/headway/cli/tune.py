"""`headway tune`: a decision that serves a goal, found on rows the model has not seen."""

import math
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli.answers import features_in
from headway.cli.console import note, print_json, print_pairs
from headway.cli.options import (
    MODEL_SUFFIX,
    AtLeastOne,
    AtMost,
    Json,
    Missing,
    ModelOutput,
    SavedModel,
    Target,
    UnseenFile,
    choice,
)
from headway.cli.outputs import check_output
from headway.cli.rules import rule_in_words

if TYPE_CHECKING:
    from headway.evaluation import PairedEvaluation

NAME = "tune"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway tune moods.headway held-out.csv --target calm,sad --goal macro-f1 -o tuned.headway
  headway tune mail.headway held-out.csv --target kind --goal precision --at 0.95 -o sure.headway
  headway tune iris.headway held-out.csv --target species --goal coverage --at 0.9 -o sets.headway

Goals and what --at means:

\b
  f1, macro-f1     a threshold for each label      -
  micro-f1         the same, labels pooled         -
  example-f1       the set of each row             -
  precision        most recall at this precision   the precision
  recall           most precision at this recall   the recall
  cost             --false-alarm and --miss        -
  abstention       abstain on a share of rows      the share
  error            abstain until this error rate   the error rate
  coverage         sets of candidates              how often they hold the truth
  missed-labels    label sets that miss few        the share of true labels missed
"""
GOALS = (
    "f1",
    "macro-f1",
    "micro-f1",
    "example-f1",
    "precision",
    "recall",
    "cost",
    "abstention",
    "error",
    "coverage",
    "missed-labels",
)
AIMED = ("precision", "recall", "abstention", "error", "coverage", "missed-labels")
BY_THRESHOLDS = ("f1", "macro-f1", "micro-f1", "precision", "recall", "cost")
GOALS_OF = {
    "--beta": ("f1", "macro-f1", "micro-f1", "example-f1"),
    "--false-alarm": ("cost",),
    "--miss": ("cost",),
    "--sets": ("coverage",),
    "--by-class": ("coverage",),
}
SETS = ("lac", "aps", "raps")
CALIBRATORS = ("none", "temperature", "platt", "beta", "isotonic", "vector", "matrix")


def run(
    model: SavedModel,
    file: UnseenFile,
    target: Target,
    goal: Annotated[
        str, typer.Option(metavar="GOAL", help="What to tune for; see below.", show_default=False)
    ],
    output: ModelOutput,
    at: Annotated[
        float | None,
        typer.Option(
            metavar="VALUE", help="The number that the goal is about.", show_default=False
        ),
    ] = None,
    beta: Annotated[
        float, typer.Option(metavar="B", help="Recall weighs B times as much as precision.")
    ] = 1.0,
    false_alarm: Annotated[
        float, typer.Option("--false-alarm", metavar="COST", help="For --goal cost.")
    ] = 1.0,
    miss: Annotated[float, typer.Option(metavar="COST", help="For --goal cost.")] = 1.0,
    sets: Annotated[
        str, typer.Option(metavar="HOW", help="For --goal coverage: lac, aps or raps.")
    ] = "lac",
    by_class: Annotated[
        bool, typer.Option("--by-class", help="For --goal coverage: promise it for each class.")
    ] = False,
    at_least_one: AtLeastOne = False,
    at_most: AtMost = None,
    calibrate: Annotated[
        str,
        typer.Option(metavar="METHOD", help="Calibrate first: none, temperature, platt, beta, ..."),
    ] = "none",
    seed: Annotated[int, typer.Option(metavar="N", help="Draws the folds.")] = 0,
    missing: Missing = None,
    json: Json = False,
) -> None:
    """Find the decision that serves a goal, and save it with the model.

    What it is worth is measured on rows that it was not tuned on: every fold is
    decided by what was tuned on the others, beside the decisions as they were.
    """
    goal = choice(goal, allowed=GOALS, option="--goal")
    sets = choice(sets, allowed=SETS, option="--sets")
    calibrate = choice(calibrate, allowed=CALIBRATORS, option="--calibrate")
    if (goal in AIMED) != (at is not None):
        needed = "is needed for" if goal in AIMED else "means nothing for"
        raise typer.BadParameter(f"{needed} --goal {goal}.", param_hint="'--at'")
    _check_use(
        goal,
        {"--beta": beta != 1.0, "--sets": sets != SETS[0], "--by-class": by_class}
        | {"--false-alarm": false_alarm != 1.0, "--miss": miss != 1.0},
    )
    if (at_least_one or at_most is not None) and goal not in BY_THRESHOLDS:
        raise typer.BadParameter(
            "goes with thresholds of labels.", param_hint="'--at-least-one' / '--at-most'"
        )
    check_output(output, suffixes=(MODEL_SUFFIX,))

    from headway.classifiers import load
    from headway.datasets import read_table

    classifier = load(model)
    data = read_table(file, target=target, missing=missing)
    features = features_in(data, classifier, model, file)
    tuner = _tuner(
        goal,
        at,
        kind=classifier.kind_,
        rules=(at_least_one, at_most),
        beta=beta,
        costs=(false_alarm, miss),
        sets=sets,
        by_class=by_class,
    )
    for_rule = features, data.y
    if calibrate != "none":
        for_calibrator = for_rule
        if getattr(tuner, "own_rows", False):
            # A promise rests on rows that the calibrator has not seen.
            for_calibrator = features[::2], data.y[::2]
            for_rule = features[1::2], data.y[1::2]
            note("every other row calibrates, and the rest is for the rule.")
        classifier = classifier.calibrate(*for_calibrator, calibrate, random_state=seed)
        note(str(classifier.calibration_report_.reason))
    tuned = _tuned(classifier, tuner, for_rule, seed)
    with warnings.catch_warnings():
        # Each fold would say again what was said of all rows.
        warnings.simplefilter("ignore", UserWarning)
        pair = _worth(classifier, tuned, tuner, for_rule, seed)
    tuned.save(output)

    words, numbers = rule_in_words(tuned.head_.decision, tuned.classes_)
    if json:
        print_json(
            {
                "goal": goal,
                "at": at,
                "rows": len(for_rule[1]),
                "rule": words,
                "numbers": dict(numbers),
                "scores": pair.to_dict(),
                "file": str(output),
            }
        )
    else:
        print_pairs([("goal", _goal(goal, at)), ("rows", str(len(for_rule[1]))), ("rule", words)])
        _show(numbers, pair)
    note(f"saved {output}; use it with:  headway predict {output} FILE")


def _check_use(goal: str, used: dict[str, bool]) -> None:
    """Refuse options that the goal would pass over in silence."""
    for option, given in used.items():
        if given and goal not in GOALS_OF[option]:
            raise typer.BadParameter(
                f"means nothing for --goal {goal}; it goes with {', '.join(GOALS_OF[option])}.",
                param_hint=f"'{option}'",
            )


def _tuned(classifier: Any, tuner: Any, rows: Any, seed: int) -> Any:
    """Return the classifier with its new rule; what is said of labels is said by their names."""
    from headway.decisions.label_warning import LabelWarning

    labels = classifier.classes_[1:] if classifier.kind_ == "binary" else classifier.classes_
    with warnings.catch_warnings(record=True) as told:
        tuned = classifier.decide_by(tuner, *rows, random_state=seed)
    for one in told:
        if isinstance(one.message, LabelWarning):
            note(f"warning: {one.message.named(labels)}")
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return tuned


def _worth(before: Any, after: Any, tuner: Any, rows: Any, seed: int) -> "PairedEvaluation":
    """Return what the new decisions change, on rows that they were not tuned on."""
    from headway.decisions import Tuner
    from headway.evaluation import compare_evaluations, evaluate, evaluate_tuning

    if isinstance(tuner, Tuner):
        return evaluate_tuning(before, tuner, *rows, random_state=seed)
    # Nothing was tuned: the rows are as good as new ones.
    return compare_evaluations(evaluate(after, *rows), evaluate(before, *rows))


def _tuner(
    goal: str,
    at: Any,
    *,
    kind: str,
    rules: tuple[bool, int | None],
    beta: float,
    costs: tuple[float, float],
    sets: str,
    by_class: bool,
) -> Any:
    """Return what finds the decision, or the decision itself where nothing is to be found."""
    from headway.decisions import (
        AbstainAtError,
        AbstainAtRate,
        ConformalSets,
        ExpectedF1,
        RiskControlledSets,
        TuneThresholds,
    )

    suits = {
        "f1": ("binary", "multilabel"),
        "precision": ("binary", "multilabel"),
        "recall": ("binary", "multilabel"),
        "cost": ("binary", "multilabel"),
        "abstention": ("binary", "exclusive"),
        "error": ("binary", "exclusive"),
        "coverage": ("binary", "exclusive"),
    }
    if kind not in suits.get(goal, ("multilabel",)):
        words = {"binary": "two classes", "exclusive": "one of several classes a row"}
        raise typer.BadParameter(
            f"{goal} does not suit {words.get(kind, 'label sets')}.", param_hint="'--goal'"
        )
    if goal == "example-f1":
        return ExpectedF1(beta=beta)
    if goal == "abstention":
        return AbstainAtRate(at)
    if goal == "error":
        return AbstainAtError(at)
    if goal == "coverage":
        return ConformalSets(at, method=sets, by_class=by_class)
    if goal == "missed-labels":
        return RiskControlledSets(at)
    at_least_one, at_most = rules
    # The number is what must be kept; what is made as large as can be is the other of the two.
    sought: dict[str, Any] = {"precision": "recall", "recall": "precision", "cost": "cost"}
    return TuneThresholds(
        goal=sought.get(goal, "f1"),
        beta=beta,
        at_least=at,
        false_alarm=costs[0],
        miss=costs[1],
        average="micro" if goal == "micro-f1" else "macro",
        at_least_one=at_least_one,
        at_most=at_most,
    )


def _goal(goal: str, at: float | None) -> str:
    return goal if at is None else f"{goal} at {at:g}"


def _show(numbers: list[tuple[str, float]], pair: "PairedEvaluation") -> None:
    """Print the thresholds, and what they are worth on rows they were not tuned on."""
    if numbers:
        typer.echo("")
        print_pairs([(name, _limit(value)) for name, value in numbers])
    from headway.report import plain_paired

    typer.echo("")
    own = [score for name, score in pair.first.scores.items() if name not in pair.second.scores]
    if own:
        # To abstain, or to answer with sets, is measured by scores of its own.
        print_pairs([(score.title, _with_interval(score)) for score in own])
        typer.echo(f"(accuracy before, of all rows: {pair.second['accuracy'].value:.4f})")
        return
    before, after = pair.second.rows.decisions, pair.first.rows.decisions
    if before.shape == after.shape and (before == after).all():
        typer.echo(f"All {len(after):,} rows are decided as before.")
        return
    moved = {name: score for name, score in pair.scores.items() if _moves(score)}
    typer.echo(plain_paired(replace(pair, scores=moved), ("tuned", "before")), nl=False)


def _with_interval(score: Any) -> str:
    if score.low != score.low:  # NaN
        return f"{score.value:.4f}"
    return f"{score.value:.4f}  ({score.low:.4f} to {score.high:.4f})"


def _limit(value: float) -> str:
    """Return a threshold, with words for those that decide alike whatever comes."""
    if value == -math.inf:
        return "always"
    return "1 (never)" if value == 1.0 else f"{value:.4g}"


def _moves(score: Any) -> bool:
    """Return whether a score depends on decisions: those of the probs alone are no news here."""
    return not (score.difference == score.low == score.high == 0.0)
