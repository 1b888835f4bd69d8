"""LinearClassifier: what it promises users, on every kind of labels."""

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from headway.classifiers import LinearClassifier
from headway.errors import HeadwayError, InputTypeError, InputValueError
from headway.heads import binary_head, sigmoid_head, softmax_head
from headway.kernels.core import core
from headway.solvers import solve_convex
from headway.solvers.problem import LinearProblem

IRIS = load_iris()
NAMES = IRIS.target_names[IRIS.target]


@pytest.fixture(scope="module")
def moods():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    return X, (X[:, :3] + 0.7 * rng.normal(size=(200, 3)) > 0.3).astype(int)


@parametrize_with_checks([LinearClassifier(), LinearClassifier(head="sigmoid", standardize=True)])
def test_scikit_learns_own_checks(estimator, check):
    with warnings.catch_warnings():
        # Some checks fit a handful of rows on purpose.
        warnings.simplefilter("ignore", category=ConvergenceWarning)
        check(estimator)


class TestKindsOfLabels:
    def test_exclusive_classes_under_softmax_are_multinomial_regression(self):
        model = LinearClassifier(C=2.0).fit(IRIS.data, NAMES)
        peer = LogisticRegression(C=2.0, solver="newton-cg", tol=1e-10, max_iter=10_000)
        peer.fit(IRIS.data, NAMES)
        assert model.kind_ == "exclusive"
        assert model.head_ == softmax_head()
        assert_allclose(model.coef_, peer.coef_, rtol=1e-4)
        assert_allclose(model.predict_proba(IRIS.data), peer.predict_proba(IRIS.data), atol=1e-5)
        assert_array_equal(model.classes_, peer.classes_)
        assert model.optimality_gap_ <= 1e-6

    def test_binary_labels_have_one_logit_and_two_probabilities(self):
        X, y = load_breast_cancer(return_X_y=True)
        model = LinearClassifier(standardize=True).fit(X, y == 1)
        assert model.kind_ == "binary"
        assert model.coef_.shape == (1, 30)
        assert model.logits(X).shape == (569, 1)
        assert model.decision_function(X).shape == (569,)
        assert model.predict_proba(X).shape == (569, 2)
        assert model.predict(X).dtype == bool
        assert_allclose(model.membership(X)[:, 0], model.predict_proba(X)[:, 1])

    @pytest.mark.parametrize("head", ["softmax", softmax_head(), binary_head(), "sigmoid"])
    def test_on_binary_labels_every_right_head_is_the_same_model(self, head):
        X, y = IRIS.data[50:], IRIS.target[50:]
        expected = LinearClassifier().fit(X, y)
        assert_allclose(LinearClassifier(head).fit(X, y).coef_, expected.coef_)

    def test_a_sigmoid_head_on_exclusive_classes_normalises_its_memberships(self):
        model = LinearClassifier("sigmoid").fit(IRIS.data, NAMES)
        raw, probs = model.membership(IRIS.data), model.predict_proba(IRIS.data)
        assert_allclose(probs, raw / raw.sum(axis=1, keepdims=True))
        assert np.abs(raw.sum(axis=1) - 1).max() > 0.05
        peer = LogisticRegression(solver="newton-cg", tol=1e-10, max_iter=10_000)
        peer.fit(IRIS.data, NAMES == "versicolor")
        assert_allclose(model.coef_[1], peer.coef_[0], rtol=1e-4)

    def test_label_sets_in_every_spelling_give_one_model(self, moods):
        X, Y = moods
        names = np.array(["calm", "glad", "sad"])
        sets = [set(names[row == 1]) for row in Y]
        piped = ["|".join(names[row == 1]) for row in Y]
        matrix = LinearClassifier().fit(X, Y)
        for written in (sets, piped):
            model = LinearClassifier().fit(X, written)
            assert model.kind_ == "multilabel"
            assert list(model.classes_) == list(names)
            assert_allclose(model.coef_, matrix.coef_, atol=1e-8)
            assert model.score(X, written) == matrix.score(X, Y)
        assert_array_equal(matrix.predict(X), (matrix.predict_proba(X) > 0.5).astype(int))
        assert LinearClassifier().fit(X, sets).predict(X)[0] <= set(names)
        assert_array_equal(matrix.score(X, Y), (matrix.predict(X) == Y).all(axis=1).mean())

    def test_missing_cells_of_a_label_matrix_are_left_out(self, moods):
        X, Y = moods
        holes = Y.astype(float)
        holes[:80, 0] = np.nan
        model = LinearClassifier().fit(X, holes)
        alone = LinearClassifier().fit(X[80:], Y[80:, 0])
        assert_allclose(model.coef_[0], alone.coef_[0], rtol=1e-4)
        assert 0 < model.score(X, holes) <= 1

    def test_softmax_on_label_sets_is_refused_with_the_reason(self, moods):
        with pytest.raises(InputValueError, match='Use head="sigmoid"'):
            LinearClassifier("softmax").fit(*moods)
        with pytest.raises(InputValueError, match="Pass head='sigmoid'"):
            LinearClassifier(softmax_head()).fit(*moods)
        with pytest.raises(InputValueError, match=r"sigmoid_head\(exclusive=True\)"):
            LinearClassifier(sigmoid_head(exclusive=False)).fit(IRIS.data, NAMES)

    @pytest.mark.parametrize("head", ["sigmoid+mse", "double-softmax", "softmax+bce"])
    def test_mistakes_are_fitted_without_a_certificate(self, head):
        X = StandardScaler().fit_transform(IRIS.data)
        model = LinearClassifier(head).fit(X, NAMES)
        assert np.isnan(model.optimality_gap_)
        assert model.head_.mistake
        assert model.score(X, NAMES) > 0.75

    def test_declared_classes_without_rows_stay_possible_but_unlikely(self):
        classes = ["setosa", "versicolor", "virginica", "pseudacorus"]
        for head in ("softmax", "sigmoid"):
            model = LinearClassifier(head, classes=classes).fit(IRIS.data, NAMES)
            log_probs = model.predict_log_proba(IRIS.data)
            assert log_probs.shape == (150, 4)
            assert np.isfinite(log_probs).all()
            assert np.exp(log_probs[:, 3]).max() < 1e-3
            assert model.optimality_gap_ <= 1e-6


