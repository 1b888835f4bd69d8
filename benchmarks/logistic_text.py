"""Sparse text: 15,000 sentences of clinc150 in 150 classes, C = 10.

Features are tf-idf of words and pairs of words.  The softmax is one problem with scikit-learn and
cyanure; liblinear has no softmax, so that one sigmoid a class (one against the rest) is another
problem, with all three.  (Hashed character n-grams, which take minutes a fit for the peers, are
a problem of `_problems` too: `contest("characters of clinc150, softmax", GAPS)`.)
"""

from benchmarks._fits import contest

QUESTION = "How fast is logistic regression on sparse text with 150 classes, to a gap of 1e-6?"
PROBLEMS = ("words of clinc150, softmax", "words of clinc150, sigmoid")
GAPS = (1e-6,)


def run():
    """Return one line per problem and contestant."""
    return [line for name in PROBLEMS for line in contest(name, GAPS)]
