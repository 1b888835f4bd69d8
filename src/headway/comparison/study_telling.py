"""A study as a table of 80 columns, and its finding as sentences computed from the numbers.

An interval that holds 0 is told as "no difference that these draws can show", never as "equal".
The trap: a study asks at many settings, and one interval in twenty misses by chance.  So a head
is called ahead in a layout by how many intervals are clear of 0, with the largest difference.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headway.comparison.results import Estimate
from headway.comparison.study_results import StudyPoint, StudyResult

__all__ = ["VARIABLES", "StudyVariable", "finding", "study_text"]


@dataclass(frozen=True)
class StudyVariable:
    """How the swept variable is written: head of its column, words, and how its values look."""

    column: str
    short: str
    words: str
    scale: str = "log"
    percent: bool = False

    def show(self, value: float, /) -> str:
        """Return a value as the table writes it."""
        return f"{100 * value:g} %" if self.percent else f"{value:g}"


VARIABLES = {
    "separation": StudyVariable(
        "apart", "distance", "distance between classes, standard deviations"
    ),
    "n_train": StudyVariable("rows", "training rows", "training rows"),
    "n_classes": StudyVariable("classes", "classes", "number of classes"),
    "imbalance": StudyVariable(
        "uneven", "commonest / rarest", "share of the commonest class / that of the rarest"
    ),
    "label_noise": StudyVariable(
        "wrong", "wrong labels, %", "wrong training labels, %", "linear", percent=True
    ),
}
LAYOUT_WORDS = {
    "sphere": "sphere: 20 features, each class has a side of its own",
    "ring": "ring: 2 features, classes on a circle, neighbours left and right",
    "row": "row: 2 features, classes on a line, all but two lie between others",
}
_MODELS = {
    "linear": "linear model, C tuned for each head",
    "mlp": "network, one hidden layer of 64",
}


def study_text(result: StudyResult) -> str:
    """Return the study as plain text: a table for each layout, and what was found."""
    variable = VARIABLES[result.variable]
    lines = [
        f"Study {result.name}: {_MODELS[result.model]}, {result.seeds} seeds.",
        f"Expected scores under the exact posterior (Bayes) of {result.n_test} new rows a seed.",
        "Difference: softmax minus sigmoid on the same rows, ± 95 % interval over seeds.",
        "",
        f"{'':<8}  {'accuracy, %':<39}log-loss above Bayes, nats",
        f"{variable.column:>8}  {'Bayes':>5} {'softmax':>7} {'sigmoid':>7}  {'difference':<15}"
        f"{'softmax':>7} {'sigmoid':>7}  difference",
    ]
    for layout in result.layouts:
        lines.append(LAYOUT_WORDS[layout])
        for point in result.select(layout):
            lines.append(f"{variable.show(result.value(point)):>8}  {_row(point)}")
    return "\n".join([*lines, "", *finding(result)]) + "\n"


def finding(result: StudyResult) -> tuple[str, ...]:
    """Return what was found, one paragraph a layout, wrapped to 80 columns.

    Examples
    --------
    >>> from headway.comparison import Study, StudySetting, run_study
    >>> two = (StudySetting("ring", n_classes=2, n_train=50),)
    >>> print(*finding(run_study(Study("separation", "separation", two, two), seeds=3)))
    ring: there is no difference that these draws can show; in log-loss there is no
      difference that these draws can show.
    """
    return tuple(
        textwrap.fill(f"{layout}: {_layout_finding(result, layout)}", 80, subsequent_indent="  ")
        for layout in result.layouts
    )


def _layout_finding(result: StudyResult, layout: str) -> str:
    points = result.select(layout)
    accuracy = _told(
        result, points, lambda point: point.accuracy_difference, 1.0, "points of accuracy", 2
    )
    log_loss = _told(result, points, lambda point: point.log_loss_difference, -1.0, "nats", 3)
    return f"{accuracy}; in log-loss {log_loss}."


def _told(
    result: StudyResult,
    points: Sequence[StudyPoint],
    difference: Callable[[StudyPoint], Estimate],
    sign: float,
    unit: str,
    digits: int,
) -> str:
    """Return who is ahead at how many settings, and by how much at most."""
    variable = VARIABLES[result.variable]
    least = 0.5 * 10.0**-digits  # what the table would round to nothing is no difference
    parts = []
    for head, side in (("softmax", sign), ("sigmoid", -sign)):
        ahead = [
            point
            for point in points
            if min(side * difference(point).low, side * difference(point).high) > 0
            and abs(difference(point).mean) >= least
        ]
        if not ahead:
            continue
        most = max(ahead, key=lambda point: abs(difference(point).mean))
        value = variable.show(result.value(most))
        parts.append(
            f"{head} is ahead at {len(ahead)} of {len(points)} settings, by "
            f"{abs(difference(most).mean):.{digits}f} {unit} at most ({variable.column} {value})"
        )
    return ", ".join(parts) or "there is no difference that these draws can show"


def _row(point: StudyPoint) -> str:
    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(values)

    accuracies = [
        f"{100 * mean(scores.accuracy):{width}.2f}"
        for scores, width in ((point.bayes, 5), (point.softmax, 7), (point.sigmoid, 7))
    ]
    excess = [f"{point.log_loss_excess(head).mean:7.3f}" for head in ("softmax", "sigmoid")]
    return (
        f"{' '.join(accuracies)}  {_plus_minus(point.accuracy_difference, 2):<15}"
        f"{' '.join(excess)}  {_plus_minus(point.log_loss_difference, 3)}"
    )


def _plus_minus(estimate: Estimate, digits: int) -> str:
    # -0.004 with two decimals must not read "-0.00".
    mean = round(estimate.mean, digits) + 0.0
    return f"{mean:6.{digits}f} ± {(estimate.high - estimate.low) / 2:.{digits}f}"
