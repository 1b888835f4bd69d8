"""What do labels cost that are missing: left out, or taken for 0?

30 % of the cells of the training labels are deleted evenly at random, by three seeds.  `full` is
the test log-loss (nats a cell) of a linear model that saw them all, `masked` of one that leaves the
deleted cells out, `zeros` of one that was told 0 there; `masked costs` and `zeros cost` are what
each adds to `full`, `share` the first in the second.  Everybody chooses C for itself by
cross-validation on the labels that it was given, by the least loss or, as said, by one standard
error.

Two splits.  `given` is the one that the data come with; in tmc2007 it is not of one piece: labels
are rarer in its test rows (the most frequent one 47 % against 60 % in training), which flatters
whoever was told that they are rare.  `random` deals all rows out anew, a split a seed.
"""

import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from benchmarks._problems import FILES, data_file
from benchmarks._results import rounds
from headway import LinearClassifier, LinearClassifierCV
from headway.metrics import cell_log_loss

QUESTION = "With 30 % of the cells of the labels deleted, what do masking and zero-filling cost?"
TIMES = False  # what it measures does not depend on how busy the machine is
SHARE, SEEDS = 0.3, 3
CS = {"bibtex": (0.03, 0.1, 0.3, 1.0), "tmc2007": (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)}
RULES = {"least loss": False, "one standard error": True}


def run():
    """Return one line per data set, split and rule for C: means over the seeds."""
    lines = []
    for name in CS:
        with np.load(data_file(FILES[name]), allow_pickle=False) as data:
            parts = [data[key] for key in ("X_train", "Y_train", "X_test", "Y_test")]
        for split in ("given", "random"):
            losses = [_losses(name, parts, split, seed) for seed in range(rounds(SEEDS))]
            lines += [_line(name, split, rule, losses) for rule in RULES]
    return lines


def _losses(name, parts, split, seed):
    """Return {(arm, rule): (test loss, C)} of one seed."""
    X, Y, X_test, Y_test = parts if split == "given" else _dealt_anew(parts, seed)
    X, X_test = (sp.csr_array(part.astype(np.float64)) for part in (X, X_test))
    Y, Y_test = Y.astype(np.float64), Y_test.astype(np.float64)
    gone = np.random.default_rng(seed).random(Y.shape) < SHARE
    found = {}
    for arm, labels in (
        ("full", Y),
        ("masked", np.where(gone, np.nan, Y)),
        ("zeros", np.where(gone, 0.0, Y)),
    ):
        for rule, C in _chosen(X, labels, CS[name]).items():
            model = LinearClassifier(C=C, tol=1e-4).fit(X, labels)
            loss = float(np.mean(cell_log_loss(model.logits(X_test), Y_test)))
            found[arm, rule] = loss, C
    return found


def _chosen(X, labels, Cs):
    """Return the C of each rule: one search serves both."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # rough scores will do
        search = LinearClassifierCV(Cs=Cs, tol=1e-3).fit(X, labels)
    means, errors = search.mean_scores_, search.scores_.std(axis=0, ddof=1)
    best = int(means.argmin())
    within = means <= means[best] + errors[best] / np.sqrt(len(search.scores_))
    return {"least loss": float(Cs[best]), "one standard error": float(Cs[int(within.argmax())])}


def _dealt_anew(parts, seed):
    X, Y = (np.concatenate([parts[k], parts[k + 2]]) for k in (0, 1))
    order, n = np.random.default_rng(500 + seed).permutation(len(X)), len(parts[0])
    return X[order[:n]], Y[order[:n]], X[order[n:]], Y[order[n:]]


def _line(name, split, rule, losses):
    arms = {
        arm: np.array([seed[arm, rule][0] for seed in losses])
        for arm in ("full", "masked", "zeros")
    }
    masked, zeros = arms["masked"] - arms["full"], arms["zeros"] - arms["full"]
    chosen = {arm: sorted({seed[arm, rule][1] for seed in losses}) for arm in arms}
    return {
        "data": name,
        "split": split,
        "C by": rule,
        "full": float(arms["full"].mean()),
        "masked": float(arms["masked"].mean()),
        "zeros": float(arms["zeros"].mean()),
        "masked costs": float(masked.mean()),
        "zeros cost": float(zeros.mean()),
        "share": float(masked.mean() / zeros.mean()),
        "largest share": float((masked / zeros).max()),
        "C": "; ".join(f"{arm} {', '.join(map('{:g}'.format, Cs))}" for arm, Cs in chosen.items()),
    }
