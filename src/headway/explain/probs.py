"""One row of logits, read through both links.

    sigmoid(z_k / T) = 1 / (1 + exp(-z_k / T))               each value on its own
    softmax(z / T)_k = exp(z_k / T) / sum_j exp(z_j / T)     all values share one unit

T is the temperature.  T -> 0 leaves the argmax alone, T -> infinity makes every class alike.
The trap: both ends are limits, not formulas (z / 0 is NaN at z = 0), so they are reached by
handing the links infinite and zero logits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.errors import InputValueError
from headway.kernels import sigmoid, softmax

__all__ = ["LogitTable", "TemperatureRow", "TwoLogits", "explain_logits", "worked_example"]

SWEEP = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, math.inf)


@dataclass(frozen=True, eq=False)
class TemperatureRow:
    """Both links at one temperature.

    Attributes
    ----------
    temperature : float
        0 and infinity stand for the limits.
    sigmoid, softmax : float array (K,)
        Values in 0..1.
    """

    temperature: float
    sigmoid: np.ndarray
    softmax: np.ndarray


@dataclass(frozen=True)
class TwoLogits:
    """With two logits, softmax is the sigmoid of their difference.

    Attributes
    ----------
    difference : float
        The second logit minus the first, divided by the temperature.
    softmax_second : float
        What softmax gives the second class.
    sigmoid_of_difference : float
        The sigmoid of `difference`: the same number.
    """

    difference: float
    softmax_second: float
    sigmoid_of_difference: float


@dataclass(frozen=True, eq=False)
class LogitTable:
    """One row of logits with everything the two links and the two decisions make of it.

    Attributes
    ----------
    names : tuple of str
        A name for each logit.
    logits : float array (K,)
        As given.
    temperature, threshold : float
        What divides the logits, and what a label's sigmoid value must exceed.
    sigmoid, softmax : float array (K,)
        Values in 0..1 at that temperature; the softmax values sum to 1.
    argmax : int
        Column of the largest logit (the first of equals): the decision for exclusive classes.
    passing : tuple of int
        Columns whose sigmoid value exceeds `threshold`: the decision for several labels.
    sweep : tuple of TemperatureRow
        Both links from temperature 0 (the limit) to infinity.
    two_logits : TwoLogits or None
        The identity between the links, if there are exactly two logits.
    """

    names: tuple[str, ...]
    logits: np.ndarray
    temperature: float
    threshold: float
    sigmoid: np.ndarray
    softmax: np.ndarray
    argmax: int
    passing: tuple[int, ...]
    sweep: tuple[TemperatureRow, ...]
    two_logits: TwoLogits | None

    def cut_off(self, digits: int = 2) -> tuple[np.ndarray, np.ndarray, float]:
        """Return sigmoid, softmax and the sigmoid's sum with digits cut off, not rounded.

        Many texts print such values; 0.3775 becomes 0.37 there, where it rounds to 0.38.
        """
        unit = 10.0**digits
        cut = [np.floor(values * unit) / unit for values in (self.sigmoid, self.softmax)]
        return cut[0], cut[1], math.floor(float(self.sigmoid.sum()) * unit) / unit

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON-ready dicts, lists and numbers; infinities become text."""
        two = self.two_logits
        return {
            "names": list(self.names),
            "logits": [_plain(value) for value in self.logits],
            "temperature": _plain(self.temperature),
            "threshold": self.threshold,
            "sigmoid": self.sigmoid.tolist(),
            "sigmoid_sum": float(self.sigmoid.sum()),
            "softmax": self.softmax.tolist(),
            "softmax_sum": float(self.softmax.sum()),
            "argmax": {"column": self.argmax, "name": self.names[self.argmax]},
            "passing": [{"column": k, "name": self.names[k]} for k in self.passing],
            "temperatures": [
                {
                    "temperature": _plain(row.temperature),
                    "sigmoid": row.sigmoid.tolist(),
                    "softmax": row.softmax.tolist(),
                }
                for row in self.sweep
            ],
            "two_logits": None
            if two is None
            else {
                "difference": _plain(two.difference),
                "softmax_second": two.softmax_second,
                "sigmoid_of_difference": two.sigmoid_of_difference,
            },
        }


