"""Divergence: the step at which numbers stopped being finite, and the layer in which they did.

    gradients are looked at before each step is taken

so that the weights are still those of before when something is wrong.  The trap: after one step
along a NaN gradient every weight is NaN, and nothing tells any more where it began.
"""

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["gradients_are_finite", "where_it_began"]


def gradients_are_finite(network: nn.Module, /) -> bool:
    """Return whether every gradient is a finite number."""
    gradients = [weights.grad for weights in network.parameters() if weights.grad is not None]
    if not gradients:
        return True
    # One sum a layer; where it is not finite each number is looked at.
    if bool(torch.stack([gradient.sum().float() for gradient in gradients]).sum().isfinite()):
        return True
    return all(bool(gradient.isfinite().all()) for gradient in gradients)


def where_it_began(network: nn.Module, features: Tensor, /) -> str:
    """Return words that name the first layer whose output is not finite, or whose gradient is not.

    Parameters
    ----------
    network : torch.nn.Module
        Holds the gradients of the step that failed.
    features : tensor
        The rows of that step, on the network's device.
    """
    found: list[str] = []

    def look(name: str) -> Any:
        def hook(layer: nn.Module, _given: Any, output: Any) -> None:
            if isinstance(output, Tensor) and not bool(output.isfinite().all()):
                found.append(f"the output of layer {name!r} ({type(layer).__name__})")

        return hook

    hooks = [
        layer.register_forward_hook(look(name))
        for name, layer in network.named_modules()
        if not any(True for _ in layer.children())
    ]
    try:
        with torch.no_grad():
            network(features)
    finally:
        for hook in hooks:
            hook.remove()
    if found:
        return found[0]
    # Gradients run from the end to the beginning: the last one that is broken broke first.
    broken = [
        name
        for name, weights in network.named_parameters()
        if weights.grad is not None and not bool(weights.grad.isfinite().all())
    ]
    return f"the gradient of {broken[-1]!r}" if broken else "the logits"
