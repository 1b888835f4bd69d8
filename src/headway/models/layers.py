"""The frame of every network: scaling, body, last layer.

    features -> scaling -> body -> hidden features -> last layer -> logits

The last layer starts at zero with the class frequencies in its bias, so that an untrained network
is the constant model: it predicts each class as often as it occurs.  Under a softmax that bias
is log(share), under sigmoids the log-odds log(share / (1 - share)).  A sigmoid head that starts
at 0 instead claims every one of K classes at 1/2 and spends its first steps unlearning that.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from headway.errors import InputValueError
from headway.models.scaling import FeatureScaling

__all__ = ["ACTIVATIONS", "Dropout", "Network", "Scaling", "activation_layer", "start_like_relu"]

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


def activation_layer(name: str, /) -> nn.Module:
    """Return the layer that applies an activation function."""
    if name not in ACTIVATIONS:
        raise InputValueError(
            f"`activation` must be one of {', '.join(map(repr, ACTIVATIONS))}, got {name!r}. "
            "Try 'relu'."
        )
    return ACTIVATIONS[name]()


def start_like_relu(layer: nn.Linear | nn.Conv2d, /) -> None:
    """Start the weights at variance 2 / fan-in, the bias at 0.

    References
    ----------
    He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", ICCV.
    """
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class Dropout(nn.Module):
    """Sets a share of the features to zero while training and enlarges the others to make up.

    torch's own layer draws one random number a feature, a third of the time of a training step.
    Here each number of 64 bits decides on eight features, so the share is a multiple of 1/256.
    """

    def __init__(self, share: float):
        super().__init__()
        self.dropped = min(round(256 * share), 255)

    def forward(self, features: Tensor) -> Tensor:
        """Return the features, some of them zero if training."""
        if not self.training or not self.dropped:
            return features
        n = features.numel()
        # From the least number on: by default the sign bit of every eighth byte would be 0.
        drawn = torch.empty(-(-n // 8), dtype=torch.int64).random_(-(2**63), None)
        kept = drawn.view(torch.uint8)[:n].view(features.shape) >= self.dropped
        return features * (kept.to(features.dtype) * (256 / (256 - self.dropped)))


class Scaling(nn.Module):
    """Subtracts, divides and, if `bounded`, bends what is left into -3..3.

    References
    ----------
    Holzmüller, Grinsztajn, Steinwart (2024), "Better by Default: Strong Pre-Tuned MLPs and
    Boosted Trees on Tabular Data", NeurIPS.
    """

    center: Tensor
    scale: Tensor

    def __init__(self, scaling: FeatureScaling):
        super().__init__()
        self.register_buffer("center", torch.from_numpy(scaling.center))
        self.register_buffer("scale", torch.from_numpy(scaling.scale))
        self.bounded = scaling.bounded

    def forward(self, features: Tensor) -> Tensor:
        """Return the scaled features as float32, computed in the dtype they come in."""
        dtype = features.dtype
        scaled = (features - self.center.to(dtype)) / self.scale.to(dtype)
        if self.bounded:
            # hypot, because the square of a feature far outside the training rows overflows.
            scaled = scaled / torch.hypot(torch.ones_like(scaled), scaled / 3)
        return scaled.float()


class Network(nn.Module):
    """Scaling, a body of hidden layers, and the last layer that makes logits.

    Parameters
    ----------
    scaling : FeatureScaling
    body : nn.Sequential
        From scaled features to `width` hidden features.
    width : int
    n_logits : int
    """

    def __init__(self, scaling: FeatureScaling, body: nn.Sequential, width: int, n_logits: int):
        super().__init__()
        self.scaling = Scaling(scaling)
        self.body = body
        self.last = nn.Linear(width, n_logits)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits of unscaled features."""
        return self.last(self.body(self.scaling(features)))

    def start_at(self, logits: Sequence[float], /) -> None:
        """Set the last bias: the logits of the constant model."""
        with torch.no_grad():
            self.last.bias.copy_(torch.as_tensor(logits, dtype=self.last.bias.dtype))
