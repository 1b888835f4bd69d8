"""Training a network: one loop for every head.

    logits   = network(batch)
    gradient = head.loss.gradient(logits, targets)        probs - targets, for softmax and sigmoid
    logits.backward(gradient * weights / batch size)      and from there torch's chain rule

No loss is differentiated by torch: the head brings its exact gradient at the logits.  What differs
between two heads is that line and nothing else: weights, order of rows and dropout come from
seeds that know nothing of the head.

The step is AdamW's, at a rate that climbs for the first fifth of the steps and then falls to zero
("one cycle").

References
----------
Loshchilov, Hutter (2019), "Decoupled Weight Decay Regularization", ICLR.
Smith, Topin (2018), "Super-Convergence", arXiv:1708.07120.
"""

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from headway.errors import InputValueError
from headway.heads import Head
from headway.models.layers import Network
from headway.training.hardware import WorkingBody, threads_for
from headway.training.history import EpochRecord

__all__ = [
    "InMemory",
    "RowSource",
    "Rows",
    "Training",
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

WARM_UP = 0.2
ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class TrainingPlan:
    """How a network is trained; see the classifiers for what each field means."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    precision: str
    patience: int


class RowSource(Protocol):
    """Scaled features by row; `take` may change them at random (augmentation)."""

    def take(self, rows: Tensor, generator: torch.Generator, /) -> Tensor:
        """Return the features of these rows."""


@dataclass(frozen=True)
class InMemory:
    """Scaled features as they are."""

    features: Tensor

    def take(self, rows: Tensor, generator: torch.Generator, /) -> Tensor:
        """Return the features of these rows; nothing is drawn from the generator."""
        return self.features[rows]


@dataclass(frozen=True)
class Rows:
    """Scaled features with their targets (n, K) and weights (n, 1) of mean 1."""

    source: RowSource
    targets: Tensor
    weights: Tensor

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Training:
    """What happened: the epochs, which of them was kept (0: none ended), and if it was stopped."""

    records: tuple[EpochRecord, ...]
    best_epoch: int
    interrupted: bool


def train_network(
    network: Network,
    head: Head,
    rows: Rows,
    plan: TrainingPlan,
    *,
    seed: int,
    held_out: Rows | None = None,
    on_epoch: Callable[[EpochRecord], None] | None = None,
) -> Training:
    """Return what happened while `network` was trained in place.

    With held-out rows the network ends as it was after the epoch of least validation loss, and
    training stops when `plan.patience` epochs have not lowered it.  Without, it ends as it is.
    KeyboardInterrupt (Ctrl-C) ends training in the same orderly way.

    Raises
    ------
    InputValueError
        If the loss becomes infinite or NaN: the learning rate was too high.
    """
    with threads_for(network, plan.batch_size):
        return _train(network, head, rows, plan, seed, held_out, on_epoch)


def _train(
    network: Network,
    head: Head,
    rows: Rows,
    plan: TrainingPlan,
    seed: int,
    held_out: Rows | None,
    on_epoch: Callable[[EpochRecord], None] | None,
) -> Training:
    order = torch.Generator().manual_seed(seed)
    body = WorkingBody(network, plan.precision)
    optimizer = make_optimizer(network, plan)
    batches = max(1, len(rows) // plan.batch_size)
    records: list[EpochRecord] = []
    best_epoch, best_loss, best_state = 0, np.inf, None
    interrupted = False
    try:
        for epoch in range(plan.epochs):
            start = time.perf_counter()
            seen = torch.empty_like(rows.targets)
            shuffled = torch.randperm(len(rows), generator=order)
            for batch, chosen in enumerate(shuffled.tensor_split(batches)):
                progress = (epoch + (batch + 0.5) / batches) / plan.epochs
                rate = plan.learning_rate * one_cycle(progress)
                seen[chosen] = _step(body, optimizer, head, rows, chosen, rate, order)
            record = _record(epoch + 1, head, seen, rows, body, held_out, rate, start)
            records.append(record)
            if on_epoch is not None:
                on_epoch(record)
            _require_finite(record, plan.learning_rate)
            if record.val_loss is None:
                best_epoch = record.epoch
            elif record.val_loss < best_loss:
                best_epoch, best_loss = record.epoch, record.val_loss
                best_state = copy.deepcopy(network.state_dict())
            elif record.epoch - best_epoch >= plan.patience:
                break
    except KeyboardInterrupt:
        interrupted = True
    if best_state is not None:
        network.load_state_dict(best_state)
    network.eval()
    return Training(tuple(records), best_epoch, interrupted)


def train_one_pass(
    network: Network,
    head: Head,
    rows: Rows,
    plan: TrainingPlan,
    optimizer: torch.optim.Optimizer,
    *,
    seed: int,
) -> None:
    """Take each row once, in batches, at the constant rate `plan.learning_rate`."""
    order = torch.Generator().manual_seed(seed)
    body = WorkingBody(network, plan.precision)
    batches = max(1, len(rows) // plan.batch_size)
    with threads_for(network, plan.batch_size):
        for chosen in torch.randperm(len(rows), generator=order).tensor_split(batches):
            _step(body, optimizer, head, rows, chosen, plan.learning_rate, order)
    network.eval()


def _step(
    body: "WorkingBody",
    optimizer: torch.optim.Optimizer,
    head: Head,
    rows: Rows,
    chosen: Tensor,
    rate: float,
    generator: torch.Generator,
) -> Tensor:
    """Return the logits of one batch, having moved the weights against the gradient."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    logits = body.logits(rows.source.take(chosen, generator))
    with torch.no_grad():
        gradient = head.loss.gradient(logits, rows.targets[chosen])
    logits.backward(gradient * rows.weights[chosen] / len(chosen))
    body.collect_gradients()
    optimizer.step()
    optimizer.zero_grad()
    body.follow()
    return logits.detach()


def _record(
    epoch: int,
    head: Head,
    seen: Tensor,
    rows: Rows,
    body: "WorkingBody",
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


def _held_out_logits(body: WorkingBody, rows: Rows) -> Tensor:
    """Return the logits of rows that are not trained on, with dropout off."""
    unused = torch.Generator()
    with torch.no_grad():
        parts = [
            body.logits(rows.source.take(chosen, unused), dropout=False)
            for chosen in torch.arange(len(rows)).split(ROWS_AT_ONCE)
        ]
    return torch.cat(parts)


def _require_finite(record: EpochRecord, learning_rate: float) -> None:
    if not np.isfinite(record.loss):
        raise InputValueError(
            f"The training loss must stay finite, got {record.loss} in epoch {record.epoch} with "
            f"learning_rate={learning_rate:g}. Try learning_rate={learning_rate / 10:g}."
        )


def one_cycle(progress: float, /) -> float:
    """Return the share of the learning rate in use: up to 1 at a fifth of the way, then down to 0.

    Examples
    --------
    >>> [round(one_cycle(progress), 3) for progress in (0.0, 0.1, 0.2, 0.6, 1.0)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return min(progress / WARM_UP, (1 - progress) / (1 - WARM_UP))


def make_optimizer(network: Network, plan: TrainingPlan) -> torch.optim.Optimizer:
    """Return AdamW over the weights of a network; biases do not decay."""
    parameters = list(network.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": plan.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, fused=True)


def scaled_features(network: Network, features: np.ndarray, /) -> Tensor:
    """Return what the body of a network takes: float32 features, scaled in their own dtype.

    Raises
    ------
    InputValueError
        If a scaled feature is beyond the range of float32.
    """
    with torch.no_grad():
        parts = [network.scaling(part) for part in _tensor(features).split(ROWS_AT_ONCE)]
        scaled = torch.cat(parts)
    # One sum tells, at a third of the cost of looking at each value; the place is found if asked.
    if not scaled.sum().isfinite() and not (rows := scaled.flatten(1).isfinite().all(dim=1)).all():
        raise InputValueError(
            "Scaled features must be within the range of float32 (3e38), got one beyond it in "
            f"row {int(rows.int().argmin())}. Divide the features, or pass standardize='feature'."
        )
    return scaled


def compute_logits(network: Network, features: np.ndarray, /) -> np.ndarray:
    """Return the logits (n, K) of unscaled features, as float32."""
    network.eval()
    with torch.inference_mode():
        parts = [
            network.last(network.body(part))
            for part in scaled_features(network, features).split(ROWS_AT_ONCE)
        ]
    return torch.cat(parts).numpy()


def make_rows(source: RowSource, targets: np.ndarray, weights: np.ndarray | None) -> Rows:
    """Return rows for training, their weights divided by the mean."""
    relative = np.ones(len(targets)) if weights is None else weights / weights.mean()
    return Rows(source, _tensor(targets).float(), _tensor(relative).float()[:, None])


def set_weights(network: Network, arrays: dict[str, np.ndarray]) -> None:
    """Restore what `network.state_dict()` held."""
    network.load_state_dict({name: _tensor(np.array(array)) for name, array in arrays.items()})
    network.eval()


def _tensor(array: np.ndarray) -> Tensor:
    # torch refuses negative strides and warns of arrays that cannot be written to.
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's global generator inside the block and leave it outside as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
