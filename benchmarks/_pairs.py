"""Ratios of two contestants within rounds, and an interval of their median that assumes nothing.

    interval = the k-th smallest to the k-th largest of n ratios,
    k the largest with  1 - 2 P(Binomial(n, 1/2) < k) >= 93 %

With 5 rounds that is the least and the greatest (94 %), with 15 the 4th and the 12th (96 %).
The trap: a ratio of medians hides that a busy machine slows whole rounds; ratios are taken
within a round first.
"""

from math import comb

import numpy as np

COVERAGE = 0.93


def interval_of_median(values):
    """Return (low, high), order statistics that hold the median with 93 % or more if they can."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    n, k, outside = len(ordered), 1, 0.0
    for candidate in range(1, (n + 1) // 2 + 1):
        outside += 2 * comb(n, candidate - 1) / 2**n
        if 1 - outside < COVERAGE:
            break
        k = candidate
    return float(ordered[k - 1]), float(ordered[n - k])


def paired_ratio(theirs, ours):
    """Return (median, low, high) of theirs / ours; one time stands for all rounds if alone."""
    theirs, ours = np.asarray(theirs, dtype=np.float64), np.asarray(ours, dtype=np.float64)
    if len(theirs) not in (1, len(ours)):
        raise ValueError(f"Rounds must pair up, got {len(theirs)} and {len(ours)}.")
    ratios = theirs / ours
    return float(np.median(ratios)), *interval_of_median(ratios)


def ratio_text(line):
    """Return "14.2x (13.1 to 15.0)", or ">= 20x" for a bound, of a line of results."""
    if line.get("ratio") is None:
        return "-"
    if line.get("bound"):
        return f">= {line['low']:.3g}x"
    return f"{line['ratio']:.3g}x ({line['low']:.3g} to {line['high']:.3g})"
