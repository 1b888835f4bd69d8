"""A rising step function of each label's logit: the best one in squared error and log-loss.

The pool-adjacent-violators algorithm (SciPy's) gives the frequencies of runs of rows; between
them the function is linear in the logit.  A run of pure negatives or positives would be certain,
and one later mistake would then cost an infinite loss: so a frequency stays half a row away from
0 and 1,

    1 / (2 n)  <=  frequency  <=  1 - 1 / (2 n)         n = rows of that label

References
----------
Zadrozny and Elkan (2002), "Transforming classifier scores into accurate multiclass probability
estimates", KDD.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from headway.calibration.rows import check_columns, label_rows
from headway.errors import InputValueError

__all__ = ["Isotonic"]


@dataclass(frozen=True, eq=False)
class Isotonic:
    """Pass each column of logits through a rising, piecewise linear function.

    Parameters
    ----------
    places : tuple of float arrays
        For each column the logits at which its function bends, rising; none for a column that
        stays as it is.
    values : tuple of float arrays
        The calibrated logits there.

    Examples
    --------
    >>> Isotonic(([0.0, 1.0],), ([-2.0, 2.0],))(np.array([[-9.0], [0.25], [9.0]]))
    array([[-2.],
           [-1.],
           [ 2.]])
    """

    places: tuple[np.ndarray, ...]
    values: tuple[np.ndarray, ...]
    keeps_order = False  # it ties what it cannot tell apart

    def __post_init__(self) -> None:
        for name in ("places", "values"):
            arrays = tuple(np.array(x, dtype=np.float64) for x in getattr(self, name))
            for column, array in enumerate(arrays):
                rising = array.ndim == 1 and np.all(np.diff(array) >= 0)
                if not rising or not np.isfinite(array).all():
                    raise InputValueError(
                        f"`{name}` must be finite and rising, got {array!r} in column {column}. "
                        "Use Isotonic.fit to find them."
                    )
                array.setflags(write=False)
            object.__setattr__(self, name, arrays)
        lengths = [[len(array) for array in arrays] for arrays in (self.places, self.values)]
        if lengths[0] != lengths[1]:
            raise InputValueError(
                f"`places` and `values` must be equally long, got {lengths[0]} and {lengths[1]}. "
                "Give a value for each place."
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Isotonic) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[bytes, ...]:
        return tuple(array.tobytes() for array in (*self.places, *self.values))

    def __call__(self, logits: np.ndarray, /) -> np.ndarray:
        """Return calibrated logits (n, L)."""
        logits, dtype = check_columns(logits, len(self.places))
        out = np.empty(logits.shape, dtype=dtype)
        for k, (places, values) in enumerate(zip(self.places, self.values, strict=True)):
            column = logits[:, k]
            out[:, k] = np.interp(column, places, values) if places.size else column
        return out

    @classmethod
    def fit(
        cls, logits: np.ndarray, labels: np.ndarray, /, *, weights: np.ndarray | None = None
    ) -> "Isotonic":
        """Return the rising functions of least squared error on held-out rows.

        Parameters
        ----------
        logits : float array of shape (n, L)
            Of L independent labels, or of one binary column.
        labels : 0/1/NaN matrix of shape (n, L); integers of shape (n,) for one binary column
            The truth; rows where a label is missing do not count for it.
        weights : array of shape (n,), optional
            Non-negative row weights.

        Raises
        ------
        InputTypeError, InputValueError
            If shapes disagree, exclusive classes are given, or a label is missing everywhere.
        """
        rows = label_rows(logits, labels, weights)
        assert rows.targets is not None
        columns = np.ascontiguousarray(rows.logits.T, dtype=np.float64)
        truth = np.ascontiguousarray(rows.targets.T, dtype=np.float64)
        known = ~np.isnan(truth)
        if rows.weights is not None:
            known &= rows.weights > 0
        found = []
        for k, (z, t, kept) in enumerate(zip(columns, truth, known, strict=True)):
            if not kept.any():
                raise InputValueError(
                    f"Each label must be known in some row, but column {k} of `labels` is not. "
                    "Leave it out, or use Platt for the others."
                )
            weights = None if rows.weights is None else rows.weights[kept]
            found.append(_curve(z[kept], t[kept], weights))
        return cls(tuple(places for places, _ in found), tuple(values for _, values in found))


def _curve(
    z: np.ndarray, t: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (places, values) of one column."""
    order = np.argsort(z)  # not a stable sort: equal logits become one place
    places, mean = z[order], t[order]
    mass = np.ones(len(z)) if weights is None else weights[order]
    rises = places[1:] > places[:-1]
    if not rises.all():
        starts = np.flatnonzero(np.r_[True, rises])
        positive = np.add.reduceat(mass * mean, starts)
        places, mass = places[starts], np.add.reduceat(mass, starts)
        mean = positive / mass
    fitted = isotonic_regression(mean, weights=mass)
    least = 0.5 / mass.sum()
    frequency = np.clip(fitted.x, least, 1.0 - least)
    # Only the ends of each run matter: between them the function is flat.
    ends = fitted.blocks
    kept = np.unique(np.r_[ends[:-1], ends[1:] - 1])
    values = np.log(frequency[kept]) - np.log1p(-frequency[kept])
    return places[kept], values
