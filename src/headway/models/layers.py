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

__all__ = [
    "ACTIVATIONS",
    "Dropout",
    "Network",
    "Scaling",
    "activation_layer",
    "dropout_layer",
    "start_like",
    "start_like_relu",
]

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "selu": nn.SELU,
}
TANH_GAIN = 1.25


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


def start_like(layer: nn.Linear | nn.Conv2d, activation: str, /, *, first: bool = False) -> None:
    """Start the weights so that signals keep their spread through a stack of this activation.

    With n the fan-in and m the mean of fan-in and fan-out:

        relu, gelu, silu   variance  2 / n        half of the signal is cut away (He)
        selu               variance  1 / n        its constants are made for that (Klambauer)
        tanh               variance  g^2 / m      slope 1 at 0 (Glorot), g = 5/4
        sigmoid            variance (4 g)^2 / m   slope 1/4 at 0; the first layer (2 g)^2 / m

    The gain g is a little above 1 because tanh bends (Saxe): at 1 the spread falls to a seventh in
    50 layers, and at 5/3, often advised, gradients grow a hundredfold.

    Since sigmoid(z) = 1/2 + tanh(z / 2) / 2, a sigmoid layer hands on numbers around 1/2.  The bias
    of the next one takes that half off: b = -(sum of the row of weights) / 2.  A sigmoid stack
    started so computes exactly what a tanh stack does.  Without it, the sums of weights push every
    unit to one of its flat ends.

    Parameters
    ----------
    layer : nn.Linear or nn.Conv2d
        The layer before the activation.
    activation : {"relu", "gelu", "silu", "tanh", "sigmoid", "selu"}
    first : bool
        Whether the layer takes features around 0 and not what another such layer hands on; it
        matters for sigmoid alone.

    References
    ----------
    Glorot, Bengio (2010), "Understanding the Difficulty of Training Deep Feedforward Neural
    Networks", AISTATS.
    Saxe, McClelland, Ganguli (2014), "Exact Solutions to the Nonlinear Dynamics of Learning in Deep
    Linear Neural Networks", ICLR.
    Klambauer, Unterthiner, Mayr, Hochreiter (2017), "Self-Normalizing Neural Networks", NeurIPS.
    """
    if activation in ("relu", "gelu", "silu"):
        start_like_relu(layer)
        return
    if activation == "selu":
        nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
    else:
        steeper = 1 if activation == "tanh" else 2 if first else 4
        nn.init.xavier_normal_(layer.weight, gain=steeper * TANH_GAIN)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
        if activation == "sigmoid" and not first:
            with torch.no_grad():
                layer.bias.copy_(-layer.weight.flatten(1).sum(dim=1) / 2)


def dropout_layer(activation: str, share: float, /) -> nn.Module:
    """Return the dropout that fits an activation: for selu the one that keeps mean and variance."""
    return nn.AlphaDropout(share) if activation == "selu" else Dropout(share)


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

    @property
    def final(self) -> nn.Linear:
        """The layer that makes the logits."""
        return self.last

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits of unscaled features."""
        return self.last(self.body(self.scaling(features)))

    def start_at(self, logits: Sequence[float], /) -> None:
        """Set the last bias: the logits of the constant model."""
        with torch.no_grad():
            self.last.bias.copy_(torch.as_tensor(logits, dtype=self.last.bias.dtype))
