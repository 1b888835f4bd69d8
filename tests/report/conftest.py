"""Comparisons made by hand: real digits, quick logits, every structure of labels."""

import dataclasses

import numpy as np
import pytest
from sklearn.datasets import load_digits

from headway.comparison import Comparison, Entry, Estimate, Run
from headway.comparison.verdict import judge
from headway.kernels import log_sigmoid, log_softmax, sigmoid, softmax
from headway.report import comparison_pictures

MISTAKE = "Its loss sees probabilities where it needs logits."


def estimate(values, wide=0.01):
    values = np.asarray(values, dtype=float)
    mean = float(values.mean())
    spread = float(values.std(ddof=1)) if len(values) > 1 else None
    return Estimate(mean, mean - wide, mean + wide, spread, len(values))


def history(rng, start, epochs=12):
    loss = start * np.exp(-np.arange(epochs) / 4) + 0.02 * rng.random(epochs)
    accuracy = 1 - 0.5 * np.exp(-np.arange(epochs) / 3) - 0.02 * rng.random(epochs)
    return [
        {"epoch": k + 1, "loss": loss[k], "accuracy": accuracy[k], "val_accuracy": accuracy[k]}
        for k in range(epochs)
    ]


def entry(model, head, runs, *, mistake=None):
    accuracy, log_loss, brier = [], [], []
    for run in runs:
        if run.labels.ndim == 2:
            right = ((run.predictions == run.labels) | np.isnan(run.labels)).all(axis=1)
            log_loss.append(
                -np.nanmean(np.where(run.labels == 1, run.log_probs, np.log1p(-run.probs)))
            )
            brier.append(np.nanmean((run.probs - run.labels) ** 2))
        else:
            right = run.predictions == run.labels
            rows = np.arange(len(right))
            log_loss.append(-run.log_probs[rows, run.labels].mean())
            brier.append(((run.probs - np.eye(run.probs.shape[1])[run.labels]) ** 2).sum(1).mean())
        accuracy.append(right.mean())
    details = {}
    if runs[0].membership is not None:
        details = {
            f"membership_{name}": estimate([value])
            for name, value in (("log_loss", 0.2), ("brier", 0.1), ("calibration_error", 0.03))
        }
    if runs[0].labels.ndim == 2:
        details = {name: estimate([0.5]) for name in ("hamming_loss", "micro_f1", "macro_f1")}
    return Entry(
        model=model,
        head=head,
        mistake=mistake,
        accuracy=estimate(accuracy),
        log_loss=estimate(log_loss),
        brier=estimate(brier),
        calibration_error=estimate([0.02]),
        seconds=estimate([run.seconds for run in runs]),
        settings={"C": 1.0},
        runs=tuple(runs),
        details=details,
    )


def comparison(kind, entries, X_test, classes, *, image_shape=None, name="digits", n_rows=1797):
    models = tuple(dict.fromkeys(e.model for e in entries))
    verdicts = []
    for model in models:
        first, *others = [e for e in entries if e.model == model]
        verdicts += [judge(first, other, n_rows=n_rows) for other in others]
    seeds = tuple(run.seed for run in entries[0].runs)
    return Comparison(
        name=name,
        description="Made by hand for the tests.",
        kind=kind,
        classes=tuple(map(str, classes)),
        image_shape=image_shape,
        seeds=seeds,
        fixed_split=False,
        tuned=False,
        n_train=n_rows - len(X_test),
        n_test=len(X_test),
        n_features=X_test.shape[1],
        models=models,
        heads=tuple(dict.fromkeys(e.head for e in entries)),
        entries=tuple(entries),
        verdicts=tuple(verdicts),
        sentence="Use softmax with the linear model; with networks either will do.",
        notes=("Intervals are over seeds and rows.",),
        X_test=X_test,
        environment={"python": "3.11", "versions": {"numpy": "2.0", "torch": None}, "cores": 2},
    )


