"""Focal losses: cross-entropy that turns away from what is already right.

    one class a row, p = softmax(z):   value    = -sum over k of t_k (1 - p_k)^g log p_k
                                       gradient = p <t, w> - t w
                                       w        = (1 - p)^g (1 - g p log p / (1 - p))
    labels, p = sigmoid(z):            value    = -sum of  a t (1 - p)^g log p
                                                         + (1 - a) (1 - t) p^g log(1 - p)

g = 0 is cross-entropy.  p is the probability itself: taken from a weighted cross-entropy, as
exp(-a loss), it would be p^a, and the weights would decide what is easy.  Soft targets count as
the chances of the classes, so that the loss is the expected one.

The trap is what the loss does to probabilities.  It is not proper: its expectation is least at
probabilities that are pulled towards each other, and a model trained by it is less sure than it
should be.  Calibrate before the probabilities are used as such.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from headway._array import Array, namespace, quiet, same_dtype, wide_sum
from headway._check import check_fraction
from headway.errors import InputTypeError, InputValueError
from headway.kernels import log_sigmoid
from headway.links.softmax import expected_nats
from headway.losses.log_odds import log_odds_parts

__all__ = ["BinaryFocalLoss", "FocalLoss", "check_exponent", "focused_cells", "observed"]


def check_exponent(value: Any, name: str, /) -> float:
    """Return the exponent as a float unless it is no finite number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise InputTypeError(f"`{name}` must be a number, got {value!r}. Try 2.0.")
    if not 0 <= value < math.inf:
        raise InputValueError(
            f"`{name}` must be at least 0 and finite, got {value}. 0 is cross-entropy; try 2.0."
        )
    return float(value)


def power_of_exp(log_base: Array, exponent: float, xp: Any, /) -> Array:
    """Return exp(log_base)^exponent, and 1 for the exponent 0 whatever the base."""
    return xp.exp(exponent * log_base) if exponent else xp.ones_like(log_base)


@quiet
def focused_cells(logits: Array, gamma: float, /) -> tuple[Array, Array]:
    """Return -(1 - p)^gamma log p for each cell, p = sigmoid(z), and its derivative by z."""
    xp = namespace(logits)
    log_p, log_rest = log_sigmoid(logits), log_sigmoid(-logits)
    zero = xp.zeros_like(log_p)
    focus = power_of_exp(log_rest, gamma, xp)
    p = xp.exp(log_p)
    # 0 log 0 = 0, and an exponent of 0 leaves a certain cell with the loss 0, not -0.
    information = xp.where(p == 0, zero, 0 - p * log_p)
    slope = -focus * (xp.exp(log_rest) + gamma * information)
    return xp.where(log_p == 0, zero, -focus * log_p), slope


def observed(logits: Array, targets: Array, /) -> tuple[Array, Array, Array]:
    """Return logits and targets with 0 at missing cells, and the mask of those.

    NaN is taken out before the arithmetic: autograd multiplies 0 by it afterwards.
    """
    xp = namespace(logits, targets)
    targets = same_dtype(targets, logits)
    missing = xp.isnan(targets)
    zero = xp.zeros_like(logits)
    return xp.where(missing, zero, logits), xp.where(missing, zero, targets), missing


@dataclass(frozen=True)
class FocalLoss:
    """Return the focal loss of a softmax, for rows with exactly one class.

    Parameters
    ----------
    gamma : float
        At least 0; how quickly the loss turns away from classes that are nearly certain.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollar (2017), "Focal Loss for Dense Object Detection", ICCV.

    Examples
    --------
    >>> import numpy as np
    >>> loss = FocalLoss(gamma=2.0)
    >>> loss.value(np.zeros((1, 2)), np.array([[1.0, 0.0]]))  # log(2) / 4
    array([0.1732868])
    """

    gamma: float = 2.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "gamma", check_exponent(self.gamma, "gamma"))

    @quiet
    def value(self, logits: Array, targets: Array, /) -> Array:
        """Return -sum(t (1 - p)^gamma log p) in nats, shape (n,)."""
        log_p, log_rest, _ = log_odds_parts(logits)
        focus = power_of_exp(log_rest, self.gamma, namespace(log_p))
        return expected_nats(focus * log_p, same_dtype(targets, logits))

    @quiet
    def gradient(self, logits: Array, targets: Array, /) -> Array:
        """Return p <t, w> - t w: the whole derivative, the focus included, shape (n, K)."""
        log_p, log_rest, _ = log_odds_parts(logits)
        xp = namespace(log_p, targets)
        p, rest, one = xp.exp(log_p), xp.exp(log_rest), xp.ones_like(log_p)
        # -p log p / (1 - p) lies in 0..1: 0 where p is 0, and 1 where 1 - p is.
        share = xp.where(rest == 0, one, 0 - p * log_p / rest)
        share = xp.where(p == 0, xp.zeros_like(share), share)
        focus = power_of_exp(log_rest, self.gamma, xp)
        pull = same_dtype(targets, logits) * focus * (1 + self.gamma * share)
        return p * wide_sum(pull, xp, axis=-1, keepdims=True) - pull


@dataclass(frozen=True)
class BinaryFocalLoss:
    """Return the focal loss of sigmoids, summed over the labels of each row.

    Parameters
    ----------
    gamma : float
        At least 0; how quickly the loss turns away from labels that are nearly certain.
    alpha : float, optional
        Weight of present labels, between 0 and 1; absent ones weigh 1 - alpha.  Without it
        both weigh 1.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollar (2017), "Focal Loss for Dense Object Detection", ICCV.

    Examples
    --------
    >>> import numpy as np
    >>> BinaryFocalLoss(gamma=2.0).value(np.zeros((1, 2)), np.array([[1.0, np.nan]]))
    array([0.1732868])
    """

    gamma: float = 2.0
    alpha: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "gamma", check_exponent(self.gamma, "gamma"))
        if self.alpha is not None:
            alpha = check_fraction(self.alpha, "alpha")
            if alpha == 0:
                raise InputValueError(
                    "`alpha` must be above 0: present labels would weigh nothing. Try 0.25."
                )
            object.__setattr__(self, "alpha", alpha)

    def _weights(self) -> tuple[float, float]:
        return (1.0, 1.0) if self.alpha is None else (self.alpha, 1 - self.alpha)

    @quiet
    def value(self, logits: Array, targets: Array, /) -> Array:
        """Return the loss of each sample in nats, missing targets adding nothing, shape (n,)."""
        z, t, _ = observed(logits, targets)
        xp = namespace(z)
        miss, _ = focused_cells(z, self.gamma)
        alarm, _ = focused_cells(-z, self.gamma)
        present, absent = self._weights()
        zero = xp.zeros_like(z)
        cells = xp.where(t > 0, present * t * miss, zero)
        cells = cells + xp.where(targets < 1, absent * (1 - t) * alarm, zero)
        return wide_sum(cells, xp, axis=-1)

    @quiet
    def gradient(self, logits: Array, targets: Array, /) -> Array:
        """Return the whole derivative, the focus included, and 0 at missing targets, (n, K)."""
        z, t, missing = observed(logits, targets)
        xp = namespace(z)
        present, absent = self._weights()
        _, rise = focused_cells(z, self.gamma)
        _, fall = focused_cells(-z, self.gamma)
        slopes = present * t * rise - absent * (1 - t) * fall
        return xp.where(missing, xp.zeros_like(slopes), slopes)
