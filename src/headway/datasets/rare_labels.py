"""Label sets as they are met in practice, made up: rare labels that go together, cells unknown.

    X ~ N(0, I)                                    features
    z_l = w_l x + b_l                              logits, b_l so that E[sigmoid(z_l)] = share_l
    y_l = [e_l < sigmoid(z_l)]                     e_l uniform on 0..1, correlated

The e_l are a Gaussian copula: e_l = Phi(g_l), the g_l standard normal with correlation `together`.
Whatever that is, P(y_l = 1 | x) = sigmoid(z_l) exactly.  The trap lies there: probabilities of the
single labels, all of them right, do not say how likely two labels are together.
"""

from collections.abc import Mapping

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from headway._check import check_fraction
from headway.datasets.dataset import Dataset
from headway.datasets.posteriors import LabelSetsPosterior
from headway.errors import InputValueError
from headway.kernels import sigmoid

__all__ = ["rare_labels"]

FAULTS = {"worn": 0.4, "loose": 0.2, "dirty": 0.1, "leaking": 0.06, "cracked": 0.03, "burnt": 0.02}
TAIL = 8.0  # standard deviations; what lies beyond weighs 1e-15
POINTS = 4001


def rare_labels(
    n_samples: int = 3000,
    *,
    shares: Mapping[str, float] | None = None,
    n_features: int = 12,
    strength: float = 2.0,
    together: float = 0.5,
    missing: float = 0.2,
    random_state: int = 0,
) -> Dataset:
    """Return rows with any of several labels, common and rare ones, and their truth.

    By default machines with six faults, of which the rarest is found in one of fifty.  The
    coefficients are drawn too, so another `random_state` is another truth.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    shares : mapping of str to float, optional
        The labels, and which share of all rows has each: above 0, below 1.
    n_features : int
        Number of features.
    strength : float
        Length of each label's coefficients: the standard deviation of its logit.
    together : float
        0 <= together < 1: how much labels have in common beyond what the features say.  At 0 they
        are independent given the features.
    missing : float
        0 <= missing < 1: the share of cells whose truth nobody knows, evenly at random.
    random_state : int
        Seed of coefficients and draws.

    Returns
    -------
    Dataset
        `X` float64, `y` float64 of 0, 1 and NaN, shape (n, L), `posterior` a
        `LabelSetsPosterior`.

    Raises
    ------
    InputTypeError, InputValueError
        If a size or share is impossible, or a label is the same in every known cell of the draw.

    References
    ----------
    Emrich and Piedmonte (1991), "A Method for Generating High-Dimensional Multivariate Binary
    Variates", The American Statistician 45.

    Examples
    --------
    >>> data = rare_labels(5000)
    >>> data.classes
    ('worn', 'loose', 'dirty', 'leaking', 'cracked', 'burnt')
    >>> np.nanmean(data.y, axis=0).round(2).tolist()
    [0.39, 0.2, 0.1, 0.06, 0.03, 0.02]
    """
    wanted = {str(name): share for name, share in (FAULTS if shares is None else shares).items()}
    if n_samples < 2:
        raise InputValueError(f"`n_samples` must be at least 2, got {n_samples}.")
    if n_features < 1:
        raise InputValueError(f"`n_features` must be at least 1, got {n_features}.")
    if not wanted:
        raise InputValueError("`shares` must name at least one label, got none.")
    if not (np.isfinite(strength) and strength >= 0):
        raise InputValueError(f"`strength` must be at least 0, got {strength}.")
    for name, share in wanted.items():
        if check_fraction(share, f"shares[{name!r}]") == 0:
            raise InputValueError(
                f"`shares[{name!r}]` must be above 0, got 0. Leave the label out."
            )
    together, missing = check_fraction(together, "together"), check_fraction(missing, "missing")

    rng = np.random.default_rng(random_state)
    directions = rng.standard_normal((len(wanted), n_features))
    coef = strength * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    intercept = np.array([_intercept(float(share), strength) for share in wanted.values()])
    posterior = LabelSetsPosterior(coef, intercept)
    X = rng.standard_normal((n_samples, n_features))
    common, own = rng.standard_normal((n_samples, 1)), rng.standard_normal((n_samples, len(wanted)))
    noise = norm.cdf(np.sqrt(together) * common + np.sqrt(1 - together) * own)
    y = (noise < posterior(X)).astype(np.float64)
    y[rng.random(y.shape) < missing] = np.nan
    for name, column in zip(wanted, y.T, strict=True):
        if len(np.unique(column[~np.isnan(column)])) < 2:
            raise InputValueError(
                f"Each label must occur and be absent somewhere, got label {name!r} constant over "
                f"{n_samples} rows. Draw more rows or make its share larger."
            )
    return Dataset(
        name="rare_labels",
        X=X,
        y=y,
        classes=tuple(wanted),
        feature_names=tuple(f"x{column}" for column in range(n_features)),
        description=f"{len(wanted)} labels, common and rare, with known posteriors.",
        source="made up",
        posterior=posterior,
    )


def _intercept(share: float, strength: float) -> float:
    """Return b with E[sigmoid(strength u + b)] = share for a standard normal u.

    The integrand is analytic and vanishes at the ends, where the trapezoid rule gains digits
    exponentially: an evenly weighted sum is exact to rounding.
    """
    u = np.linspace(-TAIL, TAIL, POINTS)
    weights = norm.pdf(u)
    weights /= weights.sum()

    def excess(b: float) -> float:
        return float(weights @ sigmoid(strength * u + b)) - share

    reach = abs(np.log(share) - np.log1p(-share)) + TAIL * strength + 1.0
    return float(brentq(excess, -reach, reach, xtol=1e-12))
