"""`headway calibrate`: somebody else's logits and their labels become a calibrated model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from headway.cli.answers import features_in
from headway.cli.console import note, print_json, print_pairs
from headway.cli.data import with_names
from headway.cli.options import MODEL_SUFFIX, Json, Missing, ModelOutput, Target, choice
from headway.cli.outputs import check_output

NAME = "calibrate"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway calibrate logits.csv --target species -o calibrated.headway
  headway calibrate logits.csv --target moods --method platt -o moods.headway
  headway calibrate held-out.csv --model iris.headway --target species -o calibrated.headway
  headway predict calibrated.headway new-logits.csv --probs
"""
METHODS = ("temperature", "vector", "matrix", "platt", "beta", "isotonic")


def run(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A CSV file of held-out rows: a column of logits for each class, named like the "
            "class, and the column of the labels.",
            show_default=False,
        ),
    ],
    target: Target,
    output: ModelOutput,
    given: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="Calibrate this saved model: FILE then holds its features instead of logits.",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="METHOD",
            help="temperature (one number); of classes vector (a slope and an intercept for each) "
            "or matrix; of labels platt (a line for each), beta (a line with a bend) or isotonic "
            "(a rising function).",
        ),
    ] = "temperature",
    allow_probs_like: Annotated[
        bool,
        typer.Option("--allow-probs-like", help="Take logits that look like probabilities."),
    ] = False,
    missing: Missing = None,
    json: Json = False,
) -> None:
    """Calibrate logits, or a saved model, on rows that the model was not trained on.

    The calibrator is kept only where it lowers the loss of rows that it was not
    fitted on; the reason is printed.  Without --model the model that is saved
    takes logits: use it with `headway predict`.
    """
    if given is not None and allow_probs_like:
        raise typer.BadParameter("is about files of logits.", param_hint="'--allow-probs-like'")
    method = choice(method, allowed=METHODS, option="--method")
    check_output(output, suffixes=(MODEL_SUFFIX,))

    from headway.classifiers import FromLogits, load
    from headway.datasets import read_table

    data = read_table(file, target=target, missing=missing)
    if given is not None:
        known = load(given)
        model = known.calibrate(features_in(data, known, given, file), data.y, method)
    else:
        names, order, classes = _columns(data, file)
        model = FromLogits(method, classes=classes, allow_probs_like=allow_probs_like)
        model.fit(with_names(data.X[:, order], names), data.y)
    model.save(output)

    report = model.calibration_report_
    assert report is not None
    summary = {
        "method": report.method,
        "rows": report.rows,
        "labels": model.kind_,
        "log_loss_before": report.loss_before,
        "log_loss_after": report.loss_after,
        "calibrator": _words(model.calibrator_),
        "outcome": report.reason,
    }
    if json:
        labels = [str(name) for name in model.classes_] if len(report.kept) > 1 else ["all"]
        kept = dict(zip(labels, report.reasons, strict=True))
        print_json({**summary, "reasons": kept, "file": str(output)})
    else:
        print_pairs([(key.replace("_", " "), _cell(value)) for key, value in summary.items()])
    note(f"saved {output}; use it with:  headway predict {output} FILE")


def _columns(data: Any, file: str) -> tuple[list[str], list[int], tuple[Any, ...]]:
    """Return the names of the columns, their places and the classes, in the order of these.

    Columns may be named like classes that no row has.  Those that are not named like the classes
    are taken in their order as they stand.
    """
    columns = [str(name) for name in data.feature_names]
    classes = [str(name) for name in data.classes]
    if sorted(columns) == sorted(classes):
        return classes, [columns.index(name) for name in classes], data.classes
    if len(classes) > 2 and set(columns) < set(classes):
        from headway.errors import InputValueError

        lost = next(name for name in classes if name not in columns)
        raise InputValueError(
            f"{file} must have a column of logits for each of the {len(classes)} classes, got none "
            f"named {lost!r}. Add it."
        )
    absent = set(classes) < set(columns) and all(isinstance(name, str) for name in data.classes)
    if absent:
        bare = ", ".join(repr(name) for name in columns if name not in classes)
        note(
            f"warning: no row is of the class {bare}; its column is taken for logits all the same. "
            "Leave it out of the file if it holds something else."
        )
    return columns, list(range(len(columns))), tuple(columns) if absent else data.classes


def _words(calibrator: Any) -> str:
    """Return what was learned, in a few words."""
    if calibrator is None:
        return "none: the logits stay as they are"
    value = getattr(calibrator, "value", None)
    if value is not None:
        return f"temperature {value:.4g}"
    return type(calibrator).__name__


def _cell(value: Any) -> str:
    return f"{value:.4f} nats" if isinstance(value, float) else str(value)
