"""Vector and matrix scaling: exact gradients, invariances, and the temperature where rows lack."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import check_grad
from scipy.special import log_softmax

from headway.calibration import MatrixScaling, Temperature, VectorScaling, calibrate
from headway.calibration.affine import _Problem, tempered
from headway.calibration.rows import class_rows
from headway.errors import InputValueError
from headway.kernels import softmax
from headway.losses import cross_entropy

BOTH = pytest.mark.parametrize("kind", [VectorScaling, MatrixScaling])


def bent(n=2000, k=4, seed=0):
    """Logits whose classes are off by slopes and intercepts of their own."""
    rng = np.random.default_rng(seed)
    z = 1.5 * rng.normal(size=(n, k))
    slope, intercept = np.linspace(0.5, 1.5, k), np.linspace(-1.0, 1.0, k)
    return 2.0 * z, (slope * z + intercept + rng.gumbel(size=z.shape)).argmax(axis=1)


def numbers(calibrator):
    a = calibrator.slope if isinstance(calibrator, VectorScaling) else calibrator.matrix
    return np.concatenate([[calibrator.temperature], a.ravel(), calibrator.intercept])


@pytest.mark.parametrize("whole", [False, True])
def test_the_gradient_is_that_of_the_value(whole):
    rng = np.random.default_rng(0)
    z, y = bent(60)
    z[3, (y[3] + 1) % 4] = -50.0
    rows = class_rows(z, y, rng.uniform(0, 2, 60))
    free = np.array([True, False, True, True])
    problem = _Problem(rows, tempered(z, 2.0), free, whole)
    size = problem.curvature().size
    scale = rng.uniform(0.5, 2.0, size)
    theta = 0.1 * rng.normal(size=size)
    error = check_grad(lambda t: problem(t, scale)[0], lambda t: problem(t, scale)[1], theta)
    assert error < 1e-4 * np.linalg.norm(problem(theta, scale)[1])


@BOTH
def test_no_other_numbers_nearby_have_a_lower_penalised_loss(kind):
    z, y = bent()
    found = kind.fit(z, y)
    k, x = 4, log_softmax(z / found.temperature, axis=1)
    a = found.matrix if kind is MatrixScaling else np.diag(found.slope)

    def value(a, b):
        away = a - np.eye(k)
        diagonal = np.diag(away)
        penalty = k * (diagonal @ diagonal + b @ b)
        penalty += k * (k - 1) * ((away**2).sum() - diagonal @ diagonal)
        return cross_entropy(x @ a.T + b, y).sum() + penalty

    least = value(a, found.intercept)
    rng = np.random.default_rng(1)
    for _ in range(50):
        step = rng.normal(size=(k, k)) * (1.0 if kind is MatrixScaling else np.eye(k))
        moved = value(a + 1e-3 * step, found.intercept + 1e-3 * rng.normal(size=k))
        assert moved >= least - 1e-9


@BOTH
def test_what_is_off_class_by_class_is_set_right(kind):
    z, y = bent(6000)
    new, truth = bent(6000, seed=1)
    alone = cross_entropy(Temperature.fit(z, y)(new), truth).mean()
    assert cross_entropy(kind.fit(z, y)(new), truth).mean() < alone - 0.05


@BOTH
def test_few_rows_leave_the_temperature_alone(kind):
    z, y = bent(60)
    y[:] = np.arange(60) % 4  # 15 of each class
    found, alone = kind.fit(z, y), Temperature.fit(z, y)
    assert found.temperature == alone.value
    assert_allclose(softmax(found(z)), softmax(alone(z)), rtol=1e-9)


@BOTH
def test_the_fewer_the_rows_the_nearer_to_the_temperature(kind):
    off = []
    for n in (150, 600, 5000):
        z, y = bent(n)
        found = kind.fit(z, y)
        away = numbers(found)[1:] - numbers(kind(1.0, *_identity(kind)))[1:]
        off.append(np.linalg.norm(away))
    assert off[0] < off[1] < off[2]


def _identity(kind):
    return (np.ones(4) if kind is VectorScaling else np.eye(4)), np.zeros(4)


@BOTH
def test_a_shift_of_all_logits_of_a_row_changes_nothing(kind):
    z, y = bent()
    shift = np.random.default_rng(1).normal(size=(len(z), 1))
    one, two = kind.fit(z, y), kind.fit(z + shift, y)
    assert_allclose(numbers(two), numbers(one), atol=1e-5)
    assert_allclose(one(z + shift), one(z), atol=1e-9)


@BOTH
def test_classes_in_another_order_give_the_same_probabilities(kind):
    z, y = bent()
    order = np.array([2, 0, 3, 1])
    place = np.argsort(order)
    one, two = kind.fit(z, y), kind.fit(z[:, order], place[y])
    assert_allclose(softmax(two(z[:, order])), softmax(one(z))[:, order], atol=1e-5)


@BOTH
def test_an_integer_weight_is_a_row_repeated(kind):
    z, y = bent(400)
    weights = np.random.default_rng(1).integers(0, 4, 400)
    one = kind.fit(z, y, weights=weights)
    two = kind.fit(np.repeat(z, weights, axis=0), np.repeat(y, weights))
    assert_allclose(numbers(one), numbers(two), atol=1e-5)


def test_the_matrix_finds_what_no_slope_can():
    rng = np.random.default_rng(0)
    z = 2 * rng.normal(size=(8000, 3))
    mixed = z @ np.array([[1.0, 0.6, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).T
    y = (mixed + rng.gumbel(size=z.shape)).argmax(axis=1)
    vector, matrix = VectorScaling.fit(z[:4000], y[:4000]), MatrixScaling.fit(z[:4000], y[:4000])
    losses = [cross_entropy(found(z[4000:]), y[4000:]).mean() for found in (vector, matrix)]
    assert losses[1] < losses[0] - 0.01


@BOTH
def test_a_class_without_rows_keeps_its_place(kind):
    z, y = bent()
    kept = y != 2
    found = kind.fit(z[kept], y[kept])
    a = found.slope if kind is VectorScaling else found.matrix
    assert_array_equal(a[2], _identity(kind)[0][2])
    assert found.intercept[2] == 0.0
    assert np.isfinite(found(z)).all()


def test_an_impossible_class_stays_impossible_under_slopes():
    z, y = bent()
    z[y != 1, 1] = -np.inf
    found = VectorScaling.fit(z, y)
    assert np.isfinite(numbers(found)).all()
    assert_array_equal(found(z) == -np.inf, z == -np.inf)


def test_an_impossible_class_is_refused_by_the_matrix():
    z, y = bent()
    z[7, (y[7] + 1) % 4] = -np.inf
    with pytest.raises(InputValueError, match="finite for matrix scaling, got -inf at row 7"):
        MatrixScaling.fit(z, y)
    with pytest.raises(InputValueError, match="finite for matrix scaling, got -inf at row 7"):
        calibrate(z, y, "matrix")
    with pytest.raises(InputValueError, match="finite for matrix scaling, got -inf at row 7"):
        MatrixScaling(1.0, np.eye(4), np.zeros(4))(z)


@BOTH
def test_independent_labels_are_refused(kind):
    with pytest.raises(InputValueError, match="got 1 independent columns"):
        kind.fit(np.zeros((2, 1)), np.array([0, 1]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VectorScaling(0.0, [1.0], [0.0]), "`value` must be finite and above 0"),
        (lambda: VectorScaling(1.0, [[1.0]], [0.0]), "`slope` must hold a finite number"),
        (lambda: VectorScaling(1.0, [1.0], [np.nan]), "`intercept` must hold a finite number"),
        (lambda: VectorScaling(1.0, [1.0, 1.0], [0.0]), "same length, got 2 and 1"),
        (lambda: MatrixScaling(1.0, [1.0], [0.0]), "`matrix` must be finite with 2 axes"),
        (lambda: MatrixScaling(1.0, np.eye(2), [0.0]), r"each of the 1 intercepts, got shape"),
    ],
)
def test_numbers_that_cannot_be_are_named(make, message):
    with pytest.raises(InputValueError, match=message):
        make()


class TestCalibrate:
    @pytest.mark.parametrize(
        ("method", "kind"), [("vector", VectorScaling), ("matrix", MatrixScaling)]
    )
    def test_what_helps_is_kept(self, method, kind):
        calibrator, report = calibrate(*bent(), method)
        assert isinstance(calibrator, kind)
        assert report.kept == (True,)
        assert report.loss_after < report.loss_before

    @pytest.mark.parametrize("method", ["vector", "matrix"])
    def test_the_temperature_is_kept_where_no_class_has_rows_enough(self, method):
        rng = np.random.default_rng(0)
        z = rng.normal(size=(150, 10))
        y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
        calibrator, report = calibrate(8 * z, y, method)
        assert calibrator == Temperature.fit(8 * z, y)
        assert report.reason.startswith("Kept: the temperature alone, since no class has 20 rows")
        assert report.loss_after < report.loss_before

    @pytest.mark.parametrize("method", ["vector", "matrix"])
    def test_logits_that_are_right_but_for_a_temperature_mostly_get_just_that(self, method):
        kept = []
        for seed in range(10):
            rng = np.random.default_rng(seed)
            z = rng.normal(size=(300, 4))
            y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
            calibrator, report = calibrate(3 * z, y, method, random_state=seed)
            kept.append(isinstance(calibrator, Temperature))
            assert report.loss_after < report.loss_before
        assert sum(kept) >= 5

    @pytest.mark.parametrize("method", ["vector", "matrix"])
    def test_too_few_rows_are_rolled_back(self, method):
        calibrator, report = calibrate(*bent(12), method)
        assert calibrator is None
        assert report.reason.startswith("Rolled back: it takes 10 rows that are right and 10 ")
