"""One row followed by hand: logits to probs, and one training example to its gradient."""

from headway.explain.curves import Curves, trace_curves
from headway.explain.probs import LogitTable, explain_logits, worked_example
from headway.explain.story import HeadStep, Neuron, TrainingStory
from headway.explain.training_step import follow_example

__all__ = [
    "Curves",
    "HeadStep",
    "LogitTable",
    "Neuron",
    "TrainingStory",
    "explain_logits",
    "follow_example",
    "trace_curves",
    "worked_example",
]
