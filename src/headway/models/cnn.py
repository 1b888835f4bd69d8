"""The convolutional network: small filters that look for the same stroke everywhere.

    stage   convolution -> (2 x 2 maximum, if the picture is large enough) -> norm -> activation

The maximum comes first, which saves three quarters of the work of what follows.  An axis is halved
as long as it is at least 8 pixels long, so 8 x 8 digits are halved once and 28 x 28 ones twice.
The first filters are 5 x 5 on pictures of 16 pixels or more, all others 3 x 3.

The norm brings groups of filters to mean 0 and deviation 1 within each picture.  Norms over the
batch (batch norm) reach the same accuracy, but there a row's logits depend on the rows beside it:
weights of rows would no longer be exact, and a batch of one row would mean nothing.

References
----------
Wu, He (2018), "Group Normalization", ECCV.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from headway.models.layers import Network, activation_layer, dropout_layer, start_like
from headway.models.scaling import FeatureScaling

__all__ = ["ShiftedImages", "conv_network"]

HALVED_FROM = 8
WIDE_FILTERS_FROM = 16
GROUPS = 8


def conv_network(
    image_shape: tuple[int, int, int],
    n_logits: int,
    *,
    scaling: FeatureScaling,
    channels: Sequence[int] = (32, 64),
    hidden: Sequence[int] = (128,),
    activation: str = "relu",
    dropout: float = 0.3,
) -> Network:
    """Return a convolutional network with freshly drawn weights (from torch's global generator).

    Parameters
    ----------
    image_shape : (c, h, w)
        Channels, height and width in pixels.
    n_logits : int
    scaling : FeatureScaling
        Of `c` channels.
    channels : sequence of int
        Number of filters of each stage.
    hidden : sequence of int
        Sizes of the fully connected layers that follow.
    activation : {"relu", "gelu", "silu", "tanh", "sigmoid", "selu"}
    dropout : float
        Share of features set to zero after each fully connected layer, in 0..1.
    """
    depth, *sides = image_shape
    layers: list[nn.Module] = []
    for stage, filters in enumerate(channels):
        widest = 5 if stage == 0 and min(sides) >= WIDE_FILTERS_FROM else 3
        # A filter wider than the picture would only ever see padding.
        tall, wide = (min(widest, side if side % 2 else side - 1) for side in sides)
        halved = [side >= HALVED_FROM for side in sides]
        convolution = nn.Conv2d(depth, filters, (tall, wide), padding=(tall // 2, wide // 2))
        start_like(convolution, activation, first=stage == 0)
        layers.append(convolution)
        if any(halved):
            layers.append(nn.MaxPool2d(tuple(2 if half else 1 for half in halved)))
        layers += [nn.GroupNorm(_groups(filters), filters), activation_layer(activation)]
        sides = [side // 2 if half else side for side, half in zip(sides, halved, strict=True)]
        depth = filters
    layers.append(nn.Flatten())
    width = depth * sides[0] * sides[1]
    for size in hidden:
        linear = nn.Linear(width, size)
        start_like(linear, activation, first=len(layers) == 1)
        layers += [linear, activation_layer(activation)]
        if dropout:
            layers.append(dropout_layer(activation, dropout))
        width = size
    network = Network(scaling, nn.Sequential(*layers), width, n_logits)
    # Weights lie in memory with the channels last: convolutions then read them in order.
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _groups(filters: int) -> int:
    """Return how many groups to norm: 8 if they share the filters evenly, else fewer.

    Few filters form one group: alone on one pixel, a filter would be brought to 0 always.
    """
    return math.gcd(GROUPS, filters) if filters >= 2 * GROUPS else 1


class ShiftedImages:
    """Images that are moved by up to `distance` pixels each time they are taken.

    Pixels that enter at a border repeat the border's.
    """

    def __init__(self, images: Tensor, distance: int):
        h, w = images.shape[2:]
        self.distance = distance
        padded = nn.functional.pad(images, (distance,) * 4, mode="replicate")
        # A view, no copy: windows[i, :, dy, dx] is image i moved by (dy, dx) - distance.
        self.windows = padded.unfold(2, h, 1).unfold(3, w, 1)

    def take(self, rows: Tensor, generator: torch.Generator, /) -> Tensor:
        """Return the images of these rows, each moved by its own random distance."""
        size = 2 * self.distance + 1
        down, right = torch.randint(size, (2, len(rows)), generator=generator)
        return self.windows[rows, :, down, right]
