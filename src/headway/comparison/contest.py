"""The contest: the same model with different heads, on the same rows, from the same start.

What is held equal, seed by seed: the split, the features, the initial weights, the order of the
batches, the settings (or, with `tune`, the way of choosing them).  What differs: the head.

Where the test rows are fixed, the linear model has nothing left to chance (its objective is
convex, its solver deterministic), so it is fitted once and its interval comes from the test rows
alone; everything else is fitted once a seed and its interval covers seeds and rows together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.comparison.advice import advise, listed
from headway.comparison.arguments import checked_names, checked_seeds
from headway.comparison.entrants import (
    MODELS,
    OWN_MODELS,
    applies,
    omission,
    run_once,
    warm_up,
)
from headway.comparison.environment import describe_environment
from headway.comparison.results import Comparison, Run
from headway.comparison.summary import summarise
from headway.comparison.tuning import GRIDS, VALIDATION_SHARE, choose_settings
from headway.comparison.verdict import judge
from headway.comparison.work import Work, read_work
from headway.errors import InputTypeError, InputValueError
from headway.heads import HEAD_NAMES, MISTAKES, preset_head
from headway.labels.reading import LabelKind
from headway.metrics import DEFAULT_BINS

__all__ = ["compare"]

SPARSE_HEADS, IMPROPER_HEADS = ("sparsemax", "entmax"), ("focal", "asymmetric")
DETERMINISTIC = ("linear", "lda", "naive-bayes")

Progress = Callable[[int, int, str], object]


def compare(
    X: Any,
    y: Any = None,
    *,
    models: Sequence[str] = OWN_MODELS,
    heads: Sequence[str] = ("softmax", "sigmoid"),
    seeds: int | Sequence[int] = 5,
    tune: bool = False,
    test_size: float = 0.5,
    X_test: Any = None,
    y_test: Any = None,
    image_shape: tuple[int, int] | None = None,
    classes: Any = None,
    missing: Any = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Return what different heads reach on the same work, with paired verdicts.

    Parameters
    ----------
    X : Dataset, or array of shape (n, d), or pictures of shape (n, height, width)
        The data.  A Dataset brings its labels, picture size and test rows.
    y : n labels, optional
        One label a row, a 0/1 matrix, sets, or "a|b" texts; not with a Dataset.
    models : sequence of {"linear", "mlp", "cnn", "lda", "naive-bayes", "forest", "boosting"}
        What carries the heads; the last four are scikit-learn's, wrapped, and are not among the
        defaults.  Under sigmoids they are trained once for each class.  A model that cannot be
        fitted to this data (a CNN without pictures, a network without PyTorch) is left out with a
        note, unless none is left.
    heads : sequence of str
        "softmax", "sigmoid", "sparsemax", "entmax", "focal", "asymmetric", "auto", or the
        mistakes "sigmoid+mse", "double-softmax" and "softmax+bce".  The first is the reference
        of every verdict.
    seeds : int or sequence of int
        How many seeds (0, 1, ...), or which.  Two cannot tell how much seeds vary; take three
        or more.
    tune : bool
        Choose C (linear) and the learning rate (networks) for each head on a fifth of the
        training rows.  Once a seed, or once in all where the test rows are fixed.
    test_size : float
        Share of the rows to test on, in (0, 1); unused with fixed test rows.
    X_test, y_test : arrays, optional
        Fixed test rows.
    image_shape : tuple of int, optional
        (height, width) where a row is a picture.  Pictures keep their scale; the columns of a
        table are standardised by the training rows.
    classes : sequence, optional
        Names of the classes, in column order.
    missing : number or text, optional
        Value that marks a missing cell in a matrix of labels, besides NaN.
    name : str, optional
        What to call the data.
    progress : callable, optional
        `progress(done, total, text)` before the first fit and after each.

    Returns
    -------
    Comparison
        Entries, verdicts, and "which should I use?" in words.

    Raises
    ------
    InputTypeError, InputValueError
        If an argument is not as described; the message names it.
    KeyboardInterrupt
        If stopped: half a contest is no contest.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> result = compare(X, y, models=("linear",), seeds=3, name="iris")
    >>> result.verdicts[0].first, result.verdicts[0].second
    ('softmax', 'sigmoid')
    >>> 0.9 < result.entry("linear", "softmax").accuracy.mean <= 1.0
    True
    """
    started = time.perf_counter()
    work = read_work(
        X,
        y,
        X_test=X_test,
        y_test=y_test,
        image_shape=image_shape,
        classes=classes,
        missing=missing,
        name=name,
    )
    models = checked_names(models, MODELS, "models")
    seed_list = checked_seeds(seeds)
    if isinstance(test_size, bool) or not isinstance(test_size, int | float | np.number):
        raise InputTypeError(
            f"`test_size` must be a number between 0 and 1, got {test_size!r}. "
            "Use 0.5 for one half."
        )
    if not 0.0 < test_size < 1.0:
        raise InputValueError(
            f"`test_size` must lie between 0 and 1, got {test_size}. Use 0.5 for one half."
        )
    head_names, notes = _heads_that_apply(checked_names(heads, HEAD_NAMES, "heads"), work)
    models, omissions = _models_that_apply(models, work)
    notes = [*notes, *omissions, *_head_omissions(models, head_names)]

    schedule = _Schedule(work, models, head_names, seed_list, tune)
    runs = _run_all(schedule, test_size, progress)

    n_rows = len(work.labels) if work.test_labels is None else len(work.test_labels)
    entries = tuple(
        summarise(runs[model, head], kind=work.kind, n_rows=n_rows, mistake=MISTAKES.get(head))
        for model in models
        for head in head_names
        if applies(model, head)
    )
    verdicts = tuple(
        judge(reference, entry, n_rows=n_rows)
        for reference, entry in _pairs(entries, head_names[0])
    )
    split = work.split(seed_list[0], test_size)
    environment = describe_environment()
    environment["total_seconds"] = time.perf_counter() - started
    return Comparison(
        name=work.name,
        description=work.description,
        kind=work.kind,
        classes=work.classes,
        image_shape=work.image_shape,
        seeds=seed_list,
        fixed_split=work.fixed_split,
        tuned=tune,
        n_train=len(split.train_labels),
        n_test=len(split.test_labels),
        n_features=int(work.X.shape[1]),
        models=models,
        heads=head_names,
        entries=entries,
        verdicts=verdicts,
        sentence=advise(entries, verdicts, kind=work.kind, n_rows=n_rows),
        notes=(*notes, *_method_notes(schedule, head_names)),
        X_test=split.X_test,
        environment=environment,
    )


