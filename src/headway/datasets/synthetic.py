"""Made-up data whose exact posteriors are known, so that calibration can be checked exactly.

    blobs        X | k ~ N(center_k, I)                      P(k | x) = softmax(logits)_k
    moons        X | k ~ N(point on half circle k, noise^2)  densities by quadrature
    label_sets   X ~ N(0, I), labels independent given X     P(l | x) = sigmoid(w_l x + b_l)

The trap is to call the true parameters "the best a model can do": with finitely many rows no
model reaches the Bayes error but by luck, and only the posterior itself has it on average.
"""

from typing import Any

import numpy as np

from headway.datasets.dataset import Dataset
from headway.datasets.posteriors import (
    BlobsPosterior,
    LabelSetsPosterior,
    MoonsPosterior,
    moon_points,
)
from headway.errors import InputValueError

__all__ = ["blobs", "label_sets", "moons"]


def blobs(
    n_samples: int = 1000,
    *,
    n_classes: int = 3,
    n_features: int = 2,
    separation: float = 3.0,
    shares: Any = None,
    random_state: int = 0,
) -> Dataset:
    """Return round Gaussian clouds around the corners of a regular polygon, and their truth.

    The truth is linear: logits of x are log(share_k) + center_k x - |center_k|^2 / 2, so
    a softmax head on a linear model can represent it exactly.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    n_classes : int
        Number of clouds K, at least 2.
    n_features : int
        Number of features, at least 2; those after the second are noise.
    separation : float
        Distance between neighbouring centres, in standard deviations of a cloud.
    shares : sequence of K numbers, optional
        Probabilities of the classes; by default equal.
    random_state : int
        Seed of the draws.

    Returns
    -------
    Dataset
        `X` float64, `y` int64 in 0..K-1, `posterior` a `BlobsPosterior`.

    Raises
    ------
    InputValueError
        If a size or share is impossible, or a class has no row in the draw.

    Examples
    --------
    >>> data = blobs(500, n_classes=2, separation=2.0)
    >>> round(data.posterior.bayes_error(), 4)  # the normal distribution below -1
    0.1587
    """
    _check_sizes(n_samples, n_features=n_features, least_features=2)
    if n_classes < 2:
        raise InputValueError(f"`n_classes` must be at least 2, got {n_classes}.")
    if not (np.isfinite(separation) and separation >= 0):
        raise InputValueError(f"`separation` must be at least 0, got {separation}.")
    weights = np.full(n_classes, 1 / n_classes) if shares is None else np.asarray(shares, float)
    if weights.shape != (n_classes,) or not (weights > 0).all() or abs(weights.sum() - 1) > 1e-9:
        raise InputValueError(
            f"`shares` must be {n_classes} positive numbers that sum to 1, got {shares!r}."
        )
    radius = separation / (2 * np.sin(np.pi / n_classes))
    angles = 2 * np.pi * np.arange(n_classes) / n_classes
    centers = np.zeros((n_classes, n_features))
    centers[:, 0], centers[:, 1] = radius * np.cos(angles), radius * np.sin(angles)
    rng = np.random.default_rng(random_state)
    y = rng.choice(n_classes, size=n_samples, p=weights)
    X = centers[y] + rng.standard_normal((n_samples, n_features))
    _refuse_absent_classes(y, n_classes)
    return Dataset(
        name="blobs",
        X=X,
        y=y,
        classes=tuple(range(n_classes)),
        feature_names=_names(n_features),
        description=f"{n_classes} Gaussian clouds whose posterior is known and linear.",
        source="made up",
        posterior=BlobsPosterior(centers, weights),
    )