def explain_logits(
    logits: Sequence[float] | np.ndarray,
    /,
    *,
    names: Sequence[str] | None = None,
    temperature: float = 1.0,
    threshold: float = 0.5,
) -> LogitTable:
    """Return both links, both decisions and the effect of temperature for one row of logits.

    Parameters
    ----------
    logits : sequence of K floats
        Any real numbers, infinities included; K >= 1.
    names : sequence of K str, optional
        A name for each logit; by default "0", "1", ...
    temperature : float
        At least 0; 0 and infinity stand for the limits.
    threshold : float
        Between 0 and 1: a label passes if its sigmoid value is larger.

    Returns
    -------
    LogitTable
        The values, frozen.

    Raises
    ------
    InputValueError
        If the logits are not one row of numbers, or names, temperature or threshold do not fit.

    Examples
    --------
    >>> table = explain_logits([-0.5, 1.2, -0.1, 2.4])
    >>> table.sigmoid.round(2), float(table.sigmoid.sum().round(2))
    (array([0.38, 0.77, 0.48, 0.92]), 2.54)
    >>> table.softmax.round(2)
    array([0.04, 0.21, 0.06, 0.7 ])
    >>> table.argmax, table.passing
    (3, (1, 3))
    """
    z = _checked(logits)
    labels = tuple(str(k) for k in range(len(z))) if names is None else tuple(map(str, names))
    if len(labels) != len(z):
        raise InputValueError(
            f"`names` must hold one name for each of the {len(z)} logits, got {len(labels)}. "
            "Give as many names as logits, or none."
        )
    if not temperature >= 0:
        raise InputValueError(
            f"`temperature` must be 0 or larger, got {temperature}. "
            "Use 1 for the logits as they are; 0 and inf give the limits."
        )
    if not 0 <= threshold <= 1:
        raise InputValueError(
            f"`threshold` must lie between 0 and 1, got {threshold}. "
            "It is compared with sigmoid values; 0.5 is where the logit is 0."
        )
    here = _at(z, temperature)
    temperatures = sorted({*SWEEP, float(temperature)})
    return LogitTable(
        names=labels,
        logits=z,
        temperature=float(temperature),
        threshold=float(threshold),
        sigmoid=here.sigmoid,
        softmax=here.softmax,
        argmax=int(np.argmax(z)),
        passing=tuple(int(k) for k in np.flatnonzero(here.sigmoid > threshold)),
        sweep=tuple(_at(z, t) for t in temperatures),
        two_logits=_two_logits(z, temperature, here.softmax) if len(z) == 2 else None,
    )


def worked_example() -> LogitTable:
    """Return the table of -0.5, 1.2, -0.1, 2.4, the row that every text on softmax prints.

    Examples
    --------
    >>> sigmoid, softmax, total = worked_example().cut_off()
    >>> float(sigmoid[0]), float(sigmoid[3]), float(softmax[2]), total
    (0.37, 0.91, 0.05, 2.53)
    """
    return explain_logits([-0.5, 1.2, -0.1, 2.4])


def _at(logits: np.ndarray, temperature: float) -> TemperatureRow:
    if temperature == 0:
        largest = logits == logits.max()
        return TemperatureRow(
            temperature=0.0,
            sigmoid=sigmoid(np.where(logits == 0, 0.0, np.copysign(np.inf, logits))),
            softmax=softmax(np.where(largest, 0.0, -np.inf)),
        )
    if math.isinf(temperature):
        finite = np.isfinite(logits)
        flat = np.where(finite, 0.0, logits)
        return TemperatureRow(temperature=math.inf, sigmoid=sigmoid(flat), softmax=softmax(flat))
    # A temperature near the smallest float sends finite logits to infinity: the right limit.
    with np.errstate(over="ignore"):
        scaled = logits / temperature
    return TemperatureRow(float(temperature), sigmoid(scaled), softmax(scaled))


def _two_logits(logits: np.ndarray, temperature: float, probs: np.ndarray) -> TwoLogits | None:
    if not np.isfinite(logits).all() or not 0 < temperature < math.inf:
        return None
    with np.errstate(over="ignore"):
        difference = (logits[1] - logits[0]) / temperature
    return TwoLogits(float(difference), float(probs[1]), float(sigmoid(np.asarray(difference))))


def _checked(logits: Sequence[float] | np.ndarray) -> np.ndarray:
    try:
        z = np.asarray(logits, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputValueError(
            f"`logits` must be numbers, got {logits!r}. Write them like -0.5 1.2 -0.1 2.4."
        ) from error
    if z.ndim != 1 or len(z) == 0:
        raise InputValueError(
            f"`logits` must be one row of at least one number, got shape {z.shape}. "
            "Explain one row at a time."
        )
    if np.isnan(z).any():
        place = int(np.flatnonzero(np.isnan(z))[0])
        raise InputValueError(
            f"`logits` must not be NaN, got NaN at position {place}. "
            "A logit that is not a number has no probability: find where it came from."
        )
    if np.isneginf(z).all():
        raise InputValueError(
            "`logits` must leave at least one class possible, got -inf everywhere. "
            "Give at least one logit above -inf."
        )
    return z


def _plain(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))
