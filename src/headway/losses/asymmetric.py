"""The asymmetric loss: focal, with another focus for absent labels, and a margin for them.

    p = sigmoid(z),  q = max(p - m, 0)
    value = -sum of  t (1 - p)^g+ log p  +  (1 - t) q^g- log(1 - q)

Absent labels with p below the margin m count as learned and cost exactly 0; m = 0 and g+ = g- is
the focal loss, all 0 is binary cross-entropy.  The gradient is the whole derivative, the factors
(1 - p)^g+ and q^g- included: an implementation that cuts them off from differentiation descends
something else than it reports.

The trap is twofold.  The loss is not proper: absent labels hardly pull, so that probabilities
come out too large, and a threshold of 0.5 means nothing until they are calibrated or it is
tuned.  And with a margin the pull on an absent label vanishes as p nears 1: what is confidently
wrong is taken for a wrong label.
"""

from dataclasses import dataclass

from headway._array import Array, namespace, quiet, wide_sum
from headway._check import check_fraction
from headway.kernels import sigmoid
from headway.losses.focal import check_exponent, focused_cells, observed

__all__ = ["AsymmetricLoss"]


@dataclass(frozen=True)
class AsymmetricLoss:
    """Return the asymmetric loss of sigmoids, summed over the labels of each row.

    Parameters
    ----------
    gamma_pos, gamma_neg : float
        Focus on present and on absent labels, at least 0.
    margin : float
        Subtracted from the probability of absent labels, 0 <= margin < 1.

    References
    ----------
    Ridnik, Ben-Baruch, Zamir, Noy, Friedman, Protter and Zelnik-Manor (2021), "Asymmetric Loss
    For Multi-Label Classification", ICCV.

    Examples
    --------
    >>> import numpy as np
    >>> loss = AsymmetricLoss(gamma_pos=0.0, gamma_neg=2.0, margin=0.0)
    >>> loss.value(np.zeros((2, 1)), np.array([[1.0], [0.0]]))  # log(2), log(2) / 4
    array([0.69314718, 0.1732868 ])
    """

    gamma_pos: float = 0.0
    gamma_neg: float = 4.0
    margin: float = 0.05

    def __post_init__(self) -> None:
        for name in ("gamma_pos", "gamma_neg"):
            object.__setattr__(self, name, check_exponent(getattr(self, name), name))
        object.__setattr__(self, "margin", check_fraction(self.margin, "margin"))

    @quiet
    def value(self, logits: Array, targets: Array, /) -> Array:
        """Return the loss of each sample in nats, missing targets adding nothing, shape (n,)."""
        z, t, _ = observed(logits, targets)
        xp = namespace(z)
        miss, _ = focused_cells(z, self.gamma_pos)
        alarm, _ = self._absent(z)
        zero = xp.zeros_like(z)
        cells = xp.where(t > 0, t * miss, zero) + xp.where(targets < 1, (1 - t) * alarm, zero)
        return wide_sum(cells, xp, axis=-1)

    @quiet
    def gradient(self, logits: Array, targets: Array, /) -> Array:
        """Return the whole derivative, the focus included, and 0 at missing targets, (n, K)."""
        z, t, missing = observed(logits, targets)
        xp = namespace(z)
        _, rise = focused_cells(z, self.gamma_pos)
        _, fall = self._absent(z)
        slopes = t * rise + (1 - t) * fall
        return xp.where(missing, xp.zeros_like(slopes), slopes)

    def _absent(self, logits: Array) -> tuple[Array, Array]:
        """Return -q^g log(1 - q) for each cell, and its derivative by z (0 at the margin)."""
        if self.margin == 0:
            cells, slopes = focused_cells(-logits, self.gamma_neg)
            return cells, -slopes
        xp = namespace(logits)
        p, rest = sigmoid(logits), sigmoid(-logits)
        above = p > self.margin
        # Below the margin any number will do: it is masked, also from autograd.
        q = xp.where(above, p - self.margin, xp.full_like(p, 0.5))
        # Each form of 1 - q keeps its digits on one side of 1/2.
        nats = xp.where(q < 0.5, 0 - xp.log1p(-q), 0 - xp.log(rest + self.margin))
        focus = q**self.gamma_neg
        slope = focus * (self.gamma_neg * nats / q + 1 / (rest + self.margin)) * p * rest
        zero = xp.zeros_like(p)
        return xp.where(above, focus * nats, zero), xp.where(above, slope, zero)
