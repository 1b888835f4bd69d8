"""A calibrator that is kept only where it helps, and the reason.

    1  are there enough rows?                         else the logits stay as they are
    2  fit on all folds but one, lose on that one     for every fold: losses of rows not fitted on
    3  is the mean loss lower than before?            else the logits stay as they are
    4  fit on all rows

Methods with numbers of their own for each label are judged label by label, beside one temperature
of all labels, which serves those that have too few rows for more.  Vector and matrix
scaling are judged beside the temperature that they start from: where they do not lower the loss
further, the temperature alone is kept.  `enough.py` says how many rows are enough.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.calibration.affine import Affine, fit_affine, free_classes
from headway.calibration.beta import Beta
from headway.calibration.calibrator import Calibrator
from headway.calibration.enough import lacking
from headway.calibration.isotonic import Isotonic
from headway.calibration.matrix import MatrixScaling
from headway.calibration.platt import Platt
from headway.calibration.rows import CalibrationRows, calibration_rows, refuse_impossible
from headway.calibration.temperature import Temperature
from headway.calibration.vector import VectorScaling
from headway.errors import InputValueError
from headway.kernels import softplus
from headway.losses import cross_entropy

__all__ = ["METHODS", "CalibrationReport", "calibrate"]

FOR_CLASSES, FOR_LABELS = ("vector", "matrix"), ("platt", "beta", "isotonic")
METHODS: tuple[str, ...] = ("temperature", *FOR_CLASSES, *FOR_LABELS)
MOST_FOLDS = 5
HELPS = "it lowers the loss of rows that it was not fitted on"
ONE = "the temperature alone, beyond which more numbers do not lower the loss of other rows"
FEW = "the temperature alone, since no class has 20 rows, and 20 of other classes"
SHARED, LEFT = "the others get the temperature of all labels", "the others stay as they are"
NO_MORE = "on rows that it was not fitted on it loses no less than the temperature of all labels"
FAILS = "it does not lower the loss of rows that it was not fitted on"


@dataclass(frozen=True)
class CalibrationReport:
    """What calibration found, and what was kept.

    Attributes
    ----------
    method : str
        What was tried.
    rows : int
        Rows that it was fitted on.
    loss_before, loss_after : float
        Mean log-loss of rows in nats, before, and after on rows not fitted on with what was kept.
    kept : tuple of bool
        Whether the calibrator was kept: one for all logits, or one for each label; False also for
        a label that gets the temperature of all labels.
    reason : str
        One sentence.
    reasons : tuple of str
        One for each entry of `kept`.
    """

    method: str
    rows: int
    loss_before: float
    loss_after: float
    kept: tuple[bool, ...]
    reason: str
    reasons: tuple[str, ...]


def calibrate(
    logits: np.ndarray,
    labels: np.ndarray,
    /,
    method: str = "temperature",
    *,
    weights: np.ndarray | None = None,
    folds: int = MOST_FOLDS,
    random_state: int = 0,
) -> tuple[Calibrator | None, CalibrationReport]:
    """Return the calibrator, or None where none is kept, and a report that says why.

    Parameters
    ----------
    logits : float array of shape (n, K)
        Held-out or cross-fitted logits: never those of rows that the model was trained on.
    labels : integer array of shape (n,), or 0/1/NaN matrix of shape (n, L)
        Exclusive classes, or independent labels.
    method : {"temperature", "vector", "matrix", "platt", "beta", "isotonic"}
        One number for all; of exclusive classes also a slope and an intercept for each, or a
        matrix; of labels a line, a line with a bend, or a rising function for each.
    weights : array of shape (n,), optional
        Non-negative row weights.
    folds : int
        At least 2.
    random_state : int
        Draws the folds.

    Raises
    ------
    InputTypeError, InputValueError
        If logits and labels do not fit together or the method does not suit them.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> logits = 3 * rng.normal(size=(2000, 3))
    >>> labels = (logits / 3 + rng.gumbel(size=logits.shape)).argmax(axis=1)
    >>> calibrator, report = calibrate(logits, labels)
    >>> round(calibrator.value), report.loss_after < report.loss_before
    (3, True)
    """
    if method not in METHODS:
        raise InputValueError(
            f"`method` must be one of {', '.join(METHODS)}, got {method!r}. Try 'temperature'."
        )
    rows = calibration_rows(logits, labels, weights)
    _check_method(rows, method)
    if folds < 2:
        raise InputValueError(f"`folds` must be at least 2, got {folds}. 5 is a good choice.")
    part = np.random.default_rng(random_state).permutation(len(rows)) % min(folds, len(rows))
    if method in FOR_CLASSES:
        return _calibrate_classes(rows, method, part)
    if method in FOR_LABELS and rows.logits.shape[1] > 1:
        return _calibrate_labels(rows, method, part)
    (lack,) = lacking(rows, method)
    before = _losses(rows, rows.logits)
    after = before.copy()
    for inside, outside in () if lack else _folds(rows, part):
        some = rows.take(inside)
        after[inside] = _losses(some, _fit(rows.take(outside), method)(some.logits))
    kept = not lack and float((_weights(rows) @ (before - after)).sum()) > 0
    reasons = [lack or (HELPS if kept else FAILS)]
    report = _report(rows, method, before, after if kept else before, np.array([kept]), reasons)
    return (_fit(rows, method) if kept else None), report


def _calibrate_labels(
    rows: CalibrationRows, method: str, part: np.ndarray
) -> tuple[Calibrator | None, CalibrationReport]:
    """Return for each label what loses least: its own calibrator, one temperature, or nothing."""
    lacks = lacking(rows, method)
    enough = np.array([not lack for lack in lacks])
    shares = not lacking(rows, "temperature")[0]
    before = _losses(rows, rows.logits)
    one, own = before.copy(), before.copy()
    for inside, outside in _folds(rows, part) if shares or enough.any() else ():
        some, others = rows.take(inside), rows.take(outside)
        if shares:
            one[inside] = _losses(some, _temperature(others)(some.logits))
        if enough.any():
            own[inside] = _losses(some, _fit(others, method, enough)(some.logits))
    totals = [_weights(rows) @ losses for losses in (before, one, own)]
    shares = shares and totals[1].sum() < totals[0].sum()
    base = one if shares else before
    kept = enough & (totals[2] < totals[1 if shares else 0])
    fails = NO_MORE if shares else FAILS
    reasons = [HELPS if there else lack or fails for lack, there in zip(lacks, kept, strict=True)]
    after = np.where(kept, own, base)
    rest = SHARED if shares else LEFT
    report = _report(rows, method, before, after, kept, reasons, rest)
    slope = np.full(len(kept), 1.0 / _temperature(rows).value if shares else 1.0)
    return (_fit(rows, method, kept, slope) if shares or kept.any() else None), report


def _calibrate_classes(
    rows: CalibrationRows, method: str, part: np.ndarray
) -> tuple[Calibrator | None, CalibrationReport]:
    """Return vector or matrix scaling, their temperature alone, or None: what loses least."""
    whole = method == "matrix"
    if whole:
        refuse_impossible(rows.logits)
    before = _losses(rows, rows.logits)
    (lack,) = lacking(rows, method)
    if lack:
        return None, _report(rows, method, before, before, np.array([False]), [lack])
    free = free_classes(rows)
    alone, more = before.copy(), before.copy()
    for inside, outside in _folds(rows, part):
        some = rows.take(inside)
        found = fit_affine(rows.take(outside), free, whole=whole)
        alone[inside] = _losses(some, Temperature(found.temperature)(some.logits))
        more[inside] = _losses(some, _of(found)(some.logits))
    totals = [float((_weights(rows) @ losses).sum()) for losses in (before, alone, more)]
    found = fit_affine(rows, free, whole=whole)
    # Of equals the simplest.
    after, calibrator, reason = (
        (before, None, FAILS),
        (alone, Temperature(found.temperature), ONE if free.any() else FEW),
        (more, _of(found), HELPS),
    )[int(np.argmin(totals))]
    kept = np.array([calibrator is not None])
    return calibrator, _report(rows, method, before, after, kept, [reason])


def _of(found: Affine) -> VectorScaling | MatrixScaling:
    make = VectorScaling if found.a.ndim == 1 else MatrixScaling
    return make(found.temperature, found.a, found.b)


def _check_method(rows: CalibrationRows, method: str) -> None:
    if method in FOR_LABELS and rows.targets is None:
        raise InputValueError(
            f"method={method!r} is for independent labels or one binary column, got "
            f"{rows.logits.shape[1]} exclusive classes. Use 'temperature', 'vector' or 'matrix'."
        )
    if method in FOR_CLASSES and rows.labels is None:
        raise InputValueError(
            f"method={method!r} is for exclusive classes with a column of logits each, got "
            f"{rows.logits.shape[1]} independent columns. Use 'temperature', 'platt' or 'beta'."
        )


def _folds(rows: CalibrationRows, part: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows to judge and rows to fit on, where any of these can teach something."""
    teaches = _weights(rows) > 0
    if rows.targets is not None:
        teaches &= ~np.isnan(rows.targets).all(axis=1)
    for fold in range(part.max() + 1):
        inside, outside = np.flatnonzero(part == fold), np.flatnonzero(part != fold)
        if teaches[outside].any():
            yield inside, outside


