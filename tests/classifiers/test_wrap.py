"""`wrap`: anybody's classifier under headway's heads, calibrated and with a decision."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import CategoricalNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier as OtherMLP
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import LabelPropagation
from sklearn.svm import LinearSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier

from headway import LinearClassifier, load, wrap
from headway.calibration import Temperature
from headway.decisions import Argmax, LabelThresholds
from headway.errors import InputTypeError, InputValueError

NAMES = np.array(["ant", "bee", "cat"])


def rows(seed=0, n=300, classes=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, NAMES[(X[:, :classes] + rng.gumbel(size=(n, classes))).argmax(axis=1)]


def sets(seed=0, n=300):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, (X[:, :2] + rng.logistic(size=(n, 2)) > 0).astype(float)


SAME_PROBS = [
    LinearDiscriminantAnalysis(),
    QuadraticDiscriminantAnalysis(),
    GaussianNB(),
    LogisticRegression(),
    GradientBoostingClassifier(n_estimators=5),
    HistGradientBoostingClassifier(max_iter=5),
    AdaBoostClassifier(n_estimators=5),
    SGDClassifier(loss="log_loss", random_state=0),
    make_pipeline(GaussianNB()),
]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("estimator", SAME_PROBS, ids=lambda e: type(e).__name__)
def test_probabilities_are_those_of_the_estimator(estimator, classes):
    X, y = rows(classes=classes)
    theirs = estimator.fit(X, y)
    for model in (wrap(theirs), wrap(estimator).fit(X, y)):
        assert np.allclose(model.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
        assert np.array_equal(model.predict(X), theirs.predict(X))


@pytest.mark.parametrize("estimator", [LinearDiscriminantAnalysis(), GaussianNB()])
def test_log_posteriors_are_logits_of_a_softmax(estimator):
    X, y = rows()
    model = wrap(estimator).fit(X, y)
    assert model.head_.name == "softmax"
    theirs = estimator.fit(X, y)
    assert np.allclose(softmax(model.logits(X), axis=1), theirs.predict_proba(X))


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(n_estimators=10, random_state=0),
        KNeighborsClassifier(5),
        DecisionTreeClassifier(random_state=0),
    ],
    ids=lambda e: type(e).__name__,
)
class TestVotes:
    def test_no_probability_is_zero_and_none_is_below_a_vote_spread_evenly(self, estimator):
        X, y = rows()
        theirs = estimator.fit(X, y).predict_proba(X)
        ours = wrap(estimator).fit(X, y).predict_proba(X)
        votes = {"RandomForestClassifier": 10, "KNeighborsClassifier": 5}.get(
            type(estimator).__name__, 1
        )
        assert theirs.min() == 0.0
        assert np.allclose(ours, (votes * theirs + 1 / 3) / (votes + 1))

    def test_label_sets_at_once(self, estimator):
        X, y = sets()
        model = wrap(estimator).fit(X, y)
        assert model.kind_ == "multilabel"
        assert np.isfinite(model.logits(X)).all()
        assert model.score(X, y) > 0.5


def test_margins_without_probabilities_are_logits_to_calibrate():
    X, y = rows(n=900, classes=2)
    model = wrap(LinearSVC(), calibrator="platt").fit(X, y)
    assert model.calibration_report_.kept == (True,)
    assert np.corrcoef(model.logits(X)[:, 0], LinearSVC().fit(X, y).decision_function(X))[0, 1] > (
        0.999
    )


def test_a_sigmoid_head_trains_one_clone_a_class():
    X, y = rows()
    model = wrap(LinearDiscriminantAnalysis(), head="sigmoid").fit(X, y)
    for k, name in enumerate(NAMES):
        alone = LinearDiscriminantAnalysis().fit(X, y == name).decision_function(X)
        assert np.allclose(model.logits(X)[:, k], alone)
    assert np.allclose(model.membership(X), expit(model.logits(X)))
    assert np.allclose(model.predict_proba(X).sum(axis=1), 1.0)


class TestLabelSets:
    def test_estimators_of_one_label_get_a_clone_each(self):
        X, y = sets()
        model = wrap(GaussianNB()).fit(X, y)
        for column in range(2):
            alone = GaussianNB().fit(X, y[:, column]).predict_proba(X)[:, 1]
            assert np.allclose(model.predict_proba(X)[:, column], alone)

    def test_a_missing_cell_leaves_its_row_out_for_that_label_alone(self):
        X, y = sets()
        holes = y.copy()
        holes[::3, 0] = np.nan
        known = ~np.isnan(holes[:, 0])
        for estimator in (GaussianNB(), KNeighborsClassifier(7)):
            model = wrap(estimator).fit(X, holes)
            one = wrap(estimator).fit(X[known], y[known, 0].astype(int))
            assert np.allclose(model.logits(X)[:, 0], one.logits(X)[:, 0])

    @pytest.mark.parametrize(
        "estimator",
        [
            OtherMLP(max_iter=30, random_state=0),
            OneVsRestClassifier(LogisticRegression()),
            RandomForestClassifier(20, random_state=0),
        ],
        ids=lambda e: type(e).__name__,
    )
    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_those_of_a_fitted_estimator(self, estimator):
        X, y = sets()
        theirs = estimator.fit(X, y.astype(int))
        model = wrap(theirs)
        assert model.kind_ == "multilabel"
        assert np.mean(model.predict(X) == theirs.predict(X)) > 0.99


@dataclass(frozen=True)
class Remembers:
    """A tuner that keeps what it is given, for the tests."""

    seen: list

    def fit(self, probs, labels, /, *, weights=None, random_state=0):
        self.seen.append((probs, labels, weights))
        return Argmax()

    def __deepcopy__(self, memo):
        return self


class TestCrossFitting:
    def test_a_tuner_never_sees_probs_of_rows_that_were_trained_on(self):
        X, y = rows(n=120)
        tuner = Remembers([])
        # A neighbour of its own would make every row right.
        wrap(KNeighborsClassifier(1), decision=tuner).fit(X, y)
        ((probs, labels, _),) = tuner.seen
        assert np.mean(probs.argmax(axis=1) == labels) < 0.8

    def test_an_overfitted_estimator_is_softened(self):
        X, y = rows(n=600)
        model = wrap(GradientBoostingClassifier(n_estimators=200), calibrator="temperature")
        assert model.fit(X, y).calibrator_.value > 1.5

    def test_a_class_that_a_fold_lacks_is_possible_all_the_same(self):
        X, y = sets(n=60)
        y[:, 1] = 0
        y[:2, 1] = 1
        model = wrap(KNeighborsClassifier(3), calibrator="temperature").fit(X, y)
        assert np.isfinite(model.logits(X)).all()

    def test_weights_reach_estimator_and_tuner(self):
        X, y = rows()
        weights = np.random.default_rng(0).uniform(size=len(y))
        tuner = Remembers([])
        model = wrap(LogisticRegression(), decision=tuner).fit(X, y, weights)
        assert tuner.seen[0][2] is not None
        theirs = LogisticRegression().fit(X, y, weights)
        assert np.allclose(model.predict_proba(X), theirs.predict_proba(X))

    def test_a_class_of_one_row_is_refused(self):
        X, y = rows()
        y[:] = "ant"
        y[0] = "bee"
        with pytest.raises(InputValueError, match="at least two rows to be cross-fitted, got one"):
            wrap(GaussianNB(), calibrator="temperature").fit(X, y)


class TestFitted:
    def test_it_is_calibrated_and_decides_by_rows_that_it_was_not_fitted_on(self):
        X, y = sets()
        model = wrap(KNeighborsClassifier(5).fit(X, y))
        tuned = model.calibrate(*sets(1), Temperature(3.0)).decide_by(LabelThresholds([0.2, 0.2]))
        assert np.allclose(tuned.logits(X), model.logits(X) / 3)
        assert tuned.predict(X).sum() > model.predict(X).sum()

    def test_what_is_learned_from_rows_is_refused(self):
        X, y = rows()
        with pytest.raises(InputValueError, match="the estimator is fitted already"):
            wrap(GaussianNB().fit(X, y), calibrator="temperature")

    def test_one_estimator_is_no_sigmoid_for_each_class(self):
        X, y = rows()
        with pytest.raises(InputValueError, match="needs one estimator for each class"):
            wrap(GaussianNB().fit(X, y), head="sigmoid")

    def test_classes_are_those_of_the_estimator(self):
        X, y = rows()
        assert wrap(GaussianNB().fit(X, y)).classes_.tolist() == NAMES.tolist()


class TestOwnClassifiers:
    def test_they_are_saved_with_calibrator_and_decision(self, tmp_path):
        X, y = rows()
        model = wrap(LinearClassifier(C=1e6), calibrator=Temperature(2.0)).fit(X, y)
        model.save(tmp_path / "model.headway")
        loaded = load(tmp_path / "model.headway")
        assert isinstance(loaded, LinearClassifier)
        assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
        assert np.array_equal(loaded.predict(X), model.predict(X))

    def test_the_head_is_that_of_the_classifier(self):
        X, y = rows()
        assert wrap(LinearClassifier("sigmoid")).fit(X, y).head_.name == "sigmoid"
        with pytest.raises(InputValueError, match="bring their head"):
            wrap(LinearClassifier(), head="sigmoid").fit(X, y)

    def test_missing_cells_are_their_own_affair(self):
        X, y = sets()
        y[::4, 1] = np.nan
        model = wrap(LinearClassifier(), calibrator="temperature").fit(X, y)
        assert np.allclose(model.raw_logits(X), LinearClassifier().fit(X, y).logits(X), atol=1e-4)

    def test_others_say_how_to_save_them(self, tmp_path):
        model = wrap(GaussianNB()).fit(*rows())
        with pytest.raises(InputTypeError, match="got a wrapped GaussianNB"):
            model.save(tmp_path / "model.headway")


def test_texts_go_through_a_pipeline():
    texts = ["good fine", "bad poor", "good", "bad", "fine good", "poor"] * 5
    y = ["up", "down", "up", "down", "up", "down"] * 5
    model = wrap(make_pipeline(CountVectorizer(), MultinomialNB()), calibrator="temperature")
    assert model.fit(texts, y).predict(["good", "poor"]).tolist() == ["up", "down"]


@pytest.mark.parametrize(
    "estimator", [GaussianNB, "lda", CountVectorizer(), OneClassSVM(), LinearRegression()]
)
def test_what_is_no_classifier_is_refused(estimator):
    with pytest.raises(InputTypeError, match="`estimator` must be a classifier"):
        wrap(estimator)


def test_votes_without_probabilities_are_refused_with_the_way_out():
    with pytest.raises(InputTypeError, match=r"got VotingClassifier\. Set voting='soft'"):
        wrap(VotingClassifier([("bayes", GaussianNB())]))


def test_a_stack_that_will_learn_its_end_is_a_classifier():
    X, y = rows(n=60)
    stack = StackingClassifier([("bayes", GaussianNB())])
    assert np.allclose(
        wrap(stack).fit(X, y).predict_proba(X), stack.fit(X, y).predict_proba(X), atol=1e-9
    )


def test_a_category_that_a_fold_lacks_is_named_with_the_way_out():
    X = np.arange(60)[:, None] // 2
    X[-1] = 30
    y = np.tile(["no", "yes"], 30)
    with pytest.raises(InputValueError, match=r"known to CategoricalNB, got .* `min_categories`"):
        wrap(CategoricalNB(), calibrator="temperature").fit(X, y)
    with pytest.raises(InputValueError, match="known to CategoricalNB"):
        wrap(CategoricalNB().fit(X[:-1], y[:-1])).predict(X)
    model = wrap(CategoricalNB(min_categories=31), calibrator="temperature").fit(X, y)
    assert set(model.predict(X)) == {"no", "yes"}


def test_one_fold_is_refused():
    with pytest.raises(InputValueError, match="`cv` must be a number of folds, at least 2, got 1"):
        wrap(GaussianNB(), cv=1).fit(*rows())


def test_weights_that_the_estimator_cannot_take_are_refused():
    X, y = rows()
    with pytest.raises(InputValueError, match="KNeighborsClassifier, whose `fit` has no"):
        wrap(KNeighborsClassifier()).fit(X, y, np.ones(len(y)))


@dataclass
class Steep:
    """An estimator for the tests whose probabilities underflow, and their logarithms with them."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return softmax(np.outer(X[:, 0], [0.0, 1000.0, 500.0]), axis=1)

    def predict_log_proba(self, X):
        return np.log(self.predict_proba(X))

    def get_params(self, deep=True):
        return {}

    def __sklearn_tags__(self):
        return GaussianNB().__sklearn_tags__()


