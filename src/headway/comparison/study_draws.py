"""Rows whose exact posterior is known, for studies: layouts of classes, counts, wrong labels.

    X | k ~ N(center_k, I),   P(k | x) = softmax(log share_k + center_k x - |center_k|^2 / 2)

The truth is linear, so a softmax layer can represent it exactly wherever the centres lie.  A
sigmoid layer draws one hyperplane a class, and how well that does depends on the layout:

    sphere   centres at random on a sphere in 20 dimensions: each class has a side of its own
    ring     corners of a regular polygon in the plane: neighbours to the left and to the right
    row      one behind the other on a line in the plane: the middle ones have no side at all

The trap is chance that has nothing to do with the question.  So the counts of the classes are
fixed and not drawn, and the same seed draws the same noise whatever else a setting says: a
setting with label noise 0 is the clean setting, number for number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from headway.datasets.posteriors import BlobsPosterior
from headway.errors import InputValueError

__all__ = ["LAYOUTS", "StudyDraw", "StudySetting", "draw_rows"]

LAYOUTS = ("sphere", "ring", "row")
SPHERE_FEATURES = 20


@dataclass(frozen=True)
class StudySetting:
    """What the rows of one point of a study are like.

    Attributes
    ----------
    layout : {"sphere", "ring", "row"}
        Where the centres of the classes lie.
    separation : float
        Distance between neighbouring centres in standard deviations of a class; on the sphere,
        of two centres at a right angle.
    n_classes, n_train : int
        Classes, at least 2, and training rows, at least one a class.
    imbalance : float
        Share of the commonest class by that of the rarest, at least 1; the others lie between
        on a geometric scale, in an order that is drawn.
    label_noise : float
        Share in 0..1 of the training labels that are replaced by another class.
    """

    layout: str
    separation: float = 3.0
    n_classes: int = 10
    n_train: int = 1000
    imbalance: float = 1.0
    label_noise: float = 0.0

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise InputValueError(
                f"`layout` must be one of {', '.join(LAYOUTS)}, got {self.layout!r}. "
                "Choose one of them."
            )
        for name, least in (("n_classes", 2), ("n_train", self.n_classes), ("imbalance", 1)):
            if not least <= getattr(self, name) < np.inf:
                raise InputValueError(
                    f"`{name}` must be at least {least}, got {getattr(self, name)}. "
                    f"Use {least} or more."
                )
        if not 0 <= self.separation < np.inf:
            raise InputValueError(f"`separation` must be at least 0, got {self.separation}. Use 3.")
        if not 0 <= self.label_noise <= 1:
            raise InputValueError(
                f"`label_noise` must lie in 0..1, got {self.label_noise}. Give a share of the rows."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the setting as JSON-ready numbers and text."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], /) -> StudySetting:
        """Return the setting that `to_dict` wrote."""
        return cls(**values)


@dataclass(frozen=True, eq=False)
class StudyDraw:
    """Training rows, test rows and the truth.

    Attributes
    ----------
    X_train, X_test : float64 arrays of shape (n_train, d) and (n_test, d)
    labels : int64 array of shape (n_train,)
        Noise included.
    posterior : float64 array of shape (n_test, K), in 0..1
        P(class | x) of the test rows, without label noise.
    """

    X_train: np.ndarray
    labels: np.ndarray
    X_test: np.ndarray
    posterior: np.ndarray


def draw_rows(setting: StudySetting, *, seed: int, n_test: int) -> StudyDraw:
    """Return the rows of one setting and seed.

    Parameters
    ----------
    setting : StudySetting
    seed : int
        At least 0.
    n_test : int
        Test rows.

    Returns
    -------
    StudyDraw
        The counts of the classes are their shares of the rows as nearly as whole numbers can
        be, but at least one row each.

    Examples
    --------
    >>> draw = draw_rows(StudySetting("ring", n_train=30), seed=0, n_test=5)
    >>> draw.X_train.shape, np.bincount(draw.labels).tolist(), draw.posterior.shape
    ((30, 2), [3, 3, 3, 3, 3, 3, 3, 3, 3, 3], (5, 10))
    """
    # One stream for each purpose: what one of them uses up must not move another.
    of_layout, of_order, of_train, of_test, of_labels = (
        np.random.default_rng(stream) for stream in np.random.SeedSequence(seed).spawn(5)
    )
    centers = _centers(setting, of_layout)
    k, n_features = centers.shape
    shares = setting.imbalance ** -np.linspace(0.0, 1.0, k)
    shares = of_order.permutation(shares / shares.sum())
    labels = np.repeat(np.arange(k), _counts(shares, setting.n_train))
    X_train = centers[labels] + of_train.standard_normal((setting.n_train, n_features))
    test_labels = np.searchsorted(np.cumsum(shares), (np.arange(n_test) + 0.5) / n_test)
    X_test = centers[np.minimum(test_labels, k - 1)]
    X_test = X_test + of_test.standard_normal((n_test, n_features))
    return StudyDraw(
        X_train=X_train,
        labels=_with_noise(labels, setting, of_labels),
        X_test=X_test,
        posterior=BlobsPosterior(centers, shares)(X_test),
    )


def _centers(setting: StudySetting, rng: np.random.Generator) -> np.ndarray:
    k, separation = setting.n_classes, setting.separation
    if setting.layout == "sphere":
        directions = rng.standard_normal((k, SPHERE_FEATURES))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        return np.asarray(separation / np.sqrt(2) * directions)
    if setting.layout == "ring":
        radius = separation / (2 * np.sin(np.pi / k))
        angles = 2 * np.pi * np.arange(k) / k
        return radius * np.column_stack([np.cos(angles), np.sin(angles)])
    places = separation * (np.arange(k) - (k - 1) / 2)
    return np.column_stack([places, np.zeros(k)])


def _counts(shares: np.ndarray, n: int) -> np.ndarray:
    """Return whole numbers that sum to n: one each, the rest by largest remainder."""
    wanted = np.maximum(n * shares - 1, 0)
    wanted *= (n - len(shares)) / max(wanted.sum(), 1e-300)
    counts = np.floor(wanted + 1e-9).astype(np.int64)
    missing = n - len(shares) - int(counts.sum())
    counts[np.argsort(counts - wanted, kind="stable")[:missing]] += 1
    return counts + 1


def _with_noise(labels: np.ndarray, setting: StudySetting, rng: np.random.Generator) -> np.ndarray:
    """Return the labels with an exact number replaced, each by one of the other classes."""
    wrong = rng.permutation(len(labels))[: round(setting.label_noise * len(labels))]
    noisy = labels.copy()
    steps = rng.integers(1, setting.n_classes, size=len(wrong))
    noisy[wrong] = (labels[wrong] + steps) % setting.n_classes
    return noisy
