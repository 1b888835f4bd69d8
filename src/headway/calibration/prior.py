"""Logits for other class shares than those they were trained on.

    softmax   z + log(new share / old share)
    sigmoid   z + log-odds(new share) - log-odds(old share)

A model trained with class weights has learned from shares that the weights made; `undo_weights`
gives back what the data had.  Where the new shares are not known, but rows without labels are,
`shares_of` estimates them by expectation maximisation.  The trap: this holds if only the shares
changed and the rows within a class look as they did.

References
----------
Saerens, Latinne and Decaestecker (2002), "Adjusting the outputs of a classifier to new a priori
probabilities", Neural Computation 14.
"""

from dataclasses import dataclass

import numpy as np

from headway._frozen import restore_frozen
from headway.calibration.rows import check_columns
from headway.errors import InputValueError
from headway.kernels import softmax

__all__ = ["PriorShift", "shares_of"]

STEPS, SETTLED = 1000, 1e-10


@dataclass(frozen=True, eq=False)
class PriorShift:
    """Add a constant to each column of logits.

    Parameters
    ----------
    shift : float array of shape (K,)
        Finite numbers.

    Examples
    --------
    A class that is three times as frequent among two:

    >>> shift = PriorShift.between([0.5, 0.5], [0.75, 0.25])
    >>> softmax(shift(np.zeros((1, 2))))
    array([[0.75, 0.25]])
    """

    shift: np.ndarray
    keeps_order = False

    __setstate__ = restore_frozen

    def __post_init__(self) -> None:
        shift = np.array(self.shift, dtype=np.float64)
        if shift.ndim != 1 or not np.isfinite(shift).all():
            raise InputValueError(
                f"`shift` must hold a finite number for each column, got {self.shift!r}. Use "
                "PriorShift.between(old, new)."
            )
        shift.setflags(write=False)
        object.__setattr__(self, "shift", shift)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PriorShift) and np.array_equal(self.shift, other.shift)

    def __hash__(self) -> int:
        return hash(self.shift.tobytes())

    def __call__(self, logits: np.ndarray, /) -> np.ndarray:
        """Return logits + shift, (n, K)."""
        logits, dtype = check_columns(logits, len(self.shift))
        return (logits + self.shift).astype(dtype, copy=False)

    @classmethod
    def between(cls, old: np.ndarray, new: np.ndarray, *, exclusive: bool = True) -> "PriorShift":
        """Return the shift from the class shares of training to those of use.

        Parameters
        ----------
        old, new : float arrays of shape (K,)
            Shares above 0: of exclusive classes they sum to 1; of independent labels they are
            below 1.
        exclusive : bool
            Whether each row has exactly one of the classes.
        """
        before, after = (_shares(x, name, exclusive) for x, name in ((old, "old"), (new, "new")))
        if before.shape != after.shape:
            raise InputValueError(
                f"`old` and `new` must have the same length, got {len(before)} and {len(after)}. "
                "Give a share for each class."
            )
        shift = np.log(after) - np.log(before)
        if not exclusive:
            shift -= np.log1p(-after) - np.log1p(-before)
        return cls(shift)

    @classmethod
    def undo_weights(cls, class_weight: np.ndarray, /, *, one_column: bool = False) -> "PriorShift":
        """Return the shift that takes class weights back out of the logits.

        Weights multiply the odds that a model learns; subtracting their logarithms gives back the
        odds of the data.

        Parameters
        ----------
        class_weight : float array of shape (K,) or (L,)
            Above 0.  The weights of exclusive classes that training used, or those of each
            label's positives.
        one_column : bool
            Whether a binary problem has one column of logits, that of the second class, as
            headway's own classifiers have: the two weights then make one shift.

        Examples
        --------
        >>> PriorShift.undo_weights([1.0, 4.0]).shift.round(3)
        array([ 0.   , -1.386])

        A classifier with balanced weights, and its shares set right by one call:

        >>> from headway import LinearClassifier
        >>> rng = np.random.default_rng(0)
        >>> y = (rng.random(4000) < 0.2).astype(int)
        >>> X = rng.normal(size=(4000, 1)) + y[:, None]
        >>> weights = len(y) / (2 * np.bincount(y))  # "balanced"
        >>> model = LinearClassifier(class_weight="balanced").fit(X, y)
        >>> honest = model.calibrate(X, y, PriorShift.undo_weights(weights, one_column=True))
        >>> [round(float(m.predict_proba(X)[:, 1].mean()), 1) for m in (model, honest)]
        [0.4, 0.2]
        """
        weights = np.asarray(class_weight, dtype=np.float64)
        if weights.ndim != 1 or not np.all((weights > 0) & np.isfinite(weights)):
            raise InputValueError(
                f"`class_weight` must be finite and above 0 for each class, got {class_weight!r}. "
                "Give those that training used."
            )
        if not one_column:
            return cls(0.0 - np.log(weights))
        if len(weights) != 2:
            raise InputValueError(
                f"`class_weight` must hold two weights for one column, got {len(weights)}. Leave "
                "`one_column` away for more classes, or for labels."
            )
        return cls(np.log(weights[:1]) - np.log(weights[1:]))


def shares_of(logits: np.ndarray, old: np.ndarray, /) -> np.ndarray:
    """Return the class shares (K,) of rows without labels, by expectation maximisation.

    Parameters
    ----------
    logits : float array of shape (n, K)
        Of a calibrated softmax.
    old : float array of shape (K,)
        The shares of the rows that it was trained on.

    Raises
    ------
    InputValueError
        If there are no rows, a logit is NaN or +inf, or a row has no possible class.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = (rng.random(4000) < 0.8).astype(int)
    >>> x = rng.normal(size=4000) + 2 * labels
    >>> logits = np.c_[np.zeros(4000), 2 * x - 2]  # of equal shares
    >>> bool(abs(shares_of(logits, [0.5, 0.5])[1] - labels.mean()) < 0.02)
    True
    """
    before = _shares(old, "old", True)
    z = check_columns(logits, len(before))[0].astype(np.float64)
    if not len(z):
        raise InputValueError(
            "`logits` must have rows to estimate shares from, got none. Give rows like those to "
            "come."
        )
    lost = ~np.isfinite(z.max(axis=1))  # NaN, +inf, or nothing but -inf
    if lost.any():
        row = int(lost.argmax())
        raise InputValueError(
            "`logits` must be finite, or -inf for some classes of a row, got "
            f"{z[row].tolist()} at row {row}. Drop the row, or look at what made it."
        )
    probs = softmax(z)
    shares = before
    for _ in range(STEPS):
        moved = probs * (shares / before)
        moved /= moved.sum(axis=1, keepdims=True)
        following = moved.mean(axis=0)
        if np.abs(following - shares).max() <= SETTLED:
            return following
        shares = following
    return shares


def _shares(values: np.ndarray, name: str, exclusive: bool) -> np.ndarray:
    shares = np.asarray(values, dtype=np.float64)
    fine = shares.ndim == 1 and shares.size > 0 and np.all(shares > 0) and np.all(shares < 1)
    if not fine or (exclusive and abs(shares.sum() - 1.0) > 1e-6):
        what = "be above 0 and sum to 1" if exclusive else "lie between 0 and 1"
        raise InputValueError(
            f"`{name}` must {what}, got {values!r}. Divide counts by their total."
        )
    return shares / shares.sum() if exclusive else shares