def exclusive_run(model, head, seed, X, y, *, sharpness, with_history):
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))
    train, test = rows[: len(X) // 2], np.sort(rows[len(X) // 2 :])
    means = np.stack([X[train][y[train] == k].mean(axis=0) for k in range(y.max() + 1)])
    logits = sharpness * (X[test] @ means.T - (means**2).sum(axis=1) / 2)
    logits = logits + rng.normal(scale=0.4, size=logits.shape) * (1 + (head != "softmax"))
    # Logits far below 0 everywhere: raw sigmoid values then underflow together.
    membership = None
    probs, log_probs = softmax(logits), log_softmax(logits)
    if head != "softmax":
        logits = logits - logits.mean(axis=1, keepdims=True) - 2.0
        membership = sigmoid(logits)
        log_probs = log_softmax(log_sigmoid(logits))
        probs = np.exp(log_probs)
    return Run(
        model=model,
        head=head,
        seed=seed,
        labels=y[test],
        logits=logits,
        probs=probs,
        log_probs=log_probs,
        predictions=probs.argmax(axis=1),
        membership=membership,
        seconds=0.1,
        settings={"C": 1.0},
        history=history(rng, 2.3 if head == "softmax" else 3.2) if with_history else None,
        rows=test,
    )


@pytest.fixture(scope="session")
def pictures_of():
    """Return the pictures of a comparison, drawn once a session."""
    drawn = {}

    def pictures(comparison):
        if id(comparison) not in drawn:
            # The comparison is kept beside its pictures, so that its id is not given away again.
            drawn[id(comparison)] = (comparison, comparison_pictures(comparison))
        return drawn[id(comparison)][1]

    return pictures


@pytest.fixture(scope="session")
def digits_comparison():
    X, y = load_digits(return_X_y=True)
    X = X / 16
    entries = [
        entry(
            model,
            head,
            [
                exclusive_run(
                    model, head, seed, X, y, sharpness=sharpness, with_history=model != "linear"
                )
                for seed in (0, 1, 2)
            ],
            mistake=MISTAKE if head == "sigmoid+mse" else None,
        )
        for model, sharpness in (("linear", 1.0), ("mlp", 3.0))
        for head in ("softmax", "sigmoid", "sigmoid+mse")
    ]
    return comparison(
        "exclusive", entries, X[entries[0].runs[0].rows], range(10), image_shape=(8, 8)
    )


@pytest.fixture(scope="session")
def table_comparison(digits_comparison):
    """The same without images, with long class names."""
    return dataclasses.replace(
        digits_comparison,
        image_shape=None,
        name="<table> & co",
        classes=tuple(f"the class of <{k}> & others" for k in range(10)),
    )


@pytest.fixture(scope="session")
def binary_comparison():
    rng = np.random.default_rng(0)
    runs = []
    for seed in (0, 1):
        labels = rng.integers(0, 2, size=200)
        logits = (2 * labels - 1 + rng.normal(size=200))[:, None] * 1.5
        both = np.column_stack([-logits[:, 0], logits[:, 0]])
        runs.append(
            Run(
                model="linear",
                head="softmax",
                seed=seed,
                labels=labels,
                logits=logits,
                probs=sigmoid(both),
                log_probs=log_sigmoid(both),
                predictions=(logits[:, 0] > 0).astype(int),
                membership=None,
                seconds=0.01,
                settings={},
                rows=np.arange(200),
            )
        )
    return comparison(
        "binary",
        [entry("linear", "softmax", runs)],
        rng.normal(size=(200, 3)),
        ("no", "yes"),
        name="two",
        n_rows=400,
    )


@pytest.fixture(scope="session")
def multilabel_comparison():
    rng = np.random.default_rng(0)
    runs = []
    for seed in (0, 1):
        labels = (rng.random((150, 5)) < 0.3).astype(float)
        labels[0, 0] = np.nan
        logits = 3 * np.nan_to_num(labels) - 1.5 + rng.normal(size=labels.shape)
        runs.append(
            Run(
                model="linear",
                head="sigmoid",
                seed=seed,
                labels=labels,
                logits=logits,
                probs=sigmoid(logits),
                log_probs=log_sigmoid(logits),
                predictions=(logits > 0).astype(int),
                membership=None,
                seconds=0.01,
                settings={},
                rows=np.arange(150),
            )
        )
    return comparison(
        "multilabel",
        [entry("linear", "sigmoid", runs)],
        rng.normal(size=(150, 4)),
        ("happy", "sad", "calm", "angry", "amazed"),
        name="moods",
        n_rows=300,
    )
