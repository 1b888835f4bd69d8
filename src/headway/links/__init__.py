"""Links: the map between logits (any real number) and probabilities."""

from headway.links.binary import one_column_logits, two_column_logits
from headway.links.entmax import EntmaxLink
from headway.links.link import Link
from headway.links.one_column import OneColumnLink
from headway.links.sigmoid import SigmoidLink
from headway.links.softmax import SoftmaxLink
from headway.links.sparsemax import SparsemaxLink

__all__ = [
    "EntmaxLink",
    "Link",
    "OneColumnLink",
    "SigmoidLink",
    "SoftmaxLink",
    "SparsemaxLink",
    "one_column_logits",
    "two_column_logits",
]