def _weights(rows: CalibrationRows) -> np.ndarray:
    return np.ones(len(rows)) if rows.weights is None else rows.weights


def _report(
    rows: CalibrationRows,
    method: str,
    before: np.ndarray,
    after: np.ndarray,
    kept: np.ndarray,
    reasons: list[str],
    rest: str = "",
) -> CalibrationReport:
    weights = _weights(rows)
    return CalibrationReport(
        method=method,
        rows=len(rows),
        loss_before=float(weights @ before.sum(axis=1) / weights.sum()),
        loss_after=float(weights @ after.sum(axis=1) / weights.sum()),
        kept=tuple(kept.tolist()),
        reason=_summary(kept, reasons, rest),
        reasons=tuple(reasons),
    )


def _summary(kept: np.ndarray, reasons: list[str], rest: str) -> str:
    if len(kept) == 1:
        return f"{'Kept' if kept[0] else 'Rolled back'}: {reasons[0]}."
    if kept.all():
        return f"Kept for all {len(kept)} labels."
    if not kept.any() and len(set(reasons)) == 1:
        return f"Rolled back for all {len(kept)} labels: {reasons[0]}."
    first = int(np.argmin(kept))
    return (
        f"Kept for {kept.sum()} of {len(kept)} labels; {rest}. Column {first} is one of these: "
        f"{reasons[first]}."
    )