class TestWeights:
    def test_class_weights_are_row_weights(self):
        rows = np.where(NAMES == "setosa", 4.0, 1.0)
        by_class = LinearClassifier(class_weight={"setosa": 4.0}).fit(IRIS.data, NAMES)
        by_row = LinearClassifier().fit(IRIS.data, NAMES, sample_weight=rows)
        assert_allclose(by_class.coef_, by_row.coef_, rtol=1e-8)

    def test_balanced_weights_are_those_of_scikit_learn(self):
        X, y = IRIS.data[:120], NAMES[:120]
        model = LinearClassifier(class_weight="balanced").fit(X, y)
        peer = LogisticRegression(
            class_weight="balanced", solver="newton-cg", tol=1e-10, max_iter=10_000
        ).fit(X, y)
        assert_allclose(model.coef_, peer.coef_, rtol=1e-4)

    def test_in_label_sets_class_weights_weigh_the_positives(self, moods):
        X, Y = moods
        model = LinearClassifier(class_weight={1: 5.0}).fit(X, Y)
        alone = LinearClassifier().fit(X, Y[:, 1], sample_weight=np.where(Y[:, 1] == 1, 5.0, 1.0))
        assert_allclose(model.coef_[1], alone.coef_[0], rtol=1e-6)
        assert model.optimality_gap_ <= 1e-6

    def test_label_smoothing_smooths_the_targets(self):
        model = LinearClassifier(label_smoothing=0.3).fit(IRIS.data, NAMES)
        targets = 0.7 * np.eye(3)[IRIS.target] + 0.1
        assert_allclose(model.coef_, solve_convex(IRIS.data, targets, coupled=True).coef)


