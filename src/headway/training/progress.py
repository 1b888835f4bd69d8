"""Progress: where training stands, as arrays and plain values that a file can hold, and back.

    weights, best weights, optimiser moments, states of the random generators,
    the order of the rows of the epoch under way, their logits so far, the history

Whoever goes on from these goes on bit for bit as if nothing had happened.  The trap: the order of
rows comes from one generator, dropout from torch's own; both go on in the middle of an epoch.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from headway.training.history import EpochRecord

__all__ = ["Keeper", "Progress", "captured", "restored"]

Captured = tuple[dict[str, np.ndarray], dict[str, Any]]


class Keeper(Protocol):
    """Where progress is kept between processes."""

    @property
    def every(self) -> int | None:
        """Steps between two savings within an epoch; None for the ends of epochs alone."""

    def load(self) -> Captured | None:
        """Return what was saved, or None if training is to start anew."""

    def save(self, captured: Captured, /) -> None:
        """Keep what `captured` returned, all or nothing."""


@dataclass
class Progress:
    """Epochs that ended, the best of them, and the batches done of the one under way."""

    records: list[EpochRecord] = field(default_factory=list)
    best_epoch: int = 0
    best_loss: float = math.inf
    best_state: dict[str, Tensor] | None = None
    batch: int = 0
    shuffled: Tensor | None = None
    seen: Tensor | None = None
    seconds: float = 0.0
    ended: bool = False


def captured(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    order: torch.Generator,
    progress: Progress,
    /,
) -> Captured:
    """Return all that decides how training goes on, as (arrays, values)."""
    tensors = {f"weights.{name}": value for name, value in network.state_dict().items()}
    for name, value in (progress.best_state or {}).items():
        tensors[f"best.{name}"] = value
    moments = optimizer.state_dict()["state"]
    for number, of_one in moments.items():
        tensors |= {f"moments.{number}.{name}": value for name, value in of_one.items()}
    tensors["random.order"] = order.get_state()
    tensors["random.torch"] = torch.get_rng_state()
    device = next((weights.device for weights in network.parameters()), torch.device("cpu"))
    if device.type == "cuda":
        tensors["random.device"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        tensors["random.device"] = torch.mps.get_rng_state()
    if progress.shuffled is not None and progress.seen is not None:
        tensors["epoch.shuffled"], tensors["epoch.seen"] = progress.shuffled, progress.seen
    # NumPy knows no bfloat16: its bits are kept instead.
    low = [name for name, value in tensors.items() if value.dtype == torch.bfloat16]
    arrays = {
        name: (value.view(torch.int16) if name in low else value).detach().cpu().numpy()
        for name, value in tensors.items()
    }
    values = {
        "records": [record.to_dict() for record in progress.records],
        "best_epoch": progress.best_epoch,
        "best_loss": float(progress.best_loss),
        "batch": progress.batch,
        "seconds": progress.seconds,
        "ended": progress.ended,
        "bfloat16": low,
    }
    return arrays, values


def restored(
    saved: Captured,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    order: torch.Generator,
    /,
) -> Progress:
    """Return the progress that was captured; weights, moments and generators are set to it."""
    arrays, values = saved
    low = set(values["bfloat16"])
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    tensors = {
        name: value.view(torch.bfloat16) if name in low else value
        for name, value in tensors.items()
    }

    def under(prefix: str) -> dict[str, Tensor]:
        n = len(prefix)
        return {name[n:]: value for name, value in tensors.items() if name.startswith(prefix)}

    network.load_state_dict(under("weights."))
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in under("moments.").items():
        number, key = name.split(".", 1)
        moments.setdefault(int(number), {})[key] = value
    optimizer.load_state_dict(
        {"state": moments, "param_groups": optimizer.state_dict()["param_groups"]}
    )
    order.set_state(tensors["random.order"])
    torch.set_rng_state(tensors["random.torch"])
    device = next((weights.device for weights in network.parameters()), torch.device("cpu"))
    if "random.device" in tensors and device.type == "cuda":
        torch.cuda.set_rng_state(tensors["random.device"], device)
    elif "random.device" in tensors and device.type == "mps":
        torch.mps.set_rng_state(tensors["random.device"])
    seen = tensors.get("epoch.seen")
    return Progress(
        records=[EpochRecord(**record) for record in values["records"]],
        best_epoch=values["best_epoch"],
        best_loss=values["best_loss"],
        best_state=under("best.") or None,
        batch=values["batch"],
        shuffled=tensors.get("epoch.shuffled"),
        seen=None if seen is None else seen.to(device),
        seconds=values["seconds"],
        ended=values["ended"],
    )
