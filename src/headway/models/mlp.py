"""The multi-layer perceptron: each hidden layer a weighted sum, an activation, dropout.

    hidden = activation(W features + b)

Dropout sets a share of the hidden features to zero while training, another choice each time, so
that no feature can rely on one other (for selu, to the value of a unit that is switched off).

References
----------
Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014), "Dropout: A Simple Way to Prevent
Neural Networks from Overfitting", JMLR 15.
"""

from collections.abc import Sequence

from torch import nn

from headway.models.layers import Network, activation_layer, dropout_layer, start_like
from headway.models.scaling import FeatureScaling

__all__ = ["mlp_network"]


def mlp_network(
    n_features: int,
    n_logits: int,
    *,
    scaling: FeatureScaling,
    hidden: Sequence[int] = (512, 256),
    activation: str = "relu",
    dropout: float = 0.3,
) -> Network:
    """Return a perceptron with freshly drawn weights (torch's global generator draws them).

    Parameters
    ----------
    n_features, n_logits : int
        Sizes of its first and last layer.
    scaling : FeatureScaling
        Of `n_features` columns.
    hidden : sequence of int
        Sizes of the hidden layers; empty makes a linear model.
    activation : {"relu", "gelu", "silu", "tanh", "sigmoid", "selu"}
    dropout : float
        Share of hidden features set to zero while training, in 0..1.
    """
    layers: list[nn.Module] = []
    width = n_features
    for size in hidden:
        linear = nn.Linear(width, size)
        start_like(linear, activation, first=not layers)
        layers += [linear, activation_layer(activation)]
        if dropout:
            layers.append(dropout_layer(activation, dropout))
        width = size
    return Network(scaling, nn.Sequential(*layers), width, n_logits)
