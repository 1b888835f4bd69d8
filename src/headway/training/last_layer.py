"""The last layer of a trained network: its hidden features, its weights, and new ones for them.

    logits = hidden features W' + b

The trap: of a final layer with two outputs for two classes only the difference of its rows counts;
it is given as one row (w2 - w1) and set as (0, w).
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from headway.errors import InputValueError

__all__ = ["hidden_features", "last_weights", "set_last_weights"]


def hidden_features(network: nn.Module, final: nn.Linear, batches: Iterable[Tensor], /) -> Any:
    """Return what the last layer takes, float32 of shape (n, width)."""
    found: list[Tensor] = []
    hook = final.register_forward_pre_hook(lambda _, given: found.append(given[0].float().cpu()))
    network.eval()
    try:
        with torch.inference_mode():
            for batch in batches:
                network(batch.to(final.weight.device))
    finally:
        hook.remove()
    return torch.cat(found).numpy()


def last_weights(final: nn.Linear, n_logits: int, /) -> tuple[np.ndarray, np.ndarray]:
    """Return (coef, intercept) of the last layer as float64, shapes (K, width) and (K,)."""
    weight = final.weight.detach().cpu().double().numpy()
    bias = np.zeros(len(weight))
    if final.bias is not None:
        bias = final.bias.detach().cpu().double().numpy()
    if n_logits == 1 and len(weight) == 2:
        return weight[1:] - weight[:1], bias[1:] - bias[:1]
    return weight.copy(), bias.copy()


def set_last_weights(final: nn.Linear, coef: np.ndarray, intercept: np.ndarray, /) -> None:
    """Set the weights of the last layer."""
    if final.bias is None:
        raise InputValueError(
            "The last layer must have a bias to be solved as logistic regression, got one without. "
            "Build it with bias=True."
        )
    if len(final.weight) == 2 and len(coef) == 1:
        coef = np.vstack([np.zeros_like(coef), coef])
        intercept = np.concatenate([np.zeros(1), intercept])
    with torch.no_grad():
        final.weight.copy_(torch.from_numpy(np.array(coef)))
        final.bias.copy_(torch.from_numpy(np.array(intercept)))
