"""Studies: softmax against sigmoid on one linear truth, as one thing gets harder.

    separation    classes overlap more
    samples       fewer training rows
    classes       from 2 to 1000
    imbalance     rare classes get rarer
    label-noise   more training labels are wrong

Each is a frozen grid of settings; every setting is drawn with many seeds, and both heads see the
same rows.  Both get the same treatment: the linear model's C is chosen for each head and setting
by the same walk over half decades, by the exact log-loss on a draw that no reported seed uses.
Comparing at one fixed C would be a trap: the heads want different penalties, and the study would
measure how well C happens to suit them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.special import xlogy

from headway.classifiers import LinearClassifier, MLPClassifier
from headway.comparison.study_draws import LAYOUTS, StudyDraw, StudySetting, draw_rows
from headway.comparison.study_results import StudyPoint, StudyResult, StudyScores
from headway.errors import InputTypeError, InputValueError

__all__ = ["STUDIES", "Study", "run_study"]

HEADS = ("softmax", "sigmoid")
STUDY_MODELS = ("linear", "mlp")
STEP_OF_C, LARGEST_C = 10**0.5, 1e4
WORTH_A_STEP = 1e-4  # nats
PILOT = 2**31  # first seed of the draws that choose C: no user counts that far
N_TEST, N_TEST_QUICK = 4000, 1000
MANY_CLASSES = 100  # from here on a relative gap of 1e-3 is near enough: a thousandth of a nat


@dataclass(frozen=True)
class Study:
    """A question with its grid.

    Attributes
    ----------
    name : str
    variable : str
        The field of `StudySetting` that is swept.
    settings : tuple of StudySetting
    quick : tuple of StudySetting
        Fewer of them, for a first look.
    """

    name: str
    variable: str
    settings: tuple[StudySetting, ...]
    quick: tuple[StudySetting, ...]


def _grid(
    variable: str,
    values: Sequence[float],
    *,
    layouts: Sequence[str] = LAYOUTS,
    **fixed: Any,
) -> tuple[StudySetting, ...]:
    return tuple(
        StudySetting(layout=layout, **{variable: value, **fixed})
        for layout in layouts
        for value in values
    )


def _study(name: str, variable: str, values: Sequence[float], quick: Sequence[float]) -> Study:
    return Study(name, variable, _grid(variable, values), _grid(variable, quick))


_AROUND = ("ring", "row")
_CLASSES: dict[str, Any] = {"separation": 5.0, "n_train": 2000}

# On the ring and in the row a class has two neighbours however many there are, so these end at 30.
STUDIES = {
    study.name: study
    for study in (
        _study("separation", "separation", (0.5, 1, 1.5, 2, 3, 4, 6), (1, 3, 6)),
        _study("samples", "n_train", (30, 100, 300, 1000, 3000, 10000), (30, 300, 3000)),
        Study(
            "classes",
            "n_classes",
            _grid("n_classes", (2, 3, 5, 10, 30, 100, 300, 1000), layouts=("sphere",), **_CLASSES)
            + _grid("n_classes", (2, 3, 5, 10, 30), layouts=_AROUND, **_CLASSES),
            _grid("n_classes", (2, 10, 30), **_CLASSES),
        ),
        _study("imbalance", "imbalance", (1, 3, 10, 30, 100, 300), (1, 10, 100)),
        _study("label-noise", "label_noise", (0, 0.05, 0.1, 0.2, 0.4, 0.6), (0, 0.2, 0.4)),
    )
}


def run_study(
    study: str | Study,
    /,
    *,
    model: str = "linear",
    seeds: int = 20,
    quick: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
) -> StudyResult:
    """Return a study with every setting, both heads and all seeds.

    Parameters
    ----------
    study : name in `STUDIES`, or Study
        "separation", "samples", "classes", "imbalance" or "label-noise".
    model : {"linear", "mlp"}
        The linear model, or a network with one hidden layer of 64 (needs PyTorch).
    seeds : int
        Draws of each setting, at least 2: seeds 0, 1, ...
    quick : bool
        Fewer settings and test rows, for a first look.
    progress : callable, optional
        Called as `progress(done, total, text)` after each setting.

    Returns
    -------
    StudyResult
        The same call gives the same scores.

    Raises
    ------
    InputTypeError, InputValueError
        If an argument is none of these, or PyTorch is not there for "mlp".

    Examples
    --------
    >>> row = Study("two", "separation", (StudySetting("row", n_classes=2, n_train=50),), ())
    >>> result = run_study(row, seeds=2)
    >>> round(result.points[0].accuracy_difference.mean, 6) + 0.0  # two classes: one model
    0.0
    """
    chosen = _checked(study, model, seeds)
    settings = chosen.quick if quick else chosen.settings
    n_test = N_TEST_QUICK if quick else N_TEST
    start = time.perf_counter()
    points = []
    for setting in settings:
        points.append(_run_setting(setting, model=model, seeds=seeds, n_test=n_test))
        if progress is not None:
            value = getattr(setting, chosen.variable)
            progress(len(points), len(settings), f"{setting.layout}, {chosen.variable} {value:g}")
    return StudyResult(
        name=chosen.name,
        variable=chosen.variable,
        model=model,
        seeds=int(seeds),
        n_test=n_test,
        points=tuple(points),
        seconds=time.perf_counter() - start,
    )


def _checked(study: str | Study, model: str, seeds: int) -> Study:
    if not isinstance(study, Study):
        if study not in STUDIES:
            raise InputValueError(
                f"`study` must be one of {', '.join(STUDIES)}, got {study!r}. Choose one of them."
            )
        study = STUDIES[study]
    if model not in STUDY_MODELS:
        raise InputValueError(
            f"`model` must be one of {', '.join(STUDY_MODELS)}, got {model!r}. Choose one of them."
        )
    if model == "mlp" and find_spec("torch") is None:
        raise InputValueError(
            "`model` 'mlp' must have PyTorch, which is not installed. "
            "Install it with `pip install headway[torch]`, or use 'linear'."
        )
    if isinstance(seeds, bool) or not isinstance(seeds, int | np.integer):
        raise InputTypeError(f"`seeds` must be a whole number, got {seeds!r}. Use 20.")
    if seeds < 2:
        raise InputValueError(
            f"`seeds` must be at least 2, got {seeds}: one draw has no interval. Use 20."
        )
    return study


def _run_setting(setting: StudySetting, *, model: str, seeds: int, n_test: int) -> StudyPoint:
    chosen_C: dict[str, float | None] = dict.fromkeys(HEADS)
    if model == "linear":
        pilot = draw_rows(setting, seed=PILOT, n_test=n_test)
        chosen_C.update({head: _choose_C(head, pilot) for head in HEADS})
    scores: dict[str, list[tuple[float, float]]] = {"bayes": [], **{head: [] for head in HEADS}}
    for seed in range(seeds):
        draw = draw_rows(setting, seed=seed, n_test=n_test)
        p = draw.posterior
        scores["bayes"].append((float(p.max(axis=1).mean()), float(-xlogy(p, p).sum(1).mean())))
        for head in HEADS:
            C = chosen_C[head]
            fitted = _network(head, draw, seed) if C is None else _linear(head, C, draw)
            scores[head].append(_scores(fitted, draw))
    columns = {
        who: StudyScores(
            accuracy=tuple(accuracy for accuracy, _ in rows),
            log_loss=tuple(log_loss for _, log_loss in rows),
            C=chosen_C.get(who),
        )
        for who, rows in scores.items()
    }
    return StudyPoint(setting, **columns)


def _choose_C(head: str, pilot: StudyDraw) -> float:
    """Return the C from which no step of half a decade up or down lessens the log-loss."""

    def loss(C: float) -> float:
        return _scores(_linear(head, C, pilot), pilot)[1]

    here = loss(1.0)
    for step in (STEP_OF_C, 1 / STEP_OF_C):
        C, there = 1.0, loss(step)
        if there >= here - WORTH_A_STEP:
            continue
        while there < here - WORTH_A_STEP and 1 / LARGEST_C <= C * step <= LARGEST_C:
            C, here, there = C * step, there, loss(C * step * step)
        return C
    return 1.0


def _linear(head: str, C: float, draw: StudyDraw) -> Any:
    n_classes = draw.posterior.shape[1]
    return LinearClassifier(
        head=head, C=C, tol=1e-6 if n_classes < MANY_CLASSES else 1e-3, random_state=0
    ).fit(draw.X_train, draw.labels)


def _network(head: str, draw: StudyDraw, seed: int) -> Any:
    return MLPClassifier(head=head, hidden=(64,), random_state=seed).fit(draw.X_train, draw.labels)


def _scores(fitted: Any, draw: StudyDraw) -> tuple[float, float]:
    """Return (accuracy, log-loss in nats), expected under the exact posterior."""
    logits = np.asarray(fitted.logits(draw.X_test), dtype=np.float64)
    decided = np.asarray(fitted.head_.decide(logits))
    log_probs = np.asarray(fitted.head_.to_log_probs(logits))
    p = draw.posterior
    accuracy = np.take_along_axis(p, decided[:, None], axis=1)
    return float(accuracy.mean()), float(-(p * log_probs).sum(axis=1).mean())
