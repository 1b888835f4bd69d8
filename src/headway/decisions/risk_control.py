"""Label sets that miss no more than a promised share of a row's true labels, on average.

A row loses the share of its true labels that are left out, 0 to 1; a lower threshold t leaves out
less.  Over n calibration rows with losses l_i(t), conformal risk control takes the highest t with

    (sum_i l_i(t) + 1) / (n + 1) <= risk,      so that   E[loss of a new row] <= risk

for a new row that is exchangeable with them.  It is an average over rows: a row with one true
label counts as much as a row with ten, and a row without a true label loses nothing.

The trap is the threshold itself: labels are present ABOVE it, the label that just had to stay
sits ON it, so the threshold is the next smaller number, in the precision of the probabilities.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from headway._check import check_fraction
from headway.decisions.threshold import Threshold
from headway.decisions.tuning_rows import finite_probs, label_cells, refuse_weights
from headway.errors import InputValueError

__all__ = ["RiskControlledSets"]


@dataclass(frozen=True)
class RiskControlledSets:
    """Tune one `Threshold` for all labels so that few true labels are missed.

    Parameters
    ----------
    risk : float, default=0.1
        0 < risk < 1: the share of its true labels that a new row misses on average.

    References
    ----------
    Angelopoulos, Bates, Fisch, Lei and Schuster (2024), "Conformal Risk Control", ICLR.

    Examples
    --------
    Of 9 rows with one true label each and a risk of 0.3, two may miss it: (2 + 1) / 10.

    >>> probs = np.array([[0.1], [0.2], [0.3], [0.4], [0.5], [0.6], [0.7], [0.8], [0.9]])
    >>> decision = RiskControlledSets(0.3).fit(probs, np.ones((9, 1)))
    >>> decision(probs).sum(), 0.29 < decision.value < 0.3
    (np.int64(7), True)
    """

    risk: float = 0.1
    own_rows: ClassVar[bool] = True

    def __post_init__(self) -> None:
        risk = check_fraction(self.risk, "risk")
        if risk == 0:
            raise InputValueError(
                "`risk` must be above 0, got 0. Only the set of all labels misses nothing: give "
                "one such as 0.05."
            )
        object.__setattr__(self, "risk", risk)

    def fit(
        self,
        probs: np.ndarray,
        labels: np.ndarray,
        /,
        *,
        weights: None = None,
        random_state: int = 0,
    ) -> Threshold:
        """Return the highest threshold that keeps the risk.

        Parameters
        ----------
        probs : float array of shape (n, L)
            Probabilities of rows that the model was not trained on.
        labels : 0/1/NaN matrix of shape (n, L)
            The truth.  Missing cells are not counted, nor are rows without a known cell.
        weights : None
            Refused: the promise is about rows that are equally likely.
        random_state : int
            Ignored: nothing is drawn.

        Raises
        ------
        InputTypeError, InputValueError
            If labels do not fit the probs, there are weights, or too few rows: fewer than
            ceil(1 / risk) - 1.
        """
        refuse_weights(weights, "RiskControlledSets")
        given = np.asarray(probs)
        values = finite_probs(given)
        if np.ndim(labels) != 2:
            raise InputValueError(
                f"`labels` must be a 0/1 matrix of the shape of `probs` {values.shape}, got "
                f"{np.shape(labels)}. For one class a row use ConformalSets."
            )
        truth, _ = label_cells(values, labels)
        counted = ~np.isnan(truth).all(axis=1)
        values, truth = values[counted], truth[counted] == 1
        n, risk = len(values), Fraction(repr(self.risk))
        budget = float(risk * (n + 1) - 1)
        if budget < 0:
            raise InputValueError(
                f"A risk of {self.risk:g} takes at least {math.ceil(1 / risk) - 1} rows with "
                f"known labels, got {n}. Give more rows, or allow a higher risk."
            )
        row, column = np.nonzero(truth)
        cells, share = values[row, column], 1.0 / truth.sum(axis=1)[row]
        order = np.argsort(cells, kind="stable")
        cells, lost = cells[order], np.cumsum(share[order])
        # The rounding of a sum of thirds must not cost a step that it is entitled to.
        first = int(np.searchsorted(lost, budget + 1e-9 * (n + 1), side="right"))
        if first == len(cells):
            return Threshold(1.0)  # even to miss all of them is within the risk
        if cells[first] == 0:
            raise InputValueError(
                f"True labels must have probabilities above 0 to be found, got 0 at row "
                f"{np.flatnonzero(counted)[row[order[first]]]}, column {column[order[first]]}, "
                f"and a risk of {self.risk:g} needs that cell. Take probabilities that do not "
                "underflow, or allow a higher risk."
            )
        kind = given.dtype if given.dtype.kind == "f" else np.dtype(np.float64)
        below = float(np.nextafter(kind.type(cells[first]), kind.type(0)))
        return Threshold(min(below, 1.0))
