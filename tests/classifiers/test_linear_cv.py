"""LinearClassifierCV: fits with rows of weight 0 are the fits without them, and the best C wins."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold
from sklearn.utils.estimator_checks import parametrize_with_checks

import headway
from headway.classifiers import LinearClassifier, LinearClassifierCV, load
from headway.errors import HeadwayError, InputValueError
from headway.kernels import linear
from headway.kernels.core import core

IRIS = load_iris()
# Rows that overlap, so that the best C lies inside the path.
X = IRIS.data[:, :2] + np.random.default_rng(1).normal(scale=0.1, size=(150, 2))
NAMES = IRIS.target_names[IRIS.target]
CS = [0.003, 0.3, 30.0]


@pytest.fixture(scope="module")
def moods():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    Y = (X[:, :3] + 0.7 * rng.normal(size=(120, 3)) > 0.3).astype(float)
    Y[:30, 0] = np.nan
    Y[5] = np.nan
    return X, Y


@parametrize_with_checks([LinearClassifierCV(Cs=[0.1, 1.0], cv=3)])
def test_scikit_learns_own_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=ConvergenceWarning)
        check(estimator)


def fold_scores(plain, X, y, folds, loss, weights=None):
    """Return the scores of plain models, fitted to the training rows alone."""
    weights = np.ones(len(y)) if weights is None else weights
    scores = np.empty((len(folds), len(CS)))
    for f, (train, held) in enumerate(folds):
        for c, C in enumerate(CS):
            model = clone(plain).set_params(C=C)
            model.fit(X[train], y[train], sample_weight=weights[train])
            scores[f, c] = np.average(loss(model, X[held], y[held]), weights=weights[held])
    return scores


def log_loss(model, X, y):
    columns = np.searchsorted(model.classes_, y)
    return -model.predict_log_proba(X)[np.arange(len(y)), columns]


class TestScores:
    @pytest.mark.parametrize("standardize", [False, True])
    @pytest.mark.parametrize("form", [np.asarray, sp.csr_array, np.float32])
    def test_they_are_those_of_models_fitted_to_the_rows_of_the_fold(self, form, standardize):
        features = form(X)
        folds = list(StratifiedKFold(4).split(X, NAMES))
        model = LinearClassifierCV(Cs=CS, cv=4, standardize=standardize).fit(features, NAMES)
        plain = LinearClassifier(standardize=standardize)
        expected = fold_scores(plain, features, NAMES, folds, log_loss)
        assert_allclose(model.scores_, expected, rtol=1e-3 if form is np.float32 else 1e-4)
        assert_allclose(model.mean_scores_, expected.mean(axis=0), rtol=1e-3)

    def test_binary_labels_and_weights_of_rows(self):
        y = NAMES == "virginica"
        weights = np.random.default_rng(0).uniform(0, 2, size=150)
        folds = list(StratifiedKFold(5).split(X, y))
        model = LinearClassifierCV(Cs=CS).fit(X, y, sample_weight=weights)
        expected = fold_scores(LinearClassifier(), X, y, folds, log_loss, weights)
        assert_allclose(model.scores_, expected, rtol=1e-4)

    def test_label_sets_lose_on_the_cells_that_are_known(self, moods):
        X, Y = moods
        model = LinearClassifierCV(Cs=CS, cv=3).fit(X, Y)
        for f, (train, held) in enumerate(KFold(3).split(X)):
            plain = LinearClassifier(C=CS[1]).fit(X[train], Y[train])
            cells = np.logaddexp(0, np.where(Y[held] == 1, -1, 1) * plain.logits(X[held]))
            cells[np.isnan(Y[held])] = np.nan
            known = ~np.isnan(cells).all(axis=1)
            assert_allclose(model.scores_[f, 1], np.nansum(cells, axis=1)[known].mean(), rtol=1e-4)

    def test_accuracy_is_the_share_of_right_rows(self):
        folds = list(StratifiedKFold(5).split(X, NAMES))
        model = LinearClassifierCV(Cs=CS, scoring="accuracy").fit(X, NAMES)
        hits = fold_scores(
            LinearClassifier(), X, NAMES, folds, lambda m, X, y: (m.predict(X) == y).astype(float)
        )
        assert_allclose(model.scores_, hits)
        assert CS[hits.mean(axis=0).argmax()] == model.C_

    def test_a_row_drawn_twice_counts_twice(self):
        train = np.r_[np.arange(0, 150, 2), np.arange(0, 150, 2), 1]
        held = np.arange(1, 150, 2)
        model = LinearClassifierCV(Cs=CS, cv=[(train, held)]).fit(X, NAMES)
        expected = fold_scores(LinearClassifier(), X, NAMES, [(train, held)], log_loss)
        assert_allclose(model.scores_, expected, rtol=1e-4)

    @pytest.mark.parametrize("head", ["softmax", "sigmoid"])
    def test_a_class_that_a_fold_lacks_is_held_all_but_impossible(self, head):
        names = NAMES.astype("U20")
        names[149] = "rare"
        folds = list(KFold(3, shuffle=True, random_state=0).split(X))
        model = LinearClassifierCV(head, Cs=CS, cv=folds).fit(X, names)
        f = next(f for f, (_, held) in enumerate(folds) if 149 in held)
        train, held = folds[f]
        plain = LinearClassifier(head, C=CS[1], classes=sorted(set(names)))
        plain.fit(X[train], names[train])
        targets = (names[held][:, None] == plain.classes_).astype(float)
        expected = plain.head_.loss.value(plain.logits(X[held]), targets).mean()
        assert_allclose(model.scores_[f, 1], expected, rtol=1e-3)

    def test_a_mistaken_head_is_scored_by_its_own_loss(self):
        model = LinearClassifierCV("sigmoid+mse", Cs=[0.1, 1.0], cv=2).fit(X, NAMES)
        assert np.isfinite(model.scores_).all()
        assert np.isnan(model.optimality_gap_)


class TestChoice:
    def test_it_is_the_best_mean_score_and_the_smallest_of_equals(self):
        model = LinearClassifierCV().fit(X, NAMES)
        assert_allclose(model.Cs_, np.logspace(-4, 4, 10))
        assert model.Cs_[model.mean_scores_.argmin()] == model.C_
        same = LinearClassifierCV(Cs=[3.0, 1.0, 2.0], scoring="accuracy").fit(
            IRIS.data[:100], NAMES[:100]
        )
        assert_array_equal(same.scores_, 1.0)
        assert same.C_ == 1.0

    def test_scikit_learn_chooses_the_same(self):
        y = NAMES == "virginica"
        peer = LogisticRegressionCV(
            Cs=CS,
            cv=5,
            scoring="neg_log_loss",
            solver="newton-cg",
            tol=1e-8,
            max_iter=1000,
            l1_ratios=(0.0,),
            use_legacy_attributes=False,
        ).fit(X, y)
        assert LinearClassifierCV(Cs=CS).fit(X, y).C_ == peer.C_

    def test_one_standard_error_takes_the_smallest_c_that_is_about_as_good(self):
        best = LinearClassifierCV().fit(X, NAMES)
        model = LinearClassifierCV(one_standard_error=True).fit(X, NAMES)
        at = best.mean_scores_.argmin()
        error = best.scores_[:, at].std(ddof=1) / np.sqrt(5)
        within = best.mean_scores_ <= best.mean_scores_[at] + error
        assert model.C_ == best.Cs_[within].min() < best.C_


class TestFinalFit:
    @pytest.mark.parametrize("Cs", [CS, [0.7]])
    def test_it_is_the_plain_model_at_the_chosen_c(self, Cs):
        model = LinearClassifierCV(Cs=Cs, cv=3, class_weight="balanced").fit(X, NAMES)
        plain = LinearClassifier(C=model.C_, class_weight="balanced").fit(X, NAMES)
        assert_allclose(model.coef_, plain.coef_, rtol=1e-4, atol=1e-6)
        assert_allclose(model.objective_, plain.objective_, rtol=2e-6)
        assert model.optimality_gap_ <= 1e-6
        assert_allclose(model.predict_proba(X), plain.predict_proba(X), atol=1e-5)
        assert_array_equal(model.estimator_.predict(X), model.predict(X))

    def test_warm_starts_save_steps_and_change_nothing_else(self):
        model = LinearClassifierCV(Cs=[10.0, 30.0, 31.0]).fit(X, NAMES)
        plain = LinearClassifier(C=model.C_).fit(X, NAMES)
        assert model.n_iter_ <= plain.n_iter_
        assert_allclose(model.coef_, plain.coef_, rtol=1e-3, atol=1e-5)

    def test_a_random_splitter_with_a_seed_gives_the_same_twice(self):
        cv = ShuffleSplit(3, random_state=0)
        first = LinearClassifierCV(Cs=CS, cv=cv).fit(X, NAMES)
        assert_array_equal(first.scores_, LinearClassifierCV(Cs=CS, cv=cv).fit(X, NAMES).scores_)

    @pytest.mark.parametrize("cv", [3, KFold(3, shuffle=True, random_state=0)])
    def test_a_loaded_model_is_the_saved_one(self, cv, tmp_path):
        model = headway.LinearClassifierCV(Cs=np.array(CS), cv=cv).fit(X, NAMES)
        model.save(tmp_path / "model.headway")
        back = load(tmp_path / "model.headway")
        assert isinstance(back, LinearClassifierCV)
        for name in ("C_", "Cs_", "scores_", "mean_scores_", "coef_", "optimality_gap_", "n_iter_"):
            assert_array_equal(getattr(back, name), getattr(model, name))
        assert_array_equal(back.predict_proba(X), model.predict_proba(X))
        assert back.cv == (3 if cv == 3 else None)
        assert list(back.Cs) == CS

    def test_too_few_steps_are_reported_once_for_all_folds(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            LinearClassifierCV(Cs=[10.0, 100.0], max_iter=1, cv=2).fit(IRIS.data, NAMES)
        assert [str(warning.message)[:34] for warning in caught] == [
            "4 of the 4 fits of the folds stopp",
            "The solver stopped after 1 steps b",
        ]
        assert {warning.filename for warning in caught} == {__file__}

    @pytest.mark.parametrize("form", [np.float32, sp.csr_array])
    def test_features_are_made_ready_once_for_all_fits(self, form, monkeypatch):
        if core() is None:
            pytest.skip("the NumPy twin makes nothing ready")
        made = []
        prepare = linear._set_features
        monkeypatch.setattr(
            linear, "_set_features", lambda *given: (made.append(given[1].X), prepare(*given))
        )
        features = form(X)
        LinearClassifierCV(Cs=CS, cv=3).fit(features, NAMES)
        assert len(made) == 1
        assert made[0].dtype == features.dtype

    def test_an_interrupted_search_leaves_no_model(self, monkeypatch):
        fit_rows = LinearClassifier._fit_rows
        monkeypatch.setattr(
            LinearClassifier,
            "_fit_rows",
            lambda *given: replace(fit_rows(*given), interrupted=True),
        )
        model = LinearClassifierCV(Cs=[1.0], cv=2)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, NAMES)
        assert not hasattr(model, "coef_")

    def test_verbose_writes_a_line_a_fit(self, capsys):
        LinearClassifierCV(Cs=[1.0], cv=2, verbose=1).fit(X, NAMES)
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("fold 1 of 2, C=1: 0.")
        assert err.count("\n") == 2


class TestBadInput:
    @pytest.mark.parametrize(
        ("setting", "message"),
        [
            ({"Cs": 0}, "`Cs` must be at least 1, got 0"),
            ({"Cs": []}, "`Cs` must hold one value at least"),
            ({"Cs": [1.0, 0.0]}, "`Cs` must be positive, got 0.0 at place 1"),
            ({"Cs": [np.nan]}, "`Cs` must be positive, got nan at place 0"),
            ({"Cs": 1.5}, "`Cs` must be an integer or a sequence"),
            ({"Cs": True}, "`Cs` must be an integer or a sequence"),
            ({"Cs": ["1"]}, "`Cs` must be an integer or a sequence"),
            ({"cv": 1}, "`cv` must be at least 2 and at most the number of rows"),
            ({"cv": 51}, "commonest class, 50, got 51"),
            ({"cv": "five"}, "`cv` must be a number of folds"),
            ({"cv": []}, "`cv` must"),
            ({"cv": KFold(151)}, "`cv` must split the rows, but it failed"),
            ({"cv": KFold(3)}, None),
            ({"cv": [(np.arange(50), np.arange(50, 150))]}, "only one class in fold 1"),
            ({"scoring": "auc"}, "`scoring` must be one of 'log_loss', 'accuracy', got 'auc'"),
            ({"one_standard_error": 2}, "`one_standard_error` must be True or False"),
            ({"tol": -1.0}, "`tol` must be positive"),
        ],
    )
    def test_a_wrong_setting_says_what_to_do(self, setting, message):
        model = LinearClassifierCV(**{"Cs": [1.0], **setting})
        if message is None:
            model.fit(X, NAMES)  # sorted labels: every fold lacks the class it is judged by
            assert model.scores_.min() > 5
            return
        with pytest.raises(HeadwayError, match=message):
            model.fit(X, NAMES)

    def test_more_folds_than_rows_of_label_sets(self, moods):
        with pytest.raises(InputValueError, match="at most the number of rows, 120, got 121"):
            LinearClassifierCV(cv=121).fit(*moods)

    def test_a_fold_without_weight(self):
        weights = np.ones(150)
        weights[100:110] = 0
        folds = [(np.arange(100), np.arange(100, 110))]
        with pytest.raises(InputValueError, match=r"hold out rows that carry weight.*fold 1"):
            LinearClassifierCV(cv=folds).fit(X, NAMES, sample_weight=weights)
