"""Choosing C and the learning rate, for each head by itself, on validation rows.

One C is not fair to both heads: K sigmoids each pay for their own weights, one softmax shares
them.  A fifth of the training rows is held back (stratified, by the seed of the run), every
value of the grid is fitted to the rest, and the value with the highest validation accuracy is
taken, ties going to the lower log-loss.  The winner is then fitted anew to ALL training rows.

The trap: the test rows must not choose.  They are not even passed to this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headway.comparison.entrants import run_once
from headway.comparison.splits import stratified_split
from headway.comparison.work import Split, Work
from headway.metrics import cell_log_loss, hits, log_loss

__all__ = ["GRIDS", "VALIDATION_SHARE", "choose_settings"]

VALIDATION_SHARE = 0.2
GRIDS: dict[str, tuple[str, tuple[float, ...]]] = {
    "linear": ("C", (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)),
    "mlp": ("learning_rate", (0.001, 0.002, 0.004, 0.008)),
    "cnn": ("learning_rate", (0.001, 0.002, 0.004, 0.008)),
}


def choose_settings(
    model: str,
    head: str,
    work: Work,
    split: Split,
    seed: int,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """Return the setting that did best on validation rows, such as `{"C": 0.3}`.

    Parameters
    ----------
    model, head, work, split, seed
        As for `run_once`; only the training rows of `split` are used.
    tell : callable
        Called with a text after each fit.
    """
    fit_rows, held_back = stratified_split(
        split.train_labels, test_size=VALIDATION_SHARE, seed=seed
    )
    inner = Split(
        X_train=split.X_train[fit_rows],
        X_test=split.X_train[held_back],
        train_labels=split.train_labels[fit_rows],
        test_labels=split.train_labels[held_back],
        test_rows=held_back,
    )
    name, grid = GRIDS[model]
    results = []
    for value in grid:
        run = run_once(model, head, work, inner, seed, {name: value})
        if work.kind == "multilabel":
            loss = cell_log_loss(run.logits, run.labels)
        else:
            loss = log_loss(run.log_probs, run.labels)
        accuracy = float(np.nanmean(hits(run.predictions, run.labels)))
        results.append((-accuracy, float(np.nanmean(loss)), value))
        tell(f"{model} {head}, seed {seed}: {name} = {value:g} gives {100 * accuracy:.1f} %")
    return {name: min(results)[2]}
