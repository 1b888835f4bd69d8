"""Two entries side by side on the same rows, and what that says in words.

The difference is taken row by row and seed by seed before anything is averaged: rows that are
hard for one head are hard for the other, so the paired difference is known far better than
either accuracy.  "No difference that this data can show" is not "no difference": the interval
says how large a difference could still hide, and is always printed with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headway.comparison.results import Entry, Estimate, McNemar, Verdict
from headway.comparison.summary import hits_table, log_loss_table
from headway.metrics import MeanInterval, crossed_interval, mcnemar_exact
from headway.metrics import paired_proportion_interval as paired_interval

__all__ = ["judge", "span"]


def judge(first: Entry, second: Entry, *, n_rows: int) -> Verdict:
    """Return the verdict on two heads of one model that ran with the same seeds and rows.

    Parameters
    ----------
    first, second : Entry
        `first` is the reference: differences are first minus second.
    n_rows : int
        Rows that `Run.rows` counts in.
    """
    right = [hits_table(entry.runs, n_rows) for entry in (first, second)]
    losses = [log_loss_table(entry.runs, n_rows) for entry in (first, second)]
    difference = _points(paired_interval(*right), right)
    # Two infinite losses on one row say nothing about which is better: inf - inf is NaN here
    # and the row is left out; one alone makes the difference infinite, with no interval.
    with np.errstate(invalid="ignore"):
        gap = np.where(losses[0] == losses[1], 0.0, losses[0] - losses[1])
        gap[np.isnan(losses[0]) | np.isnan(losses[1])] = np.nan
        # Each may be infinite on rows of its own: the mean is then NaN, and nothing is decided.
        log_loss_difference = _estimate(crossed_interval(gap), gap)
    tests = tuple(
        McNemar(run.seed, *mcnemar_exact(one, two))
        for run, one, two in zip(first.runs, *right, strict=True)
    )
    return Verdict(
        model=first.model,
        first=first.head,
        second=second.head,
        difference=difference,
        log_loss_difference=log_loss_difference,
        mcnemar=tests,
        sentence=_sentence(first.head, second.head, difference),
    )


def span(low: float, high: float) -> str:
    """Return "low to high" with as many decimals as keep the ends apart from zero.

    Examples
    --------
    >>> span(0.12, 0.71)
    '0.1 to 0.7'
    >>> span(0.02, 0.71)
    '0.02 to 0.71'
    """
    digits = _digits(low, high)
    return f"{_fixed(low, digits)} to {_fixed(high, digits)}"


def _sentence(first: str, second: str, difference: Estimate) -> str:
    low, high = difference.low, difference.high
    digits = _digits(low, high)
    if low > 0 or high < 0:
        better = first if low > 0 else second
        ends = (low, high) if low > 0 else (-high, -low)
        return (
            f"{better} is better by {_fixed(abs(difference.mean), digits)} points "
            f"(95 % interval {span(*ends)})."
        )
    return (
        f"no difference that this data can show ({first} minus {second}: "
        f"{_fixed(difference.mean, digits)} points, 95 % interval {span(low, high)})."
    )


def _digits(low: float, high: float) -> int:
    """Return 1 decimal, or more where an end or the whole interval would round to nothing."""
    for digits in (1, 2, 3):
        unit = 10.0**-digits
        if high - low >= 4 * unit and min(abs(low), abs(high)) >= unit / 2:
            return digits
    return 3 if high - low < 0.04 else 2


def _fixed(value: float, digits: int) -> str:
    # -0.04 with one decimal must not read "-0.0".
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _points(interval: MeanInterval, right: Sequence[np.ndarray]) -> Estimate:
    plain = _estimate(interval, right[0] - right[1])
    spread = None if plain.spread is None else 100 * plain.spread
    return Estimate(
        100 * plain.mean, 100 * plain.low, 100 * plain.high, spread, n_seeds=plain.n_seeds
    )


def _estimate(interval: MeanInterval, table: np.ndarray) -> Estimate:
    by_seed = np.nanmean(table, axis=1)
    spread = None
    if len(by_seed) > 1 and np.isfinite(by_seed).all():
        spread = float(np.std(by_seed, ddof=1))
    return Estimate(interval.mean, interval.low, interval.high, spread, n_seeds=len(by_seed))