class TestSettings:
    def test_standardize_is_the_penalty_on_standardised_features(self):
        scaled = StandardScaler().fit_transform(IRIS.data)
        pipeline = LinearClassifier(C=0.1).fit(scaled, NAMES)
        folded = LinearClassifier(C=0.1, standardize=True).fit(IRIS.data, NAMES)
        assert_allclose(folded.logits(IRIS.data), pipeline.logits(scaled), atol=1e-6)
        sparse = LinearClassifier(C=0.1, standardize=True).fit(sp.csr_array(IRIS.data), NAMES)
        assert_allclose(sparse.logits(IRIS.data), pipeline.logits(scaled), atol=1e-6)

    def test_a_constant_feature_is_no_obstacle_to_standardising(self):
        X = np.c_[IRIS.data, np.full(150, 7.1)]
        model = LinearClassifier(standardize=True).fit(X, NAMES)
        assert_allclose(model.coef_[:, 4], 0, atol=1e-8)

    def test_separated_classes_without_a_penalty_are_reported(self):
        with pytest.warns(ConvergenceWarning, match="separate 'setosa' from the rest.*finite C"):
            model = LinearClassifier("sigmoid", C=np.inf).fit(IRIS.data, NAMES)
        assert np.isnan(model.optimality_gap_)
        X, y = IRIS.data[:100], NAMES[:100]
        with pytest.warns(ConvergenceWarning, match="separate the classes, so that without"):
            model = LinearClassifier(C=np.inf).fit(X, y)
        assert model.score(X, y) == 1.0

    def test_too_few_steps_are_reported(self):
        with pytest.warns(ConvergenceWarning, match="stopped after 1 steps before reaching tol"):
            LinearClassifier(max_iter=1, C=100).fit(IRIS.data, NAMES)

    @pytest.mark.parametrize(
        ("setting", "message"),
        [
            ({"C": 0}, "`C` must be positive, got 0. The default is 1.0"),
            ({"C": -1.0}, "`C` must be positive, got -1.0"),
            ({"C": np.nan}, "`C` must be positive, got nan"),
            ({"C": "1"}, "`C` must be a number, got '1'"),
            ({"tol": 0.0}, "`tol` must be positive"),
            ({"tol": np.inf}, "`tol` must be positive"),
            ({"max_iter": 0}, "`max_iter` must be positive"),
            ({"max_iter": 2.5}, "`max_iter` must be an integer, got 2.5"),
            ({"standardize": "yes"}, "`standardize` must be True or False"),
            ({"label_smoothing": 1.0}, "`label_smoothing` must be"),
            ({"label_smoothing": "a"}, "`label_smoothing` must be a number"),
            ({"head": "softmx"}, "`head` must be one of"),
            ({"head": 3}, "`head` must be a Head or one of"),
            ({"class_weight": {"rose": 2}}, "`class_weight` must name classes"),
        ],
    )
    def test_a_wrong_setting_says_what_to_do(self, setting, message):
        with pytest.raises(HeadwayError, match=message):
            LinearClassifier(**setting).fit(IRIS.data, NAMES)

    def test_verbose_writes_to_stderr(self, capsys):
        LinearClassifier(verbose=1).fit(IRIS.data, NAMES)
        out, err = capsys.readouterr()
        assert out == ""
        assert "objective" in err


