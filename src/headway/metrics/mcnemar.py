"""McNemar's exact test of whether two classifiers err at the same rate on the same rows.

Rows that both get right, or both wrong, say nothing about which is better.  Of the others,
b are right for the first only and c for the second only; if the two are equally accurate, each
of these b + c rows is a fair coin toss:

    p = P(|B - (b + c)/2| >= |b - (b + c)/2|),   B ~ Binomial(b + c, 1/2)

The trap: the test speaks about ONE pair of fitted classifiers on ONE set of rows.  Adding the
counts of several seeds would count each row several times and make p far too small, so a
contest reports one p a seed and never pools them.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest

from headway.errors import InputValueError

__all__ = ["mcnemar_exact"]


def mcnemar_exact(first: np.ndarray, second: np.ndarray, /) -> tuple[int, int, float]:
    """Return (rows only the first got right, rows only the second did, exact p-value).

    Parameters
    ----------
    first, second : arrays of shape (n,)
        1 (or True) where that classifier was right, 0 where it was wrong; see `hits`.
        Rows that are NaN in either are left out.

    Returns
    -------
    tuple of (int, int, float)
        The two discordant counts and the two-sided p-value, 0..1 (1 if there are none).

    Raises
    ------
    ValueError
        If the shapes differ or a value is neither 0, 1 nor NaN.

    References
    ----------
    McNemar (1947), "Note on the sampling error of the difference between correlated
    proportions or percentages", Psychometrika 12(2).

    Examples
    --------
    >>> import numpy as np
    >>> mcnemar_exact(np.array([1, 1, 1, 1, 0, 1]), np.array([0, 0, 0, 0, 0, 1]))
    (4, 0, 0.125)
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise InputValueError(
            f"Both arguments must have the same shape (n,), got {first.shape} and "
            f"{second.shape}. Compare two classifiers on the same rows."
        )
    for values in (first, second):
        odd = ~np.isnan(values) & (values != 0) & (values != 1)
        if odd.any():
            row = int(odd.argmax())
            raise InputValueError(
                f"Values must be 0 (wrong) or 1 (right), got {values[row]:g} at row {row}. "
                "Make them with `hits(predictions, labels)`."
            )
    only_first = int(((first == 1) & (second == 0)).sum())
    only_second = int(((first == 0) & (second == 1)).sum())
    discordant = only_first + only_second
    if discordant == 0:
        return 0, 0, 1.0
    return only_first, only_second, float(binomtest(only_first, discordant, 0.5).pvalue)
