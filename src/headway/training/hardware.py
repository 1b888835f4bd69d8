"""What the processor is good at: products of bfloat16 numbers, and how many threads are worth it.

Where the processor multiplies bfloat16 in hardware the body of a network computes in it, while the
weights that are kept, and the last layer, stay float32.  The trap it avoids: bfloat16 has 8
significant bits, so a step below 1/256 of a weight would be rounded away.

References
----------
Micikevicius et al. (2018), "Mixed Precision Training", ICLR.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from headway.models.layers import Network
from headway.models.module_network import ModuleNetwork

__all__ = [
    "Working",
    "WorkingBody",
    "WorkingModule",
    "bfloat16_pays",
    "chosen_precision",
    "in_precision",
    "threads_for",
    "working",
]

# Weights times rows of a batch below which a second thread costs as much as it gives.
SHARED_WORK = 1 << 24


class Working(Protocol):
    """What computes logits while training, in the precision that was chosen."""

    @property
    def network(self) -> Network | ModuleNetwork:
        """Whose weights are trained."""

    def logits(self, features: Tensor, /, *, dropout: bool = True) -> Tensor:
        """Return float32 logits of features as a source gives them."""

    def ready(self, features: Tensor, /) -> Tensor:
        """Return features where and as the network takes them."""

    def collect_gradients(self) -> None:
        """Hand gradients to the weights that are kept."""

    def follow(self) -> None:
        """Take over the weights that are kept."""


def working(network: Network | ModuleNetwork, precision: str, /) -> Working:
    """Return what computes the logits of a network while it is trained."""
    if isinstance(network, ModuleNetwork):
        return WorkingModule(network, precision)
    return WorkingBody(network, precision)


class WorkingModule:
    """Any module: under autocast where bfloat16 is asked for, its frozen parts in evaluation."""

    def __init__(self, network: ModuleNetwork, precision: str):
        self.network = network
        self.low = precision == "bfloat16"

    def logits(self, features: Tensor, /, *, dropout: bool = True) -> Tensor:
        """Return float32 logits of features as a source gives them."""
        self.network.train(dropout)
        device = self.network.device.type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=self.low):
            logits: Tensor = self.network(self.ready(features))
        return logits.float()

    def ready(self, features: Tensor, /) -> Tensor:
        """Return features on the network's device."""
        return features.to(self.network.device)

    def collect_gradients(self) -> None:
        """Do nothing: autocast leaves the gradients with the weights."""

    def follow(self) -> None:
        """Do nothing: the weights themselves were used."""


class WorkingBody:
    """The body that computes: the network's own in float32, or a bfloat16 copy that follows it."""

    def __init__(self, network: Network, precision: str):
        self.network = network
        self.last = network.last
        self.low = precision == "bfloat16"
        self.body: nn.Module = network.body
        if self.low:
            self.body = nn.Sequential(*(_in_bfloat16(layer) for layer in network.body))
        both = zip(network.body.parameters(), self.body.parameters(), strict=True)
        self.pairs = [(kept, working) for kept, working in both if kept is not working]

    def logits(self, features: Tensor, /, *, dropout: bool = True) -> Tensor:
        """Return float32 logits of scaled features."""
        self.body.train(dropout)
        return self.last(self.body(self.ready(features)).float())

    def ready(self, features: Tensor, /) -> Tensor:
        """Return features in the precision and memory order that the body computes in."""
        if features.ndim == 4:
            features = features.contiguous(memory_format=torch.channels_last)
        return features.to(torch.bfloat16) if self.low else features

    def collect_gradients(self) -> None:
        """Hand the gradients of the bfloat16 copy to the weights that are kept."""
        for kept, working in self.pairs:
            kept.grad = None if working.grad is None else working.grad.float()
            working.grad = None

    def follow(self) -> None:
        """Round the weights that are kept into the bfloat16 copy."""
        with torch.no_grad():
            for kept, working in self.pairs:
                working.copy_(kept)


def _in_bfloat16(layer: nn.Module) -> nn.Module:
    """Return a bfloat16 copy of a layer, or a norm itself: it takes bfloat16 as it is."""
    if isinstance(layer, nn.GroupNorm):
        return layer
    return copy.deepcopy(layer).to(torch.bfloat16)


def chosen_precision(precision: str, n_features: int, /) -> str:
    """Return "float32" or "bfloat16": what "auto" stands for, anything else as it is.

    "auto" is bfloat16 where the processor multiplies it in hardware and a row has at least 256
    features; below that, conversion costs more than multiplication saves.
    """
    if precision != "auto":
        return precision
    return "bfloat16" if n_features >= 256 and bfloat16_pays() else "float32"


def in_precision(features: Tensor, precision: str, /) -> Tensor:
    """Return features as a body of that precision takes them, converted once for all epochs."""
    return features.to(torch.bfloat16) if precision == "bfloat16" else features


def bfloat16_pays() -> bool:
    """Return whether this processor has instructions for products of bfloat16 numbers."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


@contextmanager
def threads_for(network: nn.Module, batch_size: int, /) -> Iterator[None]:
    """Give torch one thread inside the block if a batch is little work for this network.

    Of somebody else's module nothing is known but its size: its threads are left alone.

    The trap: torch's threads spin while they wait for each other.  On a busy machine a small
    network then trains twenty times slower on two threads than on one, and never much faster.
    """
    before = torch.get_num_threads()
    n_weights = sum(weights.numel() for weights in network.parameters())
    if n_weights * batch_size < SHARED_WORK and not isinstance(network, ModuleNetwork):
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