def moons(n_samples: int = 1000, *, noise: float = 0.3, random_state: int = 0) -> Dataset:
    """Return two half circles that reach into each other, blurred, and their truth.

    A point is drawn uniformly on the half circle of its class (as in scikit-learn's
    `make_moons`), and Gaussian noise is added.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    noise : float
        Standard deviation of the noise, at least 0.02; the circles have radius 1.
    random_state : int
        Seed of the draws.

    Returns
    -------
    Dataset
        `X` float64 of shape (n, 2), `y` int64 0 or 1, `posterior` a `MoonsPosterior`.

    Raises
    ------
    InputValueError
        If a size is impossible or the noise too small for exact posteriors.

    Examples
    --------
    >>> data = moons(200)
    >>> data.posterior(np.array([[0.0, 1.0], [0.5, 0.25]])).round(3).tolist()
    [[0.954, 0.046], [0.5, 0.5]]
    """
    _check_sizes(n_samples, n_features=2, least_features=2)
    posterior = MoonsPosterior(noise)
    rng = np.random.default_rng(random_state)
    y = rng.integers(0, 2, size=n_samples)
    X = moon_points(rng.uniform(0, np.pi, size=n_samples), y)
    X += noise * rng.standard_normal(X.shape)
    _refuse_absent_classes(y, 2)
    return Dataset(
        name="moons",
        X=X,
        y=y,
        classes=(0, 1),
        feature_names=_names(2),
        description="Two interleaved half circles whose posterior is known and not linear.",
        source="made up",
        posterior=posterior,
    )


def label_sets(
    n_samples: int = 1000,
    *,
    n_labels: int = 5,
    n_features: int = 10,
    strength: float = 2.0,
    random_state: int = 0,
) -> Dataset:
    """Return multi-label rows, each label a yes-or-no question of its own, and their truth.

    Labels get rarer from the first (about half of the rows) to the last.  The coefficients
    are drawn too, so another `random_state` is another truth.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    n_labels : int
        Number of labels L.
    n_features : int
        Number of features.
    strength : float
        Length of each label's coefficients: the standard deviation of its logit.
    random_state : int
        Seed of coefficients and draws.

    Returns
    -------
    Dataset
        `X` float64, `y` int64 of 0 and 1, shape (n, L), `posterior` a `LabelSetsPosterior`.

    Raises
    ------
    InputValueError
        If a size is impossible, or a label is the same in every row of the draw.

    Examples
    --------
    >>> data = label_sets(300)
    >>> data.y.shape, data.posterior(data.X).shape
    ((300, 5), (300, 5))
    """
    _check_sizes(n_samples, n_features=n_features, least_features=1)
    if n_labels < 1:
        raise InputValueError(f"`n_labels` must be at least 1, got {n_labels}.")
    if not (np.isfinite(strength) and strength >= 0):
        raise InputValueError(f"`strength` must be at least 0, got {strength}.")
    rng = np.random.default_rng(random_state)
    directions = rng.standard_normal((n_labels, n_features))
    coef = strength * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    posterior = LabelSetsPosterior(coef, np.linspace(0.0, -2.0, n_labels))
    X = rng.standard_normal((n_samples, n_features))
    y = (rng.random((n_samples, n_labels)) < posterior(X)).astype(np.int64)
    constant = (y == y[0]).all(axis=0)
    if constant.any():
        raise InputValueError(
            f"Each label must occur and be absent somewhere, got label {int(np.argmax(constant))} "
            f"constant over {n_samples} rows. Draw more rows."
        )
    return Dataset(
        name="label_sets",
        X=X,
        y=y,
        classes=tuple(f"label_{label}" for label in range(n_labels)),
        feature_names=_names(n_features),
        description=f"{n_labels} labels that may hold together, with known posteriors.",
        source="made up",
        posterior=posterior,
    )


def _names(n_features: int) -> tuple[str, ...]:
    return tuple(f"x{column}" for column in range(n_features))


def _check_sizes(n_samples: int, *, n_features: int, least_features: int) -> None:
    if n_samples < 2:
        raise InputValueError(f"`n_samples` must be at least 2, got {n_samples}.")
    if n_features < least_features:
        raise InputValueError(f"`n_features` must be at least {least_features}, got {n_features}.")


def _refuse_absent_classes(y: np.ndarray, n_classes: int) -> None:
    counts = np.bincount(y, minlength=n_classes)
    if not counts.all():
        raise InputValueError(
            f"Each class must have a row, got none of class {int(np.argmin(counts))} among "
            f"{len(y)} rows. Draw more rows or make its share larger."
        )
