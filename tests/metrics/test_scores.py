"""Scores agree with scikit-learn where it has them, and leave missing cells out."""

import numpy as np
import pytest
import sklearn.metrics as reference
from numpy.testing import assert_allclose, assert_array_equal

from headway.metrics import (
    brier_score,
    cell_brier_score,
    cell_log_loss,
    f1_score,
    hits,
    log_loss,
)

RNG = np.random.default_rng(0)
PROBS = RNG.dirichlet(np.ones(4), size=200)
LABELS = RNG.integers(0, 4, 200)
CELLS = RNG.integers(0, 2, (60, 5)).astype(float)
LOGITS = RNG.normal(size=(60, 5))
SIGMOIDS = 1 / (1 + np.exp(-LOGITS))


def test_mean_log_loss_is_that_of_scikit_learn():
    assert_allclose(log_loss(np.log(PROBS), LABELS).mean(), reference.log_loss(LABELS, PROBS))


def test_log_loss_is_finite_where_the_probability_underflows():
    assert_array_equal(log_loss(np.array([[0.0, -2000.0]]), np.array([1])), [2000.0])


def test_an_impossible_true_class_costs_infinity_and_a_certain_one_plain_zero():
    losses = log_loss(np.array([[0.0, -np.inf], [0.0, -np.inf]]), np.array([1, 0]))
    assert losses[0] == np.inf
    assert str(losses[1]) == "0.0"


def test_brier_score_is_the_squared_distance_from_the_one_hot_row():
    expected = ((PROBS - np.eye(4)[LABELS]) ** 2).sum(axis=1)
    assert_allclose(brier_score(PROBS, LABELS), expected)


def test_true_probabilities_have_the_least_expected_brier_score_and_log_loss():
    truth = np.array([0.5, 0.3, 0.2])
    others = RNG.dirichlet(np.ones(3), size=300)
    for score in (lambda p, y: brier_score(p, y), lambda p, y: log_loss(np.log(p), y)):
        expected = sum(t * score(others, np.full(300, k)) for k, t in enumerate(truth))
        best = sum(t * score(truth[None], np.array([k])) for k, t in enumerate(truth))
        assert (expected >= best - 1e-12).all()


def test_accuracy_and_subset_accuracy_are_those_of_scikit_learn():
    decided = PROBS.argmax(axis=1)
    assert hits(decided, LABELS).mean() == reference.accuracy_score(LABELS, decided)
    marked = (LOGITS > 0).astype(int)
    assert hits(marked, CELLS).mean() == reference.accuracy_score(CELLS, marked)


@pytest.mark.parametrize("average", ["micro", "macro"])
def test_f1_is_that_of_scikit_learn_with_and_without_weights(average):
    marked = (LOGITS > 0).astype(int)
    assert_allclose(
        f1_score(marked, CELLS, average=average),
        reference.f1_score(CELLS, marked, average=average),
    )
    weights = RNG.integers(0, 3, 60)
    assert_allclose(
        f1_score(marked, CELLS, average=average, weights=weights),
        reference.f1_score(CELLS, marked, average=average, sample_weight=weights),
    )


def test_f1_of_a_label_that_is_nowhere_is_zero():
    nothing = np.zeros((3, 2))
    assert f1_score(nothing, nothing, average="macro") == 0.0
    assert f1_score(nothing, nothing, average="micro") == 0.0


def test_cell_scores_are_means_over_the_cells_of_a_row():
    log_losses = [
        reference.log_loss(t, p, labels=[0, 1]) for t, p in zip(CELLS, SIGMOIDS, strict=True)
    ]
    assert_allclose(cell_log_loss(LOGITS, CELLS), log_losses)
    assert_allclose(cell_brier_score(SIGMOIDS, CELLS), ((SIGMOIDS - CELLS) ** 2).mean(axis=1))


def test_a_missing_cell_changes_no_score_whatever_was_predicted_there():
    holed = CELLS.copy()
    holed[:, 0] = np.nan
    marked = (LOGITS > 0).astype(int)
    assert_allclose(cell_log_loss(LOGITS, holed), cell_log_loss(LOGITS[:, 1:], CELLS[:, 1:]))
    assert_allclose(
        cell_brier_score(SIGMOIDS, holed), cell_brier_score(SIGMOIDS[:, 1:], CELLS[:, 1:])
    )
    assert_array_equal(hits(marked, holed), hits(marked[:, 1:], CELLS[:, 1:]))
    assert f1_score(marked, holed, average="micro") == f1_score(
        marked[:, 1:], CELLS[:, 1:], average="micro"
    )


def test_a_row_with_nothing_observed_scores_nan():
    nothing = np.full((1, 5), np.nan)
    assert np.isnan(cell_log_loss(LOGITS[:1], nothing)).all()
    assert np.isnan(cell_brier_score(SIGMOIDS[:1], nothing)).all()
    assert np.isnan(hits(np.ones((1, 5)), nothing)).all()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 4], "must be in 0..3, got 4 at row 1"),
        ([-1, 0], "must be in 0..3, got -1 at row 0"),
        ([0, 1, 2], "Give one row"),
    ],
)
def test_a_label_outside_the_columns_is_named(labels, message):
    for score in (brier_score, log_loss):
        with pytest.raises(ValueError, match=message):
            score(PROBS[:2], np.array(labels))


def test_decisions_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape of the truth \(2,\), got \(3,\)"):
        hits(np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match="micro"):
        f1_score(np.zeros((1, 1)), np.zeros((1, 1)), average="weighted")
