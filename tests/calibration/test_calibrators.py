"""Laws that every calibrator obeys, then what each one finds."""

import pickle
from copy import deepcopy
from dataclasses import fields

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from headway.calibration import (
    Beta,
    Calibrator,
    Isotonic,
    MatrixScaling,
    Platt,
    PriorShift,
    Temperature,
    VectorScaling,
    calibrate,
    shares_of,
)
from headway.errors import InputTypeError, InputValueError
from headway.kernels import softmax


def classes(n=2000, k=4, scale=3.0, seed=0):
    """Logits `scale` times too large, and labels drawn from the right ones."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, k))
    return scale * z, (z + rng.gumbel(size=z.shape)).argmax(axis=1)


def label_sets(n=3000, k=5, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, k)) - 0.5
    return 2.0 * z + 1.0, (rng.random((n, k)) < expit(z)).astype(float)


FITTED = {
    "temperature, classes": lambda: (Temperature.fit(*classes()), classes(50)[0]),
    "temperature, labels": lambda: (Temperature.fit(*label_sets()), label_sets(50)[0]),
    "platt": lambda: (Platt.fit(*label_sets()), label_sets(50)[0]),
    "isotonic": lambda: (Isotonic.fit(*label_sets()), label_sets(50)[0]),
    "beta": lambda: (Beta.fit(*label_sets()), label_sets(50)[0]),
    "vector": lambda: (VectorScaling.fit(*classes()), classes(50)[0]),
    "matrix": lambda: (MatrixScaling.fit(*classes()), classes(50)[0]),
    "prior": lambda: (PriorShift([0.5, 0.0, -1.0, 0.2]), classes(50)[0]),
}


@pytest.fixture(params=FITTED)
def fitted(request):
    return FITTED[request.param]()


class TestEveryCalibrator:
    @pytest.mark.parametrize("again", [deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    def test_a_copy_is_equal_and_read_only(self, fitted, again):
        calibrator = fitted[0]
        copy = again(calibrator)
        assert copy == calibrator
        assert hash(copy) == hash(calibrator)
        for field in fields(copy):
            value = getattr(copy, field.name)
            for array in value if isinstance(value, tuple) else (value,):
                assert not isinstance(array, np.ndarray) or not array.flags.writeable

    def test_maps_logits_to_logits_of_the_same_shape_and_dtype(self, fitted):
        calibrator, logits = fitted
        assert isinstance(calibrator, Calibrator)
        for dtype in (np.float32, np.float64):
            found = calibrator(logits.astype(dtype))
            assert found.shape == logits.shape
            assert found.dtype == dtype
            assert np.isfinite(found).all()

    def test_keeps_the_largest_logit_where_it_says_so(self, fitted):
        calibrator, logits = fitted
        if calibrator.keeps_order:
            found = calibrator(logits)
            by = 1 if isinstance(calibrator, Temperature) else 0
            assert_array_equal(np.argsort(found, axis=by), np.argsort(logits, axis=by))

    @pytest.mark.parametrize("name", ["temperature, labels", "platt", "beta", "isotonic", "prior"])
    def test_never_turns_the_order_within_a_label_round(self, name):
        calibrator, logits = FITTED[name]()
        order = np.argsort(logits, axis=0)
        assert np.all(np.diff(np.take_along_axis(calibrator(logits), order, axis=0), axis=0) >= 0)

    def test_is_frozen_and_equal_to_itself_alone(self, fitted):
        calibrator, _ = fitted
        with pytest.raises(AttributeError):
            calibrator.anything = 1
        assert calibrator == calibrator
        assert calibrator != Temperature(0.123)
        assert len({calibrator, calibrator}) == 1

    def test_does_not_change_the_logits_it_is_given(self, fitted):
        calibrator, logits = fitted
        before = logits.copy()
        calibrator(logits)
        assert_array_equal(logits, before)


class TestTemperature:
    @pytest.mark.parametrize("scale", [0.2, 1.0, 3.0, 10.0])
    def test_finds_by_how_much_logits_are_too_large(self, scale):
        assert_allclose(Temperature.fit(*classes(40_000, scale=scale)).value, scale, rtol=0.05)

    def test_scales_with_the_logits(self):
        z, y = classes()
        assert_allclose(Temperature.fit(5 * z, y).value, 5 * Temperature.fit(z, y).value, rtol=1e-6)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("n", [60, 2000, 300_000])
    def test_reaches_the_least_loss(self, dtype, n):
        z, y = classes(n, k=10)
        z = z.astype(dtype)

        def loss(log_sharpness):
            log_probs = log_softmax(z.astype(np.float64) * np.exp(log_sharpness), axis=1)
            return -log_probs[np.arange(len(y)), y].mean()

        best = minimize_scalar(loss, (-2.0, 1.0), tol=1e-10)
        found = Temperature.fit(z, y)
        assert loss(-np.log(found.value)) <= best.fun + 1e-9

    def test_the_expected_logit_is_the_observed_one(self):
        z, y = classes()
        probs = softmax(Temperature.fit(z, y)(z))
        assert_allclose((probs * z).sum(axis=1).mean(), z[np.arange(len(y)), y].mean(), rtol=1e-6)

    def test_of_labels_it_is_that_of_all_cells_as_binary_rows(self):
        z, t = label_sets()
        t[np.random.default_rng(1).random(t.shape) < 0.3] = np.nan
        seen = ~np.isnan(t)
        cells = Temperature.fit(z[seen][:, None], t[seen].astype(int))
        assert_allclose(Temperature.fit(z, t).value, cells.value, rtol=1e-7)

    def test_where_every_row_is_right_it_stops_at_its_least_value(self):
        z = 5 * np.eye(3)[np.arange(90) % 3]
        assert_allclose(Temperature.fit(z, np.arange(90) % 3).value, 1 / 64, rtol=1e-6)

    def test_where_logits_say_nothing_it_stops_at_its_greatest(self):
        z, y = classes()
        worst = (y + 1) % 4
        assert_allclose(Temperature.fit(z, worst).value, 64.0, rtol=1e-6)

    @pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, "hot", None])
    def test_it_must_be_above_zero(self, value):
        with pytest.raises((InputValueError, InputTypeError), match="`value` must be"):
            Temperature(value)


class TestPlatt:
    def test_it_is_logistic_regression_on_the_logit(self):
        z, t = label_sets()
        found = Platt.fit(z, t, smooth=False)
        for k in range(z.shape[1]):
            peer = LogisticRegression(C=np.inf, tol=1e-10).fit(z[:, [k]], t[:, k])
            assert_allclose(found.slope[k], peer.coef_[0, 0], rtol=1e-4)
            assert_allclose(found.intercept[k], peer.intercept_[0], atol=1e-4)

    def test_missing_cells_do_not_count(self):
        z, t = label_sets()
        t[:1000, 0] = np.nan
        found, alone = Platt.fit(z, t), Platt.fit(z[1000:, :1], t[1000:, :1])
        assert_allclose(found.slope[0], alone.slope[0], rtol=1e-9)

    def test_separated_logits_keep_a_finite_slope(self):
        z = np.linspace(-1, 1, 100)[:, None]
        found = Platt.fit(z, (z > 0).astype(float))
        assert 1.0 < found.slope[0] < 1000.0

    def test_equal_logits_get_the_log_odds(self):
        t = np.zeros((100, 1))
        t[:25] = 1
        found = Platt.fit(np.zeros((100, 1)), t, smooth=False)
        assert_allclose(found(np.zeros((1, 1))), logit(0.25), rtol=1e-9)

    def test_exclusive_classes_are_refused(self):
        with pytest.raises(InputValueError, match="got 4 exclusive classes"):
            Platt.fit(*classes())


class TestIsotonic:
    def test_its_frequencies_are_those_of_scikit_learn(self):
        z, t = label_sets()
        found = expit(Isotonic.fit(z, t)(z))
        for k in range(z.shape[1]):
            peer = IsotonicRegression(out_of_bounds="clip").fit(z[:, k], t[:, k])
            expected = np.clip(peer.predict(z[:, k]), 0.5 / len(z), 1 - 0.5 / len(z))
            assert_allclose(found[:, k], expected, atol=1e-9)

    @pytest.mark.parametrize("decimals", [0, 1, 9])
    def test_weights_of_1_and_float32_change_nothing(self, decimals):
        z, t = label_sets(400, 20)
        z = z.round(decimals).astype(np.float32)
        found = Isotonic.fit(z, t)
        assert_allclose(Isotonic.fit(z.astype(float), t)(z), found(z), atol=1e-9)
        assert_allclose(Isotonic.fit(z, t, weights=np.ones(400))(z), found(z), atol=1e-9)
        peer = IsotonicRegression(out_of_bounds="clip").fit(z[:, 17], t[:, 17])
        expected = np.clip(peer.predict(z[:, 17]), 0.5 / 400, 1 - 0.5 / 400)
        assert_allclose(expit(found(z.astype(float)))[:, 17], expected, atol=1e-6)

    def test_an_integer_weight_is_a_row_repeated(self):
        z, t = label_sets(400)
        weights = np.random.default_rng(1).integers(0, 4, 400)
        t[:50, 1] = np.nan
        one = Isotonic.fit(z, t, weights=weights)
        two = Isotonic.fit(np.repeat(z, weights, axis=0), np.repeat(t, weights, axis=0))
        assert_allclose(one(z), two(z), atol=1e-9)

    def test_ties_share_one_frequency(self):
        z = np.repeat([0.0, 1.0], 50)[:, None]
        t = np.r_[np.tile([0, 1], 25), np.tile([0, 1, 1, 1, 1], 10)]
        found = expit(Isotonic.fit(z, t)(np.array([[0.0], [1.0]])))
        assert_allclose(found[:, 0], [0.5, 0.8])

    def test_nothing_is_certain(self):
        z = np.linspace(-1, 1, 100)[:, None]
        probs = expit(Isotonic.fit(z, (z > 0).astype(float))(z))
        assert_allclose([probs.min(), probs.max()], [0.005, 0.995])

    def test_a_label_that_is_missing_everywhere_is_named(self):
        z, t = label_sets()
        t[:, 2] = np.nan
        with pytest.raises(InputValueError, match="column 2 of `labels`"):
            Isotonic.fit(z, t)


class TestPriorShift:
    def test_it_gives_the_bayes_rule_of_the_new_shares(self):
        rng = np.random.default_rng(0)
        likelihood = rng.uniform(0.1, 1.0, (20, 3))
        old, new = np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.3, 0.1])
        logits = np.log(likelihood * old)
        expected = likelihood * new / (likelihood * new).sum(axis=1, keepdims=True)
        assert_allclose(softmax(PriorShift.between(old, new)(logits)), expected, rtol=1e-12)

    def test_of_labels_it_moves_the_log_odds(self):
        shift = PriorShift.between([0.1], [0.5], exclusive=False)
        assert_allclose(shift(np.array([[logit(0.1)]])), 0.0, atol=1e-12)

    def test_weights_are_undone(self):
        rng = np.random.default_rng(0)
        x = np.r_[rng.normal(0, 1, 3000), rng.normal(1, 1, 1000)][:, None]
        y = np.repeat([0, 1], [3000, 1000])
        plain = LogisticRegression(C=np.inf).fit(x, y)
        heavy = LogisticRegression(C=np.inf, class_weight={0: 1, 1: 3}).fit(x, y)
        both = np.c_[np.zeros(4000), heavy.decision_function(x)]
        undone = softmax(PriorShift.undo_weights([1.0, 3.0])(both))[:, 1]
        assert_allclose(undone.mean(), y.mean(), atol=0.01)
        assert_allclose(undone, plain.predict_proba(x)[:, 1], atol=0.02)

    def test_unknown_shares_are_found(self):
        rng = np.random.default_rng(1)
        y = rng.choice(3, 20_000, p=[0.7, 0.2, 0.1])
        x = rng.normal(size=(20_000, 3)) + 2 * np.eye(3)[y]
        found = shares_of(2 * x, np.full(3, 1 / 3))
        assert_allclose(found, [0.7, 0.2, 0.1], atol=0.02)

    def test_shares_of_other_classes_are_refused(self):
        with pytest.raises(InputValueError, match="`logits` must have 3 columns, got shape"):
            shares_of(np.zeros((5, 2)), np.full(3, 1 / 3))

    @pytest.mark.parametrize("shares", [[0.5, 0.6], [1.0, 0.0], [0.5, np.nan], []])
    def test_shares_must_be_shares(self, shares):
        with pytest.raises(InputValueError, match="`old` must be above 0 and sum to 1"):
            PriorShift.between(shares, [0.5, 0.5])


class TestTheDoor:
    @pytest.mark.parametrize(
        ("logits", "labels", "message"),
        [
            ([0.0, 1.0], [0, 1], "`logits` must have shape"),
            (np.zeros((0, 2)), [], "`logits` must have shape"),
            ([[0.0, np.nan]], [0], "got nan at row 0, column 1"),
            ([[0.0, np.inf]], [0], "got inf at row 0, column 1"),
            ([[-np.inf, 0.0]], [0], "above -inf for the true class, got -inf at row 0"),
            ([[0.0, 1.0]], [2], "in 0..1, got 2 at row 0"),
            ([[0.0, 1.0]], [0, 1], "one entry for each of the 1 rows"),
            ([[0.0, 1.0]], [[0, 1, 1]], r"shape of `logits` \(1, 2\), got \(1, 3\)"),
            ([[0.0, 1.0]], [[0.0, 0.5]], "0, 1 or NaN, got 0.5 at row 0, column 1"),
            ([[0.0, 1.0]], [[np.nan, np.nan]], "known cell"),
        ],
    )
    def test_what_is_wrong_is_named(self, logits, labels, message):
        with pytest.raises(InputValueError, match=message):
            Temperature.fit(np.asarray(logits), np.asarray(labels))

    def test_names_of_classes_are_refused(self):
        with pytest.raises(InputTypeError, match="`labels` must be integers"):
            Temperature.fit(np.zeros((2, 2)), np.array(["a", "b"]))


class TestCalibrate:
    def test_what_helps_is_kept(self):
        calibrator, report = calibrate(*classes())
        assert report.kept == (True,)
        assert report.loss_after < report.loss_before
        assert_allclose(calibrator.value, 3.0, rtol=0.2)

    def test_what_does_not_help_is_rolled_back(self):
        kept = 0
        for seed in range(20):
            rng = np.random.default_rng(seed)
            z = rng.normal(size=(300, 3))
            y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
            calibrator, report = calibrate(z, y, random_state=seed)
            kept += report.kept[0]
            assert (calibrator is None) == (not report.kept[0])
            assert report.loss_after <= report.loss_before
        assert kept < 20

    def test_too_few_rows_are_said(self):
        z, y = classes(12)
        calibrator, report = calibrate(z, y)
        assert calibrator is None
        right = int((z.argmax(axis=1) == y).sum())
        assert report.reason == (
            "Rolled back: it takes 10 rows that are right and 10 that are wrong, and there are "
            f"{right} and {12 - right}."
        )

    def test_labels_stay_as_they_are_where_a_temperature_has_too_few_rows(self):
        z, _ = label_sets(4000)
        z[:, 1] = -np.abs(z[:, 1])
        z[:5, 1] *= -1
        calibrator, report = calibrate(z, (z > 0).astype(float), "platt")
        assert not report.kept[1]
        assert (calibrator.slope[1], calibrator.intercept[1]) == (1.0, 0.0)
        assert "the others stay as they are" in report.reason

    def test_labels_are_judged_one_by_one(self):
        z, t = label_sets(4000)
        t[:, 1] = 0
        t[:5, 1] = 1
        calibrator, report = calibrate(z, t, "platt")
        assert report.kept == (True, False, True, True, True)
        assert "there are 5" in report.reasons[1]
        shared = Temperature.fit(z, t).value
        assert (calibrator.slope[1], calibrator.intercept[1]) == (1.0 / shared, 0.0)
        assert "the others get the temperature of all labels" in report.reason

    def test_isotonic_divides_labels_that_it_cannot_judge_by_one_temperature(self):
        z, t = label_sets(4000)
        t[800:, 2] = np.nan
        calibrator, report = calibrate(z, t, "isotonic")
        assert report.kept == (True, True, False, True, True)
        assert_allclose(calibrator(z)[:, 2], z[:, 2] / Temperature.fit(z, t).value)

    @pytest.mark.parametrize("method", ["platt", "beta", "isotonic"])
    def test_a_label_that_is_hardly_known_does_not_stop_the_others(self, method):
        z, t = label_sets(4000)
        t[2:, 0] = np.nan  # in one fold, or two, alone
        t[:, 3] = np.nan
        calibrator, report = calibrate(z, t, method)
        assert report.kept == (False, True, True, False, True)
        shared = Temperature.fit(z, t)
        assert_allclose(calibrator(z)[:, [0, 3]], shared(z)[:, [0, 3]])

    @pytest.mark.parametrize("method", ["platt", "beta", "isotonic"])
    def test_methods_for_labels_refuse_classes(self, method):
        with pytest.raises(InputValueError, match="got 4 exclusive classes"):
            calibrate(*classes(), method)

    @pytest.mark.parametrize("method", ["vector", "matrix"])
    def test_methods_for_classes_refuse_labels(self, method):
        with pytest.raises(InputValueError, match="got 5 independent columns"):
            calibrate(*label_sets(), method)

    def test_unknown_methods_are_named(self):
        with pytest.raises(InputValueError, match="`method` must be one of"):
            calibrate(*classes(), "magic")
