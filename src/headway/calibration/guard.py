"""A calibrator that is kept only where it helps, and the reason.

    1  are there enough rows?                         else the logits stay as they are
    2  fit on all folds but one, lose on that one     for every fold: losses of rows not fitted on
    3  is the mean loss lower than before?            else the logits stay as they are
    4  fit on all rows

Methods with numbers of their own for each label are judged label by label.  Enough means ten
events of the rarer outcome for each number that is fitted (Peduzzi et al., 1996): rows that the
argmax has wrong, or right if they are fewer, for one temperature; positives or negatives for a
label.  The isotonic function needs 1000 rows of a label (Niculescu-Mizil and Caruana, 2005).

References
----------
Peduzzi, Concato, Kemper, Holford and Feinstein (1996), "A simulation study of the number of events
per variable in logistic regression analysis", Journal of Clinical Epidemiology 49;
Niculescu-Mizil and Caruana (2005), "Predicting good probabilities with supervised learning", ICML.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.calibration.calibrator import Calibrator
from headway.calibration.isotonic import Isotonic
from headway.calibration.platt import Platt
from headway.calibration.rows import CalibrationRows, calibration_rows
from headway.calibration.temperature import Temperature
from headway.errors import InputValueError
from headway.kernels import softplus
from headway.losses import cross_entropy

__all__ = ["METHODS", "CalibrationReport", "calibrate"]

METHODS: tuple[str, ...] = ("temperature", "platt", "isotonic")
EVENTS = 10  # for each number that is fitted
ISOTONIC_ROWS = 1000
MOST_FOLDS = 5


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
        Whether the calibrator was kept: one for all logits, or one for each label.
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
    method : {"temperature", "platt", "isotonic"}
        One number for all; a line for each label; a rising function for each label.
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
    if method != "temperature" and rows.targets is None:
        raise InputValueError(
            f"method={method!r} is for independent labels or one binary column, got "
            f"{rows.logits.shape[1]} exclusive classes. Use 'temperature'."
        )
    if folds < 2:
        raise InputValueError(f"`folds` must be at least 2, got {folds}. 5 is a good choice.")
    weigh = np.ones(len(rows)) if rows.weights is None else rows.weights
    before = _losses(rows, rows.logits)
    lacking = _lacking(rows, method, weigh)
    after = before.copy()
    enough = np.array([not lack for lack in lacking])
    if enough.any():
        part = np.random.default_rng(random_state).permutation(len(rows)) % folds
        for fold in range(folds):
            inside, outside = np.flatnonzero(part == fold), np.flatnonzero(part != fold)
            some = rows.take(inside)
            after[inside] = _losses(some, _fit(rows.take(outside), method, enough)(some.logits))
    gains = weigh @ (before - after)
    if len(lacking) == 1:
        gains = gains.sum(keepdims=True)
    kept = np.array([not lack and gain > 0 for lack, gain in zip(lacking, gains, strict=True)])
    reasons = tuple(
        lack or (HELPS if gain > 0 else FAILS) for lack, gain in zip(lacking, gains, strict=True)
    )
    if len(kept) > 1:
        after = np.where(kept, after, before)
    elif not kept.all():
        after = before
    report = CalibrationReport(
        method=method,
        rows=len(rows),
        loss_before=float(weigh @ before.sum(axis=1) / weigh.sum()),
        loss_after=float(weigh @ after.sum(axis=1) / weigh.sum()),
        kept=tuple(kept.tolist()),
        reason=_summary(kept, reasons),
        reasons=reasons,
    )
    return (_fit(rows, method, kept) if kept.any() else None), report


HELPS = "it lowers the loss of rows that it was not fitted on"
FAILS = "it does not lower the loss of rows that it was not fitted on"


def _summary(kept: np.ndarray, reasons: tuple[str, ...]) -> str:
    if len(kept) == 1:
        return f"{'Kept' if kept[0] else 'Rolled back'}: {reasons[0]}."
    if kept.all():
        return f"Kept for all {len(kept)} labels."
    first = reasons[int(np.argmin(kept))]
    return f"Kept for {kept.sum()} of {len(kept)} labels; of the first other one, {first}."


def _fit(rows: CalibrationRows, method: str, chosen: np.ndarray) -> Calibrator:
    """Return the calibrator of the chosen labels, which leaves the others as they are."""
    if method == "temperature":
        truth: Any = rows.labels if rows.labels is not None else rows.targets
        return Temperature.fit(rows.logits, truth, weights=rows.weights)
    some = rows.columns(chosen)
    assert some.targets is not None
    if method == "platt":
        lines = Platt.fit(some.logits, some.targets, weights=some.weights)
        slope, intercept = np.ones(len(chosen)), np.zeros(len(chosen))
        slope[chosen], intercept[chosen] = lines.slope, lines.intercept
        return Platt(slope, intercept)
    curves = Isotonic.fit(some.logits, some.targets, weights=some.weights)
    found = iter(zip(curves.places, curves.values, strict=True))
    none = np.zeros(0), np.zeros(0)
    return Isotonic(*zip(*(next(found) if there else none for there in chosen), strict=True))


def _losses(rows: CalibrationRows, logits: np.ndarray) -> np.ndarray:
    """Return the losses of the cells, (n, L), or of the rows, (n, 1), in nats."""
    z = np.asarray(logits, dtype=np.float64)
    if rows.labels is not None:
        return cross_entropy(z, rows.labels)[:, None]
    assert rows.targets is not None
    t = rows.targets.astype(np.float64)
    cells = softplus(z) - t * z
    return np.where(np.isnan(t), 0.0, cells)


def _lacking(rows: CalibrationRows, method: str, weights: np.ndarray) -> list[str]:
    """Return for each number, or label, why the rows do not suffice; "" if they do."""
    used = weights > 0
    if rows.labels is not None:
        right = rows.logits.argmax(axis=1)[used] == rows.labels[used]
        return [
            _too_few(min(right.sum(), (~right).sum()), EVENTS, "rows that are right, and wrong,")
        ]
    assert rows.targets is not None
    t = rows.targets[used]
    if method == "temperature":
        known = ~np.isnan(t)
        right = ((rows.logits[used] > 0) == (t > 0)) & known
        wrong = known.sum() - right.sum()
        return [_too_few(min(right.sum(), wrong), EVENTS, "cells that are right, and wrong,")]
    positives, negatives = (t == 1).sum(axis=0), (t == 0).sum(axis=0)
    events = [
        _too_few(few, 2 * EVENTS, "positives and negatives")
        for few in np.minimum(positives, negatives)
    ]
    if method == "platt":
        return events
    cells = [_too_few(n, ISOTONIC_ROWS, "rows") for n in positives + negatives]
    return [few or event for few, event in zip(cells, events, strict=True)]


def _too_few(count: int, wanted: int, what: str) -> str:
    return "" if count >= wanted else f"it takes {wanted} {what} and there are {count}"
