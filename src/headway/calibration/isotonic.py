"""A rising step function of each label's logit: the best one in squared error and log-loss.

The pool-adjacent-violators algorithm (SciPy's) gives the frequencies of runs of rows; between
them the function is linear in the logit.  A run of pure negatives or positives would be certain,
and one later mistake would then cost an infinite loss: so a frequency stays half a row away from
0 and 1,

    1 / (2 n)  <=  frequency  <=  1 - 1 / (2 n)         n = rows of that label, at least 1

With weights n is their sum: scaled down to sum to 1, they say that there is one row.

References
----------
Zadrozny and Elkan (2002), "Transforming classifier scores into accurate multiclass probability
estimates", KDD.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from headway._frozen import restore_frozen
from headway.calibration.rows import check_columns, label_rows
from headway.errors import InputValueError

__all__ = ["Isotonic"]

AT_A_TIME = 16


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
    slope : float array of shape (L,), optional
        What columns without places are multiplied by; by default 1.

    Examples
    --------
    >>> Isotonic(([0.0, 1.0],), ([-2.0, 2.0],))(np.array([[-9.0], [0.25], [9.0]]))
    array([[-2.],
           [-1.],
           [ 2.]])
    """

    places: tuple[np.ndarray, ...]
    values: tuple[np.ndarray, ...]
    slope: np.ndarray | None = None
    keeps_order = False  # it ties what it cannot tell apart

    __setstate__ = restore_frozen

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
        if self.slope is not None:
            slope = np.array(self.slope, dtype=np.float64)
            if slope.shape != (len(self.places),) or not np.all((slope > 0) & (slope < np.inf)):
                raise InputValueError(
                    f"`slope` must hold a finite number above 0 for each of the {len(self.places)} "
                    f"columns, got {slope!r}. Leave it out for 1."
                )
            slope.setflags(write=False)
            object.__setattr__(self, "slope", slope)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Isotonic) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[bytes, ...]:
        arrays = (*self.places, *self.values, np.zeros(0) if self.slope is None else self.slope)
        return tuple(array.tobytes() for array in arrays)

    def __call__(self, logits: np.ndarray, /) -> np.ndarray:
        """Return calibrated logits (n, L)."""
        logits, dtype = check_columns(logits, len(self.places))
        out = np.empty(logits.shape, dtype=dtype)
        for k, (places, values) in enumerate(zip(self.places, self.values, strict=True)):
            column = logits[:, k]
            if places.size:
                out[:, k] = np.interp(column, places, values)
            else:
                out[:, k] = column if self.slope is None else column * self.slope[k]
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
        found = []
        for k in range(rows.logits.shape[1]):
            if k % AT_A_TIME == 0:  # columns side by side in memory, few enough for the cache
                some = slice(k, k + AT_A_TIME)
                columns = rows.logits[:, some].T.astype(np.float64, order="C")
                truth = np.ascontiguousarray(rows.targets[:, some].T)
            z, t = columns[k % AT_A_TIME], truth[k % AT_A_TIME]
            kept = ~np.isnan(t)
            if rows.weights is not None:
                kept &= rows.weights > 0
            if not kept.any():
                raise InputValueError(
                    f"Each label must be known in some row, but column {k} of `labels` is not. "
                    "Leave it out, or use Platt for the others."
                )
            if not kept.all():
                z, t = z[kept], t[kept]
            weights = None if rows.weights is None else rows.weights[kept]
            found.append(_curve(z, t, weights))
        return cls(tuple(places for places, _ in found), tuple(values for _, values in found))


def _curve(
    z: np.ndarray, t: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (places, values) of one column."""
    if weights is None:
        places, positive = _sorted(z, t)
        mass = np.ones(len(z))
    else:
        order = np.argsort(z)  # need not be stable: equal logits become one place
        places, mass = z[order], weights[order]
        positive = t[order] * mass
    total = mass.sum()
    rises = places[1:] > places[:-1]
    if not rises.all():
        mass, positive = _pooled(rises, mass, positive)
        places = places[np.r_[True, rises]]
    # A run that does not rise is one step of the answer: pooled here, it is found much sooner.
    frequency = positive / mass
    starts = np.r_[True, frequency[1:] > frequency[:-1]]
    mass, positive = _pooled(starts[1:], mass, positive)
    fitted = isotonic_regression(positive / mass, weights=mass)
    firsts = np.r_[np.flatnonzero(starts), len(places)][fitted.blocks]
    least = 0.5 / max(total, 1.0)
    steps = np.clip(fitted.x[fitted.blocks[:-1]], least, 1.0 - least)
    logits = np.log(steps) - np.log1p(-steps)
    # Only the ends of each step matter: between them the function is flat.
    ends = np.stack([firsts[:-1], firsts[1:] - 1], axis=1)
    twice = ends[:, 0] < ends[:, 1]
    kept = np.stack([np.ones_like(twice), twice], axis=1).ravel()
    return places[ends.ravel()[kept]], np.repeat(logits, 2)[kept]


def _sorted(z: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits in rising order and the truth of each.

    The truth travels in the last bit of its float64 logit: sorting values takes half the time of
    sorting their order.  Logits that differ in that bit alone become equal.
    """
    keys = z.view(np.int64) & -2
    keys |= t > 0
    keys = np.sort(keys.view(np.float64)).view(np.int64)
    return (keys & -2).view(np.float64), (keys & 1).astype(np.float64)


def _pooled(
    starts: np.ndarray, mass: np.ndarray, positive: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of runs; `starts` says of all cells but the first whether one starts."""
    firsts = np.flatnonzero(np.r_[True, starts])
    return np.add.reduceat(mass, firsts), np.add.reduceat(positive, firsts)
