"""Decisions inside a fitted classifier: names come out, and a saved model decides the same."""

import numpy as np
import pytest

from headway import FromLogits, load
from headway.decisions import (
    AbstainAtError,
    AbstainAtRate,
    BinaryThreshold,
    ConformalSets,
    ExpectedF1,
    LeastCost,
    RiskControlledSets,
    Threshold,
    TopK,
    Tuner,
    TuneThresholds,
    read_costs,
)
from headway.metrics import set_report

NAMES = np.array(["ant", "bee", "fly"])


@pytest.fixture(scope="module")
def insects():
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(1500, 3))
    names = NAMES[(logits + rng.gumbel(size=logits.shape)).argmax(axis=1)]
    model = FromLogits().fit(logits[:500], names[:500])
    return model, logits[500:1000], names[500:1000], logits[1000:], names[1000:]


@pytest.mark.parametrize(
    "tuner", [AbstainAtRate(0.2), AbstainAtError(0.2), ConformalSets(0.8, "aps")], ids=repr
)
def test_a_tuned_model_is_saved_with_its_decision(tuner, insects, tmp_path):
    model, X, y, X_new, _ = insects
    tuned = model.decide_by(tuner, X, y)
    tuned.save(tmp_path / "m")
    back = load(tmp_path / "m")
    assert back.head_.decision == tuned.head_.decision
    assert back.predict(X_new).tolist() == tuned.predict(X_new).tolist()


def test_a_promise_is_calibrated_on_rows_that_the_calibrator_has_not_seen(insects):
    _, X, y, _, _ = insects
    promises = [ConformalSets(0.8), AbstainAtError(0.2), RiskControlledSets(0.1)]
    assert all(isinstance(tuner, Tuner) and tuner.own_rows for tuner in promises)
    logits = np.vstack([X, X])
    model = FromLogits(calibrator="temperature", decision=promises[0])
    assert model.fit(logits, np.r_[y, y]).head_.decision.rows == (500,)


def test_names_come_out(insects):
    model, X, y, X_new, y_new = insects
    rate = np.mean(model.decide_by(AbstainAtRate(0.2), X, y).predict(X_new) == "abstain")
    assert 0.1 < rate < 0.3
    sets = model.decide_by(ConformalSets(0.8), X, y).predict(X_new)
    covered = np.mean([name in chosen for name, chosen in zip(y_new, sets, strict=True)])
    report = set_report(
        model.decide_by(ConformalSets(0.8), X, y).head_.decide(model.logits(X_new)),
        np.searchsorted(NAMES, y_new),
    )
    assert report.coverage == pytest.approx(covered)
    assert 0.7 < covered < 0.9
    costs = {"ant": {"ask": 0.2}, "bee": {"ask": 0.2}, "fly": {"ask": 0.2}}
    asked = model.decide_by(read_costs(costs, model.classes_, default=1)).predict(X_new)
    assert set(asked) == {"ant", "ask", "bee", "fly"}


def test_label_sets_with_a_promised_share_of_misses():
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(1500, 4))
    labels = (logits + rng.logistic(size=logits.shape) > 0).astype(int)
    model = FromLogits().fit(logits[:500], labels[:500])
    tuned = model.decide_by(RiskControlledSets(0.05), logits[500:1000], labels[500:1000])
    assert isinstance(tuned.head_.decision, Threshold)
    found, true = tuned.predict(logits[1000:]), labels[1000:]
    missed = (true & (found == 0)).sum(axis=1) / np.maximum(true.sum(axis=1), 1)
    assert 0.02 < missed.mean() < 0.08


def test_actions_without_names_are_numbered(insects):
    model, _, _, X_new, _ = insects
    cost = np.c_[1.0 - np.eye(3), [0.2, 0.3, 0.3], [0.3, 0.2, 0.2]]
    answers = model.decide_by(LeastCost(cost)).predict(X_new)
    assert set(answers) == {*NAMES, "abstain", "action 4"}


@pytest.mark.parametrize(
    "rule", [TuneThresholds(at_least_one=True), ExpectedF1(), TopK(2)], ids=repr
)
def test_a_model_of_label_sets_is_saved_with_its_rule(rule, tmp_path):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(300, 3))
    labels = (logits + rng.logistic(size=logits.shape) > 1).astype(float)
    labels[rng.random(labels.shape) < 0.1] = np.nan
    model = FromLogits().fit(logits, labels).decide_by(rule, logits, labels)
    if not isinstance(rule, Tuner):
        assert model.head_.decision == rule
    model.save(tmp_path / "m")
    back = load(tmp_path / "m")
    assert back.head_.decision == model.head_.decision
    np.testing.assert_array_equal(back.predict(logits), model.predict(logits))
    least = {"TuneThresholds": 1, "ExpectedF1": 0, "TopK": 2}[type(rule).__name__]
    assert back.predict(logits).sum(axis=1).min() == least


def test_two_classes_get_a_threshold_under_their_names():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(500, 1)) - 2
    names = np.where(z[:, 0] + rng.logistic(size=500) > 0, "yes", "no")
    model = FromLogits().fit(z, names)
    tuned = model.decide_by(TuneThresholds(), z, names)
    assert isinstance(tuned.head_.decision, BinaryThreshold)
    assert tuned.head_.decision.value < 0.4
    assert (tuned.predict(z) == "yes").sum() > (model.predict(z) == "yes").sum()
