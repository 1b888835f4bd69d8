"""scikit-learn's models in the contest: the same heads on their log-posteriors."""

from functools import partial

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB

from headway.comparison import compare
from headway.comparison.work import read_work
from headway.errors import InputValueError

X_IRIS, Y_IRIS = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])

contest_of = partial(compare, X_IRIS, NAMES[Y_IRIS])


@pytest.fixture(scope="module")
def others():
    return contest_of(models=("lda", "naive-bayes"), seeds=2)


class TestModelsOfOthers:
    def test_each_carries_both_heads(self, others):
        assert [(entry.model, entry.head) for entry in others.entries] == [
            ("lda", "softmax"),
            ("lda", "sigmoid"),
            ("naive-bayes", "softmax"),
            ("naive-bayes", "sigmoid"),
        ]

    def test_softmax_of_log_posteriors_is_the_estimators_own_answer(self, others):
        X, y = X_IRIS, NAMES[Y_IRIS]
        split = read_work(X, y).split(0, 0.5)
        theirs = GaussianNB().fit(split.X_train, split.train_labels)
        run = others.entry("naive-bayes", "softmax").runs[0]
        assert np.allclose(run.probs, theirs.predict_proba(split.X_test))

    def test_heads_that_are_trained_by_their_loss_are_left_out_with_a_note(self):
        result = compare(
            X_IRIS, NAMES[Y_IRIS], models=("lda",), heads=("softmax", "double-softmax"), seeds=1
        )
        assert len(result.entries) == 1
        assert any("lda runs without double-softmax" in note for note in result.notes)

    def test_no_head_left_is_an_error(self):
        with pytest.raises(InputValueError, match="must hold softmax or sigmoid for lda"):
            contest_of(models=("lda",), heads=("double-softmax",), seeds=1)

    def test_label_sets_get_one_estimator_a_label(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 3))
        y = (X[:, :2] + rng.logistic(size=(200, 2)) > 0).astype(float)
        y[::7, 0] = np.nan
        result = compare(X, y, models=("naive-bayes", "forest"), heads=("sigmoid",), seeds=1)
        assert {entry.model for entry in result.entries} == {"naive-bayes", "forest"}

    def test_sparse_features_leave_out_what_needs_dense_ones(self):
        X, y = X_IRIS, NAMES[Y_IRIS]
        result = compare(csr_array(X), y, models=("naive-bayes", "lda"), seeds=1)
        assert result.models == ("naive-bayes",)
        assert any(note.startswith("lda left out") for note in result.notes)
