"""Links: the map between logits (any real number) and probabilities."""

from headway.links.binary import one_column_logits, two_column_logits
from headway.links.link import Link
from headway.links.sigmoid import SigmoidLink
from headway.links.softmax import SoftmaxLink

__all__ = ["Link", "SigmoidLink", "SoftmaxLink", "one_column_logits", "two_column_logits"]
