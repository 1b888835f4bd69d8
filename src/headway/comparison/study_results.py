"""What a study leaves behind: scores by seed, and softmax minus sigmoid with its interval.

Every seed draws its own training and test rows, so the paired differences d_1..d_S of S seeds
are independent, and the usual t interval holds all of their chance:

    mean(d) -+ t(S - 1) std(d) / sqrt(S)

(The trap of `headway.metrics.intervals`, test rows that the seeds share, does not arise.)  The
scores themselves are expectations under the exact posterior p, not counts of drawn labels:

    accuracy = mean_i p[i, decision_i],   log-loss = -mean_i sum_k p[i, k] log q[i, k]

so neither can beat the posterior's own on any row: p[decision] <= max p, and the excess of the
log-loss is a Kullback-Leibler divergence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student_t

from headway.comparison.results import Estimate
from headway.comparison.study_draws import StudySetting
from headway.errors import InputValueError

__all__ = ["StudyPoint", "StudyResult", "StudyScores"]


@dataclass(frozen=True)
class StudyScores:
    """One answerer's scores, one a seed.

    Attributes
    ----------
    accuracy : tuple of float
        In 0..1.
    log_loss : tuple of float
        Nats.
    C : float or None
        Inverse penalty of the linear model; None for networks and for the posterior.
    """

    accuracy: tuple[float, ...]
    log_loss: tuple[float, ...]
    C: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as JSON-ready lists and numbers."""
        return {"accuracy": list(self.accuracy), "log_loss": list(self.log_loss), "C": self.C}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], /) -> StudyScores:
        """Return the scores that `to_dict` wrote."""
        return cls(tuple(values["accuracy"]), tuple(values["log_loss"]), values["C"])


@dataclass(frozen=True)
class StudyPoint:
    """Both heads and the exact posterior at one setting.

    Attributes
    ----------
    setting : StudySetting
    softmax, sigmoid, bayes : StudyScores
        On the same rows, seed by seed.
    """

    setting: StudySetting
    softmax: StudyScores
    sigmoid: StudyScores
    bayes: StudyScores

    @property
    def accuracy_difference(self) -> Estimate:
        """Return softmax minus sigmoid in accuracy points: above 0, softmax is better."""
        return _paired(self.softmax.accuracy, self.sigmoid.accuracy, 100.0)

    @property
    def log_loss_difference(self) -> Estimate:
        """Return softmax minus sigmoid in nats: below 0, softmax is better."""
        return _paired(self.softmax.log_loss, self.sigmoid.log_loss, 1.0)

    def accuracy_lost(self, head: str, /) -> Estimate:
        """Return how many accuracy points a head stays below the exact posterior."""
        return _paired(self.bayes.accuracy, getattr(self, head).accuracy, 100.0)

    def log_loss_excess(self, head: str, /) -> Estimate:
        """Return how many nats the log-loss of a head is above the exact posterior's."""
        return _paired(getattr(self, head).log_loss, self.bayes.log_loss, 1.0)

    def to_dict(self) -> dict[str, Any]:
        """Return the setting, all scores and what follows from them."""
        heads = ("softmax", "sigmoid")
        return {
            "setting": self.setting.to_dict(),
            "softmax": self.softmax.to_dict(),
            "sigmoid": self.sigmoid.to_dict(),
            "bayes": self.bayes.to_dict(),
            "accuracy_difference": self.accuracy_difference.to_dict(),
            "log_loss_difference": self.log_loss_difference.to_dict(),
            "accuracy_lost": {head: self.accuracy_lost(head).to_dict() for head in heads},
            "log_loss_excess": {head: self.log_loss_excess(head).to_dict() for head in heads},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], /) -> StudyPoint:
        """Return the point that `to_dict` wrote; what follows from the scores follows again."""
        return cls(
            StudySetting.from_dict(values["setting"]),
            *(StudyScores.from_dict(values[who]) for who in ("softmax", "sigmoid", "bayes")),
        )


@dataclass(frozen=True)
class StudyResult:
    """A finished study.

    Attributes
    ----------
    name, variable : str
        Of the study, and of the field of `StudySetting` that it sweeps.
    model : {"linear", "mlp"}
    seeds, n_test : int
        Draws of each setting; test rows of each draw.
    points : tuple of StudyPoint
    seconds : float
        Wall-clock time of the whole study.
    """

    name: str
    variable: str
    model: str
    seeds: int
    n_test: int
    points: tuple[StudyPoint, ...]
    seconds: float

    @property
    def layouts(self) -> tuple[str, ...]:
        """Return the layouts of the classes, in the order they were run."""
        return tuple(dict.fromkeys(point.setting.layout for point in self.points))

    def select(self, layout: str, /) -> tuple[StudyPoint, ...]:
        """Return the points of one layout, in the order of the swept variable."""
        return tuple(point for point in self.points if point.setting.layout == layout)

    def value(self, point: StudyPoint, /) -> float:
        """Return the value of the swept variable at a point."""
        return float(getattr(point.setting, self.variable))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready dicts, lists, numbers and text."""
        return {
            "format": "headway-study",
            "version": 1,
            "name": self.name,
            "variable": self.variable,
            "model": self.model,
            "seeds": self.seeds,
            "n_test": self.n_test,
            "points": [point.to_dict() for point in self.points],
            "seconds": self.seconds,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], /) -> StudyResult:
        """Return the study that `to_dict` wrote.

        Raises
        ------
        InputValueError
            If the values are of another format or version.
        """
        found = (values.get("format"), values.get("version"))
        if found != ("headway-study", 1):
            raise InputValueError(
                f"A study must have format 'headway-study' and version 1, got {found}. "
                "Pass what `to_dict` or `headway study NAME --json` gave."
            )
        return cls(
            name=values["name"],
            variable=values["variable"],
            model=values["model"],
            seeds=values["seeds"],
            n_test=values["n_test"],
            points=tuple(StudyPoint.from_dict(point) for point in values["points"]),
            seconds=values["seconds"],
        )


def _paired(first: Sequence[float], second: Sequence[float], unit: float) -> Estimate:
    """Return the mean of first minus second with its t interval over seeds."""
    differences = unit * (np.asarray(first) - np.asarray(second))
    mean, n = float(differences.mean()), len(differences)
    if n < 2:
        return Estimate(mean, np.nan, np.nan, None, n_seeds=n)
    spread = float(differences.std(ddof=1))
    half = float(student_t.ppf(0.975, n - 1)) * spread / np.sqrt(n)
    return Estimate(mean, float(mean - half), float(mean + half), spread, n_seeds=n)
