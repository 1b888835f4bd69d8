"""Rows that say little or nothing: what each calibrator answers, or how it refuses."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from headway.calibration import (
    METHODS,
    Beta,
    Isotonic,
    MatrixScaling,
    Platt,
    Temperature,
    VectorScaling,
    calibrate,
    shares_of,
)
from headway.errors import InputTypeError, InputValueError

FOR_LABELS = pytest.mark.parametrize("kind", [Temperature, Platt, Beta, Isotonic])
FOR_CLASSES = pytest.mark.parametrize("kind", [Temperature, VectorScaling, MatrixScaling])
METHODS_FOR_LABELS = pytest.mark.parametrize(
    "method", [method for method in METHODS if method not in ("vector", "matrix")]
)
METHODS_FOR_CLASSES = pytest.mark.parametrize("method", ["temperature", "vector", "matrix"])


def classes(n=400, k=4, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, k))
    return 3 * z, (z + rng.gumbel(size=z.shape)).argmax(axis=1)


def label_sets(n=400, k=2, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, k))
    return 2 * z + 1, (rng.random((n, k)) < expit(z)).astype(float)


@FOR_CLASSES
def test_classes_without_rows_leave_finite_logits(kind):
    z, y = classes()
    kept = y < 2
    assert np.isfinite(kind.fit(z[kept], y[kept])(z)).all()


@METHODS_FOR_CLASSES
def test_classes_without_rows_do_not_stop_calibrate(method):
    z, y = classes(2000)
    kept = y != 3
    calibrator, report = calibrate(z[kept], y[kept], method)
    assert report.kept == (True,)
    assert np.isfinite(calibrator(z)).all()


@FOR_LABELS
@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_a_label_of_one_outcome_alone_gets_finite_logits(kind, outcome):
    z, t = label_sets()
    t[:, 0] = outcome
    assert np.isfinite(kind.fit(z, t)(z)).all()


@METHODS_FOR_LABELS
def test_a_label_of_one_outcome_alone_gets_nothing_of_its_own_from_calibrate(method):
    z, t = label_sets(3000)
    t[:, 0] = 0
    calibrator, report = calibrate(z, t, method)
    if method == "temperature":  # all labels share it
        assert report.kept == (True,)
    else:
        assert report.kept == (False, True)
        shared, _ = calibrate(z, t)
        assert_allclose(calibrator(z)[:, 0], shared(z)[:, 0])
        assert report.reasons[0].endswith("negatives, and there are 0 and 3000")


@FOR_LABELS
def test_no_known_cell_is_refused(kind):
    z, t = label_sets()
    with pytest.raises(InputValueError, match="must have a known cell, got NaN alone"):
        kind.fit(z, np.full_like(t, np.nan))


@METHODS_FOR_LABELS
def test_no_known_cell_is_refused_by_calibrate(method):
    z, t = label_sets()
    with pytest.raises(InputValueError, match="must have a known cell, got NaN alone"):
        calibrate(z, np.full_like(t, np.nan), method)


@METHODS_FOR_LABELS
def test_all_known_cells_in_one_row_are_answered(method):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(50, 60))
    t = np.full(z.shape, np.nan)
    t[7] = rng.random(60) < 0.5
    calibrator, report = calibrate(z, t, method)
    assert calibrator is None
    assert not any(report.kept)


@FOR_LABELS
def test_one_row_of_labels_gets_finite_logits(kind):
    assert np.isfinite(kind.fit(np.array([[0.5, -0.5]]), np.array([[1.0, 0.0]]))(np.eye(2))).all()


@FOR_CLASSES
def test_one_row_of_classes_gets_finite_logits(kind):
    assert np.isfinite(kind.fit(np.array([[0.5, -0.5]]), np.array([1]))(np.eye(2))).all()


@pytest.mark.parametrize("method", METHODS)
def test_one_row_is_too_few_for_calibrate(method):
    exclusive = method in ("vector", "matrix")
    truth = np.array([1]) if exclusive else np.array([[1.0, 0.0]])
    calibrator, report = calibrate(np.array([[0.5, -0.5]]), truth, method)
    assert calibrator is None
    assert report.reasons[0].startswith("it takes ")


@FOR_LABELS
def test_equal_logits_are_one_place_and_get_one_probability(kind):
    z = np.repeat([[-1.0], [1.0]], 200, axis=0)
    t = np.tile([[0.0], [0.0], [0.0], [1.0]], (100, 1))
    found = kind.fit(z, t)(z)
    assert len(np.unique(found)) <= 2
    if kind in (Platt, Beta):
        assert_allclose(expit(found).mean(), 0.25, atol=0.01)


@FOR_CLASSES
def test_rows_of_equal_logits_are_answered(kind):
    z = np.zeros((200, 3))
    y = np.arange(200) % 3
    assert np.isfinite(kind.fit(z, y)(z)).all()


@FOR_LABELS
def test_the_order_of_the_rows_does_not_matter(kind):
    z, t = label_sets()
    z = z.round(1)  # ties
    order = np.random.default_rng(1).permutation(len(z))
    one, two = kind.fit(z, t), kind.fit(z[order], t[order])
    assert_allclose(one(z), two(z), atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_weights_of_0_are_rows_that_are_not_there(method):
    z, truth = classes() if method in ("vector", "matrix") else label_sets(2500)
    weights = np.ones(len(z))
    weights[::2] = 0
    fit = {
        "temperature": Temperature,
        "vector": VectorScaling,
        "matrix": MatrixScaling,
        "platt": Platt,
        "beta": Beta,
        "isotonic": Isotonic,
    }[method].fit
    assert_allclose(fit(z, truth, weights=weights)(z), fit(z[1::2], truth[1::2])(z), atol=1e-5)


def test_isotonic_takes_weights_that_sum_to_one_or_less():
    z, truth = np.arange(6.0)[:, None], np.array([0, 0, 1, 0, 1, 1])
    for share in (1.0, 1e-3):
        found = Isotonic.fit(z, truth, weights=np.full(6, share / 6))
        assert_array_equal(found(z), 0.0)  # half a row from 0 and from 1


def test_temperature_takes_logits_whose_square_overflows():
    z = np.array([[1e200, -1e200], [-1e200, 1e200], [1e200, -1e200]])
    assert Temperature.fit(z, np.array([0, 1, 1])).value == pytest.approx(64)


def test_shares_of_names_the_row_that_says_nothing():
    for bad in (np.nan, np.inf):
        with pytest.raises(InputValueError, match="at row 1"):
            shares_of(np.array([[0.0, 0.0], [0.0, bad]]), [0.5, 0.5])
    with pytest.raises(InputValueError, match="at row 0"):
        shares_of(np.full((1, 2), -np.inf), [0.5, 0.5])
    with pytest.raises(InputValueError, match="got none"):
        shares_of(np.zeros((0, 2)), [0.5, 0.5])


def test_a_matrix_of_text_is_no_truth():
    with pytest.raises(InputTypeError, match="`labels` must be numbers, got dtype <U1"):
        calibrate(np.zeros((2, 2)), np.full((2, 2), "a"))
