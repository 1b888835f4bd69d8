"""Training a network: one loop for every head.

    logits   = network(batch)
    gradient = head.loss.gradient(logits, targets)        probs - targets, for softmax and sigmoid
    logits.backward(gradient * weights / batch size)      and from there torch's chain rule

No loss is differentiated by torch: the head brings its exact gradient at the logits.  What differs
between two heads is that line and nothing else: weights, order of rows and dropout come from
seeds that know nothing of the head.
"""

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from headway.errors import InputValueError
from headway.heads import Head
from headway.models.layers import Network
from headway.models.module_network import ModuleNetwork
from headway.training.figures import record_epoch
from headway.training.hardware import Working, threads_for, working
from headway.training.history import EpochRecord, StepRecord
from headway.training.progress import Keeper, Progress, captured, restored
from headway.training.rows import (
    ROWS_AT_ONCE,
    InMemory,
    Rows,
    RowSource,
    as_tensor,
    make_rows,
    scaled_features,
)
from headway.training.step import (
    TrainingDiverged,
    TrainingPlan,
    make_optimizer,
    one_cycle,
    take_step,
)

__all__ = [
    "InMemory",
    "RowSource",
    "Rows",
    "Training",
    "TrainingDiverged",
    "TrainingPlan",
    "compute_logits",
    "make_optimizer",
    "make_rows",
    "one_cycle",
    "scaled_features",
    "seeded",
    "set_weights",
    "train_network",
    "train_one_pass",
]


@dataclass(frozen=True)
class Training:
    """What happened: the epochs, which of them was kept (0: none ended), and if it was stopped."""

    records: tuple[EpochRecord, ...]
    best_epoch: int
    interrupted: bool


@dataclass(frozen=True)
class Listeners:
    """Who hears of training while it goes on; `on_epoch` ends it by returning True."""

    on_epoch: Callable[[EpochRecord], Any] | None = None
    on_step: Callable[[StepRecord], Any] | None = None
    keeper: Keeper | None = None


def train_network(
    network: Network | ModuleNetwork,
    head: Head,
    rows: Rows,
    plan: TrainingPlan,
    *,
    seed: int,
    held_out: Rows | None = None,
    on_epoch: Callable[[EpochRecord], Any] | None = None,
    on_step: Callable[[StepRecord], Any] | None = None,
    keeper: Keeper | None = None,
) -> Training:
    """Return what happened while `network` was trained in place.

    With held-out rows the network ends as it was after the epoch of least validation loss, and
    training stops when `plan.patience` epochs have not lowered it.  Without, it ends as it is.
    KeyboardInterrupt (Ctrl-C) ends training in the same orderly way.  With a keeper, training
    goes on from what it has saved.

    Raises
    ------
    InputValueError
        If the loss becomes infinite or NaN: the learning rate was too high.
    """
    with threads_for(network, plan.batch_size):
        listeners = Listeners(on_epoch, on_step, keeper)
        return _train(network, head, rows, plan, seed, held_out, listeners)


def _train(
    network: Network | ModuleNetwork,
    head: Head,
    rows: Rows,
    plan: TrainingPlan,
    seed: int,
    held_out: Rows | None,
    listeners: Listeners,
) -> Training:
    order = torch.Generator().manual_seed(seed)
    optimizer = make_optimizer(network, plan)
    progress, keeper = Progress(), listeners.keeper
    saved = None if keeper is None else keeper.load()
    if saved is not None:
        progress = restored(saved, network, optimizer, order)
    body = working(network, plan.precision)  # after the weights are what they are
    interrupted, failure = False, None
    try:
        while not progress.ended and len(progress.records) < plan.epochs:
            record = _epoch(body, optimizer, head, rows, plan, order, progress, held_out, listeners)
            _remember(progress, record, network, plan)
            if keeper is not None:
                keeper.save(captured(network, optimizer, order, progress))
            if listeners.on_epoch is not None and listeners.on_epoch(record) is True:
                progress.ended = True
                if keeper is not None:
                    keeper.save(captured(network, optimizer, order, progress))
    except KeyboardInterrupt:
        interrupted = True
    except TrainingDiverged as error:
        failure = error
    if progress.best_state is not None:
        network.load_state_dict(progress.best_state)
    network.eval()
    training = Training(tuple(progress.records), progress.best_epoch, interrupted)
    if failure is not None:
        failure.training = training
        raise failure
    return training


