"""Logits of any torch module, batch by batch, without training it.

A module that ends in a softmax or a sigmoid does not emit logits; `module_end` finds such an end.
One that torch does not see (in a compiled module) shows in its values, where the logits enter
(`classifiers/logits_door.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from headway.errors import InputTypeError, InputValueError
from headway.training.module_end import module_end

__all__ = ["last_activation", "module_logits"]


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
    starts = range(0, max(len(X), 1), batch_size)
    with _evaluating(module), torch.inference_mode():
        parts = []
        for start in starts:
            rows = _as_rows(module, X[start : start + batch_size])
            parts.append(_checked(module(rows), len(rows)))
    logits = torch.cat(parts).cpu()
    return logits.to(torch.float64 if logits.dtype == torch.float64 else torch.float32).numpy()


def last_activation(module: nn.Module, X: Any, /) -> str | None:
    """Return the name of the softmax or sigmoid whose output the module returns, or None.

    Parameters
    ----------
    module : torch.nn.Module
        The module.
    X : array or tensor of shape (n, ...)
        Rows, of which the first is tried.
    """
    return module_end(module, _as_rows(module, X[:1])).activation


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Switch to evaluation, and back layer by layer: frozen ones may be there already."""
    modes = [(layer, layer.training) for layer in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for layer, training in modes:
            layer.training = training


def _as_rows(module: nn.Module, X: Any) -> Tensor:
    """Return a batch as a tensor where the weights are, floats in their dtype."""
    # A copy, since torch reads no reversed arrays and warns of read-only ones.
    rows = X if isinstance(X, Tensor) else torch.from_numpy(np.array(X))
    weights = next(module.parameters(), None)
    if weights is None:
        return rows
    return rows.to(weights.device, weights.dtype if rows.is_floating_point() else rows.dtype)


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
