"""Two slopes and an intercept for each label: one slope for its probability, one for its absence.

    calibrated logit = a log p - b log(1 - p) + c          p = sigmoid(z),  a, b >= 0

In logits log p = log_sigmoid(z) and -log(1 - p) = softplus(z): a is the slope far below 0, b the
slope far above.  a = b = 1 and c = 0 change nothing; a = b is Platt's line.  The sum is convex in
(a, b, c), so that the best of the faces a = 0, b = 0 and both is the answer where the free one
has a negative slope.  The trap: where all logits lie on one side of 0 the rows say next to
nothing of one slope; a normal prior of variance 1 keeps a and b near 1 then.  Targets are Platt's.

References
----------
Kull, Silva Filho and Flach (2017), "Beta calibration: a well-founded and easily implemented
improvement on logistic calibration for binary classifiers", AISTATS.
"""

from dataclasses import dataclass

import numpy as np

from headway._frozen import restore_frozen
from headway.calibration.columns import Fit, Prior, fit_columns, soft_targets
from headway.calibration.rows import CalibrationRows, check_columns, label_rows
from headway.errors import InputValueError
from headway.kernels import log_sigmoid, softplus

__all__ = ["Beta"]

FACES = ((), (0,), (1,), (0, 1))
CENTRE, STRENGTH = np.array([1.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0])


@dataclass(frozen=True, eq=False)
class Beta:
    """Bend each column of logits at 0.

    Parameters
    ----------
    below, above : float arrays of shape (L,)
        The slopes a and b, at least 0.
    intercept : float array of shape (L,)
        Finite numbers.

    Examples
    --------
    A slope of 2 far below 0, and of 1 far above:

    >>> Beta([2.0], [1.0], [0.0])(np.array([[-50.0], [50.0]])).round(3)
    array([[-100.],
           [  50.]])
    """

    below: np.ndarray
    above: np.ndarray
    intercept: np.ndarray

    __setstate__ = restore_frozen

    def __post_init__(self) -> None:
        for name in ("below", "above", "intercept"):
            value = np.array(getattr(self, name), dtype=np.float64)
            slope = name != "intercept"
            if value.ndim != 1 or not np.isfinite(value).all() or (slope and np.any(value < 0)):
                raise InputValueError(
                    f"`{name}` must hold a finite number{' of at least 0' if slope else ''} for "
                    f"each column, got {value!r}. Use Beta.fit to find them."
                )
            value.setflags(write=False)
            object.__setattr__(self, name, value)
        if not self.below.shape == self.above.shape == self.intercept.shape:
            raise InputValueError(
                "`below`, `above` and `intercept` must have the same length, got "
                f"{len(self.below)}, {len(self.above)} and {len(self.intercept)}. Give one of "
                "each for every column."
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Beta) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[bytes, ...]:
        return self.below.tobytes(), self.above.tobytes(), self.intercept.tobytes()

    @property
    def keeps_order(self) -> bool:
        """Return whether larger logits of each label stay larger."""
        return bool(np.all((self.below > 0) & (self.above > 0)))

    def __call__(self, logits: np.ndarray, /) -> np.ndarray:
        """Return below * log_sigmoid(z) + above * softplus(z) + intercept, (n, L)."""
        logits, dtype = check_columns(logits, len(self.intercept))
        z = np.ascontiguousarray(logits, dtype=dtype)
        # The same, with the corner apart: nothing cancels, and slopes of 1 change no bit.
        corner = (self.above - self.below) * softplus(-np.abs(z))
        out = np.where(z < 0, self.below, self.above) * z + corner + self.intercept
        return np.asarray(out.astype(dtype, copy=False))

    @classmethod
    def fit(
        cls, logits: np.ndarray, labels: np.ndarray, /, *, weights: np.ndarray | None = None
    ) -> "Beta":
        """Return the slopes and intercepts of least penalised cross-entropy on held-out rows.

        Parameters
        ----------
        logits : float array of shape (n, L)
            Of L independent labels, or of one binary column.
        labels : 0/1/NaN matrix of shape (n, L); integers of shape (n,) for one binary column
            The truth.  Where a label has no positive (or no negative), Platt's targets make it
            rare (or common), not impossible; where it is missing everywhere it stays as it is.
        weights : array of shape (n,), optional
            Non-negative row weights.

        Raises
        ------
        InputTypeError, InputValueError
            If shapes disagree or the classes of more than two exclusive ones are given.
        """
        rows = label_rows(logits, labels, weights)
        targets = soft_targets(rows)
        columns = rows.logits.shape[1]
        best, least = np.tile(CENTRE, (columns, 1)), np.full(columns, np.inf)
        todo = np.ones(columns, dtype=bool)
        for face in FACES:
            if not todo.any():
                break
            found, loss = _on_face(rows.columns(todo), targets[:, todo], face)
            fine = np.all(found[:, :2] >= 0, axis=1) & (loss < least[todo])
            place = np.flatnonzero(todo)[fine]
            best[place], least[place] = found[fine], loss[fine]
            if face == ():
                todo = np.isinf(least)
        return cls(*best.T)


def _on_face(rows: CalibrationRows, targets: np.ndarray, face: tuple[int, ...]) -> Fit:
    """Return the fit with some of the slopes held at 0."""
    start = np.tile(CENTRE, (targets.shape[1], 1))
    held = np.zeros(start.shape, dtype=bool)
    start[:, face], held[:, face] = 0.0, True
    return fit_columns(rows, targets, _features, start, held=held, prior=Prior(CENTRE, STRENGTH))


def _features(z: np.ndarray) -> np.ndarray:
    """Return log p, -log(1 - p) and 1 of logits (l, n), as (l, 3, n)."""
    return np.stack([log_sigmoid(z), softplus(z), np.ones_like(z)], axis=1)