def _epoch(
    body: Working,
    optimizer: torch.optim.Optimizer,
    head: Head,
    rows: Rows,
    plan: TrainingPlan,
    order: torch.Generator,
    progress: Progress,
    held_out: Rows | None,
    listeners: Listeners,
) -> EpochRecord:
    """Return the record of an epoch, begun or gone on with in the middle."""
    start = time.perf_counter() - progress.seconds
    epoch, keeper = len(progress.records), listeners.keeper
    if progress.shuffled is None or progress.seen is None:
        progress.seen = torch.empty_like(rows.targets)
        progress.shuffled = torch.randperm(len(rows), generator=order)
    batches = max(1, len(rows) // plan.batch_size)
    for batch, chosen in enumerate(progress.shuffled.tensor_split(batches)):
        rate = plan.learning_rate * one_cycle((epoch + (batch + 0.5) / batches) / plan.epochs)
        if batch < progress.batch:
            continue
        step = StepRecord(epoch + 1, batch + 1, batches, rate)
        progress.seen[chosen] = take_step(body, optimizer, head, rows, chosen, plan, order, step)
        progress.batch = batch + 1
        if keeper is not None and _is_due(keeper, epoch * batches + batch + 1):
            progress.seconds = time.perf_counter() - start
            keeper.save(captured(body.network, optimizer, order, progress))
        if listeners.on_step is not None:
            listeners.on_step(step)
    return record_epoch(epoch + 1, head, progress.seen, rows, body, held_out, rate, start)


def _is_due(keeper: Keeper, step: int) -> bool:
    return bool(keeper.every) and step % (keeper.every or 1) == 0


def _remember(
    progress: Progress, record: EpochRecord, network: nn.Module, plan: TrainingPlan
) -> None:
    """Note an epoch that ended, and the weights if they are the best so far."""
    progress.records.append(record)
    progress.batch, progress.seconds = 0, 0.0
    progress.shuffled = progress.seen = None
    _require_finite(record, plan.learning_rate)
    if record.val_loss is None:
        progress.best_epoch = record.epoch
    elif record.val_loss < progress.best_loss:
        progress.best_epoch, progress.best_loss = record.epoch, record.val_loss
        progress.best_state = copy.deepcopy(network.state_dict())
    elif record.epoch - progress.best_epoch >= plan.patience:
        progress.ended = True


def train_one_pass(
    network: Network | ModuleNetwork,
    head: Head,
    rows: Rows,
    plan: TrainingPlan,
    optimizer: torch.optim.Optimizer,
    *,
    seed: int,
) -> None:
    """Take each row once, in batches, at the constant rate `plan.learning_rate`."""
    order = torch.Generator().manual_seed(seed)
    body = working(network, plan.precision)
    batches = max(1, len(rows) // plan.batch_size)
    with threads_for(network, plan.batch_size):
        shuffled = torch.randperm(len(rows), generator=order).tensor_split(batches)
        for batch, chosen in enumerate(shuffled):
            step = StepRecord(1, batch + 1, batches, plan.learning_rate)
            take_step(body, optimizer, head, rows, chosen, plan, order, step)
    network.eval()


def _require_finite(record: EpochRecord, learning_rate: float) -> None:
    if not np.isfinite(record.loss):
        raise InputValueError(
            f"The training loss must stay finite, got {record.loss} in epoch {record.epoch} with "
            f"learning_rate={learning_rate:g}. Try learning_rate={learning_rate / 10:g}."
        )


def compute_logits(network: Network, features: np.ndarray, /) -> np.ndarray:
    """Return the logits (n, K) of unscaled features, as float32."""
    network.eval()
    with torch.inference_mode():
        parts = [
            network.last(network.body(part))
            for part in scaled_features(network, features).split(ROWS_AT_ONCE)
        ]
    return torch.cat(parts).numpy()


def set_weights(network: Network, arrays: dict[str, np.ndarray]) -> None:
    """Restore what `network.state_dict()` held."""
    network.load_state_dict({name: as_tensor(np.array(array)) for name, array in arrays.items()})
    network.eval()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's global generator inside the block and leave it outside as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
