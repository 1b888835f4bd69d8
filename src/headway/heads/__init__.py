"""Heads: link, loss and decision as one frozen, weightless object."""

from headway.heads.head import Head
from headway.heads.presets import (
    HEAD_NAMES,
    LABEL_HEADS,
    MISTAKES,
    binary_head,
    preset_head,
    sigmoid_head,
    softmax_head,
)

__all__ = [
    "HEAD_NAMES",
    "LABEL_HEADS",
    "MISTAKES",
    "Head",
    "binary_head",
    "preset_head",
    "sigmoid_head",
    "softmax_head",
]
