"""Calibrating a fitted classifier and giving it another decision: copies, saved and loaded."""

from dataclasses import dataclass

import numpy as np
import pytest

from headway import FromLogits, LeastCost, LinearClassifier, load
from headway.calibration import Isotonic, Platt, PriorShift, Temperature
from headway.decisions import Argmax, RiskControlledSets, Threshold
from headway.errors import InputTypeError, InputValueError

NAMES = np.array(["ant", "bee", "cat"])
UNSURE = LeastCost(np.column_stack([1 - np.eye(3), np.full(3, 0.3)]))


def rows(seed, n=400):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, NAMES[(X[:, :3] + rng.gumbel(size=(n, 3))).argmax(axis=1)]


def sets(seed, n=400):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, (X[:, :2] + rng.logistic(size=(n, 2)) > 0).astype(int)


@dataclass(frozen=True)
class MostFrequent:
    """A tuner for the tests: a cost that makes the most frequent class free."""

    def fit(self, probs, labels, /, *, weights=None, random_state=0):
        cost = np.ones((probs.shape[1],) * 2)
        cost[:, np.bincount(labels, weights).argmax()] = 0.0
        return LeastCost(cost)


@dataclass(frozen=True)
class Everything:
    """A decision for the tests: all classes are candidates."""

    def __call__(self, probs, /):
        return np.ones(probs.shape, dtype=np.int64)


class TestCalibrate:
    def test_logits_are_calibrated_and_raw_logits_are_not(self):
        X, y = rows(0)
        model = LinearClassifier().fit(X, y)
        calibrated = model.calibrate(*rows(1), Temperature(2.0))
        assert np.array_equal(calibrated.logits(X), model.logits(X) / 2)
        assert np.array_equal(calibrated.raw_logits(X), model.logits(X))

    def test_the_classifier_itself_stays_as_it_was(self):
        X, y = rows(0)
        model = LinearClassifier(C=1e6).fit(X[:30], y[:30])
        before = model.logits(X)
        calibrated = model.calibrate(*rows(1))
        assert calibrated.calibration_report_.kept == (True,)
        assert model.calibrator_ is None
        assert np.array_equal(model.logits(X), before)

    def test_a_second_calibration_starts_at_the_raw_logits(self):
        model = LinearClassifier(C=1e6).fit(*rows(0, 30))
        once = model.calibrate(*rows(1))
        assert once.calibrate(*rows(1)).calibrator_ == once.calibrator_

    def test_a_new_fit_forgets_the_calibrator(self):
        model = LinearClassifier().fit(*rows(0)).calibrate(*rows(1), Temperature(2.0))
        assert model.fit(*rows(0)).calibrator_ is None

    @pytest.mark.parametrize("calibrator", [Temperature(3.0), PriorShift([1.0, 0.0, -2.0])])
    def test_a_predictor_holds_the_calibrator(self, calibrator):
        X, y = rows(0)
        model = LinearClassifier().fit(X, y).calibrate(*rows(1), calibrator)
        assert np.allclose(model.predictor("float64").predict_proba(X), model.predict_proba(X))

    def test_a_predictor_holds_lines(self):
        X, y = sets(0)
        model = LinearClassifier().fit(X, y).calibrate(*sets(1), Platt([2.0, 0.5], [1.0, -1.0]))
        assert np.allclose(model.predictor("float64").logits(X), model.logits(X))

    def test_a_predictor_refuses_what_is_not_affine(self):
        curves = Isotonic([np.array([0.0])] * 2, [np.array([0.0])] * 2)
        model = LinearClassifier().fit(*sets(0)).calibrate(*sets(1), curves)
        with pytest.raises(InputTypeError, match="got Isotonic"):
            model.predictor()

    def test_labels_must_be_given(self):
        model = LinearClassifier().fit(*rows(0))
        with pytest.raises(InputValueError, match="`y` must hold the labels"):
            model.calibrate(rows(0)[0], None)


