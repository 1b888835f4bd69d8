"""One temperature for all logits: softer or sharper, the same order.

    calibrated logits = z / T          T > 1 softens, T < 1 sharpens

As a function of the sharpness 1 / T the cross-entropy is convex, so that Newton's method finds
its least value in a few reads of the logits.  At the least value the mean of the expected logit
equals the mean of the observed one: <p, z> = z_y on average.  The trap: where every row is right,
the loss falls for ever as T falls; T stays within `LEAST`..`MOST`.

References
----------
Guo, Pleiss, Sun and Weinberger (2017), "On Calibration of Modern Neural Networks", ICML.
"""

from dataclasses import dataclass

import numpy as np

from headway.calibration.rows import CalibrationRows, calibration_rows
from headway.errors import InputTypeError, InputValueError
from headway.kernels.temperature import SharpnessSums, sharpness_sums

__all__ = ["Temperature"]

LEAST, MOST = 1 / 64, 64.0
STEPS = 100
SETTLED = 1e-14  # share of the loss that a step promises
FEW = 1 << 20  # cells in which Newton's method is started where there are many more
AWAY = 1e-8
NOTHING = 1e-15  # nats a row


@dataclass(frozen=True)
class Temperature:
    """Divide all logits by one number.

    Parameters
    ----------
    value : float
        The temperature T > 0.

    Examples
    --------
    >>> Temperature(2.0)(np.array([[2.0, 4.0]]))
    array([[1., 2.]])

    Logits three times too large are found out:

    >>> rng = np.random.default_rng(0)
    >>> logits = rng.normal(size=(20_000, 3))
    >>> labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    >>> round(Temperature.fit(3 * logits, labels).value, 1)
    3.0
    """

    value: float
    keeps_order = True

    def __post_init__(self) -> None:
        try:
            value = float(self.value)
        except (TypeError, ValueError) as error:
            raise InputTypeError(
                f"`value` must be a number above 0, got {self.value!r}. Use Temperature.fit to "
                "find one."
            ) from error
        if not 0 < value < np.inf:
            raise InputValueError(
                f"`value` must be finite and above 0, got {value:g}. 1 changes nothing."
            )
        object.__setattr__(self, "value", value)

    def __call__(self, logits: np.ndarray, /) -> np.ndarray:
        """Return logits / T, in the dtype of floating logits."""
        logits = np.asarray(logits)
        dtype = logits.dtype if logits.dtype.kind == "f" else np.dtype(np.float64)
        return np.divide(logits, self.value, dtype=dtype)

    @classmethod
    def fit(
        cls, logits: np.ndarray, labels: np.ndarray, /, *, weights: np.ndarray | None = None
    ) -> "Temperature":
        """Return the temperature of least cross-entropy on held-out rows.

        Parameters
        ----------
        logits : float array of shape (n, K)
            Of a softmax over K >= 2 classes; of one binary column; or of L independent labels.
            -inf marks an impossible class of a softmax.
        labels : integer array of shape (n,), or 0/1/NaN matrix of shape (n, L)
            Classes 0..K-1 (0 and 1 for one binary column), or the truth of each label.
        weights : array of shape (n,), optional
            Non-negative row weights.

        Returns
        -------
        Temperature
            Between 1/64 and 64; the ends mean that no finite temperature is best.

        Raises
        ------
        InputTypeError, InputValueError
            If shapes disagree, a label is outside its classes or a logit is NaN.
        """
        rows = calibration_rows(logits, labels, weights)
        sharpness = 1.0
        every = rows.logits.size // FEW
        if every > 1:
            sharpness = _least(rows.every_nth(every), sharpness)
        return cls(1.0 / _least(rows, sharpness))


def _least(rows: CalibrationRows, sharpness: float) -> float:
    """Return the sharpness of least loss, by Newton's method kept within the bounds."""
    low, high = 1.0 / MOST, 1.0 / LEAST
    here = _at(rows, sharpness)
    for _ in range(STEPS):
        if here.loss <= NOTHING * rows.total:
            return high  # every row is right by more than numbers can show
        # Not the square of the slope, which overflows before its share does.
        step = here.slope / max(here.curvature, 1e-300)
        promised = here.slope * step
        if promised <= SETTLED * max(here.loss, 1e-300):
            break
        if here.slope > 0:
            high = sharpness
        else:
            low = sharpness
        if high - low <= AWAY * high:
            break
        following = sharpness - step
        # Outside of what is known to hold the least value: between its ends instead.
        sharpness = following if low < following < high else float(np.sqrt(low * high))
        here = _at(rows, sharpness)
    return sharpness


def _at(rows: CalibrationRows, sharpness: float) -> SharpnessSums:
    return sharpness_sums(rows.logits, rows.labels, rows.targets, rows.weights, sharpness)
