"""From what a false alarm and a miss cost to the threshold of a label.

Saying "present" costs (1 - p) a in expectation, saying "absent" costs p b, so that

    present  <=>  p > a / (a + b)          a: price of a false alarm, b: price of a miss

The trap: a + b overflows before its share does, so the larger of the two is divided out first.
"""

import numpy as np

from headway._array import Array
from headway._check import first_index, place
from headway.errors import InputTypeError, InputValueError

__all__ = ["thresholds_of_costs"]


def thresholds_of_costs(false_alarm: Array, miss: Array, /) -> np.ndarray:
    """Return for each label the threshold of least expected cost.

    Parameters
    ----------
    false_alarm, miss : numbers, or arrays of shape (L,)
        Prices, finite and at least 0, not both 0 for a label.  One number is for all labels.

    Returns
    -------
    float64 array of shape (L,)
        In 0..1; of shape (1,) where both are numbers.

    Raises
    ------
    InputTypeError, InputValueError
        If a price is not a finite number of at least 0, both are 0, or the lengths differ.

    References
    ----------
    Elkan (2001), "The Foundations of Cost-Sensitive Learning", IJCAI.

    Examples
    --------
    >>> thresholds_of_costs([1.0, 1.0, 0.0], [1.0, 9.0, 2.0])
    array([0.5, 0.1, 0. ])
    """
    prices = {}
    for name, given in (("false_alarm", false_alarm), ("miss", miss)):
        try:
            values = np.atleast_1d(np.asarray(given, dtype=np.float64))
        except (TypeError, ValueError) as error:
            raise InputTypeError(
                f"`{name}` must be numbers, got {given!r}. Give a price for each label."
            ) from error
        if values.ndim != 1 or not len(values):
            raise InputValueError(
                f"`{name}` must be one number or have shape (L,), got {values.shape}. Give a "
                "price for each label."
            )
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            index = first_index(bad, np)
            raise InputValueError(
                f"`{name}` must be finite and at least 0, got {values[index]:g} for label "
                f"{index[0]}. Only the ratio of both prices counts."
            )
        prices[name] = values
    a, b = prices["false_alarm"], prices["miss"]
    if len(a) != len(b) and 1 not in (len(a), len(b)):
        raise InputValueError(
            f"`false_alarm` and `miss` must have one price for each label, got {len(a)} and "
            f"{len(b)}. Give both for the same labels."
        )
    a, b = np.broadcast_arrays(a, b)
    largest = np.maximum(a, b)
    if not (largest > 0).all():
        index = first_index(largest == 0, np)
        raise InputValueError(
            "A false alarm and a miss must not both be free, got prices of 0 at "
            f"{place(index).replace('row', 'label')}. Give one of them a price."
        )
    a, b = a / largest, b / largest
    return a / (a + b)
