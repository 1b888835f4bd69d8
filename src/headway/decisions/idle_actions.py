"""Actions that never happen: whatever the probabilities, another one costs no more.

The greatest advantage of action a over the others is a linear programme over rows p of
probabilities:

    maximise t   with   sum_k p[k] (cost[k, b] - cost[k, a]) >= t   for every other action b

It never happens if the maximum is 0 or less.  To compare single columns is not enough: abstaining
at a price of 0.6 between two classes loses to no single answer everywhere, and yet always to one.
"""

import numpy as np

__all__ = ["never_least"]

NEVER = 1e-9  # of the largest difference: an advantage that is rounding
CELLS = 1 << 16  # a larger programme takes seconds: only what one other action beats is seen then


def never_least(cost: np.ndarray, action: int, /) -> bool:
    """Return whether no row of probabilities makes an action cheaper than all others.

    Parameters
    ----------
    cost : float array of shape (K, A)
        Prices, A >= 2.
    action : int
        In 0..A-1.

    Examples
    --------
    Two classes, a mistake costs 1: where they are equally likely it costs 0.5 to answer.

    >>> [never_least(np.array([[0, 1, price], [1, 0, price]]), 2) for price in (0.5, 0.49)]
    [True, False]
    """
    gains = np.delete(cost, action, axis=1) - cost[:, [action]]
    scale = float(np.abs(gains).max()) or 1.0
    gains /= scale
    if (gains > NEVER).all(axis=1).any() or (gains.mean(axis=0) > NEVER).all():
        return False  # one class for certain, or all alike, is such a row
    if gains.size > CELLS:
        return bool((gains <= 0).all(axis=0).any())
    from scipy.optimize import linprog  # slow to import, and seldom needed

    K, others = gains.shape
    found = linprog(
        np.r_[np.zeros(K), -1.0],
        A_ub=np.column_stack([-gains.T, np.ones(others)]),
        b_ub=np.zeros(others),
        A_eq=np.r_[np.ones(K), 0.0][None, :],
        b_eq=[1.0],
        bounds=[(0, None)] * K + [(None, None)],
    )
    return bool(found.success and -found.fun <= NEVER)
