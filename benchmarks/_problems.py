"""The problems that linear solvers are measured on, by name, and their objective in float64.

    objective = sum_i loss(W x_i + b, y_i) + |W|^2 / (2 C)          b is free of penalty

Softmax over two classes has one column here, for all contestants: the two-column model of
scikit-learn at C is the one-column model at 2 C, and is halved before it is compared.
Every contestant is judged by this function, never by what it says about itself.
"""

import gzip
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from benchmarks._shapes import SHAPES, make
from headway.errors import DataNotFoundError

CELLS_AT_A_TIME = 1 << 22
FILES = {
    "MNIST": "mnist.npz",
    "bibtex": "ml_bibtex.npz",
    "tmc2007": "ml_tmc2007.npz",
    "emotions": "ml_emotions.npz",
    "birds": "ml_birds.npz",
    "clinc150": "text_clinc150.jsonl.gz",
}


@dataclass(frozen=True)
class Problem:
    """Features, labels, head and penalty; `y` is (n,) classes or an (n, L) label matrix."""

    name: str
    X: Any
    y: np.ndarray
    head: str
    C: float

    @property
    def K(self):
        return self.y.shape[1] if self.y.ndim == 2 else int(self.y.max()) + 1

    def head_rows(self, n):
        """Return the same problem on a few rows that hold every class, to warm a solver up."""
        if self.y.ndim == 2:
            first = np.concatenate([self.y.argmax(axis=0), self.y.argmin(axis=0)])
        else:
            first = np.unique(self.y, return_index=True)[1]
        rows = np.union1d(first, np.arange(min(n, len(self.y))))
        return Problem(self.name, self.X[rows], self.y[rows], self.head, self.C)


def objective(problem, coef, intercept):
    """Return the objective in float64, a block of rows at a time."""
    X, y = problem.X, problem.y
    coef = np.asarray(coef, dtype=np.float64)
    intercept = np.asarray(intercept, dtype=np.float64)
    total = np.sum(coef**2) / (2 * problem.C)
    step = max(1, CELLS_AT_A_TIME // max(len(coef), X.shape[1] if not sp.issparse(X) else 1))
    for start in range(0, X.shape[0], step):
        rows = X[start : start + step]
        logits = np.asarray(rows.astype(np.float64) @ coef.T) + intercept
        total += _losses(logits, y[start : start + step], problem.head)
    return float(total)


def _losses(logits, y, head):
    if head == "softmax" and logits.shape[1] > 1:
        picked = logits[np.arange(len(y)), y]
        top = logits.max(axis=1)
        return np.sum(top + np.log(np.exp(logits - top[:, None]).sum(axis=1)) - picked)
    if y.ndim == 1 and logits.shape[1] == 1:
        positive = (y[:, None] == 1).astype(np.float64)
    else:
        positive = y if y.ndim == 2 else y[:, None] == np.arange(logits.shape[1])
    return np.sum(np.logaddexp(0, logits)) - np.sum(logits * positive)


def problem(name):
    """Return the problem of this name; raise DataNotFoundError if its data are absent."""
    shapes = {shape.name: shape for shape in SHAPES}
    if name in shapes:
        X, y = make(shapes[name])
        return Problem(name, X, y, "softmax", shapes[name].C)
    kind, _, rest = name.partition(", ")
    if kind == "MNIST":
        with np.load(data_file(FILES[kind]), allow_pickle=False) as data:
            X = data["x_train"].reshape(60_000, 784).astype(np.float32) / np.float32(255)
            return Problem(name, X, data["y_train"].astype(np.int64), "softmax", float(rest[4:]))
    if kind in ("bibtex", "tmc2007"):
        with np.load(data_file(FILES[kind]), allow_pickle=False) as data:
            # All rows: in the training rows of bibtex 22 of the 159 labels never occur.
            X = np.concatenate([data["X_train"], data["X_test"]])
            Y = np.concatenate([data["Y_train"], data["Y_test"]])
            return Problem(
                name, sp.csr_matrix(X.astype(np.float32)), Y.astype(np.int64), "sigmoid", 1.0
            )
    if kind in ("words of clinc150", "characters of clinc150"):
        X, y = _intents(kind.partition(" ")[0])
        return Problem(name, X, y, rest, 10.0)
    raise ValueError(f"There is no problem {name!r}.")


def require_data(name):
    """Raise DataNotFoundError if the problem of this name needs data that are absent."""
    kind = name.partition(", ")[0].split(" ")[-1]
    if kind in FILES:
        data_file(FILES[kind])


def data_file(name):
    """Return the path of a data set; raise DataNotFoundError if it is absent."""
    folder = os.environ.get("HEADWAY_DATA")
    path = Path(folder or ".") / name
    if not folder or not path.exists():
        raise DataNotFoundError(
            f"{name} must be in the folder that HEADWAY_DATA names, got {folder!r}. "
            "Set HEADWAY_DATA to the folder that holds it."
        )
    return path


@cache
def _intents(kind):
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer

    with gzip.open(data_file(FILES["clinc150"]), "rt") as lines:
        rows = [row for row in map(json.loads, lines) if row["split"] == "train"]
    texts = [row["text"] for row in rows]
    if kind == "words":
        X = TfidfVectorizer(ngram_range=(1, 2), dtype=np.float32).fit_transform(texts)
    else:
        X = HashingVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), n_features=2**16, dtype=np.float32
        ).transform(texts)
    X.sort_indices()
    y = np.unique([row["label"] for row in rows], return_inverse=True)[1]
    return sp.csr_matrix(X), y.astype(np.int64)