class TestBadInput:
    def test_a_feature_that_is_not_finite_is_named_by_row_and_column(self):
        for value in (np.nan, np.inf):
            X = IRIS.data.copy()
            X[7, 2] = value
            with pytest.raises(InputValueError, match=r"row 7.*column 2"):
                LinearClassifier().fit(X, NAMES)
            with pytest.raises(InputValueError, match=r"row 7.*petal length"):
                LinearClassifier().fit(pd.DataFrame(X, columns=IRIS.feature_names), NAMES)
            with pytest.raises(InputValueError, match=r"row 7.*column 2"):
                LinearClassifier().fit(IRIS.data, NAMES).predict(X)
            with pytest.raises(InputValueError, match=r"row 7.*column 2"):
                LinearClassifier().fit(sp.csr_array(X), NAMES)

    def test_text_features_are_named_by_row_and_column(self):
        X = pd.DataFrame({"age": [1.0, 2.0, 3.0], "town": ["Rome", "Oslo", "Rome"]})
        with pytest.raises(InputValueError, match=r"'Rome' at row 0, column 'town'.*encode it"):
            LinearClassifier().fit(X, [0, 1, 0])
        with pytest.raises(InputValueError, match="'b' at row 1, column 0"):
            LinearClassifier().fit([["1"], ["b"]], [0, 1])

    def test_a_cell_that_is_no_value_at_all_is_a_type_error(self):
        X = IRIS.data.astype(object)
        X[3, 1] = {"a": 1}
        with pytest.raises(InputTypeError, match="row 3, column 1"):
            LinearClassifier().fit(X, NAMES)

    def test_a_wrong_number_of_features_at_predict(self):
        model = LinearClassifier().fit(IRIS.data, NAMES)
        with pytest.raises(InputValueError, match=r"X has 3 features.*expecting 4.*same order"):
            model.predict(IRIS.data[:, :3])

    def test_one_flat_row_is_refused(self):
        model = LinearClassifier().fit(IRIS.data, NAMES)
        with pytest.raises(InputValueError, match="Expected 2D array"):
            model.predict(IRIS.data[0])

    def test_labels_of_one_class_only(self):
        with pytest.raises(InputValueError, match="one class"):
            LinearClassifier().fit(IRIS.data[:50], NAMES[:50])
        with pytest.raises(InputValueError, match="only one class: 'setosa'"):
            LinearClassifier().fit(IRIS.data, NAMES, sample_weight=NAMES == "setosa")

    def test_rows_and_labels_of_different_number(self):
        with pytest.raises(InputValueError, match="`X` has 150 rows, `y` has 149 rows"):
            LinearClassifier().fit(IRIS.data, NAMES[1:])

    def test_undeclared_labels(self):
        with pytest.raises(InputValueError, match="virginica"):
            LinearClassifier(classes=["setosa", "versicolor"]).fit(IRIS.data, NAMES)

    def test_an_unknown_label_at_score_is_a_mistake(self):
        model = LinearClassifier().fit(IRIS.data, NAMES)
        names = NAMES.astype("U20")
        names[:15] = "pseudacorus"
        assert_allclose(model.score(IRIS.data, names), model.score(IRIS.data, NAMES) - 0.1)

    @pytest.mark.parametrize(
        "weights", [np.full(150, -1.0), np.full(150, np.nan), np.zeros(150), np.ones(149)]
    )
    def test_wrong_sample_weights(self, weights):
        with pytest.raises(InputValueError, match="weights"):
            LinearClassifier().fit(IRIS.data, NAMES, sample_weight=weights)

    def test_an_unfitted_model_says_so(self):
        for method in ("predict", "predict_proba", "predict_log_proba", "membership", "logits"):
            with pytest.raises(NotFittedError):
                getattr(LinearClassifier(), method)(IRIS.data)
        with pytest.raises(NotFittedError):
            LinearClassifier().save("nowhere")


class TestFeatures:
    def test_data_frames_bring_their_names(self):
        expected = LinearClassifier().fit(IRIS.data, NAMES)
        columns = list(IRIS.feature_names)
        for frame in (
            pd.DataFrame(IRIS.data, columns=columns),
            pl.DataFrame(IRIS.data, schema=columns),
        ):
            model = LinearClassifier().fit(frame, NAMES)
            assert list(model.feature_names_in_) == columns
            assert_allclose(model.predict_proba(frame), expected.predict_proba(IRIS.data))

    def test_sparse_features_predict_as_dense_ones(self):
        X, y = load_digits(return_X_y=True)
        sparse = LinearClassifier().fit(sp.csr_matrix(X), y)
        dense = LinearClassifier().fit(X, y)
        assert_allclose(sparse.predict_proba(sp.csc_array(X)), dense.predict_proba(X), atol=1e-6)

    def test_log_probabilities_are_finite_where_probabilities_underflow(self):
        model = LinearClassifier(C=1e4).fit(IRIS.data, NAMES)
        far = 1e3 * IRIS.data[:1]
        assert model.predict_proba(far).min() == 0
        assert np.isfinite(model.predict_log_proba(far)).all()

    def test_a_column_of_labels_is_flattened_with_a_warning(self):
        with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
            model = LinearClassifier().fit(IRIS.data, NAMES[:, None])
        assert model.predict(IRIS.data).shape == (150,)


