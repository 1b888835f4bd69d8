"""Sets of candidates: do they hold the true class, and how large are they.

    coverage = share of rows whose set holds the true class,   size = classes in a set

Neither alone says anything: the set of all classes covers everything.  The interval of the
coverage is Clopper and Pearson's, exact for independent rows.  The trap: the coverage of ONE
calibrated decision scatters around the promise by more than test rows explain, since its
calibration rows were drawn too; with n of them its standard deviation is about
sqrt(coverage (1 - coverage) / n).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from headway._check import check_labels
from headway.errors import InputTypeError, InputValueError

__all__ = ["SetReport", "clopper_pearson_interval", "set_report"]


@dataclass(frozen=True)
class SetReport:
    """What `set_report` found.

    Attributes
    ----------
    rows : int
        Rows that were looked at.
    coverage, coverage_low, coverage_high : float
        Share of rows whose set holds the true class, 0..1, and its interval.
    mean_size : float
        Classes in a set, on average.
    empty, singletons : float
        Shares of rows whose set has no class, and one.
    class_rows : tuple of int
        Rows of each class.
    class_coverage : tuple of float
        Coverage of the rows of each class; NaN for a class without rows.
    """

    rows: int
    coverage: float
    coverage_low: float
    coverage_high: float
    mean_size: float
    empty: float
    singletons: float
    class_rows: tuple[int, ...]
    class_coverage: tuple[float, ...]


def set_report(sets: np.ndarray, labels: np.ndarray, /, *, level: float = 0.95) -> SetReport:
    """Return coverage and sizes of sets of candidates.

    Parameters
    ----------
    sets : 0/1 or boolean matrix of shape (n, K)
        Which classes are candidates, as `PredictionSets` gives them.
    labels : integer array of shape (n,)
        True classes in 0..K-1.
    level : float, default=0.95
        Confidence of the interval, in (0, 1).

    Raises
    ------
    InputTypeError, InputValueError
        If sets are no 0/1 matrix with rows, or labels do not fit them.

    Examples
    --------
    >>> report = set_report([[1, 0], [1, 1], [0, 0], [0, 1]], [0, 1, 1, 1])
    >>> report.coverage, report.mean_size, report.empty, report.singletons
    (0.75, 1.0, 0.25, 0.5)
    >>> [round(c, 2) for c in report.class_coverage]
    [1.0, 0.67]
    """
    sets = np.asarray(sets)
    if sets.dtype.kind not in "biu":
        raise InputTypeError(
            f"`sets` must be integers or booleans, got dtype {sets.dtype}. Give what a decision "
            "for sets returns, not probabilities."
        )
    if sets.ndim != 2 or 0 in sets.shape:
        raise InputValueError(
            f"`sets` must have shape (n, K) with rows and classes, got {sets.shape}. Give one "
            "row for each sample."
        )
    if not np.isin(sets, (0, 1)).all():
        row, column = np.argwhere(~np.isin(sets, (0, 1)))[0]
        raise InputValueError(
            f"`sets` must be 0 or 1, got {sets[row, column]} at row {row}, column {column}. "
            "Write 1 for each candidate."
        )
    n, K = sets.shape
    labels = np.asarray(labels)
    check_labels(labels, np, shape=(n,), n_classes=K)
    covered = np.take_along_axis(sets, labels[:, None].astype(np.intp), axis=1)[:, 0]
    size = sets.sum(axis=1)
    rows = np.bincount(labels, minlength=K)
    held = np.bincount(labels, weights=covered, minlength=K)
    by_class = np.divide(held, rows, out=np.full(K, np.nan), where=rows > 0)
    low, high = clopper_pearson_interval(int(covered.sum()), n, level=level)
    return SetReport(
        rows=n,
        coverage=float(covered.mean()),
        coverage_low=low,
        coverage_high=high,
        mean_size=float(size.mean()),
        empty=float((size == 0).mean()),
        singletons=float((size == 1).mean()),
        class_rows=tuple(rows.tolist()),
        class_coverage=tuple(by_class.tolist()),
    )


def clopper_pearson_interval(hits: int, n: int, /, *, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a rate, of which `hits` of `n` independent rows are a sample.

    Parameters
    ----------
    hits, n : int
        0 <= hits <= n, n at least 1.
    level : float, default=0.95
        Confidence, in (0, 1): it is never less, and usually a little more.

    Raises
    ------
    InputValueError
        If there are no rows, more hits than rows, or the level is outside (0, 1).

    References
    ----------
    Clopper and Pearson (1934), "The use of confidence or fiducial limits illustrated in the case
    of the binomial", Biometrika 26(4).

    Examples
    --------
    >>> low, high = clopper_pearson_interval(0, 10)
    >>> low, round(high, 4), round(1 - 0.025 ** (1 / 10), 4)
    (0.0, 0.3085, 0.3085)
    """
    if not 0 < level < 1:
        raise InputValueError(f"`level` must lie between 0 and 1, got {level}. Use 0.95 for 95 %.")
    if n < 1 or not 0 <= hits <= n:
        raise InputValueError(
            f"`hits` must be in 0..n with n at least 1, got {hits} of {n}. Count the rows that "
            "were looked at."
        )
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if hits == n else float(betaincinv(hits + 1, n - hits, 1 - tail))
    return low, high
