"""From the runs of one model and head to its entry: every score with its interval.

Scores that are means over rows go into a table (seeds by rows, NaN where a seed did not test a
row) and through `crossed_interval`, which knows that the rows are the same under every seed.
The calibration error is averaged as a debiased SQUARE: the mean of the roots would count every
negative square as a zero, and so be biased upwards again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student_t

from headway.comparison.results import Entry, Estimate, Run
from headway.losses import binary_cross_entropy
from headway.metrics import (
    MeanInterval,
    brier_score,
    cell_brier_score,
    cell_log_loss,
    crossed_bootstrap,
    crossed_interval,
    crossed_proportion_interval,
    f1_score,
    hits,
    log_loss,
    observed_cells,
    squared_calibration_error,
    top_label,
)

__all__ = ["hits_table", "log_loss_table", "score_table", "summarise"]

Z_95 = 1.959964


def summarise(runs: Sequence[Run], *, kind: str, n_rows: int, mistake: str | None) -> Entry:
    """Return the entry that the runs of one model and one head add up to.

    Parameters
    ----------
    runs : sequence of Run
        One a seed; at least one.
    kind : {"binary", "exclusive", "multilabel"}
        What the labels are.
    n_rows : int
        Rows that `Run.rows` counts in: all rows of the data, or the test rows of a fixed split.
    mistake : str or None
        What is wrong with this head, if it is one of the common mistakes.
    """
    first = runs[0]
    accuracy = crossed_proportion_interval(hits_table(runs, n_rows))
    return Entry(
        model=first.model,
        head=first.head,
        mistake=mistake,
        accuracy=_estimate(accuracy, [float(np.nanmean(_hits(run))) for run in runs]),
        log_loss=_of_rows(runs, [_log_loss(run) for run in runs], n_rows, top=math.inf),
        brier=_of_rows(
            runs,
            [_brier(run.probs, run) for run in runs],
            n_rows,
            top=1.0 if kind == "multilabel" else 2.0,
        ),
        calibration_error=_calibration(runs, "probs", kind),
        seconds=_seconds(runs),
        settings=_common_settings(runs),
        runs=tuple(runs),
        details=_label_details(runs, n_rows)
        if kind == "multilabel"
        else _membership_details(runs, n_rows),
    )


def score_table(runs: Sequence[Run], values: Sequence[np.ndarray], n_rows: int) -> np.ndarray:
    """Return row scores as a table (seeds, n_rows), NaN where a seed did not test a row."""
    table = np.full((len(runs), n_rows), np.nan)
    for line, run, scores in zip(table, runs, values, strict=True):
        line[run.rows] = scores
    return table


def hits_table(runs: Sequence[Run], n_rows: int) -> np.ndarray:
    """Return which rows each run decided rightly: (seeds, n_rows) of 1, 0 and NaN."""
    return score_table(runs, [_hits(run) for run in runs], n_rows)


def log_loss_table(runs: Sequence[Run], n_rows: int) -> np.ndarray:
    """Return the log-loss of each row under each run, (seeds, n_rows), in nats."""
    return score_table(runs, [_log_loss(run) for run in runs], n_rows)


def _hits(run: Run) -> np.ndarray:
    return hits(run.predictions, run.labels)


def _log_loss(run: Run) -> np.ndarray:
    if run.labels.ndim == 2:
        return cell_log_loss(run.logits, run.labels)
    return log_loss(run.log_probs, run.labels)


def _brier(probs: np.ndarray, run: Run) -> np.ndarray:
    score = cell_brier_score if run.labels.ndim == 2 else brier_score
    return score(probs, run.labels)


def _of_rows(
    runs: Sequence[Run], values: Sequence[np.ndarray], n_rows: int, *, top: float
) -> Estimate:
    interval = crossed_interval(score_table(runs, values, n_rows))
    estimate = _estimate(interval, [float(np.nanmean(scores)) for scores in values])
    if math.isnan(estimate.low):
        return estimate
    # A score has a range; an interval that leaves it says nothing there.
    low, high = max(estimate.low, 0.0), min(estimate.high, top)
    return Estimate(estimate.mean, low, high, estimate.spread, estimate.n_seeds)


def _estimate(interval: MeanInterval, by_seed: Sequence[float]) -> Estimate:
    return Estimate(
        interval.mean, interval.low, interval.high, _spread(by_seed), n_seeds=len(by_seed)
    )


def _spread(by_seed: Sequence[float]) -> float | None:
    if len(by_seed) < 2 or not np.isfinite(by_seed).all():
        return None
    return float(np.std(by_seed, ddof=1))


def _calibration(runs: Sequence[Run], values: str, kind: str) -> Estimate:
    squares, errors = [], []
    for run in runs:
        probs = getattr(run, values)
        groups = None
        if kind == "multilabel":
            confidence, outcome, groups = observed_cells(probs, run.labels)
        elif kind == "binary":
            confidence, outcome = probs[:, 1], run.labels.astype(np.float64)
        else:
            confidence, outcome = top_label(probs, run.labels)
        square, error = squared_calibration_error(confidence, outcome, groups=groups)
        squares.append(square)
        errors.append(error)
    roots = [math.sqrt(max(square, 0.0)) for square in squares if not math.isnan(square)]
    mean = float(np.mean(squares))
    if math.isnan(mean):
        return Estimate(math.nan, math.nan, math.nan, None, len(runs))
    # The seeds share test rows, so their errors are taken as wholly correlated (the mean of
    # the errors, not divided by the number of seeds): too wide rather than too short.
    variance = float(np.mean(errors)) ** 2
    quantile = Z_95
    if len(runs) > 1:
        between = float(np.var(squares, ddof=1)) / len(runs)
        variance += between
        doubt = between**2 / (len(runs) - 1)
        quantile = float(student_t.ppf(0.975, variance**2 / doubt)) if doubt > 0 else Z_95
    half = quantile * math.sqrt(variance)
    return Estimate(
        mean=math.sqrt(max(mean, 0.0)),
        low=math.sqrt(max(mean - half, 0.0)),
        high=min(math.sqrt(max(mean + half, 0.0)), 1.0),
        spread=_spread(roots),
        n_seeds=len(runs),
    )


def _membership_details(runs: Sequence[Run], n_rows: int) -> dict[str, Estimate]:
    """Return the scores of the raw sigmoid values, where they differ from the probabilities."""
    if any(run.membership is None for run in runs):
        return {}
    losses, briers = [], []
    for run in runs:
        one_hot = np.eye(run.logits.shape[1])[run.labels]
        losses.append(np.asarray(binary_cross_entropy(run.logits, one_hot)))
        briers.append(_brier(np.asarray(run.membership), run))
    n_classes = runs[0].logits.shape[1]
    return {
        "membership_log_loss": _of_rows(runs, losses, n_rows, top=math.inf),
        "membership_brier": _of_rows(runs, briers, n_rows, top=float(n_classes)),
        "membership_calibration_error": _calibration(runs, "membership", "exclusive"),
    }


def _label_details(runs: Sequence[Run], n_rows: int) -> dict[str, Estimate]:
    wrong = []
    for run in runs:
        seen = ~np.isnan(run.labels)
        misses = ((run.predictions != run.labels) & seen).sum(axis=1)
        wrong.append(np.where(seen.any(axis=1), misses / np.maximum(seen.sum(axis=1), 1), np.nan))
    return {
        "hamming_loss": _of_rows(runs, wrong, n_rows, top=1.0),
        "micro_f1": _f1(runs, n_rows, "micro"),
        "macro_f1": _f1(runs, n_rows, "macro"),
    }


def _f1(runs: Sequence[Run], n_rows: int, average: str) -> Estimate:
    def f1_of_seed(seed: int, weights: np.ndarray) -> float:
        run = runs[seed]
        return f1_score(run.predictions, run.labels, average=average, weights=weights[run.rows])

    interval = crossed_bootstrap(f1_of_seed, len(runs), n_rows, draws=200)
    everywhere = np.ones(n_rows)
    return _estimate(interval, [f1_of_seed(seed, everywhere) for seed in range(len(runs))])


def _seconds(runs: Sequence[Run]) -> Estimate:
    seconds = [run.seconds for run in runs]
    mean, spread = float(np.mean(seconds)), _spread(seconds)
    if spread is None:
        return Estimate(mean, math.nan, math.nan, None, len(runs))
    half = float(student_t.ppf(0.975, len(runs) - 1)) * spread / math.sqrt(len(runs))
    return Estimate(mean, max(mean - half, 0.0), mean + half, spread, len(runs))


def _common_settings(runs: Sequence[Run]) -> dict[str, object]:
    """Return the settings of all runs; one that differed between seeds becomes a list."""
    common: dict[str, object] = {}
    for name in runs[0].settings:
        values = [run.settings[name] for run in runs]
        common[name] = values[0] if all(value == values[0] for value in values) else values
    return common
