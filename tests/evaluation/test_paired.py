"""Paired differences between two models on the same rows."""

import json

import numpy as np
import pytest

from headway.errors import InputTypeError, InputValueError
from headway.evaluation import compare_evaluations, evaluate_probs
from headway.metrics import mcnemar_exact


def problem(kind, n=300, seed=0):
    """Return (right probabilities, worse ones, labels)."""
    rng = np.random.default_rng(seed)
    if kind == "sets":
        logits = rng.normal(size=(n, 5))
        labels = (rng.random((n, 5)) < 1 / (1 + np.exp(-logits))).astype(float)
        labels[rng.random((n, 5)) < 0.1] = np.nan
        return (*(1 / (1 + np.exp(-z)) for z in (logits, logits + rng.normal(size=(n, 5)))), labels)
    logits = 2 * rng.normal(size=(n, 4))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    noisy = logits + 2 * rng.normal(size=logits.shape)
    return (*(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in (logits, noisy)), labels)


KINDS = pytest.mark.parametrize("kind", ["classes", "sets"])


@KINDS
def test_a_model_against_itself_differs_by_exactly_nothing(kind):
    probs, _, labels = problem(kind)
    one = evaluate_probs(probs, labels)
    pair = compare_evaluations(one, one)
    for score in pair.scores.values():
        assert (score.difference, score.low, score.high, score.better) == (0, 0, 0, None)
    assert (pair.only_first, pair.only_second, pair.p_value) == (0, 0, 1.0)


@KINDS
def test_exchanging_the_models_turns_every_interval_round(kind):
    good, bad, labels = problem(kind)
    one, two = evaluate_probs(good, labels), evaluate_probs(bad, labels)
    forth, back = compare_evaluations(one, two), compare_evaluations(two, one)
    for name, score in forth.scores.items():
        turned = back[name]
        assert score.difference == pytest.approx(-turned.difference)
        assert score.low == pytest.approx(-turned.high, abs=1e-12), name
        assert {score.better, turned.better} in ({"first", "second"}, {None})


@KINDS
def test_the_better_model_is_found_whichever_way_the_score_points(kind):
    good, bad, labels = problem(kind)
    pair = compare_evaluations(evaluate_probs(good, labels), evaluate_probs(bad, labels))
    for name in ("log_loss", "brier", "macro_f1"):
        assert pair[name].better == "first", name
    assert pair["log_loss"].difference < 0 < pair["macro_f1"].difference


def test_paired_intervals_are_shorter_than_those_of_unrelated_rows():
    good, _, labels = problem("classes")
    near = 0.95 * good + 0.05 / 4
    one, two = evaluate_probs(good, labels), evaluate_probs(near, labels)
    paired = compare_evaluations(one, two)["log_loss"]
    alone = one["log_loss"].high - one["log_loss"].low
    assert paired.high - paired.low < 0.3 * alone


def test_the_test_is_mcnemars():
    good, bad, labels = problem("classes")
    pair = compare_evaluations(evaluate_probs(good, labels), evaluate_probs(bad, labels))
    right = [probs.argmax(axis=1) == labels for probs in (good, bad)]
    assert (pair.only_first, pair.only_second, pair.p_value) == mcnemar_exact(*right)


def test_paired_intervals_hold_the_true_difference_about_as_often_as_promised():
    """40 samples of 100 rows: a true coverage of 0.95 gives 33 or more in 999 of 1000 such."""
    good, bad, labels = problem("classes", n=20_000, seed=1)
    many = [evaluate_probs(probs, labels, n_bootstrap=0) for probs in (good, bad)]
    names = ("accuracy", "macro_f1", "roc_area", "log_loss")
    held = dict.fromkeys(names, 0)
    for seed in range(40):
        good, bad, labels = problem("classes", n=100, seed=10 + seed)
        pair = compare_evaluations(
            *(evaluate_probs(probs, labels, n_bootstrap=0) for probs in (good, bad)),
            n_bootstrap=200,
        )
        for name in names:
            truth = many[0][name].value - many[1][name].value
            held[name] += pair[name].low <= truth <= pair[name].high
    for name, times in held.items():
        assert times >= 33, name


def test_scores_that_one_of_them_lacks_are_left_out():
    good, bad, labels = problem("classes")
    abstains = np.where(bad.max(axis=1) < 0.6, 4, bad.argmax(axis=1))
    pair = compare_evaluations(
        evaluate_probs(good, labels), evaluate_probs(bad, labels, decisions=abstains)
    )
    assert "answered" not in pair.scores
    assert pair["accuracy"].better == "first"


def test_the_dict_is_json():
    good, bad, labels = problem("sets", n=20)
    pair = compare_evaluations(evaluate_probs(good, labels), evaluate_probs(bad, labels))
    assert json.loads(json.dumps(pair.to_dict(), allow_nan=False))["mcnemar"]["p_value"] <= 1


class TestRefused:
    def test_other_labels(self):
        good, bad, labels = problem("classes")
        other = labels.copy()
        other[17] = (other[17] + 1) % 4
        with pytest.raises(InputValueError, match="same labels, but row 17 differs"):
            compare_evaluations(evaluate_probs(good, labels), evaluate_probs(bad, other))

    def test_cells_missing_in_one_alone(self):
        good, bad, labels = problem("sets")
        other = labels.copy()
        other[4, np.flatnonzero(~np.isnan(other[4]))[0]] = np.nan
        with pytest.raises(InputValueError, match="same labels, but row 4 differs"):
            compare_evaluations(evaluate_probs(good, labels), evaluate_probs(bad, other))

    def test_fewer_rows(self):
        good, bad, labels = problem("classes")
        with pytest.raises(InputValueError, match="got 300 and 299 rows"):
            compare_evaluations(evaluate_probs(good, labels), evaluate_probs(bad[1:], labels[1:]))

    def test_other_weights(self):
        good, bad, labels = problem("classes")
        weights = np.ones(300)
        weights[3] = 2
        with pytest.raises(InputValueError, match="same weights, but row 3 differs"):
            compare_evaluations(
                evaluate_probs(good, labels), evaluate_probs(bad, labels, sample_weight=weights)
            )

    def test_other_classes(self):
        good, bad, labels = problem("classes")
        with pytest.raises(InputValueError, match="same classes"):
            compare_evaluations(
                evaluate_probs(good, labels), evaluate_probs(bad, labels, classes="abcd")
            )

    def test_another_zero_division(self):
        good, bad, labels = problem("sets")
        with pytest.raises(InputValueError, match="zero_division"):
            compare_evaluations(
                evaluate_probs(good, labels), evaluate_probs(bad, labels, zero_division=0.0)
            )

    def test_something_else(self):
        with pytest.raises(InputTypeError, match="evaluations, got str"):
            compare_evaluations("a", "b")
