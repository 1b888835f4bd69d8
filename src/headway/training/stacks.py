"""One stack from start to end: built, measured, trained if asked, measured again, scored.

The recipes say how a stack is built:

    glorot       variance 2 / (fan-in + fan-out), biases 0: what libraries do by default, or nearly
    he           variance 2 / fan-in whatever the activation, biases 0
    scaled       glorot with all weights times 4: often advised for the sigmoid, whose slope is 1/4
    fitting      what fits the activation (`start_like`), as headway's networks start
    norm         glorot, with a norm of each row before each activation
    norm-after   glorot, with a norm of each row after each activation
"""

from dataclasses import dataclass

import numpy as np

from headway.errors import InputValueError
from headway.heads import Head
from headway.models.layers import Network
from headway.models.scaling import feature_scaling
from headway.models.stack import stack_network
from headway.training.network import (
    InMemory,
    Rows,
    TrainingPlan,
    compute_logits,
    make_rows,
    scaled_features,
    seeded,
    train_network,
)
from headway.training.signal import measure_signal
from headway.training.signal_health import SignalHealth

__all__ = ["StackData", "run_stack"]

LEARNING_RATE, BATCH = 0.002, 32
NORMS = {"norm": "before", "norm-after": "after"}


@dataclass(frozen=True)
class StackData:
    """Training and test rows: features (n, d) and target rows (n, K)."""

    X: np.ndarray
    targets: np.ndarray
    X_test: np.ndarray
    targets_test: np.ndarray


def run_stack(
    data: StackData,
    head: Head,
    *,
    activation: str,
    depth: int,
    recipe: str,
    width: int = 64,
    epochs: int = 0,
    rows: int = 256,
    seed: int = 0,
) -> tuple[SignalHealth, SignalHealth | None, float | None]:
    """Return the signal health at the start, and that after training with the test accuracy.

    Without epochs the last two are None.  Health is measured on at most `rows` training rows.
    """
    some = slice(None, None, max(1, -(-len(data.X) // rows)))
    with seeded(seed):
        network = stack_network(
            data.X.shape[1],
            data.targets.shape[1],
            scaling=feature_scaling(data.X, "auto"),
            width=width,
            depth=depth,
            activation=activation,
            start="glorot" if recipe in NORMS else recipe,
            norm=NORMS.get(recipe),
        )
        batch = _rows(network, data.X[some], data.targets[some])
        before = measure_signal(network, head, batch)
        if not epochs:
            return before, None, None
        plan = TrainingPlan(epochs, BATCH, LEARNING_RATE, 0.01, "float32", patience=epochs)
        training_rows = _rows(network, data.X, data.targets)
        try:
            training = train_network(network, head, training_rows, plan, seed=seed)
        except InputValueError:  # the loss became infinite: what this stack is worth
            return before, None, float("nan")
        if training.interrupted:
            raise KeyboardInterrupt
        after = measure_signal(network, head, batch)
    return before, after, _accuracy(compute_logits(network, data.X_test), data.targets_test, head)


def _rows(network: Network, X: np.ndarray, targets: np.ndarray) -> Rows:
    return make_rows(InMemory(scaled_features(network, X)), targets, None)


def _accuracy(logits: np.ndarray, targets: np.ndarray, head: Head) -> float:
    """Return the share of rows that are right: their class, or every label that is known."""
    if head.exclusive and logits.shape[1] > 1:
        return float(np.mean(logits.argmax(axis=1) == targets.argmax(axis=1)))
    same = (logits > 0) == (targets > 0.5)
    return float(np.mean((same | np.isnan(targets)).all(axis=1)))
