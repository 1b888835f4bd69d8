"""Results as JSON and as text."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from headway.comparison import Comparison, Estimate, Run
from headway.comparison.summary import summarise
from headway.comparison.verdict import judge


def a_run(head, seed, right, rows=None):
    n = len(right)
    labels = np.arange(n) % 3
    predictions = np.where(right, labels, (labels + 1) % 3)
    logits = 2.0 * np.eye(3)[predictions]
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Run(
        model="linear",
        head=head,
        seed=seed,
        labels=labels,
        logits=logits,
        probs=probs,
        log_probs=np.log(probs),
        predictions=predictions,
        membership=None,
        seconds=0.5 + seed,
        settings={"C": 1.0 + seed, "tol": 1e-6},
        rows=np.arange(n) if rows is None else rows,
    )


def an_entry(head, tables, mistake=None):
    runs = [a_run(head, seed, right) for seed, right in enumerate(tables)]
    return summarise(runs, kind="exclusive", n_rows=len(tables[0]), mistake=mistake)


def a_comparison():
    rng = np.random.default_rng(0)
    entries = tuple(an_entry(head, rng.random((3, 60)) < 0.9) for head in ("softmax", "sigmoid"))
    return Comparison(
        name="made up",
        description="",
        kind="exclusive",
        classes=("a", "b", "c"),
        image_shape=None,
        seeds=(0, 1, 2),
        fixed_split=True,
        tuned=False,
        n_train=60,
        n_test=60,
        n_features=2,
        models=("linear",),
        heads=("softmax", "sigmoid"),
        entries=entries,
        verdicts=(judge(*entries, n_rows=60),),
        sentence="Use either.",
        notes=("one",),
        X_test=np.zeros((60, 2)),
        environment={"cores": 2, "total_seconds": np.float64(1.5)},
    )


def test_the_dict_is_strict_json_and_holds_every_run():
    told = json.loads(json.dumps(a_comparison().to_dict(), allow_nan=False))
    assert told["format"] == "headway-comparison"
    assert [run["seed"] for run in told["entries"][0]["runs"]] == [0, 1, 2]
    assert told["verdicts"][0]["mcnemar"][2]["seed"] == 2
    assert told["environment"]["total_seconds"] == 1.5


def test_nan_becomes_null_and_infinity_a_word():
    told = Estimate(math.inf, math.nan, -math.inf, None, 1).to_dict()
    assert told == {"mean": "inf", "low": None, "high": "-inf", "spread": None, "n_seeds": 1}


def test_an_infinite_log_loss_is_written_without_a_warning():
    run = a_run("softmax", 0, np.ones(30, dtype=bool))
    impossible = run.log_probs.copy()
    impossible[0, run.labels[0]] = -np.inf
    entry = summarise(
        [replace(run, log_probs=impossible)], kind="exclusive", n_rows=30, mistake=None
    )
    assert entry.log_loss.mean == math.inf
    assert json.loads(json.dumps(entry.to_dict(), allow_nan=False))["log_loss"]["low"] is None


def test_a_setting_that_differs_between_seeds_is_a_list():
    entry = an_entry("softmax", np.ones((2, 30), dtype=bool))
    assert entry.settings == {"C": [1.0, 2.0], "tol": 1e-6}


def test_text_rows_show_the_accuracy_with_its_interval():
    row = a_comparison().text_rows()[0]
    assert list(row) == [
        "model",
        "head",
        "accuracy",
        "log-loss",
        "Brier",
        "calibration error",
        "training time",
    ]
    assert " % (" in row["accuracy"]


def test_an_entry_that_did_not_run_is_named():
    comparison = a_comparison()
    assert comparison.entry("linear", "sigmoid") is comparison.entries[1]
    with pytest.raises(KeyError, match="linear softmax, linear sigmoid"):
        comparison.entry("mlp", "softmax")


def test_the_mean_accuracy_is_the_mean_over_seeds():
    tables = np.array([[True] * 30, [True] * 15 + [False] * 15])
    entry = an_entry("softmax", tables)
    assert entry.accuracy.mean == 0.75
    assert entry.accuracy.spread == pytest.approx(np.std([1.0, 0.5], ddof=1))
    assert entry.seconds.mean == 1.0
