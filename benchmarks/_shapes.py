"""Twelve seeded problems: 1k to 1M rows, 5 to 5000 features, 2 to 1000 classes.

Four families, each with a teacher whose labels are drawn, not separable by construction:

    table    independent columns; in `scales` each column has its own unit
    vectors  what a network emits: power-law spectrum, rotated, not centred (ill-conditioned)
    words    Zipf word counts as normalised tf-idf, CSR
    clicks   one-hot categories with Zipf frequencies, CSR

The trap: features that are independent and standardised make every solver look good, and a
diagonal spectrum flatters diagonal preconditioners; so `vectors` are rotated (sign flips and
cosine transforms, an orthogonal map that costs n d log d).
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.sparse as sp

ROWS_AT_A_TIME = 20_000


@dataclass(frozen=True)
class Shape:
    """A problem: its size, its family, the penalty, and how hard its features are."""

    name: str
    family: str
    n: int
    d: int
    K: int
    C: float
    decay: float = 0.0  # vectors: the j-th standard deviation is j ** -decay
    mean: float = 0.0  # vectors: size of the mean against the deviation of a row
    scales: float = 0.0  # table: columns' units spread over 10 ** (-scales .. scales)
    signal: float = 2.0  # standard deviation of the teacher's logits
    per_row: int = 0  # words, clicks: nonzero cells (about, exactly) in a row
    seed: int = 0


SHAPES = (
    Shape("small table", "table", 1_000, 20, 3, C=1.0),
    Shape("long table", "table", 1_000_000, 5, 2, C=1.0),
    Shape("long table, 10 classes", "table", 1_000_000, 20, 10, C=1.0),
    Shape("table with units", "table", 100_000, 30, 4, C=1.0, scales=1.0),
    Shape("genes", "vectors", 1_000, 5_000, 2, C=1.0, decay=0.5),
    Shape("wide vectors", "vectors", 8_000, 3_000, 5, C=0.01, decay=0.3),
    Shape("uncentred vectors", "vectors", 10_000, 2_000, 10, C=0.01, decay=1.0, mean=1.0),
    Shape("many vectors", "vectors", 100_000, 1_000, 2, C=0.001, decay=0.8, mean=1.0),
    Shape("vectors, 100 classes", "vectors", 20_000, 512, 100, C=0.02, decay=0.5, mean=0.5),
    Shape("vectors, 1000 classes", "vectors", 10_000, 256, 1_000, C=0.1, decay=0.5, signal=3.0),
    Shape("words", "words", 100_000, 5_000, 20, C=1.0, per_row=40),
    Shape("clicks", "clicks", 1_000_000, 2_000, 2, C=1.0, per_row=15),
)


def make(shape):
    """Return (X, y): float32 features, an array in C order or CSR, and int64 labels."""
    rng = np.random.default_rng([shape.seed, shape.n, shape.d, shape.K])
    X, y = {"table": _table, "vectors": _vectors, "words": _words, "clicks": _clicks}[shape.family](
        shape, rng
    )
    # The first rows hold every class once, so that no class is absent.
    y[: shape.K] = np.arange(shape.K)
    return X, y


def _table(shape, rng):
    X = rng.standard_normal((shape.n, shape.d), dtype=np.float32)
    y = _drawn_labels(X, _teacher(shape, rng), shape, rng)
    if shape.scales:
        X *= (10.0 ** rng.uniform(-shape.scales, shape.scales, shape.d)).astype(np.float32)
        X += X.std(axis=0) * rng.standard_normal(shape.d).astype(np.float32)
    return X, y


def _vectors(shape, rng):
    deviation = np.arange(1, shape.d + 1) ** -shape.decay
    deviation *= np.sqrt(shape.d / np.sum(deviation**2))
    X = rng.standard_normal((shape.n, shape.d), dtype=np.float32)
    # The teacher sees the directions evenly: what matters is not only what varies most.
    y = _drawn_labels(X, _teacher(shape, rng), shape, rng)
    flips = rng.choice(np.float32([-1.0, 1.0]), size=(2, shape.d))
    offset = (shape.mean * rng.standard_normal(shape.d)).astype(np.float32)
    scale = deviation.astype(np.float32) * flips[0]
    for start in range(0, shape.n, ROWS_AT_A_TIME):
        rows = X[start : start + ROWS_AT_A_TIME]
        rows *= scale
        mixed = scipy.fft.dct(rows, norm="ortho", axis=1) * flips[1]
        rows[:] = scipy.fft.dct(mixed, norm="ortho", axis=1) + offset
    return X, y


def _words(shape, rng):
    common = 1.0 / (np.arange(shape.d) + 2.7)
    # Each class prefers some words; a tenth of the documents carry another class's name.
    preference = np.exp(rng.standard_normal((shape.K, shape.d)) * 0.5)
    y = rng.integers(shape.K, size=shape.n)
    length = np.maximum(3, rng.lognormal(np.log(shape.per_row), 0.5, shape.n).astype(np.int64))
    word = np.empty(length.sum(), dtype=np.int32)
    row = np.repeat(np.arange(shape.n, dtype=np.int32), length)
    for label in range(shape.K):
        chance = common * preference[label]
        places = np.flatnonzero(y[row] == label)
        word[places] = np.searchsorted(
            np.cumsum(chance / chance.sum()), rng.random(len(places))
        ).clip(max=shape.d - 1)
    X = sp.csr_matrix((np.ones(len(word), dtype=np.float32), (row, word)), shape=(shape.n, shape.d))
    documents = np.bincount(X.indices, minlength=shape.d)
    X.data = (1 + np.log(X.data)) * np.float32(1 + np.log((1 + shape.n) / (1 + documents)))[
        X.indices
    ]
    norms = np.sqrt(np.add.reduceat(X.data.astype(np.float64) ** 2, X.indptr[:-1]))
    X.data = (X.data / np.repeat(norms, np.diff(X.indptr))).astype(np.float32)
    other = rng.random(shape.n) < 0.1
    y[other] = rng.integers(shape.K, size=other.sum())
    return X, y


def _clicks(shape, rng):
    fields = shape.per_row
    weights = np.geomspace(1, 60, fields)
    sizes = np.maximum(2, (weights / weights.sum() * shape.d).astype(np.int64))
    sizes[-1] += shape.d - sizes.sum()
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    indices = np.empty((shape.n, fields), dtype=np.int32)
    effect = rng.standard_normal((shape.d, shape.K)).astype(np.float32)
    logits = np.zeros((shape.n, shape.K), dtype=np.float32)
    for field in range(fields):
        chance = np.cumsum(1.0 / (np.arange(sizes[field]) + 1.0))
        drawn = np.searchsorted(chance / chance[-1], rng.random(shape.n))
        indices[:, field] = first[field] + drawn.clip(max=sizes[field] - 1)
        logits += effect[indices[:, field]]
    logits *= shape.signal / logits.std()
    X = sp.csr_matrix(
        (
            np.ones(shape.n * fields, dtype=np.float32),
            indices.ravel(),
            np.arange(0, shape.n * fields + 1, fields, dtype=np.int32),
        ),
        shape=(shape.n, shape.d),
    )
    return X, _sampled(logits, rng)


def _teacher(shape, rng):
    return rng.standard_normal((shape.d, shape.K), dtype=np.float32) / np.float32(np.sqrt(shape.d))


def _drawn_labels(X, teacher, shape, rng):
    """Return labels drawn from the softmax of the teacher's logits, with uneven class shares."""
    shift = rng.normal(0, 0.5, shape.K).astype(np.float32)
    y = np.empty(shape.n, dtype=np.int64)
    for start in range(0, shape.n, ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        y[rows] = _sampled(np.float32(shape.signal) * (X[rows] @ teacher) + shift, rng)
    return y


def _sampled(logits, rng):
    """Return one class a row, drawn from the softmax of its logits (the largest after noise)."""
    return np.argmax(logits - np.log(rng.standard_exponential(logits.shape)), axis=1)
