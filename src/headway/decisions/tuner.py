"""What every tuner can do: choose a decision by rows whose labels are known.

    settings  --fit(probs, labels)-->  decision

A tuner is a frozen set of wishes; what it returns is a plain decision that is saved with the
model.  The trap is the rows: on those that the model was trained on, probabilities are too good
and the decision is tuned to a model that does not exist.  Give it held-out or cross-fitted probs.
"""

from typing import Protocol, runtime_checkable

from headway._array import Array
from headway.decisions.decision import Decision

__all__ = ["Tuner"]


@runtime_checkable
class Tuner(Protocol):
    """Fits a decision to probs (n, K) and the labels that go with them.

    A tuner whose decision promises something of new rows says `own_rows = True`: it must not see
    the rows that a calibrator was fitted to, since those are no longer like new ones.

    Examples
    --------
    >>> from headway.decisions import Argmax
    >>> isinstance(Argmax(), Tuner)
    False
    """

    def fit(
        self,
        probs: Array,
        labels: Array,
        /,
        *,
        weights: Array | None = None,
        random_state: int = 0,
    ) -> Decision:
        """Return the decision.

        Parameters
        ----------
        probs : floating array of shape (n, K)
            Of rows that the model was not trained on; two columns for binary problems.
        labels : integer array of shape (n,), or 0/1/NaN matrix of shape (n, L)
            The truth: classes 0..K-1, or label sets with NaN where a label is missing.
        weights : array of shape (n,), optional
            Non-negative row weights; w counts a row w times.
        random_state : int
            Seed of whatever is drawn, such as folds.
        """