def test_the_logits_of_a_row_do_not_depend_on_the_rows_beside_it():
    X, y = rows()
    X_new = np.array([[-0.1, 0, 0, 0], [3.0, 0, 0, 0]])
    model = wrap(Steep()).fit(X, y)
    both = model.logits(X_new)
    assert np.allclose(both[0], [0.0, -100.0, -50.0])
    assert np.array_equal(both[:1], model.logits(X_new[:1]))
    assert np.isfinite(both).all()
    assert both[1].argsort().tolist()[-1] == 1


def test_one_that_lacks_a_class_is_not_saved(tmp_path):
    X, y = rows()
    two = y != "cat"
    model = wrap(LinearClassifier(), classes=NAMES).fit(X[two], y[two])
    with pytest.raises(InputValueError, match="fitted to 2 of 3"):
        model.save(tmp_path / "m")
    assert model.predict_proba(X).shape == (len(X), 3)


def test_one_that_was_calibrated_before_is_not_saved(tmp_path):
    X, y = rows()
    inner = LinearClassifier().fit(X, y).calibrate(X, y, Temperature(2.0))
    with pytest.raises(InputTypeError, match="must have no calibrator of its own"):
        wrap(inner).save(tmp_path / "m")


@pytest.mark.parametrize(
    "estimator", [RadiusNeighborsClassifier(9.0), LabelPropagation()], ids=repr
)
def test_a_number_of_neighbours_that_is_none_or_not_used_is_no_number_of_votes(estimator):
    X, y = rows()
    expected = estimator.fit(X, y).predict_proba(X)
    assert np.allclose(wrap(estimator).predict_proba(X), expected, atol=1e-9)
