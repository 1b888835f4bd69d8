"""A uniform number that belongs to a row: hashed from its probabilities and a seed.

Randomised prediction sets need one draw for each row.  From a stream of random numbers the set of
a row would depend on which rows were asked before it; hashed from the row, the same numbers give
the same set, alone or among others, today or after the model was loaded again.  And a promise that
rests on exchangeable rows stands: what is computed from a row alone is exchangeable as the rows
are.

    u = (sum_j mix(bits(p_j) + (j + 1) golden + mix(seed)), mixed again) / 2^64

The trap is rounding: logits that are shifted by a constant, or multiplied in batches of another
size, bring probabilities that differ in their last bits.  Hence 24 significant bits are hashed;
about one probability in ten million lies so near to the middle between two of these that its last
bits still bring another draw.  Rows that agree in all 24 share their draw.
"""

import numpy as np

__all__ = ["row_draws"]

KEPT = 24  # bits
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def row_draws(probs: np.ndarray, seed: int, /) -> np.ndarray:
    """Return a uniform number for each row.

    Parameters
    ----------
    probs : float64 array of shape (n, K)
        Anything finite.
    seed : int
        Another seed, other draws; at least 0.

    Returns
    -------
    float64 array of shape (n,)
        In [0, 1), multiples of 2^-53.

    References
    ----------
    Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators", OOPSLA: `mix`.

    Examples
    --------
    >>> u = row_draws(np.array([[0.5, 0.5], [0.2, 0.8], [0.5, 0.5]]), 0)
    >>> bool(u[0] == u[2]), bool(u[0] == u[1])
    (True, False)
    """
    fraction, exponent = np.frexp(np.asarray(probs, dtype=np.float64))
    rounded = np.ldexp(np.rint(fraction * 2.0**KEPT), exponent - KEPT)
    # 0.0 and -0.0 are the same probability, with different bits.
    bits = np.ascontiguousarray(rounded + 0.0).view(np.uint64)
    columns = np.arange(1, probs.shape[1] + 1, dtype=np.uint64) * GOLDEN
    start = _mix(np.array([seed % (1 << 64)], dtype=np.uint64))
    mixed = _mix(np.add.reduce(_mix(bits + (columns + start)), axis=1, dtype=np.uint64))
    return (mixed >> np.uint64(11)) * 2.0**-53


def _mix(bits: np.ndarray) -> np.ndarray:
    """Return the bits, each depending on all of them (the finalizer of splitmix64)."""
    bits = (bits ^ (bits >> np.uint64(30))) * FACTORS[0]
    bits = (bits ^ (bits >> np.uint64(27))) * FACTORS[1]
    return bits ^ (bits >> np.uint64(31))
