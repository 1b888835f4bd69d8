"""Why one row was decided as it was: contributions add up, and every number is the model's own."""

import json

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB

from headway import (
    Abstain,
    FromLogits,
    LabelThresholds,
    LeastCost,
    LinearClassifier,
    LinearClassifierCV,
    MLPClassifier,
    explain_prediction,
    wrap,
)
from headway.calibration import Beta, Isotonic, Platt, PriorShift, Temperature
from headway.decisions import BinaryThreshold, ConformalSets, TopK
from headway.errors import InputTypeError, InputValueError

X, SPECIES = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])
FRAME = pd.DataFrame(X, columns=["sepal length", "sepal width", "petal length", "petal width"])


@pytest.fixture(scope="module")
def iris():
    return LinearClassifier().fit(FRAME, NAMES[SPECIES])


@pytest.fixture(scope="module")
def songs():
    features, labels = make_multilabel_classification(80, 6, n_classes=4, random_state=1)
    features = pd.DataFrame(features, columns=list("abcdef"))
    model = LinearClassifier(classes=["calm", "happy", "loud", "sad"]).fit(features, labels)
    return model.decide_by(LabelThresholds((0.3, 0.6, 0.5, 0.2), at_least_one=True)), features


def two_classes():
    kept = SPECIES > 0
    return LinearClassifier().fit(X[kept], NAMES[SPECIES[kept]]), X[kept]


def every_model():
    iris = LinearClassifier().fit(X, NAMES[SPECIES])
    binary, rows = two_classes()
    features, labels = make_multilabel_classification(80, 6, n_classes=4, random_state=1)
    sigmoid = LinearClassifier("sigmoid").fit(X, NAMES[SPECIES])
    logits = iris.logits(X)
    return [
        pytest.param(iris, X, id="softmax"),
        pytest.param(sigmoid, X, id="sigmoid"),
        pytest.param(binary, rows, id="binary"),
        pytest.param(binary.decide_by(BinaryThreshold(0.9)), rows, id="binary-threshold"),
        pytest.param(LinearClassifier().fit(features, labels), features, id="labels"),
        pytest.param(LinearClassifierCV(cv=3).fit(X, SPECIES), X, id="cv"),
        pytest.param(iris.calibrate(X, NAMES[SPECIES], "temperature"), X, id="temperature"),
        pytest.param(iris.decide_by(Abstain(0.9)), X, id="abstain"),
        pytest.param(iris.decide_by(LeastCost(1 - np.eye(3))), X, id="cost"),
        pytest.param(iris.decide_by(TopK(2)), X, id="top-k"),
        pytest.param(iris.decide_by(ConformalSets(0.9, "aps"), X, NAMES[SPECIES]), X, id="sets"),
        pytest.param(FromLogits(None).fit(logits, NAMES[SPECIES]), logits, id="logits"),
        pytest.param(wrap(GaussianNB()).fit(X, SPECIES), X, id="wrapped"),
        pytest.param(wrap(LinearClassifier()).fit(X, SPECIES), X, id="wrapped-own"),
    ]


MODELS = every_model()


@pytest.mark.parametrize(("model", "rows"), MODELS)
def test_the_numbers_and_the_answer_are_those_of_the_model(model, rows):
    for row in (0, 20, 70):
        one = rows[row : row + 1]
        told = explain_prediction(model, rows, row)
        assert_allclose(told.raw_logits, model.raw_logits(one)[0])
        assert_allclose(told.logits, model.logits(one)[0])
        assert_allclose(told.probs, model.predict_proba(one)[0])
        answer = model.predict(one)[0]
        if told.kind == "multilabel":
            held = model.label_encoder_.transform(model.predict(one))[0]
            expected = [str(name) for name in model.classes_[held == 1]]
        else:
            expected = [str(name) for name in (answer if told.several else [answer])]
        assert sorted(told.decision) == sorted(expected)
        assert [option.name for option in told.options if option.chosen] == list(told.decision)


@pytest.mark.parametrize(("model", "rows"), MODELS)
def test_text_fits_a_terminal_and_json_keeps_every_number(model, rows):
    told = explain_prediction(model, rows, 70)
    text = told.to_text()
    assert max(map(len, text.splitlines())) <= 80
    assert told.answer in text
    kept = json.loads(json.dumps(told.to_dict(), allow_nan=False))
    assert kept == told.to_dict()
    assert kept["logits"]["raw"] == told.raw_logits.tolist()
    assert [flip["kind"] for flip in kept["flips"].values()] == [
        "logit",
        "threshold",
        "temperature",
    ]


