import numpy as np
import pytest
from sklearn.datasets import load_digits

from headway.evaluation import review_probs
from headway.report import doubted_images_picture, plain_review, to_inline_svg


@pytest.fixture(scope="module")
def review():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=60)
    probs = rng.dirichlet(np.ones(3), size=60) + 2 * np.eye(3)[labels]
    probs[7] = 0.01 + np.eye(3)[labels[7]]
    return review_probs(
        probs / probs.sum(axis=1, keepdims=True),
        np.where(np.arange(60) == 7, (labels + 1) % 3, labels),
        classes=["ant", "bee", "an insect with a long name"],
    )


def cells():
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=(40, 2)).astype(float)
    truth[rng.random(truth.shape) < 0.2] = np.nan
    return review_probs(rng.random((40, 2)), truth, classes=["sad", "calm"])


def test_the_text_has_the_worst_row_first_and_fits_80_columns(review):
    shown = plain_review(review, top=3)
    assert max(map(len, shown.splitlines())) <= 80
    assert f"{review.flagged.sum()} of 60 labels" in shown
    rows = [line.split() for line in shown.splitlines() if line.strip()[:1] in "123"]
    worst = next(row for row in rows if row[:2] == ["1", "7"])
    assert worst[-1] == "*"


def test_cells_are_named_by_row_and_label():
    shown = plain_review(cells(), top=5)
    assert "cells are contradicted confidently" in shown
    assert "present" in shown
    assert "absent" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_nothing_to_list_is_said():
    shown = plain_review(review_probs(np.eye(2)[[0, 1, 0]], np.array([0, 1, 0])))
    assert "0 of 3 labels are contradicted" in shown
    assert "No label is held less probable than another." in shown


def test_probabilities_of_zero_have_large_odds_and_not_infinite_ones():
    shown = plain_review(review_probs(np.eye(2)[[0, 1, 0, 1]], np.array([0, 1, 0, 0])))
    assert "> 100000" in shown


def test_the_images_carry_both_labels():
    X, y = load_digits(return_X_y=True)
    X, y = X[:50], y[:50]
    given = np.where(np.arange(50) == 4, 9, y)
    review = review_probs(0.9 * np.eye(10)[y] + 0.01, given)
    picture = doubted_images_picture(review, X, (8, 8), top=5)
    assert "4 (9, rather 4)" in picture.description
    svg = to_inline_svg(picture)
    assert "given 9" in svg
    assert "rather 4" in svg


def test_no_doubt_no_picture():
    review = review_probs(np.eye(2)[[0, 1]], np.array([0, 1]))
    assert doubted_images_picture(review, np.zeros((2, 4)), (2, 2)) is None