class TestDecideBy:
    def test_a_decision_is_used_as_it_is(self):
        X, y = rows(0)
        model = LinearClassifier().fit(X, y)
        answers = model.decide_by(UNSURE).predict(X)
        sure = model.predict_proba(X).max(axis=1) > 0.7
        assert set(answers[~sure]) == {"abstain"}
        assert np.array_equal(answers[sure], model.predict(X)[sure])

    def test_to_abstain_is_not_right(self):
        X, y = rows(0)
        model = LinearClassifier().fit(X, y).decide_by(UNSURE)
        assert model.score(X, y) == np.mean(model.predict(X) == y)

    def test_numbers_stay_numbers_beside_abstain(self):
        X, y = rows(0)
        model = LinearClassifier().fit(X, np.searchsorted(NAMES, y)).decide_by(UNSURE)
        assert set(model.predict(X)) == {0, 1, 2, "abstain"}

    def test_candidates_are_sets_of_names_and_right_if_the_truth_is_among_them(self):
        X, y = rows(0)
        model = LinearClassifier().fit(X, y).decide_by(Everything())
        assert model.predict(X)[0] == set(NAMES)
        assert model.score(X, y) == 1.0

    def test_a_tuner_finds_the_decision_on_the_rows_given(self):
        X, y = rows(0)
        model = LinearClassifier().fit(X, y)
        assert set(model.decide_by(MostFrequent(), X[y == "bee"], y[y == "bee"]).predict(X)) == {
            "bee"
        }

    def test_a_tuner_sees_calibrated_probs(self):
        X, y = rows(0)
        model = LinearClassifier().fit(X, y).calibrate(*rows(1), Temperature(2.0))
        seen = []

        @dataclass(frozen=True)
        class Looks:
            def fit(self, probs, labels, /, *, weights=None, random_state=0):
                seen.append(probs)
                return Argmax()

        model.decide_by(Looks(), X, y)
        assert np.array_equal(seen[0], model.predict_proba(X))

    def test_a_tuner_without_rows_says_so(self):
        model = LinearClassifier().fit(*rows(0))
        with pytest.raises(InputValueError, match="MostFrequent needs rows to be tuned on"):
            model.decide_by(MostFrequent())

    @pytest.mark.parametrize(
        ("make", "decision", "message"),
        [
            (rows, Threshold(0.5), "got Threshold for one class a row"),
            (sets, Argmax(), "got Argmax for labels of which several can hold"),
        ],
    )
    def test_a_decision_for_other_labels_is_refused(self, make, decision, message):
        with pytest.raises(InputValueError, match=message):
            LinearClassifier().fit(*make(0)).decide_by(decision)

    def test_what_is_no_decision_is_refused(self):
        with pytest.raises(InputTypeError, match="must be a Decision, such as Argmax"):
            LinearClassifier().fit(*rows(0)).decide_by(0.5)


def test_calibrator_and_decision_are_saved(tmp_path):
    X, y = rows(0)
    model = LinearClassifier(C=1e6).fit(X[:30], y[:30]).calibrate(*rows(1)).decide_by(UNSURE)
    model.save(tmp_path / "model.headway")
    loaded = load(tmp_path / "model.headway")
    assert loaded.calibrator_ == model.calibrator_
    assert loaded.calibration_report_ == model.calibration_report_
    assert loaded.head_.decision == UNSURE
    assert np.array_equal(loaded.predict(X), model.predict(X))


class TestRowsThatDoNotCount:
    def test_a_row_without_a_known_cell_changes_no_report(self):
        X, y = sets(0)
        model = LinearClassifier().fit(X, y)
        X, y = sets(1)
        more = np.vstack([X, X]), np.vstack([y, np.full(y.shape, np.nan)])
        report = model.calibrate(X, y).calibration_report_
        other = model.calibrate(*more).calibration_report_
        assert other.loss_before == pytest.approx(report.loss_before, rel=1e-12)

    def test_a_promise_takes_rows_without_a_known_cell_and_rows_of_weight_0(self):
        X, y = sets(0)
        model = LinearClassifier().fit(X, y)
        expected = model.decide_by(RiskControlledSets(0.2), X, y).head_.decision
        more = np.vstack([X, X]), np.vstack([y, np.full(y.shape, np.nan)])
        assert model.decide_by(RiskControlledSets(0.2), *more).head_.decision == expected
        twice, counted = (np.vstack([X, X]), np.vstack([y, 1 - y])), np.repeat([1.0, 0.0], len(X))
        tuned = model.decide_by(RiskControlledSets(0.2), *twice, sample_weight=counted)
        assert tuned.head_.decision == expected

    def test_a_promise_refuses_other_weights(self):
        X, y = sets(0)
        model = LinearClassifier().fit(X, y)
        with pytest.raises(InputValueError, match="takes no `weights`"):
            model.decide_by(RiskControlledSets(0.2), X, y, sample_weight=np.full(len(X), 2.0))


class TestSaidAtOnce:
    @pytest.mark.parametrize("decision", [Argmax, RiskControlledSets])
    def test_a_class_is_no_decision(self, decision):
        X, y = sets(0)
        with pytest.raises(InputTypeError, match=f"the class {decision.__name__} itself"):
            LinearClassifier().fit(X, y).decide_by(decision, X, y)

    def test_a_class_is_no_calibrator(self):
        X, y = rows(0)
        with pytest.raises(InputTypeError, match="the class Temperature itself"):
            LinearClassifier().fit(X, y).calibrate(X, y, Temperature)

    def test_a_decision_for_another_number_of_classes_is_refused(self):
        model = LinearClassifier().fit(*rows(0))
        with pytest.raises(InputValueError, match="each of the 2 classes of `cost`, got 3"):
            model.decide_by(LeastCost(1 - np.eye(2)))
        X, y = rows(0)
        other = FromLogits(None, decision=LeastCost(1 - np.eye(2)))
        with pytest.raises(InputValueError, match="each of the 2 classes of `cost`, got 3"):
            other.fit(X[:, :3], y)

    def test_an_action_with_the_name_of_a_class_is_refused(self):
        X, y = rows(0)
        model = LinearClassifier().fit(X, np.where(y == "ant", "abstain", y))
        with pytest.raises(InputValueError, match="got a class 'abstain' beside the action"):
            model.decide_by(UNSURE)
        named = LeastCost(UNSURE.cost, ("abstain", "bee", "cat", "ask"))
        assert "ask" in model.decide_by(named).predict(X)
