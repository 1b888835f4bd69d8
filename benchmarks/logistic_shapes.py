"""Logistic regression on twelve made problems, to a relative gap of 1e-6 for everybody.

The problems are in `benchmarks/_shapes.py`: tables, vectors of a network, words and clicks; well
and badly conditioned; up to a million rows, 5000 features or 1000 classes.
"""

from benchmarks._fits import contest
from benchmarks._shapes import SHAPES

QUESTION = "How fast is logistic regression on twelve shapes of data, to a gap of 1e-6?"
PROBLEMS = tuple(shape.name for shape in SHAPES)
GAPS = (1e-6,)


def run():
    """Return one line per problem and contestant."""
    return [line for name in PROBLEMS for line in contest(name, GAPS)]