class TestCompany:
    """It works inside scikit-learn's own tools."""

    def test_clone_and_parameters(self):
        model = LinearClassifier("sigmoid", C=3.0, classes=["a", "b"])
        assert clone(model).get_params() == model.get_params()
        assert model.set_params(C=2.0).C == 2.0

    def test_grid_search_over_a_pipeline(self):
        pipeline = make_pipeline(StandardScaler(), LinearClassifier())
        grid = {
            "linearclassifier__C": [0.01, 1.0],
            "linearclassifier__head": ["softmax", "sigmoid"],
        }
        search = GridSearchCV(pipeline, grid, cv=3, scoring="neg_log_loss").fit(IRIS.data, NAMES)
        assert search.best_params_["linearclassifier__C"] == 1.0
        pandas_out = pipeline.set_output(transform="pandas").fit(IRIS.data, NAMES)
        assert len(pandas_out[-1].feature_names_in_) == 4

    def test_cross_validation_of_probabilities(self, moods):
        probs = cross_val_predict(LinearClassifier(), IRIS.data, NAMES, method="predict_proba")
        assert (probs.argmax(axis=1) == IRIS.target).mean() > 0.9
        X, Y = moods
        assert cross_val_predict(LinearClassifier(), X, Y, method="predict_proba").shape == Y.shape
        scores = cross_val_score(LinearClassifier(), X, Y, scoring="roc_auc")
        assert scores.mean() > 0.8

    def test_scikit_learns_calibration_takes_it(self):
        calibrated = CalibratedClassifierCV(LinearClassifier(), cv=3).fit(IRIS.data, NAMES)
        assert calibrated.score(IRIS.data, NAMES) > 0.9


class TestInterruption:
    def test_ctrl_c_keeps_the_best_weights_and_says_so(self, monkeypatch):
        X, y = load_digits(return_X_y=True)
        looks = 0
        at = LinearProblem.at

        def impatient(problem, weights):
            nonlocal looks
            looks += 1
            if looks == 4:
                raise KeyboardInterrupt
            return at(problem, weights)

        model = LinearClassifier(warm_start=True)
        with monkeypatch.context() as patch:
            patch.setattr(LinearProblem, "at", impatient)
            with pytest.warns(ConvergenceWarning, match="Interrupted after 3 steps"):
                model.fit(X, y)
        assert model.interrupted_
        assert np.isnan(model.optimality_gap_)
        assert model.score(X, y) > 0.5
        model.fit(X, y)
        assert not model.interrupted_
        assert model.optimality_gap_ <= 1e-6

    def test_a_warm_start_begins_where_the_last_fit_ended(self):
        X, y = load_digits(return_X_y=True)
        model = LinearClassifier(C=0.01, warm_start=True).fit(X, y)
        first, coef = model.n_iter_, model.coef_
        model.fit(X, y)
        assert model.n_iter_ < first
        assert_allclose(model.coef_, coef, atol=1e-6)
        # Another number of features is another problem.
        assert model.fit(X[:, :32], y).coef_.shape == (10, 32)

    @pytest.mark.parametrize("standardize", [True, False])
    @pytest.mark.parametrize("convert", [np.asarray, sp.csr_array])
    def test_a_warm_start_is_in_the_units_of_the_features(self, standardize, convert):
        X, y = load_iris(return_X_y=True)
        X = convert(X * np.array([1.0, 10.0, 0.1, 3.0]))
        model = LinearClassifier(standardize=standardize, warm_start=True).fit(X, y)
        assert model.fit(X, y).n_iter_ <= 2


def test_bytes_are_features_without_a_copy_in_floats():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (400, 20)).astype(np.uint8)
    y = (X[:, 0] > X[:, 1]).astype(int)
    narrow = LinearClassifier(C=1e-3).fit(X, y)
    wide = LinearClassifier(C=1e-3).fit(X.astype(np.float64), y)
    assert_allclose(narrow.coef_, wide.coef_, rtol=1e-5, atol=1e-9)
    assert_allclose(narrow.predict_proba(X), wide.predict_proba(X * 1.0), atol=1e-6)


HUGE = """
import resource, warnings
import numpy as np
from headway import LinearClassifier

rng = np.random.default_rng(0)
n, d, k = 8_000, 8, 8_000
labels = rng.permutation(k)
X = rng.normal(size=(n, d)).astype(np.float32)
small = LinearClassifier(classes=np.arange(3), max_iter=1)
big = LinearClassifier(max_iter=1)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    small.fit(X[:50], labels[:50] % 3)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    big.fit(X, labels)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024, n * len(big.classes_))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of ru_maxrss is Linux's")
def test_many_classes_take_less_memory_than_their_logits():
    if core() is None:
        pytest.skip("the NumPy twin works in chunks of half a million cells all the same")
    done = subprocess.run(
        [sys.executable, "-c", HUGE], capture_output=True, text=True, check=True, timeout=300
    )
    grown, cells = map(int, done.stdout.split())
    assert cells == 8_000 * 8_000
    assert grown < 4 * cells
