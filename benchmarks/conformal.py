"""Do prediction sets keep their promise, and how large are they beside MAPIE's?

Probabilities of two linear models (15,000 sentences of clinc150 in 150 classes, with and without a
temperature fitted on its validation rows; 60,000 digits), their test rows halved 200 times: one
half calibrates for a coverage of 0.9, the other is judged.
Over random halves of fixed rows the number of covered rows is exactly beta-binomial, so that the
spread of the 200 coverages can be tested: `p of the law` is a Kolmogorov-Smirnov test of the counts
(spread over their steps by uniform draws), `sd by the law` what the standard deviation should be.
For sets by class the law mixes over how many rows of a class calibrate; `classes below` is how many
of the classes are covered less than promised by more than three standard errors of the mean.

MAPIE gets the same probabilities, through an estimator that returns what it is given, and the same
halves.  Its APS adds the last class whole by default; the other setting draws whether to.
"""

import gzip
import json
import warnings

import numpy as np
from scipy.stats import betabinom, kstest
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks._problems import FILES, data_file
from benchmarks._results import rounds
from headway import ConformalSets, LinearClassifier
from headway.metrics import set_report

QUESTION = "Do conformal sets of a promised coverage of 0.9 keep it, and how large are they?"
TIMES = False  # what it measures does not depend on how busy the machine is
COVERAGE, SPLITS = 0.9, 200
OURS = {
    "headway lac": ConformalSets(COVERAGE),
    "headway aps": ConformalSets(COVERAGE, "aps"),
    "headway aps, whole classes": ConformalSets(COVERAGE, "aps", randomized=False),
    "headway raps": ConformalSets(COVERAGE, "raps"),
    "headway lac by class": ConformalSets(COVERAGE, by_class=True),
    "headway aps by class": ConformalSets(COVERAGE, "aps", by_class=True),
}
PEERS = {  # score, last class, and what it is compared with
    "MAPIE lac": ("lac", True, "headway lac"),
    "MAPIE aps": ("aps", True, "headway aps"),
    "MAPIE aps, drawn": ("aps", "randomized", "headway aps"),
    "MAPIE raps": ("raps", True, "headway raps"),
}


def run():
    """Return one line per data set and contestant."""
    lines = []
    for name, rows, C in (("clinc150", _intents, 10.0), ("MNIST", _digits, 0.01)):
        (X, y), (X_test, y_test), others = rows()
        model = LinearClassifier("softmax", C=C).fit(X, y)
        truth = np.searchsorted(model.classes_, y_test)
        lines += _contest(name, model.predict_proba(X_test), truth)
        if others is not None:
            calibrated = model.calibrate(*others)
            name = f"{name}, temperature {calibrated.calibrator_.value:.2f}"
            lines += _contest(name, calibrated.predict_proba(X_test), truth)
    return lines


def _intents():
    """Return rows to fit, to judge and to calibrate."""
    with gzip.open(data_file(FILES["clinc150"]), "rt") as lines:
        rows = [json.loads(line) for line in lines]
    words = TfidfVectorizer(ngram_range=(1, 2), dtype=np.float32)
    words.fit([row["text"] for row in rows if row["split"] == "train"])
    parts = []
    for split in ("train", "test", "val"):
        some = [row for row in rows if row["split"] == split]
        X = words.transform([row["text"] for row in some])
        X.sort_indices()
        parts.append((X, [row["label"] for row in some]))
    return parts


def _digits():
    with np.load(data_file(FILES["MNIST"]), allow_pickle=False) as data:
        X, X_test = (
            data[key].reshape(-1, 784).astype(np.float32) / np.float32(255)
            for key in ("x_train", "x_test")
        )
        return (X, data["y_train"]), (X_test, data["y_test"]), None


def _contest(name, probs, labels):
    found = {contestant: [] for contestant in OURS}
    notes = {}
    for seed in range(rounds(SPLITS)):
        mixed = np.random.default_rng(seed).permutation(len(probs))
        a, b = mixed[: len(probs) // 2], mixed[len(probs) // 2 :]
        for contestant, tuner in OURS.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # classes with fewer than nine rows
                decision = tuner.fit(probs[a], labels[a], random_state=seed)
            report = set_report(decision(probs[b]), labels[b])
            found[contestant].append((report, decision.rows))
        for contestant, (score, last, _) in PEERS.items():
            if contestant in notes:
                continue
            try:
                sets = _mapie(score, last, probs[a], labels[a], probs[b], seed)
            except ImportError as error:
                notes[contestant] = f"absent: {error}"
                continue
            found.setdefault(contestant, []).append((set_report(sets, labels[b]), None))
    lines = [_line(name, contestant, found) for contestant in found]
    absent = [{"data": name, "sets": peer, "note": note} for peer, note in notes.items()]
    return lines + absent


def _line(name, contestant, found):
    reports, rows = zip(*found[contestant], strict=True)
    coverage = np.array([report.coverage for report in reports])
    size = np.array([report.mean_size for report in reports])
    classes = np.array([report.class_coverage for report in reports])
    by_class = np.nanmean(classes, axis=0)
    errors = np.nanstd(classes, axis=0) / np.sqrt((~np.isnan(classes)).sum(axis=0))
    line = {
        "data": name,
        "sets": contestant,
        "coverage": float(coverage.mean()),
        "standard error": _error(coverage),
        "sd of halves": float(coverage.std(ddof=1)) if len(coverage) > 1 else None,
        "sd by the law": None,
        "p of the law": None,
        "least covered class": float(by_class.min()),
        "classes below": int((by_class < COVERAGE - 3 * errors).sum()),
        "mean size": float(size.mean()),
        "empty sets": float(np.mean([report.empty for report in reports])),
        "larger than headway's by": None,
        "halves": len(coverage),
    }
    if rows[0] is not None and len(rows[0]) == 1:
        n, m = rows[0][0], reports[0].rows
        k = int(np.ceil(np.round((n + 1) * COVERAGE, 9)))
        law = betabinom(m, k, n + 1 - k)
        counts = np.round(coverage * m)
        draws = np.random.default_rng(0).random(len(counts))
        line["sd by the law"] = float(law.std() / m)
        line["p of the law"] = float(
            kstest(law.cdf(counts - 1) + draws * law.pmf(counts), "uniform").pvalue
        )
    if contestant in PEERS:
        ours = np.array([report.mean_size for report, _ in found[PEERS[contestant][2]]])
        line["larger than headway's by"] = (
            f"{np.mean(size - ours):.3f} +- {_error(size - ours):.3f}"
        )
    return line


def _error(values):
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def _mapie(score, last, probs, labels, new, seed):
    from mapie.classification import SplitConformalClassifier
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Given(ClassifierMixin, BaseEstimator):
        """Return the probabilities that it is given as features."""

        def fit(self, X, y):
            return self

        def predict_proba(self, X):
            return X

        def predict(self, X):
            return X.argmax(axis=1)

    estimator = Given()
    estimator.classes_ = np.arange(probs.shape[1])
    estimator.n_features_in_ = probs.shape[1]
    peer = SplitConformalClassifier(
        estimator, confidence_level=COVERAGE, conformity_score=score, random_state=seed
    )
    params = {} if score == "lac" else {"include_last_label": last}
    peer.conformalize(probs, labels)
    return peer.predict_set(new, conformity_score_params=params)[1][:, :, 0]
