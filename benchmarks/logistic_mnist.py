"""Multinomial logistic regression on the 60,000 digits of MNIST, pixels / 255.

Two penalties (C = 1 is badly conditioned, C = 0.01 less so) to two gaps; see `_fits` for the rules
and `_peers` for the solvers.
"""

from benchmarks._fits import contest

QUESTION = "How fast is multinomial logistic regression on MNIST?"
PROBLEMS = ("MNIST, C = 1", "MNIST, C = 0.01")
GAPS = (1e-4, 1e-6)


def run():
    """Return one line per penalty, gap and contestant."""
    return [line for name in PROBLEMS for line in contest(name, GAPS)]