@dataclass(frozen=True, eq=False)
class _Schedule:
    """What will be fitted, in which order."""

    work: Work
    models: tuple[str, ...]
    heads: tuple[str, ...]
    seeds: tuple[int, ...]
    tune: bool

    def seeds_of(self, model: str) -> tuple[int, ...]:
        return self.seeds[:1] if self.fitted_once(model) else self.seeds

    def fitted_once(self, model: str) -> bool:
        return model in DETERMINISTIC and self.work.fixed_split

    def tunes(self, model: str, seed: int) -> bool:
        if model not in GRIDS:
            return False
        return self.tune and (seed == self.seeds[0] or not self.work.fixed_split)

    def total(self) -> int:
        fits = 0
        for model in self.models:
            for seed in self.seeds_of(model):
                tries = len(GRIDS[model][1]) if self.tunes(model, seed) else 0
                fits += (1 + tries) * len(self.heads_of(model))
        return fits

    def heads_of(self, model: str) -> tuple[str, ...]:
        return tuple(head for head in self.heads if applies(model, head))


def _run_all(
    schedule: _Schedule, test_size: float, progress: Progress | None
) -> dict[tuple[str, str], list[Run]]:
    """Return the runs of each (model, head), one a seed."""
    work, total = schedule.work, schedule.total()
    runs: dict[tuple[str, str], list[Run]] = {}
    chosen: dict[tuple[str, str], dict[str, Any]] = {}
    done = 0

    def tell(text: str, fits: int = 1) -> None:
        nonlocal done
        done += fits
        if progress is not None:
            progress(done, total, text)

    tell("start", fits=0)
    for seed in schedule.seeds:
        split = work.split(seed, test_size)
        for model in schedule.models:
            if seed not in schedule.seeds_of(model):
                continue
            if seed == schedule.seeds[0]:
                warm_up(model, schedule.heads[0], work, split)
            for head in schedule.heads_of(model):
                if schedule.tunes(model, seed):
                    chosen[model, head] = choose_settings(model, head, work, split, seed, tell)
                run = run_once(model, head, work, split, seed, chosen.get((model, head)))
                runs.setdefault((model, head), []).append(run)
                tell(f"{model} {head}, seed {seed}: {run.seconds:.1f} s")
    return runs