def _temperature(rows: CalibrationRows) -> Temperature:
    truth: Any = rows.labels if rows.labels is not None else rows.targets
    return Temperature.fit(rows.logits, truth, weights=rows.weights)


def _fit(
    rows: CalibrationRows,
    method: str,
    chosen: np.ndarray | None = None,
    slope: np.ndarray | None = None,
) -> Calibrator:
    """Return the calibrator of the chosen labels, which multiplies the others by a slope."""
    if method == "temperature":
        return _temperature(rows)
    if chosen is None:
        chosen = np.ones(rows.logits.shape[1], dtype=bool)
    if slope is None:
        slope = np.ones(len(chosen))
    if not chosen.any():
        return Platt(slope, np.zeros(len(slope)))
    some = rows.columns(chosen)
    assert some.targets is not None
    if method == "platt":
        lines = Platt.fit(some.logits, some.targets, weights=some.weights)
        slope, intercept = slope.copy(), np.zeros(len(chosen))
        slope[chosen], intercept[chosen] = lines.slope, lines.intercept
        return Platt(slope, intercept)
    if method == "beta":
        bends = Beta.fit(some.logits, some.targets, weights=some.weights)
        below, above, intercept = slope.copy(), slope.copy(), np.zeros(len(chosen))
        below[chosen], above[chosen], intercept[chosen] = bends.below, bends.above, bends.intercept
        return Beta(below, above, intercept)
    curves = Isotonic.fit(some.logits, some.targets, weights=some.weights)
    found = iter(zip(curves.places, curves.values, strict=True))
    none = np.zeros(0), np.zeros(0)
    parts = [next(found) if there else none for there in chosen]
    places, values = zip(*parts, strict=True)
    return Isotonic(places, values, slope)


def _losses(rows: CalibrationRows, logits: np.ndarray) -> np.ndarray:
    """Return the losses of the cells, (n, L), or of the rows, (n, 1), in nats."""
    z = np.asarray(logits, dtype=np.float64)
    if rows.labels is not None:
        return cross_entropy(z, rows.labels)[:, None]
    assert rows.targets is not None
    t = rows.targets.astype(np.float64)
    cells = softplus(z) - t * z
    return np.where(np.isnan(t), 0.0, cells)
