"""The end of a module: what it returns, and which layer made that.

A module that ends in a softmax or a sigmoid does not emit logits.  A layer is found by identity: a
hook sees whether its output is the very tensor that the module returns.  A function applied in
`forward` leaves no layer behind, but torch remembers it as the origin of the gradient.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from headway.errors import InputTypeError, InputValueError

__all__ = ["ModuleEnd", "module_end"]

ENDS = (nn.Softmax, nn.Softmax2d, nn.Softmin, nn.Sigmoid, nn.Hardsigmoid)
ORIGINS = {"SoftmaxBackward": "softmax", "SigmoidBackward": "sigmoid"}
# Nodes that change the shape of a tensor and not its values.
SHAPES = ("Squeeze", "Unsqueeze", "View", "Reshape", "Alias", "Flatten", "Unsafe", "Clone")


@dataclass(frozen=True)
class ModuleEnd:
    """What a module returned for a few rows, its final activation and its final linear layer."""

    output: Tensor
    activation: str | None
    linear: str | None


def module_end(module: nn.Module, rows: Tensor, /) -> ModuleEnd:
    """Return what the module makes of rows, in evaluation mode, and the layer that ends it.

    Parameters
    ----------
    module : torch.nn.Module
    rows : tensor
        A few rows, where and as the module takes them.

    Raises
    ------
    InputTypeError, InputValueError
        If the module cannot take the rows, or returns no tensor.
    """
    seen: list[tuple[str, nn.Module, Tensor]] = []

    def remember(name: str) -> Any:
        return lambda layer, _given, output: seen.append((name, layer, output))

    hooks = [
        layer.register_forward_hook(remember(name))
        for name, layer in module.named_modules()
        if isinstance(layer, (*ENDS, nn.Linear))
    ]
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        with torch.enable_grad():
            given = rows.detach()
            output = module(given.requires_grad_() if given.is_floating_point() else given)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise InputValueError(
            f"The module must take a batch of shape {tuple(rows.shape)} and dtype "
            f"{str(rows.dtype).removeprefix('torch.')}, but it raised {type(error).__name__}: "
            f"{' '.join(str(error).split())[:200]}. Bring `X` in the shape that it takes."
        ) from error
    finally:
        for part, mode in modes.items():
            part.training = mode
        for hook in hooks:
            hook.remove()
    if not isinstance(output, Tensor):
        raise InputTypeError(
            "The module must return one tensor of logits, got "
            f"{type(output).__name__}. Wrap it in a module that returns the logits alone."
        )
    last = [(name, layer) for name, layer, kept in seen if kept is output]
    activation = next((type(layer).__name__ for _, layer in last if isinstance(layer, ENDS)), None)
    linear = next((name for name, layer in last if isinstance(layer, nn.Linear)), None)
    return ModuleEnd(output.detach(), activation or _origin(output), linear)


def _origin(output: Tensor) -> str | None:
    """Return the name of the function that made the values of a tensor, if it is an activation."""
    node: Any = output.grad_fn
    while node is not None and node.name().startswith(SHAPES) and node.next_functions:
        node = node.next_functions[0][0]
    if node is None:
        return None
    return next((word for name, word in ORIGINS.items() if node.name().startswith(name)), None)
