"""Logits of any torch module, batch by batch, without training it.

A module that ends in a softmax or a sigmoid does not emit logits.  It is found by identity: a
hook on every such layer sees whether its output is the very tensor that the module returns.  One
that is applied as a function leaves no layer behind; its values are looked at instead, where the
logits enter (`classifiers/logits_door.py`).
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from headway.errors import InputTypeError, InputValueError

__all__ = ["last_activation", "module_logits"]

ENDS = (nn.Softmax, nn.Softmax2d, nn.Softmin, nn.Sigmoid, nn.Hardsigmoid)


def module_logits(module: nn.Module, X: Any, /, *, batch_size: int) -> np.ndarray:
    """Return what the module says of the rows, float32 or float64 of shape (n, K).

    The module is switched to evaluation for the time of the call.

    Parameters
    ----------
    module : torch.nn.Module
        Takes a batch of rows, returns (rows, K), or (rows,) for one column.
    X : array or tensor of shape (n, ...)
        Rows; floats become the dtype of the module's weights.
    batch_size : int
        Rows at a time.

    Raises
    ------
    InputTypeError, InputValueError
        If the module returns something else.
    """
    rows = torch.as_tensor(np.ascontiguousarray(X) if isinstance(X, np.ndarray) else X)
    weights = next(module.parameters(), None)
    if weights is not None:
        floating = rows.is_floating_point()
        rows = rows.to(weights.device, weights.dtype if floating else rows.dtype)
    was_training = module.training
    module.eval()
    try:
        with torch.inference_mode():
            parts = [_checked(module(part), len(part)) for part in rows.split(batch_size)]
    finally:
        module.train(was_training)
    logits = torch.cat(parts).cpu()
    return logits.to(torch.float64 if logits.dtype == torch.float64 else torch.float32).numpy()


def last_activation(module: nn.Module, X: Any, /) -> str | None:
    """Return the name of the softmax or sigmoid layer whose output the module returns, or None.

    Parameters
    ----------
    module : torch.nn.Module
        The module.
    X : array or tensor of shape (n, ...)
        Rows, of which the first is tried.
    """
    seen: dict[str, Tensor] = {}

    def remember(name: str) -> Any:
        return lambda _layer, _given, output: seen.__setitem__(name, output)

    hooks = [
        layer.register_forward_hook(remember(type(layer).__name__))
        for layer in module.modules()
        if isinstance(layer, ENDS)
    ]
    was_training = module.training
    module.eval()
    try:
        row = torch.as_tensor(X[:1])
        weights = next(module.parameters(), None)
        if weights is not None and row.is_floating_point():
            row = row.to(weights.device, weights.dtype)
        with torch.no_grad():  # not inference_mode, which would give its outputs other identities
            output = module(row)
    finally:
        module.train(was_training)
        for hook in hooks:
            hook.remove()
    return next((name for name, kept in seen.items() if kept is output), None)


def _checked(output: Any, n: int) -> Tensor:
    if not isinstance(output, Tensor):
        raise InputTypeError(
            "The module must return one tensor of logits, got "
            f"{type(output).__name__}. Wrap it in a module that returns the logits alone."
        )
    if output.ndim == 1:
        output = output[:, None]
    if output.ndim != 2 or len(output) != n:
        raise InputValueError(
            f"The module must return a row of logits for each of the {n} rows of a batch, got "
            f"shape {tuple(output.shape)}. Flatten what it returns."
        )
    return output
