"""The numerical ground: exponentials, their sums and their logarithms, safe at every edge.

This is the door: the rooms above import from here alone, whatever stands behind it.
"""

from headway.kernels.config import show_config
from headway.kernels.elementwise import log_sigmoid, sigmoid, softplus
from headway.kernels.rows import log_softmax, logsumexp, softmax

__all__ = [
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "show_config",
    "sigmoid",
    "softmax",
    "softplus",
]
