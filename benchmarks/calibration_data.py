"""Does calibration lower the log-loss of test rows?  Each method on five data sets.

A linear model (C = 10) learns from two thirds of the training rows, the calibrator from the other
third, drawn with three seeds; clinc150 brings its own validation rows.  The test rows are asked
once, at the end.  Their loss is the mean in nats of a row (exclusive classes) or of a cell
(labels); its change has a 95 % interval over test rows, whose losses are first averaged over the
seeds.  A method that was rolled back changes nothing.
"""

import gzip
import json
import sys

import numpy as np

from benchmarks._problems import data_file
from headway.errors import DataNotFoundError

QUESTION = "By how much does calibration change the log-loss of test rows?"
TIMES = False  # what it measures does not depend on how busy the machine is
LABELS = ("bibtex", "tmc2007", "emotions", "birds")
MEASURED = ("emotions", "birds")  # features in units of their own; the others are words
SEEDS = (0, 1, 2)
C = 10.0


def run():
    """Return one line per data set and method."""
    return [line for name in (*LABELS, "clinc150") for line in _lines(name)]


def _lines(name):
    methods = ("temperature", "platt", "beta", "isotonic")
    if name == "clinc150":
        methods = ("temperature", "vector", "matrix")
    try:
        runs = [_logits(name, seed) for seed in (SEEDS if name in LABELS else SEEDS[:1])]
    except DataNotFoundError as error:
        return [{"data": name, "method": "all", "note": f"absent: {error}"}]
    return [_line(name, method, runs) for method in methods]


def _line(name, method, runs):
    from headway.calibration import calibrate

    before, change, kept, parts = [], [], [], []
    for seed, (z, y, new, truth) in enumerate(runs):
        calibrator, report = calibrate(z, y, method, random_state=seed)
        losses = _losses(new, truth)
        before.append(losses.mean())
        change.append((losses if calibrator is None else _losses(calibrator(new), truth)) - losses)
        kept.append(np.mean(report.kept))
        parts.append(type(calibrator).__name__)
    rows = np.mean(change, axis=0)
    half = 1.96 * rows.std(ddof=1) / np.sqrt(len(rows))
    print(f"  {name}, {method}: {rows.mean():+.5f} +- {half:.5f}", file=sys.stderr)
    return {
        "data": name,
        "method": method,
        "log-loss before": float(np.mean(before)),
        "change": float(rows.mean()),
        "change from": float(rows.mean() - half),
        "change to": float(rows.mean() + half),
        "share kept": float(np.mean(kept)),
        "calibrator": " / ".join(dict.fromkeys(parts)),
    }


def _losses(z, truth):
    """Return the loss of each row: of its class, or the mean over its labels."""
    z = np.asarray(z, dtype=np.float64)
    if truth.ndim == 2:
        return (np.logaddexp(0, z) - truth * z).mean(axis=1)
    top = z.max(axis=1)
    return top + np.log(np.exp(z - top[:, None]).sum(axis=1)) - z[np.arange(len(z)), truth]


def _logits(name, seed):
    """Return logits and labels to calibrate on, and those of the test rows."""
    from headway import LinearClassifier

    if name == "clinc150":
        (X, y), (X_held, y_held), (X_test, y_test) = _intents()
        model = LinearClassifier(C=C).fit(X, y)
        return model.raw_logits(X_held), y_held, model.raw_logits(X_test), y_test
    with np.load(data_file(f"ml_{name}.npz"), allow_pickle=False) as data:
        X, Y, X_test, Y_test = (
            data[part].astype(np.float64) for part in ("X_train", "Y_train", "X_test", "Y_test")
        )
    order = np.random.default_rng(seed).permutation(len(X))
    held, fitted = order[: len(X) // 3], order[len(X) // 3 :]
    # A label that no row of the fit carries, or every row, cannot be learned.
    known = np.ptp(Y[fitted], axis=0) > 0
    model = LinearClassifier(C=C, standardize=name in MEASURED)
    model.fit(X[fitted], Y[fitted][:, known].astype(int))
    return (
        model.raw_logits(X[held]),
        Y[held][:, known],
        model.raw_logits(X_test),
        Y_test[:, known],
    )


def _intents():
    from sklearn.feature_extraction.text import TfidfVectorizer

    with gzip.open(data_file("text_clinc150.jsonl.gz"), "rt") as lines:
        rows = list(map(json.loads, lines))
    parts = [[row for row in rows if row["split"] == name] for name in ("train", "val", "test")]
    words = TfidfVectorizer(ngram_range=(1, 2), dtype=np.float32)
    words.fit([row["text"] for row in parts[0]])
    names = np.unique([row["label"] for row in parts[0]])
    return [
        (
            words.transform([row["text"] for row in part]),
            np.searchsorted(names, [row["label"] for row in part]),
        )
        for part in parts
    ]
