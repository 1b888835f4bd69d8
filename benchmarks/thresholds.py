"""What are tuned thresholds and whole label sets worth on test rows, beside 0.5 for every label?

A linear model (C = 1) of the training rows that come with the data; thresholds are tuned on
cross-fitted probabilities of the same rows, so that no row is lost; the test rows are scored once.
Three seeds draw the five folds of the cross-fit and of the tuner.  `plain` is 0.5 for every label,
`tuned` the mean over the seeds, `sd` their standard deviation.  `gain` has a 95 % interval, paired:
test rows are drawn 2000 times with replacement, the same for both, and seeds averaged.

Macro- and micro-F1 are scikit-learn's; a label that is neither present nor predicted scores 0.  In
the example-wise F1 a row without true and predicted labels scores 1.  `best cuts` are the optimum
of the tuning rows, neither averaged over folds nor drawn together.
"""

import warnings

import numpy as np
from sklearn.model_selection import KFold

from benchmarks._problems import FILES, data_file
from benchmarks._results import rounds
from headway import ExpectedF1, LinearClassifier, Threshold, TuneThresholds

QUESTION = "What are tuned thresholds worth on test rows, beside 0.5 for every label?"
TIMES = False  # what it measures does not depend on how busy the machine is
DATA = ("bibtex", "tmc2007", "emotions", "birds")
SEEDS, FOLDS, DRAWS = 3, 5, 2000


def macro_f1(present, truth, weights):
    """Return the score of each bootstrap draw, a row of `weights` each."""
    twice_hits, marked = 2 * (weights @ (present * truth)), weights @ (present + truth)
    return (twice_hits / np.where(marked > 0, marked, 1)).mean(axis=1)


def micro_f1(present, truth, weights):
    hits, marked = (present * truth).sum(axis=1), (present + truth).sum(axis=1)
    return 2 * (weights @ hits) / (weights @ marked)


def example_f1(present, truth, weights):
    hits, marked = (present * truth).sum(axis=1), (present + truth).sum(axis=1)
    rows = np.where(marked > 0, 2 * hits / np.where(marked > 0, marked, 1), 1.0)
    return weights @ rows / weights.sum(axis=1)


RULES = (
    ("macro-F1", macro_f1, "tuned", TuneThresholds()),
    ("macro-F1", macro_f1, "best cuts", TuneThresholds(folds=None)),
    ("micro-F1", micro_f1, "tuned", TuneThresholds(average="micro")),
    ("example-F1", example_f1, "ExpectedF1", ExpectedF1()),
)


def run():
    """Return one line per data set and rule."""
    return [line for name in DATA for line in _lines(name)]


def _lines(name):
    with np.load(data_file(FILES[name]), allow_pickle=False) as data:
        X, X_test = (data[key].astype(np.float32) for key in ("X_train", "X_test"))
        Y, Y_test = (data[key].astype(np.int64) for key in ("Y_train", "Y_test"))
    probs = LinearClassifier(head="sigmoid").fit(X, Y).predict_proba(X_test)
    seeds = range(rounds(SEEDS))
    crossed = [_cross_fitted(X, Y, seed) for seed in seeds]
    n = len(Y_test)
    draws = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    draws = np.vstack([np.ones(n), draws])  # first the rows as they are
    plain = Threshold(0.5)(probs)
    for measure, score, rule, tuner in RULES:
        if isinstance(tuner, TuneThresholds):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # labels without a positive
                decisions = [tuner.fit(crossed[seed], Y, random_state=seed) for seed in seeds]
        else:
            decisions = [tuner]  # not tuned, so that there is nothing to draw
        found = np.array([score(decision(probs), Y_test, draws) for decision in decisions])
        before = score(plain, Y_test, draws)
        gains = found.mean(axis=0) - before
        low, high = np.quantile(gains[1:], [0.025, 0.975])
        yield {
            "data": name,
            "measure": measure,
            "rule": rule,
            "plain": float(before[0]),
            "tuned": float(found[:, 0].mean()),
            "sd": float(found[:, 0].std(ddof=1)) if len(found) > 1 else None,
            "gain": float(gains[0]),
            "gain from": float(low),
            "gain to": float(high),
            "gain in %": float(100 * gains[0] / before[0]),
        }


def _cross_fitted(X, Y, seed):
    """Return probabilities of each row by a model that did not see it."""
    probs = np.empty(Y.shape)
    for kept, held in KFold(FOLDS, shuffle=True, random_state=seed).split(X):
        probs[held] = LinearClassifier(head="sigmoid").fit(X[kept], Y[kept]).predict_proba(X[held])
    return probs
