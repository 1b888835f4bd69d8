"""Does the advice on signals hold when the stacks are trained?

scikit-learn's digits, stacks 64 wide, 10 epochs of AdamW, four fifths of the rows to train on.  The
same seeds draw the same weights for every line of a pair, so that only the advice differs.  "lost"
is what `headway signal` says before the first step: the gradient or the spread falls below 1/100.
A stack that learns nothing names one class in ten right.
"""

import numpy as np

from benchmarks._results import rounds
from headway.datasets import load
from headway.explain import sweep_signal
from headway.training.signal_advice import find_fault

QUESTION = "Does the advice on lost signals hold when the stacks are trained?"
TIMES = False  # what it measures does not depend on how busy the machine is
SEEDS, EPOCHS = 3, 10
STACKS = (
    ("sigmoid", ("glorot", "he", "scaled", "norm", "norm-after", "fitting"), (10, 20, 50)),
    ("tanh", ("glorot", "norm", "fitting"), (20, 50)),
    ("relu", ("glorot", "norm", "fitting"), (10, 20, 50)),
    ("gelu", ("glorot", "norm", "fitting"), (20, 50)),
    ("selu", ("he", "norm", "fitting"), (20, 50)),
)


def run():
    """Return one line per activation, recipe and depth."""
    digits = load("digits")
    lines = []
    for activation, recipes, depths in STACKS:
        sweep = sweep_signal(
            digits,
            activations=[activation],
            recipes=recipes,
            depths=depths,
            epochs=EPOCHS,
            seeds=rounds(SEEDS),
        )
        for depth in depths:
            lines += [_line(sweep.select(activation, recipe, depth)) for recipe in recipes]
    return lines


def _line(runs):
    accuracy = 100 * np.array([run.accuracy for run in runs])
    return {
        "activation": runs[0].activation,
        "depth": runs[0].depth,
        "recipe": runs[0].recipe,
        "gradient kept (median)": float(np.median([run.before.gradient_kept for run in runs])),
        "spread kept (median)": float(np.median([run.before.spread_kept for run in runs])),
        "lost": f"{sum(find_fault(run.before) is not None for run in runs)} of {len(runs)}",
        "test accuracy, % (mean)": float(accuracy.mean()),
        "least": float(accuracy.min()),
        "greatest": float(accuracy.max()),
        "seeds": len(runs),
    }
