"""Rows that say little, at the doors of a fitted model: an error with the way out, or an answer."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

import headway
from headway import AbstainAtError, AbstainAtRate, ConformalSets, LinearClassifier
from headway.decisions import RiskControlledSets, TuneThresholds
from headway.errors import InputValueError

X, y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[y]
CELLS = (X[:, :3] + np.random.default_rng(0).normal(size=(150, 3)) > X[:, :3].mean(0)).astype(float)


@pytest.fixture(scope="module")
def iris():
    return LinearClassifier().fit(X[::2], NAMES[::2])


@pytest.fixture(scope="module")
def sets():
    return LinearClassifier().fit(X[::2], CELLS[::2])


class TestAClassThatTheRowsLack:
    """Rows of versicolor and virginica alone, eight times with noise: enough to calibrate by."""

    def rows(self):
        rng = np.random.default_rng(1)
        some = np.tile(X[50:], (8, 1))
        return some + rng.normal(0, 0.8, some.shape), np.tile(NAMES[50:], 8)

    @pytest.mark.parametrize("method", ["temperature", "vector", "matrix"])
    def test_stays_possible_after_calibration(self, iris, method):
        model = iris.calibrate(*self.rows(), method)
        assert model.calibration_report_.reason.startswith("Kept")
        probs = model.predict_proba(X)
        assert np.isfinite(model.logits(X)).all()
        assert (probs[:, 0] > 0).all()
        if method != "matrix":  # which lets the others rise where they had no rows
            assert (model.predict(X)[:50] == "setosa").all()

    def test_is_in_every_set_that_is_promised_class_by_class(self, iris):
        with pytest.warns(UserWarning, match="fewer in class 0, which every set will hold"):
            model = iris.decide_by(ConformalSets(0.9, by_class=True), *self.rows())
        assert all("setosa" in answer for answer in model.predict(X))

    def test_is_left_out_of_averages_and_named(self, iris):
        result = headway.evaluate(iris, *self.rows(), n_bootstrap=0)
        assert any("setosa" in note for note in result.notes)
        assert np.isfinite(result["macro_f1"].value)

    def test_that_the_model_does_not_know_is_refused_by_every_door(self, iris):
        others = np.where(NAMES == "virginica", "rose", NAMES)
        for door in (
            lambda: headway.evaluate(iris, X, others),
            lambda: iris.calibrate(X, others),
            lambda: iris.decide_by(AbstainAtRate(0.1), X, others),
        ):
            with pytest.raises(InputValueError, match=r"got 'rose' \(first at row 100\)"):
                door()


class TestOneRow:
    def test_of_classes(self, iris):
        row = X[:1], NAMES[:1]
        assert iris.calibrate(*row).calibration_report_.reason.startswith("Rolled back")
        with pytest.warns(UserWarning, match="there are only 1, so that every set will hold all"):
            everything = iris.decide_by(ConformalSets(0.9), *row)
        assert everything.predict(X[:1]).tolist() == [set(iris.classes_)]
        # No more than the share may abstain: of one row, none.
        assert iris.decide_by(AbstainAtRate(0.1), *row).predict(X[:1]).tolist() == ["setosa"]
        with pytest.raises(InputValueError, match="one that the 1 tuning rows can prove"):
            iris.decide_by(AbstainAtError(0.1), *row)
        accuracy = headway.evaluate(iris, *row)["accuracy"]
        assert (accuracy.value, round(accuracy.low, 3), accuracy.high) == (1.0, 0.025, 1.0)

    def test_of_label_sets(self, sets):
        row = X[:1], CELLS[:1]
        assert "takes 10 cells" in sets.calibrate(*row).calibration_report_.reason
        with pytest.warns(UserWarning, match="3 of 3 labels"):
            values = sets.decide_by(TuneThresholds(), *row).head_.decision.values
        assert len(set(values)) == 1
        assert 0 < values[0] < 1
        with pytest.raises(InputValueError, match="takes at least 9 rows with known labels, got 1"):
            sets.decide_by(RiskControlledSets(0.1), *row)
        assert np.isnan(headway.evaluate(sets, *row)["macro_f1"].low)


@pytest.mark.parametrize(
    "tuner", [ConformalSets(0.9), ConformalSets(0.9, method="aps"), AbstainAtRate(0.2)], ids=str
)
def test_rows_that_are_all_alike_are_decided_alike(iris, tuner):
    same = np.repeat(X[70:71], 40, axis=0)
    truth = np.resize(["versicolor", "virginica"], 40)
    answers = iris.decide_by(tuner, same, truth).predict(same)
    if getattr(tuner, "method", "lac") == "lac":
        assert all(answer == answers[0] for answer in answers)
    else:  # drawn for each row: at least as often as promised
        held = np.mean([t in answer for t, answer in zip(truth, answers, strict=True)])
        assert held >= 0.8


def test_cells_that_are_all_missing_are_refused_by_every_door(sets):
    nothing = np.full((len(X), 3), np.nan)
    for door in (
        lambda: sets.calibrate(X, nothing),
        lambda: sets.decide_by(TuneThresholds(), X, nothing),
        lambda: sets.decide_by(RiskControlledSets(0.1), X, nothing),
        lambda: headway.evaluate(sets, X, nothing),
        lambda: headway.review_labels(LinearClassifier(), X, nothing),
        lambda: LinearClassifier().fit(X, nothing),
    ):
        with pytest.raises(InputValueError, match=r"known|observed"):
            door()


def test_a_label_without_a_positive_is_told_of_by_every_door(sets):
    bare = CELLS.copy()
    bare[:, 0] = 0
    report = sets.calibrate(X, bare, "platt").calibration_report_
    assert "Column 0 is one of these: it takes 20 positives and 20 negatives" in report.reason
    with pytest.warns(UserWarning, match=r"1 of 3 labels \(column 0\) have no known positive"):
        sets.decide_by(TuneThresholds(), X, bare)
    assert any("0" in note for note in headway.evaluate(sets, X, bare, n_bootstrap=0).notes)
    with pytest.raises(InputValueError, match="must hold both 0 and 1, got 1 constant: 0"):
        LinearClassifier().fit(X, bare)