@pytest.mark.parametrize("baseline", [None, "zeros", "mean", [1.0, 2.0, 3.0, 4.0]])
def test_contributions_and_baseline_add_up_to_the_logits(iris, baseline):
    for row in (0, 70, 149):
        told = explain_prediction(iris, FRAME, row, baseline=baseline)
        (reason,) = told.reasons
        assert_allclose(reason.base + reason.values.sum(), reason.logit, atol=1e-12)
        for_it, against = (told.classes.index(name) for name in reason.classes)
        z = iris.raw_logits(FRAME.iloc[[row]])[0]
        assert_allclose(reason.logit, z[for_it] - z[against], atol=1e-12)
        z = iris.raw_logits(pd.DataFrame(told.baseline[None], columns=FRAME.columns))[0]
        assert_allclose(reason.base, z[for_it] - z[against], atol=1e-12)
        assert told.error < 1e-12


def test_a_feature_at_its_baseline_contributes_nothing(iris):
    told = explain_prediction(iris, FRAME, 70, baseline=FRAME.iloc[70].to_numpy())
    assert not told.reasons[0].values.any()
    assert told.reasons[0].base == pytest.approx(told.reasons[0].logit)


def test_a_shift_of_all_logits_moves_the_logits_and_nothing_else():
    plain = LinearClassifier().fit(X, NAMES[SPECIES])
    shifted = LinearClassifier().fit(X, NAMES[SPECIES])
    shifted.coef_ = plain.coef_ + np.array([1.0, -2.0, 0.5, 3.0])
    shifted.intercept_ = plain.intercept_ + 7.0
    for decision in (None, LeastCost(1 - np.eye(3)), Abstain(0.9)):
        models = [m if decision is None else m.decide_by(decision) for m in (plain, shifted)]
        one, other = (explain_prediction(model, X, 70) for model in models)
        assert_allclose(one.reasons[0].values, other.reasons[0].values, atol=1e-9)
        assert_allclose(one.probs, other.probs)
        assert one.decision == other.decision
        assert one.runner_up == other.runner_up
        for flip, again in zip(one.logit_flips, other.logit_flips, strict=True):
            assert_allclose(flip.change, again.change, atol=1e-9)
        assert not np.allclose(one.logits, other.logits)


def test_sparse_features_are_explained_as_dense_ones_are():
    model = LinearClassifier().fit(sp.csr_matrix(X), NAMES[SPECIES])
    one = explain_prediction(model, sp.csr_matrix(X), 70)
    other = explain_prediction(model, X, 70)
    assert_allclose(one.reasons[0].values, other.reasons[0].values, atol=1e-12)
    assert_allclose(one.baseline, X.mean(axis=0))


def test_standardised_weights_speak_of_the_features_as_given():
    model = LinearClassifier(standardize=True).fit(X * [1, 10, 100, 1000], NAMES[SPECIES])
    told = explain_prediction(model, X * [1, 10, 100, 1000], 70)
    reason = told.reasons[0]
    assert_allclose(reason.base + reason.values.sum(), reason.logit, atol=1e-10)
    assert told.features.tolist() == (X[70] * [1, 10, 100, 1000]).tolist()


def test_two_classes_ask_why_one_rather_than_the_other():
    model, rows = two_classes()
    told = explain_prediction(model, rows, 0)
    (reason,) = told.reasons
    assert reason.question == "versicolor rather than virginica"
    assert_allclose(reason.logit, -told.raw_logits[0])  # the logit is that of virginica
    assert reason.logit > 0


def test_the_question_can_be_asked_otherwise(iris):
    def question(*classes):
        return explain_prediction(iris, FRAME, 0, classes=classes).reasons[0].question

    assert question() == "setosa rather than versicolor"
    assert question("setosa") == "setosa rather than versicolor"
    assert question("virginica") == "virginica rather than setosa"
    assert question("versicolor", "virginica") == "versicolor rather than virginica"
    told = explain_prediction(iris, FRAME, 0, classes="virginica")
    assert told.reasons[0].logit < 0


