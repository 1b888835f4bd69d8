"""Thresholds for each label, chosen by what they are meant to achieve.

    f1          (1 + b^2) hits / (b^2 positives + predicted), as large as can be
    precision   hits / predicted, with a recall of at least so much
    recall      hits / positives, with a precision of at least so much
    cost        false_alarm * false alarms + miss * misses, as small as can be

The best cut of the rows given is found exactly (`sweep`).  The trap is to believe it: it is too
good to be true.  `fold_average` says what is made of the best cuts of several parts of the rows.
"""

import warnings
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from headway._array import Array
from headway._check import check_fraction, check_weights
from headway.decisions.binary_threshold import BinaryThreshold
from headway.decisions.columns import check_beta, check_count
from headway.decisions.fold_average import averaged_thresholds, cautious_thresholds
from headway.decisions.label_costs import thresholds_of_costs
from headway.decisions.label_thresholds import LabelThresholds
from headway.decisions.label_warning import LabelWarning
from headway.decisions.sweep import Sweep, best_cuts, dinkelbach_cuts, sweep, thresholds_at
from headway.decisions.tuning_rows import finite_probs, label_cells
from headway.errors import InputValueError

__all__ = ["TuneThresholds"]

Goal = Literal["f1", "precision", "recall", "cost"]
Average = Literal["macro", "micro"]
DEFAULT = 0.5
ROUNDING = 1e-12  # by which a sum of weights may miss a bound


