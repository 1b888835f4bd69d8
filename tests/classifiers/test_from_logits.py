"""Somebody else's logits: calibrated, decided, saved; and what is caught at the door."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB

import headway
from headway import Abstain, AbstainAtRate, ConformalSets, FromLogits, load
from headway.calibration import Isotonic, PriorShift, Temperature
from headway.errors import InputTypeError, InputValueError

NAMES = np.array(["ant", "bee", "cat"])


def classes(n=3000, scale=4.0, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 3))
    return scale * z, NAMES[(z + rng.gumbel(size=z.shape)).argmax(axis=1)]


def label_sets(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 4)) - 0.5
    return 2 * z + 1, (rng.random(z.shape) < expit(z)).astype(float)


def test_probabilities_are_those_of_the_calibrated_logits():
    z, y = classes()
    model = FromLogits().fit(z, y)
    assert model.kind_ == "exclusive"
    assert_allclose(model.calibrator_.value, 4.0, rtol=0.1)
    assert_allclose(model.predict_proba(z), headway.softmax(z / model.calibrator_.value))
    assert_array_equal(model.predict(z), NAMES[z.argmax(axis=1)])


def test_without_a_calibrator_logits_stay_what_they_are():
    z, y = classes()
    model = FromLogits(calibrator=None).fit(z, y)
    assert model.calibrator_ is None
    assert model.calibration_report_ is None
    assert_array_equal(model.logits(z), z)


def test_a_calibrator_of_ones_own_is_used_as_it_is():
    z, y = classes()
    shift = PriorShift([1.0, 0.0, 0.0])
    model = FromLogits(calibrator=shift).fit(z, y)
    assert_array_equal(model.logits(z), shift(z))


def test_two_columns_of_a_binary_problem_are_their_difference():
    z, y = classes()
    two = y != "cat"
    z, y = z[two][:, :2], y[two]
    both = FromLogits().fit(z, y)
    one = FromLogits().fit(z[:, 1:] - z[:, :1], y)
    assert both.kind_ == "binary"
    assert_allclose(both.predict_proba(z), one.predict_proba(z[:, 1:] - z[:, :1]), rtol=1e-9)


def test_sigmoids_of_exclusive_classes_are_calibrated_one_by_one():
    z, y = classes()
    model = FromLogits(head="sigmoid").fit(z, y)
    one_hot = (y[:, None] == NAMES).astype(float)
    assert model.calibrator_ == Temperature.fit(z, one_hot)
    assert model.calibrator_ != Temperature.fit(z, np.searchsorted(NAMES, y))
    assert FromLogits("platt", head="sigmoid").fit(z, y).calibration_report_.kept == (True,) * 3


@pytest.mark.parametrize("method", ["vector", "matrix"])
def test_classes_may_have_numbers_of_their_own(method):
    z, y = classes()
    z += np.array([0.0, 2.0, -1.0])  # off by an intercept
    model, alone = FromLogits(method).fit(z, y), FromLogits().fit(z, y)
    report = model.calibration_report_
    assert report.method == method
    assert report.loss_after < alone.calibration_report_.loss_after - 0.01
    assert not model.calibrator_.keeps_order


@pytest.mark.parametrize("method", ["temperature", "platt", "beta", "isotonic"])
def test_label_sets_are_calibrated_too(method):
    z, t = label_sets()
    model = FromLogits(method).fit(z, t)
    assert model.kind_ == "multilabel"
    assert model.calibration_report_.loss_after < model.calibration_report_.loss_before
    assert model.predict(z).shape == t.shape


def test_a_saved_model_says_the_same(tmp_path):
    for method, (z, y) in (
        ("temperature", classes()),
        ("vector", (classes()[0] + np.array([0.0, 2.0, -1.0]), classes()[1])),
        ("matrix", (classes()[0] + np.array([0.0, 2.0, -1.0]), classes()[1])),
        ("beta", label_sets()),
        ("isotonic", label_sets()),
    ):
        model = FromLogits(method).fit(z, y)
        model.save(tmp_path / "model")
        again = headway.load(tmp_path / "model")
        assert again.calibrator_ == model.calibrator_
        assert again.calibration_report_ == model.calibration_report_
        assert_array_equal(again.predict_proba(z), model.predict_proba(z))


@pytest.mark.parametrize("teacher", [LinearDiscriminantAnalysis(), GaussianNB()])
def test_log_posteriors_of_generative_models_are_logits_of_a_softmax_head(teacher):
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    teacher.fit(X, y)
    model = FromLogits(calibrator=None).fit(teacher.predict_log_proba(X), y)
    assert_allclose(model.predict_proba(teacher.predict_log_proba(X)), teacher.predict_proba(X))


class TestTheDoor:
    def test_probabilities_are_refused(self):
        z, y = classes()
        with pytest.raises(InputValueError, match="look like probabilities"):
            FromLogits().fit(headway.softmax(z), y)

    def test_unless_they_are_allowed(self):
        z, y = classes()
        FromLogits(allow_probs_like=True).fit(headway.softmax(z), y)

    def test_values_of_a_sigmoid_are_warned_of(self):
        z, t = label_sets()
        with pytest.warns(UserWarning, match="between 0 and 1"):
            FromLogits().fit(expit(z), t)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            FromLogits(allow_probs_like=True).fit(expit(z), t)

    def test_labels_shifted_by_one_are_named(self):
        z, y = classes()
        codes = np.searchsorted(NAMES, y)
        wide = np.c_[z, np.full(len(z), -20.0)]
        FromLogits(classes=[0, 1, 2, 3]).fit(wide, codes)
        with pytest.raises(InputValueError, match="count from 1"):
            FromLogits(classes=[0, 1, 2, 3]).fit(wide, codes + 1)

    def test_columns_must_be_one_for_each_class(self):
        z, y = classes()
        with pytest.raises(InputValueError, match="each of the 3 classes, got 2 columns"):
            FromLogits().fit(z[:, :2], y)

    def test_a_calibrator_must_be_one(self):
        z, y = classes()
        with pytest.raises(InputTypeError, match="`calibrator` must be one of"):
            FromLogits(calibrator=3).fit(z, y)


def test_calibrators_are_written_as_data():
    from headway.artifact import from_json, to_json

    for calibrator in (Temperature(2.0), PriorShift([1.0, -1.0]), Isotonic(([0.0],), ([1.0],))):
        assert from_json(to_json(calibrator)) == calibrator


class TestDecision:
    def test_a_decision_is_kept_as_it_is(self):
        z, y = classes()
        model = FromLogits(None, decision=Abstain(1.0)).fit(z, y)
        assert set(model.predict(z)) == {"abstain"}

    def test_a_tuner_is_fitted_to_calibrated_probs(self):
        z, y = classes()
        model = FromLogits(Temperature(2.0), decision=AbstainAtRate(0.2)).fit(z, y)
        assert model.head_.decision == AbstainAtRate(0.2).fit(softmax(z / 2, axis=1))

    def test_a_promise_is_tuned_on_rows_that_the_calibrator_has_not_seen(self):
        z, y = classes()
        model = FromLogits("temperature", decision=ConformalSets(0.9)).fit(z, y)
        assert model.calibration_report_.rows == len(y) // 2
        assert model.head_.decision.rows == (len(y) // 2,)

    def test_candidates_hold_the_truth_as_often_as_promised(self):
        z, y = classes()
        half = len(y) // 2
        model = FromLogits(None, decision=ConformalSets(0.8)).fit(z[:half], y[:half])
        # Four standard errors; tuning rows and new rows both vary.
        assert abs(model.score(z[half:], y[half:]) - 0.8) < 4 * np.sqrt(2 * 0.16 / half)

    def test_it_is_saved(self, tmp_path):
        z, y = classes()
        model = FromLogits("temperature", decision=ConformalSets(0.9)).fit(z, y)
        model.save(tmp_path / "model.headway")
        loaded = load(tmp_path / "model.headway")
        assert loaded.head_.decision == model.head_.decision
        assert list(loaded.predict(z[:3])) == list(model.predict(z[:3]))