def test_labels_are_explained_one_by_one(songs):
    model, features = songs
    sizes = model.head_.decide(model.logits(features)).sum(axis=1)
    told = explain_prediction(model, features, int(np.flatnonzero(sizes == 2)[0]))
    assert {reason.question for reason in told.reasons} == set(told.decision)
    for reason in told.reasons:
        column = told.classes.index(reason.question)
        assert_allclose(reason.logit, told.raw_logits[column])
        assert_allclose(reason.base + reason.values.sum(), reason.logit, atol=1e-12)
    asked = explain_prediction(model, features, 0, classes=["sad", "loud"])
    assert [reason.question for reason in asked.reasons] == ["sad", "loud"]
    assert [option.line for option in asked.options] == [0.3, 0.6, 0.5, 0.2]
    text = asked.to_text()
    assert "flips at" in text
    assert "at least" not in asked.rule  # said as: a row without any gets one
    assert "misses its threshold least" in asked.rule


def test_expected_costs_are_told_for_every_action(iris):
    cost = np.array([[0.0, 1.0, 1.0, 0.2], [1.0, 0.0, 1.0, 0.2], [5.0, 5.0, 0.0, 0.2]])
    told = explain_prediction(iris.decide_by(LeastCost(cost)), FRAME, 70)
    assert told.compared == "expected cost"
    assert_allclose([option.value for option in told.options], told.probs @ cost)
    assert told.decision == ("abstain",)
    assert told.runner_up == "virginica"
    more = (told.probs @ cost)[2] - 0.2
    assert f"would cost {more:.4g} more" in " ".join(told.to_text().split())


def test_a_decision_that_abstains_says_what_it_would_have_answered(iris):
    told = explain_prediction(iris.decide_by(Abstain(0.9)), FRAME, 70)
    assert told.answer == "abstain"
    assert told.runner_up == "virginica"
    assert told.smallest("threshold").then == pytest.approx(told.probs.max())
    assert told.smallest("temperature").then < 1
    sure = explain_prediction(iris.decide_by(Abstain(0.9)), FRAME, 0)
    assert (sure.answer, sure.runner_up) == ("setosa", "abstain")


def test_what_cannot_be_known_is_said():
    wrapped = explain_prediction(wrap(GaussianNB()).fit(X, SPECIES), X, 70)
    assert wrapped.reasons == ()
    assert "not known" in wrapped.no_reasons
    assert wrapped.smallest("logit").exists
    told = explain_prediction(MODELS[11].values[0], MODELS[11].values[1], 0)
    assert "the logits themselves" in told.to_text()
    assert told.to_dict()["contributions"] is None


def test_a_wrapped_classifier_of_headway_keeps_its_contributions():
    told = explain_prediction(wrap(LinearClassifier()).fit(X, SPECIES), X, 70)
    assert told.model == "LinearClassifier"
    assert told.method == "exact"


def test_a_single_row_is_compared_with_zeros_and_several_with_their_mean(iris):
    assert explain_prediction(iris, FRAME.iloc[[70]]).baseline_name == "a row of zeros"
    told = explain_prediction(iris, FRAME.iloc[:3])
    assert told.baseline_name == "the mean of the 3 rows given"
    assert_allclose(told.baseline, X[:3].mean(axis=0))


def test_the_largest_contributions_come_first_and_the_rest_is_summed(iris):
    told = explain_prediction(iris, FRAME, 70, top=2)
    (reason,) = told.to_dict()["contributions"]["reasons"]
    sizes = [abs(feature["contribution"]) for feature in reason["features"]]
    assert len(sizes) == 2
    assert sizes == sorted(sizes, reverse=True)
    assert reason["others"]["count"] == 2
    total = sum(feature["contribution"] for feature in reason["features"])
    assert_allclose(
        reason["base"] + total + reason["others"]["contribution"], reason["logit"], atol=1e-12
    )
    assert "(2 more)" in told.to_text()


def test_a_calibrated_logit_is_told_beside_the_raw_one():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(600, 3))
    labels = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    model = FromLogits().fit(3 * z, labels)
    told = explain_prediction(model, 3 * z, 0)
    temperature = model.calibrator_.value
    assert f"temperature {temperature:.4g}" in told.calibration
    assert_allclose(told.raw_logits, told.logits * temperature)
    assert "Calibrated logit:" in told.to_text()


CALIBRATORS = [
    (Temperature(2.0), "divided by the temperature 2"),
    (Platt([2.0], [0.5]), "multiplied by 2, and 0.5 is added"),
    (Isotonic(([-1.0, 1.0],), ([-2.0, 2.0],)), "between -1 and 1 it goes from -2 to 2"),
    (Isotonic(([-1.0, 0.1],), ([-2.0, 2.0],)), "above 0.1 it is 2"),
    (PriorShift([0.5]), "constant"),
    (Beta([1.0], [2.0], [0.5]), "beta calibration"),
]