def _heads_that_apply(heads: tuple[str, ...], work: Work) -> tuple[tuple[str, ...], list[str]]:
    """Return the heads that make sense for these labels, and why others were left out."""
    notes = []
    if "auto" in heads:
        automatic = preset_head("auto", work.kind).name
        heads = tuple(dict.fromkeys(automatic if h == "auto" else h for h in heads))
    if work.kind == "binary" and {"softmax", "sigmoid"} <= set(heads):
        same = [head for head in heads if head in ("softmax", "sigmoid")]
        heads = tuple(head for head in heads if head != same[1])
        notes.append(
            f"Two classes need one logit z, read as (0, z), and softmax of (0, z) is sigmoid(z): "
            f"softmax and sigmoid are the same model here, so only one ran ({same[0]})."
        )
    if work.kind == "multilabel":
        refused = [head for head in heads if _refuses(head, work.kind)]
        if refused and len(refused) == len(heads):
            preset_head(refused[0], work.kind)  # raises, with the reason
        if refused:
            heads = tuple(head for head in heads if head not in refused)
            them = "softmax" if any("softmax" in head for head in refused) else refused[0]
            notes.append(
                f"{', '.join(refused)} left out: a row may carry several labels at once or none, "
                f"and {them} shares a total of 1 among them, so it could never say that two "
                "labels both hold. Sigmoid gives each label its own probability."
            )
    notes += [f"{head} is a common mistake: {MISTAKES[head]}" for head in heads if head in MISTAKES]
    return heads, notes


def _refuses(head: str, kind: LabelKind) -> bool:
    try:
        preset_head(head, kind)
    except InputValueError:
        return True
    return False


def _models_that_apply(models: tuple[str, ...], work: Work) -> tuple[tuple[str, ...], list[str]]:
    reasons = {model: omission(model, work) for model in models}
    left = tuple(model for model in models if reasons[model] is None)
    notes = [reason for reason in reasons.values() if reason is not None]
    if not left:
        raise InputValueError(
            f"`models` must hold one that suits the data, got {', '.join(models)}. "
            f"{' '.join(notes)}"
        )
    return left, notes


def _head_omissions(models: tuple[str, ...], heads: tuple[str, ...]) -> Iterator[str]:
    """Yield which heads some models cannot carry; raise if a model carries none."""
    for model in models:
        left_out = [head for head in heads if not applies(model, head)]
        if len(left_out) == len(heads):
            raise InputValueError(
                f"`heads` must hold softmax or sigmoid for {model}, got {', '.join(heads)}. It is "
                "trained by its own library, not on the loss of a head."
            )
        if left_out:
            yield (
                f"{model} runs without {', '.join(left_out)}: it is trained by its own library, "
                "not on the loss of a head."
            )


def _method_notes(schedule: _Schedule, heads: tuple[str, ...]) -> Iterator[str]:
    """Yield how the numbers were made, in sentences for a reader of the report."""
    work, n_seeds = schedule.work, len(schedule.seeds)
    many = n_seeds > 1
    if work.fixed_split:
        settled = [model for model in schedule.models if model in DETERMINISTIC]
        if settled and many:
            yield (
                f"The test rows are fixed and nothing in {', '.join(settled)} is left to chance: "
                "fitted once, the intervals come from the test rows alone."
            )
    elif many:
        yield (
            f"Each of the {n_seeds} seeds draws its own stratified split, initial weights and "
            "batch order, the same for every head; intervals cover seeds and test rows together."
        )
    if not many:
        yield "One seed only: the intervals come from the test rows and cannot show seed variance."
    yield (
        "Calibration error: root mean square over "
        f"{DEFAULT_BINS} bins of equal counts (fewer for few rows), debiased; "
        + {
            "binary": "of the probability of the second class.",
            "exclusive": "of the largest probability of each row.",
            "multilabel": "of every cell of the label matrix.",
        }[work.kind]
    )
    if work.kind == "exclusive" and "sigmoid" in heads:
        yield (
            "A sigmoid head gives independent values; its log-loss, Brier score and calibration "
            "error are those of the values normalised to sum 1, and the raw values are scored "
            "beside them (their log-loss is a sum over classes, not comparable with softmax's)."
        )
    sparse = [head for head in heads if head in SPARSE_HEADS]
    if sparse:
        yield (
            f"{listed(sparse)} can give a class the probability 0 exactly; where that was the "
            "true class, the log-loss is infinite. Judge the probabilities by the Brier score."
        )
    improper = [head for head in heads if head in IMPROPER_HEADS]
    if improper:
        yield (
            f"The loss of {listed(improper)} is not least at the true probabilities: log-loss, "
            "Brier score and calibration error are those before any calibration."
        )
    if schedule.tune:
        grids = "; ".join(
            f"{model} {GRIDS[model][0]} of {', '.join(f'{v:g}' for v in GRIDS[model][1])}"
            for model in schedule.models
            if model in GRIDS
        )
        yield (
            f"Tuned for each head on {100 * VALIDATION_SHARE:.0f} % of the training rows, by "
            f"accuracy, then log-loss ({grids}); refitted on all training rows."
        )


def _pairs(entries: Sequence[Any], reference: str) -> Iterator[tuple[Any, Any]]:
    for first in entries:
        if first.head == reference:
            for second in entries:
                if second.model == first.model and second.head != reference:
                    yield first, second
