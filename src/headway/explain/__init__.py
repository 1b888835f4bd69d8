"""One row followed by hand: logits to probs, a step of training, a decision back to features."""

from headway.explain.curves import Curves, trace_curves
from headway.explain.explanation import Explanation, Flip, Option, Reason
from headway.explain.prediction import explain_prediction
from headway.explain.probs import LogitTable, explain_logits, worked_example
from headway.explain.signal import SignalSweep, StackRun, sweep_signal
from headway.explain.story import HeadStep, Neuron, TrainingStory
from headway.explain.training_step import follow_example

__all__ = [
    "Curves",
    "Explanation",
    "Flip",
    "HeadStep",
    "LogitTable",
    "Neuron",
    "Option",
    "Reason",
    "SignalSweep",
    "StackRun",
    "TrainingStory",
    "explain_logits",
    "explain_prediction",
    "follow_example",
    "sweep_signal",
    "trace_curves",
    "worked_example",
]