@pytest.mark.parametrize(("calibrator", "said"), CALIBRATORS, ids=lambda x: type(x).__name__)
def test_what_the_calibrator_did_is_said(calibrator, said):
    rows = np.array([[0.5], [-3.0], [2.0], [-1.0]])
    model = (
        FromLogits(None)
        .fit(rows, ["no", "no", "yes", "yes"])
        .calibrate(rows, ["no", "no", "yes", "yes"], calibrator)
    )
    told = explain_prediction(model, rows)
    assert said in told.calibration
    assert_allclose(told.logits, calibrator(rows[:1])[0])


class TestNetworks:
    def test_integrated_gradients_add_up_to_within_the_error_told(self):
        pytest.importorskip("torch")
        X, y = load_digits(return_X_y=True)
        model = MLPClassifier(hidden=(16,), epochs=6, random_state=0).fit(X[:400], y[:400])
        told = explain_prediction(model, X[400:420], 3, image_shape=(8, 8))
        (reason,) = told.reasons
        left = reason.base + reason.values.sum() - reason.logit
        assert abs(left) <= told.error + 1e-4  # and the rounding of float32 logits
        assert told.error <= 1e-3 * max(1.0, abs(reason.logit - reason.base))
        assert told.method == "integrated gradients"
        assert told.feature_names[9] == "pixel (1, 1)"
        assert told.image_shape == (1, 8, 8)

    def test_images_are_taken_in_the_shape_in_which_they_were_fitted(self):
        pytest.importorskip("torch")
        from headway import ConvClassifier

        X, y = load_digits(return_X_y=True)
        settings = {"channels": (4,), "hidden": (), "epochs": 2, "random_state": 0}
        model = ConvClassifier(**settings).fit(X[:300].reshape(-1, 8, 8), y[:300])
        told = explain_prediction(model, X[300:310].reshape(-1, 8, 8), 2)
        assert told.image_shape == (1, 8, 8)
        assert_allclose(told.raw_logits, model.raw_logits(X[302].reshape(1, 8, 8))[0], rtol=1e-4)


class TestErrors:
    @pytest.mark.parametrize("row", [150, -1])
    def test_the_row_must_exist(self, iris, row):
        with pytest.raises(InputValueError, match=rf"`row` must be in 0..149, got {row}"):
            explain_prediction(iris, FRAME, row)

    def test_the_row_must_be_a_number(self, iris):
        with pytest.raises(InputTypeError, match="`row` must be a whole number"):
            explain_prediction(iris, FRAME, 1.5)

    def test_features_must_be_those_of_the_model(self, iris):
        with pytest.raises(InputValueError, match="feature names"):
            explain_prediction(iris, FRAME.rename(columns={"petal width": "petal weight"}))
        holed = FRAME.copy()
        holed.loc[2, "sepal width"] = np.nan
        with pytest.raises(InputValueError, match=r"row 2, column 1 \('sepal width'\)"):
            explain_prediction(iris, holed)

    def test_the_model_must_be_fitted(self):
        with pytest.raises(NotFittedError):
            explain_prediction(LinearClassifier(), X)
        with pytest.raises(InputTypeError, match="`model` must be a fitted classifier"):
            explain_prediction(GaussianNB().fit(X, SPECIES), X)

    def test_names_must_be_those_of_classes(self, iris):
        with pytest.raises(InputValueError, match=r"got 'setose'.*'setosa'"):
            explain_prediction(iris, FRAME, classes=["setose"])
        with pytest.raises(InputValueError, match="twice"):
            explain_prediction(iris, FRAME, classes=["setosa", "setosa"])
        with pytest.raises(InputValueError, match="one or two classes, got 3"):
            explain_prediction(iris, FRAME, classes=NAMES)

    @pytest.mark.parametrize("baseline", ["median", [1.0, 2.0], [np.nan] * 4])
    def test_the_baseline_must_be_a_row(self, iris, baseline):
        with pytest.raises(InputValueError, match="`baseline` must be"):
            explain_prediction(iris, FRAME, baseline=baseline)
        with pytest.raises(InputTypeError, match="`baseline` must be"):
            explain_prediction(iris, FRAME, baseline=["a"] * 4)

    def test_other_settings_are_checked(self, iris):
        with pytest.raises(InputValueError, match="`top` must be"):
            explain_prediction(iris, FRAME, top=0)
        with pytest.raises(InputValueError, match="`image_shape` must hold 4 pixels"):
            explain_prediction(iris, FRAME, image_shape=(2, 3))
