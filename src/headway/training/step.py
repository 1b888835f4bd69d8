"""One step: logits, the head's gradient at them, the chain rule, AdamW.

    logits.backward(gradient * weights / rows of the batch)

A batch may go through the network in parts whose gradients are summed: the memory of a part, the
step of the whole.  The step is AdamW's, at a rate that climbs for the first fifth of the steps and
then falls to zero ("one cycle").

References
----------
Loshchilov, Hutter (2019), "Decoupled Weight Decay Regularization", ICLR.
Smith, Topin (2018), "Super-Convergence", arXiv:1708.07120.
"""

from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from headway.errors import InputValueError
from headway.heads import Head
from headway.training.divergence import gradients_are_finite, where_it_began
from headway.training.hardware import Working
from headway.training.history import StepRecord
from headway.training.rows import Rows

__all__ = ["TrainingDiverged", "TrainingPlan", "make_optimizer", "one_cycle", "take_step"]

WARM_UP = 0.2


@dataclass(frozen=True)
class TrainingPlan:
    """How a network is trained; see the classifiers for what each field means."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    precision: str
    patience: int
    parts: int = 1  # through which a batch goes one after another, its gradients summed
    watch: bool = False  # whether gradients are looked at before each step


class TrainingDiverged(InputValueError):
    """Numbers stopped being finite; `training` tells what went before, the weights are kept."""

    training: Any = None


def take_step(
    body: Working,
    optimizer: torch.optim.Optimizer,
    head: Head,
    rows: Rows,
    chosen: Tensor,
    plan: TrainingPlan,
    generator: torch.Generator,
    step: StepRecord,
) -> Tensor:
    """Return the logits of one batch, having moved the weights against the gradient."""
    for group in optimizer.param_groups:
        group["lr"] = step.learning_rate
    seen = []
    # A forward pass that fails has moved the running means of batch norms already.
    buffers = [buffer.clone() for buffer in body.network.buffers()] if plan.watch else []
    for part in chosen.tensor_split(min(plan.parts, len(chosen))):
        features = rows.source.take(part, generator)
        logits = body.logits(features)
        with torch.no_grad():
            gradient = head.loss.gradient(logits, rows.targets[part])
        logits.backward(gradient * rows.weights[part] / len(chosen))
        seen.append(logits.detach())
        if plan.watch and not gradients_are_finite(body.network):
            _fail(body, features, optimizer, step, buffers)
    body.collect_gradients()
    optimizer.step()
    optimizer.zero_grad()
    body.follow()
    return seen[0] if len(seen) == 1 else torch.cat(seen)


def _fail(
    body: Working,
    features: Tensor,
    optimizer: torch.optim.Optimizer,
    step: StepRecord,
    buffers: list[Tensor],
) -> NoReturn:
    place = where_it_began(body.network, body.ready(features))
    optimizer.zero_grad()
    with torch.no_grad():
        for buffer, before in zip(body.network.buffers(), buffers, strict=True):
            buffer.copy_(before)
    raise TrainingDiverged(
        f"The training loss must stay finite, got NaN or infinity in batch {step.batch} of epoch "
        f"{step.epoch}, first in {place}; the last good weights are kept. Try learning_rate="
        f"{step.learning_rate / 10:.2g}, or precision='float32' if it was lower."
    )


def one_cycle(progress: float, /) -> float:
    """Return the share of the learning rate in use: up to 1 at a fifth of the way, then down to 0.

    Examples
    --------
    >>> [round(one_cycle(progress), 3) for progress in (0.0, 0.1, 0.2, 0.6, 1.0)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return min(progress / WARM_UP, (1 - progress) / (1 - WARM_UP))


def make_optimizer(network: nn.Module, plan: TrainingPlan) -> torch.optim.Optimizer:
    """Return AdamW over the weights of a network; biases do not decay."""
    parameters = [weights for weights in network.parameters() if weights.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": plan.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, fused=True)
