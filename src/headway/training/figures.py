"""The figures of an epoch: loss and accuracy of the rows trained on, and of those held out."""

import time

import torch
from torch import Tensor

from headway.heads import Head
from headway.training.hardware import Working
from headway.training.history import EpochRecord
from headway.training.rows import ROWS_AT_ONCE, Rows

__all__ = ["record_epoch"]


def record_epoch(
    epoch: int,
    head: Head,
    seen: Tensor,
    rows: Rows,
    body: Working,
    held_out: Rows | None,
    rate: float,
    start: float,
) -> EpochRecord:
    """Return the figures of an epoch from the logits `seen` in it and those of held-out rows."""
    loss, accuracy = _figures(head, seen, rows)
    val_loss = val_accuracy = None
    if held_out is not None:
        val_loss, val_accuracy = _figures(head, _held_out_logits(body, held_out), held_out)
    seconds = time.perf_counter() - start
    return EpochRecord(epoch, loss, accuracy, rate, seconds, val_loss, val_accuracy)


def _figures(head: Head, logits: Tensor, rows: Rows) -> tuple[float, float]:
    """Return the weighted means of loss and correctness over the rows."""
    with torch.no_grad():
        losses = head.loss.value(logits, rows.targets)
        if head.exclusive and logits.shape[1] > 1:
            right = logits.argmax(dim=1) == rows.targets.argmax(dim=1)
        else:
            same = (logits > 0) == (rows.targets > 0.5)
            right = (same | rows.targets.isnan()).all(dim=1)
        weights = rows.weights[:, 0]
        total = weights.sum()
        return float((losses * weights).sum() / total), float((right * weights).sum() / total)


def _held_out_logits(body: Working, rows: Rows) -> Tensor:
    """Return the logits of rows that are not trained on, with dropout off."""
    unused = torch.Generator()
    with torch.no_grad():
        parts = [
            body.logits(rows.source.take(chosen, unused), dropout=False)
            for chosen in torch.arange(len(rows)).split(ROWS_AT_ONCE)
        ]
    return torch.cat(parts)
