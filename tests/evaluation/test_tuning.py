"""A tuned decision is judged on rows that it was not tuned on."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import expit

from headway import FromLogits, LinearClassifier
from headway.decisions import Argmax, LeastCost, RiskControlledSets, Threshold, zero_one_cost
from headway.errors import InputTypeError, InputValueError
from headway.evaluation import evaluate, evaluate_tuning


def label_sets(n=900, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 3)) - 1
    return z, (rng.random(z.shape) < expit(z)).astype(float)


@dataclass(frozen=True)
class Fixed:
    """A tuner that finds the same rule whatever it sees."""

    rule: object

    def fit(self, probs, labels, /, *, weights=None, random_state=0):
        return self.rule


@dataclass(frozen=True)
class ByHeart:
    """A tuner that knows the labels of its rows by their probs, and nothing else."""

    def fit(self, probs, labels, /, *, weights=None, random_state=0):
        known = {row.tobytes(): truth for row, truth in zip(probs, labels, strict=True)}

        @dataclass(frozen=True)
        class Recalls:
            def __call__(self, rows, /):
                none = np.zeros(probs.shape[1])
                return np.array([known.get(row.tobytes(), none) for row in rows]).astype(int)

        return Recalls()


def test_a_rule_that_does_not_depend_on_rows_is_scored_as_it_is():
    z, y = label_sets()
    model = FromLogits(None).fit(z, y)
    pair = evaluate_tuning(model, Fixed(Threshold(0.5)), z, y, n_bootstrap=100)
    differences = [score.difference for score in pair.scores.values()]
    assert np.nanmax(np.abs(differences)) < 1e-15  # sums over other blocks of columns


def test_learning_the_rows_by_heart_is_worth_nothing():
    z, y = label_sets()
    model = FromLogits(None).fit(z, y)
    pair = evaluate_tuning(model, ByHeart(), z, y, n_bootstrap=0)
    assert pair.first["micro_recall"].value == 0.0


def test_missing_cells_and_weights_are_those_of_the_evaluation():
    z, y = label_sets()
    y[::5, 1] = np.nan
    weights = np.random.default_rng(1).uniform(size=len(y))
    model = FromLogits(None).fit(z, y)
    pair = evaluate_tuning(model, Fixed(Threshold(0.3)), z, y, sample_weight=weights, n_bootstrap=0)
    moved = model.decide_by(Threshold(0.3))
    # Each row is decided once, whatever its fold.
    direct = evaluate(moved, z, y, sample_weight=weights, n_bootstrap=0)
    assert pair.first["macro_f1"].value == pytest.approx(direct["macro_f1"].value)


def test_classes_with_an_extra_action():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = (X + rng.gumbel(size=X.shape)).argmax(axis=1)
    model = LinearClassifier().fit(X[:150], y[:150])
    unsure = LeastCost(np.column_stack([zero_one_cost(3), np.full(3, 0.3)]))
    pair = evaluate_tuning(model, Fixed(unsure), X[150:], y[150:], n_bootstrap=100)
    assert pair.first["accuracy"].value <= pair.second["accuracy"].value


def test_what_is_no_tuner_is_refused():
    z, y = label_sets()
    model = FromLogits(None).fit(z, y)
    with pytest.raises(InputTypeError, match="`tuner` must be a Tuner"):
        evaluate_tuning(model, Argmax(), z, y)
    with pytest.raises(InputValueError, match="at least 2, got 1"):
        evaluate_tuning(model, RiskControlledSets(0.1), z, y, folds=1)


def test_rows_without_a_known_cell_do_not_hinder_a_promise():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 2))
    y = (2 * X + rng.logistic(size=X.shape) > 0).astype(float)
    model = LinearClassifier().fit(X[:300], y[:300])
    y[700:] = np.nan
    pair = evaluate_tuning(model, RiskControlledSets(0.1), X[300:], y[300:], n_bootstrap=0)
    assert pair.first.n == 400
