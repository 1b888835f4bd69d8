"""Many labels on the same rows, one sigmoid each: bibtex (159 labels) and tmc2007 (22).

Everybody minimises the same sum over labels; scikit-learn does so with OneVsRestClassifier, two
processes, and the solver of LogisticRegression that is fastest here.  The features are sparse
words; each contestant gets them sparse or dense, as it likes them.
"""

from benchmarks._fits import contest

QUESTION = "How fast are sigmoids for many labels, to a gap of 1e-6?"
PROBLEMS = ("bibtex", "tmc2007")
GAPS = (1e-6,)


def run():
    """Return one line per data set and contestant."""
    return [line for name in PROBLEMS for line in contest(name, GAPS)]
