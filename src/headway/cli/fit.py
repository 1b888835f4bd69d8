"""`headway fit`: train one classifier on a table of numbers and save it."""

import sys
from typing import Annotated, Any

import typer

from headway.cli.console import note, print_json, print_pairs
from headway.cli.data import with_names
from headway.cli.options import (
    MODEL_SUFFIX,
    Json,
    Missing,
    ModelOutput,
    Target,
    TrainingFile,
    choice,
)
from headway.cli.outputs import check_output

NAME = "fit"
CONTEXT: dict[str, Any] = {}
EXAMPLES = """Examples:

\b
  headway fit iris.csv --target species -o iris.headway
  headway fit songs.csv --target moods -C 0.1 -o moods.headway
  headway fit cells.csv --target calm,sad --missing -1 -o moods.headway
  headway fit iris.csv --target species --model mlp --seed 1 -o iris.headway
"""
MODELS = ("linear", "mlp")
CERTIFIED = ("softmax", "sigmoid")  # heads whose linear model is solved with a proof
SPARSE = ("sparsemax", "entmax")  # heads whose losses are not logarithms
HEADS = ("auto", "softmax", "sigmoid", "sparsemax", "entmax", "focal", "asymmetric")


def run(
    file: TrainingFile,
    target: Target,
    output: ModelOutput,
    model: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="linear (logistic regression) or mlp (a small network)."
        ),
    ] = "linear",
    head: Annotated[
        str,
        typer.Option(
            metavar="HEAD",
            help="softmax (one class per row), sigmoid (each label for itself), or auto: "
            "whichever the labels call for.  Also sparsemax and entmax (one class per row, some "
            "probabilities exactly 0), focal, and asymmetric (each label for itself).",
        ),
    ] = "auto",
    C: Annotated[
        float | None,
        typer.Option(
            "-C",
            metavar="C",
            help="linear: inverse strength of the penalty; smaller is smoother, inf is none.  "
            "[default: 1.0]",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="SEED", min=0, help="mlp: seed of the initial weights.")
    ] = 0,
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="mlp: passes over the rows.  [default: by their number]",
            show_default=False,
        ),
    ] = None,
    missing: Missing = None,
    json: Json = False,
) -> None:
    """Train a classifier on a table of numbers and save it.

    The features are standardised, and one file holds the model.  The linear
    model converges to the optimum and prints how near it came (the optimality
    gap).
    """
    model = choice(model, allowed=MODELS, option="--model")
    head = choice(head, allowed=HEADS, option="--head")
    if C is not None and model != "linear":
        raise typer.BadParameter("applies to --model linear only.", param_hint="'-C'")
    if C is not None and not C > 0:
        raise typer.BadParameter(f"must be greater than 0, got {C:g}.", param_hint="'-C'")
    if epochs is not None and model != "mlp":
        raise typer.BadParameter("applies to --model mlp only.", param_hint="'--epochs'")
    check_output(output, suffixes=(MODEL_SUFFIX,))

    from headway.datasets import read_table

    data = read_table(file, target=target, missing=missing)
    options = {"head": head, "classes": data.classes}
    classifier = _mlp(seed, epochs, options) if model == "mlp" else _linear(C, options)
    features = with_names(data.X, data.feature_names)
    classifier.fit(features, data.y)
    if getattr(classifier, "interrupted_", False):
        note("training was cut short by Ctrl-C; the best weights so far are kept")
    classifier.save(output)

    summary = _summary(classifier, features, data.y)
    if json:
        print_json({**summary, "file": str(output)})
    else:
        kind = classifier.kind_
        cells = {key: _cell(key, v, kind, head=summary["head"]) for key, v in summary.items()}
        print_pairs([(key.replace("_", " "), text) for key, text in cells.items()])
    note(f"saved {output}; use it with:  headway predict {output} FILE")


def _linear(C: float | None, options: dict[str, Any]) -> Any:
    """Return an unfitted logistic regression on standardised features."""
    from headway.classifiers import LinearClassifier

    return LinearClassifier(C=1.0 if C is None else C, standardize=True, **options)


def _mlp(seed: int, epochs: int | None, options: dict[str, Any]) -> Any:
    """Return an unfitted network, which shows its progress where somebody looks."""
    from headway.classifiers import MLPClassifier

    return MLPClassifier(
        epochs="auto" if epochs is None else epochs,
        random_state=seed,
        verbose=int(sys.stderr.isatty()),
        **options,
    )


def _summary(classifier: Any, features: Any, labels: Any) -> dict[str, Any]:
    """Return what a reader should know about the fit, ready for JSON."""
    summary: dict[str, Any] = {
        "model": type(classifier).__name__,
        "rows": len(features),
        "features": classifier.n_features_in_,
        "labels": classifier.kind_,
        "classes": [str(name) for name in classifier.classes_],
        "head": classifier.head_.name,
        "training_accuracy": classifier.score(features, labels),
    }
    if hasattr(classifier, "optimality_gap_"):
        summary |= {
            "C": classifier.C,
            "iterations": classifier.n_iter_,
            "objective": classifier.objective_,
            "optimality_gap": classifier.optimality_gap_,
        }
    else:
        summary |= {"epochs": classifier.n_epochs_, "best_epoch": classifier.best_epoch_}
    return summary


def _cell(key: str, value: Any, kind: str, *, head: str) -> str:
    """Return one value of the summary as a beginner reads it."""
    if key == "classes":
        shown = ", ".join(value[:10])
        return f"{len(value)}: {shown}{', ...' if len(value) > 10 else ''}"
    if key == "training_accuracy":
        rows = "every label right in" if kind == "multilabel" else "of"
        return f"{100 * value:.2f} % ({rows} the rows it learned from; new rows do worse)"
    if key == "objective":
        return f"{value:.6g}" + ("" if head in SPARSE else " nats")
    if key == "optimality_gap":
        if value != value and head not in CERTIFIED:  # NaN
            return "not known: only softmax and sigmoid come with a proof"
        if value != value:
            return "none: the loss has no minimum (see the warning)"
        return f"{value:.1g} (at most this far above the best possible objective, relatively)"
    return str(value)
