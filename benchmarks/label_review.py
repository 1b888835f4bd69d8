"""How many of the labels that a review flags are wrong, beside cleanlab on the same probabilities?

Five in a hundred labels are moved to another class, evenly at random; three seeds draw which, to
where, and how rows are dealt to the five folds.  Sums over the seeds.  `flagged` is how many labels
a rule calls wrong, `precision` which share of them were moved, `recall` which share of the moved
ones it found; the worst seed's precision beside it.  The last two rules read down a ranking and
stop at as many rows as were moved.

Labels that were wrong before anything was moved (there are some in MNIST) count as false alarms.
"""

import numpy as np
from sklearn.datasets import load_digits

from benchmarks._problems import FILES, data_file
from benchmarks._results import rounds
from headway import LinearClassifier, MLPClassifier, review_labels
from headway.errors import DataNotFoundError

QUESTION = "How many of the labels that a review flags are wrong, with 5 % moved?"
TIMES = False  # what it measures does not depend on how busy the machine is
SHARE, SEEDS = 0.05, 3
MNIST_ROWS = 10_000
PEER_RULES = ("confident_learning", "both", "prune_by_noise_rate")


def run():
    """Return one line per data set, model and rule."""
    digits = load_digits(return_X_y=True)
    work = [
        ("digits", digits, "linear, C=0.01", lambda: LinearClassifier(C=0.01)),
        ("digits", digits, "linear, C=1", LinearClassifier),
        ("digits", digits, "mlp", lambda: MLPClassifier(hidden=(128,), epochs=30, random_state=0)),
    ]
    try:
        with np.load(data_file(FILES["MNIST"]), allow_pickle=False) as data:
            X = data["x_train"][:MNIST_ROWS].reshape(MNIST_ROWS, -1) / np.float32(255)
            mnist = X, data["y_train"][:MNIST_ROWS].astype(np.int64)
        name = f"MNIST, {MNIST_ROWS:,} rows"
        work += [
            (name, mnist, "linear, C=0.01", lambda: LinearClassifier(C=0.01)),
            (name, mnist, "mlp", lambda: MLPClassifier(hidden=(128,), epochs=12, random_state=0)),
        ]
    except DataNotFoundError:
        pass
    return [line for data, rows, model, make in work for line in _contest(data, *rows, model, make)]


def _contest(data, X, y, model, make):
    found, errors = {}, {}
    for seed in range(rounds(SEEDS)):
        given = _moved(y, seed)
        wrong = given != y
        review = review_labels(make(), X, given, random_state=seed)
        flags = {"headway, flagged": np.flatnonzero(review.flagged)}
        errors.setdefault("headway, flagged", []).append(review.expected_errors)
        flags["headway, as many as moved"] = review.order()[: wrong.sum()]
        for rule, rows, expected in _peers(review.probs, given, wrong.sum()):
            flags[rule] = rows
            errors.setdefault(rule, []).append(expected)
        for rule, rows in flags.items():
            found.setdefault(rule, []).append((len(rows), wrong[rows].sum(), wrong.sum()))
    return [_line(data, model, rule, found[rule], errors.get(rule)) for rule in found]


def _moved(y, seed):
    """Return labels of which a share is moved to another class."""
    rng = np.random.default_rng(1000 + seed)
    rows = rng.choice(len(y), round(SHARE * len(y)), replace=False)
    k = int(y.max()) + 1
    given = y.copy()
    given[rows] = (y[rows] + rng.integers(1, k, len(rows))) % k
    return given


def _peers(probs, given, n_wrong):
    """Yield what cleanlab flags on the same probabilities, if it is installed."""
    try:
        from cleanlab.count import compute_confident_joint
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        return
    joint = compute_confident_joint(given, probs)
    expected = float(joint.sum() - np.trace(joint))
    for rule in PEER_RULES:
        mask = find_label_issues(given, probs, filter_by=rule, n_jobs=1)
        yield f"cleanlab, {rule}", np.flatnonzero(mask), expected
    order = np.argsort(get_label_quality_scores(given, probs), kind="stable")
    yield "cleanlab, as many as moved", order[:n_wrong], expected


def _line(data, model, rule, counts, errors):
    flagged, right, wrong = np.sum(counts, axis=0)
    return {
        "data": data,
        "model": model,
        "rule": rule,
        "flagged": int(flagged),
        "precision": float(right / flagged),
        "of the worst seed": float(min(r / f for f, r, _ in counts)),
        "recall": float(right / wrong),
        "errors expected": None if errors is None else round(float(np.sum(errors))),
        "moved": int(wrong),
    }