@dataclass(frozen=True)
class TuneThresholds:
    """Tune a threshold for each label; for two exclusive classes, one for the second.

    Parameters
    ----------
    goal : {"f1", "precision", "recall", "cost"}, default="f1"
        What is made as large as can be, or for "cost" as small.
    beta : float, default=1.0
        For "f1": how many times more recall counts than precision.
    at_least : float, optional
        0 < at_least <= 1.  For "precision" the recall, for "recall" the precision that must be
        kept on the rows given; needed for those two.  Where it cannot be, as much recall as there
        is, and nothing predicted, respectively, with a warning.  New rows keep it more often with
        `folds`, but nothing proves it.
    false_alarm, miss : float, default=1.0
        For "cost": at least 0, not both 0.
    average : {"macro", "micro"}, default="macro"
        Each label on its own; or all cells pooled, for which the labels are tuned together: by
        Dinkelbach's method for "f1", and with one threshold for all under "precision" and
        "recall".  A cost is the same either way.
    folds : int or None, default=5
        Over how many parts of the rows thresholds are averaged, and drawn towards that of all
        labels where events are few; for a promised precision or recall the most cautious of
        them (see `fold_average`).  None takes the best cuts of the rows as they are: exact, and
        too good to be true.
    at_least_one, at_most
        Of the `LabelThresholds` that come out; the tuning itself does not see these rules.

    Raises
    ------
    InputTypeError, InputValueError
        If a setting is unknown, out of range, or does not go with the goal.

    References
    ----------
    Fan and Lin (2007), "A Study on Threshold Selection for Multi-label Classification", National
    Taiwan University.

    Examples
    --------
    The first label's positives lie above 0.2, the second's above 0.6:

    >>> probs = np.array([[0.1, 0.9], [0.3, 0.5], [0.4, 0.7], [0.05, 0.3]])
    >>> labels = np.array([[0, 1], [1, 0], [1, 1], [0, 0]])
    >>> TuneThresholds(folds=None).fit(probs, labels)
    LabelThresholds(values=(0.2, 0.6), at_least_one=False, at_most=None)
    """

    goal: Goal = "f1"
    beta: float = 1.0
    at_least: float | None = None
    false_alarm: float = 1.0
    miss: float = 1.0
    average: Average = "macro"
    folds: int | None = 5
    at_least_one: bool = False
    at_most: int | None = None

    def __post_init__(self) -> None:
        for name, kinds in (("goal", Goal), ("average", Average)):
            if getattr(self, name) not in get_args(kinds):
                known = ", ".join(map(repr, get_args(kinds)))
                raise InputValueError(
                    f"`{name}` must be one of {known}, got {getattr(self, name)!r}."
                )
        object.__setattr__(self, "beta", check_beta(self.beta))
        if self._has_bound != (self.at_least is not None):
            other = {"precision": "recall", "recall": "precision"}.get(self.goal)
            raise InputValueError(
                f"`at_least` must say what {other} is kept when the goal is {self.goal!r}, got "
                "None. Give one such as 0.9; without it, the surest row or all rows would be best."
                if other
                else f"`at_least` must be None when the goal is {self.goal!r}, got "
                f"{self.at_least!r}. It goes with the goals 'precision' and 'recall'."
            )
        if self.at_least is not None:
            least = check_fraction(self.at_least, "at_least", below_one=False)
            if least == 0:
                raise InputValueError("`at_least` must be above 0, got 0. Give one such as 0.9.")
            object.__setattr__(self, "at_least", least)
        thresholds_of_costs(self.false_alarm, self.miss)
        for name in ("false_alarm", "miss"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if self.folds is not None:
            object.__setattr__(self, "folds", check_count(self.folds, "folds", least=2))
        rules = LabelThresholds((DEFAULT,), self.at_least_one, self.at_most)
        object.__setattr__(self, "at_least_one", rules.at_least_one)
        object.__setattr__(self, "at_most", rules.at_most)

    def fit(
        self,
        probs: Array,
        labels: Array,
        /,
        *,
        weights: Array | None = None,
        random_state: int = 0,
    ) -> LabelThresholds | BinaryThreshold:
        """Return the thresholds.

        Parameters
        ----------
        probs : floating array of shape (n, L), or (n, 2) with labels of shape (n,)
            0..1, of rows that the model was not trained on.
        labels : 0/1/NaN matrix of shape (n, L), or 0/1 integers of shape (n,)
            The truth; missing cells are left out.  A label without a known positive or without
            a known negative takes the best threshold of all labels together, or 0.5 if these
            have none either, with a warning.
        weights : array of shape (n,), optional
            Non-negative row weights.
        random_state : int
            Draws the folds.

        Raises
        ------
        InputTypeError, InputValueError
            If labels do not fit the probs, or no cell is known.
        """
        probs = finite_probs(probs)
        cells, binary = label_cells(probs, labels)
        if binary:
            if self.at_least_one or self.at_most is not None:
                raise InputValueError(
                    "`at_least_one` and `at_most` are rules for label sets, got one class a row. "
                    "Leave them out."
                )
            probs = probs[:, 1:]
        sizes = np.ones(cells.shape)
        if weights is not None:
            weights = np.asarray(weights, dtype=np.float64)
            check_weights(weights, n_samples=len(probs))
            sizes *= weights[:, None]
        sizes[np.isnan(cells)] = 0.0
        if not sizes.any():
            raise InputValueError(
                "`labels` must have a known cell with a weight above 0, got none. Tune on rows "
                "whose labels are known."
            )
        values = self._thresholds(probs, cells, sizes, random_state)
        self._warn_of_broken_promises(values, sweep(probs, cells, sizes))
        if binary:
            return BinaryThreshold(float(values[0]))
        return LabelThresholds(tuple(values.tolist()), self.at_least_one, self.at_most)

    @property
    def _has_bound(self) -> bool:
        return self.goal in ("precision", "recall")

    def _thresholds(
        self, probs: np.ndarray, cells: np.ndarray, sizes: np.ndarray, random_state: int
    ) -> np.ndarray:
        """Return one threshold a label, (L,)."""
        whole = sweep(probs, cells, sizes)
        pooled = sweep(*(array.reshape(-1, 1) for array in (probs, cells, sizes)))
        shared = DEFAULT
        if pooled.events[0] > 0:
            shared = float(thresholds_at(pooled, self._cuts(pooled))[0])
        _warn_of_labels_without_events(whole.events, shared)
        if self.average == "micro" and self._has_bound:
            return np.full(probs.shape[1], shared)
        if self.folds is None or len(probs) < 2:
            own = thresholds_at(whole, self._cuts(whole))
            return np.where(whole.events > 0, own, shared)
        found = self._of_folds(probs, cells, sizes, random_state)
        if self._has_bound:
            return cautious_thresholds(found, whole, shared, highest=self.goal == "recall")
        return averaged_thresholds(found, whole, shared)

    def _warn_of_broken_promises(self, values: np.ndarray, whole: Sweep) -> None:
        """Warn of labels for which what `at_least` promises cannot be had."""
        if self.at_least is None:
            return
        if self.goal == "recall":
            broken = values == 1.0
            words = "are never predicted: no threshold has a precision"
        else:
            most = np.where(whole.allowed, _ratio(whole.hits, whole.positives), 0.0).max(axis=0)
            broken = most < self.at_least * (1.0 - ROUNDING)
            words = "are predicted wherever their probability is above 0: none has a recall"
        columns = np.flatnonzero(broken & (whole.events > 0))
        if columns.size:
            rows = "the tuning rows" + ("" if self.folds is None else " or a part of them")
            warnings.warn(
                LabelWarning(
                    f"{columns.size} of {values.size} labels ({{labels}}) {words} of at least "
                    f"{self.at_least:g} on {rows}. Ask for less, or bring more rows.",
                    columns,
                ),
                stacklevel=3,
            )

    def _of_folds(
        self, probs: np.ndarray, cells: np.ndarray, sizes: np.ndarray, random_state: int
    ) -> np.ndarray:
        """Return the best thresholds outside each fold, (folds, L); NaN without events."""
        assert self.folds is not None
        count = min(self.folds, len(probs))
        fold = np.random.default_rng(random_state).permutation(len(probs)) % count
        found = np.full((count, probs.shape[1]), np.nan)
        for left_out in range(count):
            kept = fold != left_out
            part = sweep(probs[kept], cells[kept], sizes[kept])
            found[left_out] = thresholds_at(part, self._cuts(part))
            found[left_out, part.events == 0] = np.nan
        return found

    def _cuts(self, made: Sweep) -> np.ndarray:
        """Return the best cut of each label for the goal."""
        hits, predicted, positives = made.hits, made.predicted, made.positives
        if self.goal == "f1":
            if self.average == "micro":
                return dinkelbach_cuts(made, beta=self.beta)
            marked = self.beta**2 * positives + predicted
            return best_cuts(made, _ratio((1.0 + self.beta**2) * hits, marked))
        if self.goal == "cost":
            gain = self.miss * hits - self.false_alarm * (predicted - hits)
            return best_cuts(made, gain)
        assert self.at_least is not None
        precision, recall = _ratio(hits, predicted), _ratio(hits, positives)
        enough = self.at_least * (1.0 - ROUNDING)
        if self.goal == "precision":
            # Where the recall cannot be had, the largest comes first; of equals, more recall.
            return best_cuts(made, np.where(recall >= enough, precision, recall - 2.0), most=True)
        return best_cuts(made, np.where(precision >= enough, recall, 0.0))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole > 0)


def _warn_of_labels_without_events(events: np.ndarray, shared: float) -> None:
    bare = np.flatnonzero(events == 0)
    if bare.size:
        warnings.warn(
            LabelWarning(
                f"{bare.size} of {events.size} labels ({{labels}}) have no known positive or no "
                f"known negative among the tuning rows: their threshold is {shared:.3g}, that of "
                "all labels together.",
                bare,
            ),
            stacklevel=4,
        )
