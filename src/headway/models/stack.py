"""The stack: many hidden layers of one width and one activation, to see what depth does.

    hidden = activation(norm(W hidden + b))      norm="before"
    hidden = norm(activation(W hidden + b))      norm="after"

How it starts is a choice here, so that the start which fits the activation can be set beside
others.  The norm brings each row to mean 0 and deviation 1, then scales and shifts it by learned
numbers.  Where it stands matters for the sigmoid, which hands on numbers around 1/2: their sums
differ between units far more than between rows, and a norm before the activation keeps it so.

References
----------
Ba, Kiros, Hinton (2016), "Layer Normalization", arXiv:1607.06450.
"""

import torch
from torch import nn

from headway.errors import InputValueError
from headway.models.layers import Network, activation_layer, start_like
from headway.models.scaling import FeatureScaling

__all__ = ["STARTS", "stack_network"]

STARTS = ("fitting", "he", "glorot", "scaled")


def stack_network(
    n_features: int,
    n_logits: int,
    *,
    scaling: FeatureScaling,
    width: int,
    depth: int,
    activation: str,
    start: str = "fitting",
    norm: str | None = None,
) -> Network:
    """Return a stack with freshly drawn weights (torch's global generator draws them).

    Parameters
    ----------
    n_features, n_logits : int
        Sizes of its first and last layer.
    scaling : FeatureScaling
        Of `n_features` columns.
    width, depth : int
        Size and number of the hidden layers.
    activation : {"relu", "gelu", "silu", "tanh", "sigmoid", "selu"}
    start : {"fitting", "he", "glorot", "scaled"}
        "fitting" is `start_like`; "he" starts every activation like relu, "glorot" at variance
        2 / (fan-in + fan-out), "scaled" at 16 times that: what is often advised for the sigmoid.
        The last three start all biases at 0.
    norm : {"before", "after"}, optional
        Where a norm of each row stands, from the activation.
    """
    layers: list[nn.Module] = []
    for index in range(depth):
        linear = nn.Linear(width if index else n_features, width)
        _start(linear, activation, start, first=index == 0)
        layers.append(linear)
        if norm == "before":
            layers.append(nn.LayerNorm(width))
        layers.append(activation_layer(activation))
        if norm == "after":
            layers.append(nn.LayerNorm(width))
    return Network(scaling, nn.Sequential(*layers), width if depth else n_features, n_logits)


def _start(layer: nn.Linear, activation: str, start: str, *, first: bool) -> None:
    if start not in STARTS:
        raise InputValueError(
            f"`start` must be one of {', '.join(map(repr, STARTS))}, got {start!r}. Try 'fitting'."
        )
    if start == "fitting":
        start_like(layer, activation, first=first)
        return
    if start == "he":
        start_like(layer, "relu")
    else:
        nn.init.xavier_normal_(layer.weight, gain=4.0 if start == "scaled" else 1.0)
        with torch.no_grad():
            layer.bias.zero_()
