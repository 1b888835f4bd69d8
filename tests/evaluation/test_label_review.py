import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from headway import LinearClassifier
from headway.errors import InputTypeError, InputValueError
from headway.evaluation import review_labels, review_probs

SIZES = st.tuples(st.integers(0, 10**6), st.integers(4, 40), st.integers(2, 5))


def a_problem(seed, n, k):
    """Return probabilities without ties, labels and weights."""
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(k), size=n), rng.integers(k, size=n), rng.integers(1, 4, size=n)


def flipped(y, share, seed, k):
    """Return labels of which a share is moved to another class, and which those are."""
    rng = np.random.default_rng(seed)
    wrong = np.zeros(len(y), dtype=bool)
    wrong[rng.choice(len(y), round(share * len(y)), replace=False)] = True
    return np.where(wrong, (y + rng.integers(1, k, size=len(y))) % k, y), wrong


@pytest.fixture(scope="module")
def digits():
    """Return a review of digits of which 5 % are mislabelled, the truth, and which those are."""
    X, y = load_digits(return_X_y=True)
    given_, wrong = flipped(y, 0.05, 0, 10)
    return review_labels(LinearClassifier(C=0.01), X, given_), y, wrong


class TestLaws:
    @settings(max_examples=50, deadline=None)
    @given(SIZES)
    def test_permuting_rows_permutes_the_answer(self, sizes):
        probs, labels, weights = a_problem(*sizes)
        order = np.random.default_rng(0).permutation(len(labels))
        first = review_probs(probs, labels, sample_weight=weights)
        other = review_probs(probs[order], labels[order], sample_weight=weights[order])
        assert_array_equal(other.flagged, first.flagged[order])
        assert_array_equal(other.log_odds, first.log_odds[order])
        assert_allclose(other.joint, first.joint, rtol=1e-12)
        assert_array_equal(order[other.order()], first.order())

    @settings(max_examples=50, deadline=None)
    @given(SIZES)
    def test_exchanging_columns_exchanges_the_names(self, sizes):
        probs, labels, _ = a_problem(*sizes)
        order = np.random.default_rng(1).permutation(probs.shape[1])
        names = np.array(list("abcde"))[: probs.shape[1]]
        first = review_probs(probs, labels, classes=names)
        other = review_probs(probs[:, order], np.argsort(order)[labels], classes=names[order])
        assert_array_equal(other.flagged, first.flagged)
        assert other.table(None) == first.table(None)
        assert_allclose(other.joint, first.joint[np.ix_(order, order)], rtol=1e-12)

    @settings(max_examples=50, deadline=None)
    @given(SIZES)
    def test_a_weight_is_a_row_repeated(self, sizes):
        probs, labels, weights = a_problem(*sizes)
        weights = weights - 1  # 0, 1 or 2
        weights[0] = 2
        rows = np.repeat(np.arange(len(labels)), weights)
        first = review_probs(probs, labels, sample_weight=weights)
        other = review_probs(probs[rows], labels[rows])
        assert_array_equal(other.flagged, first.flagged[rows])
        assert_allclose(other.confident_joint, first.confident_joint)
        assert other.expected_errors == pytest.approx(first.expected_errors, abs=1e-9)
        assert not first.flagged[weights == 0].any()
        assert not np.isin(first.order(), np.flatnonzero(weights == 0)).any()

    @settings(max_examples=50, deadline=None)
    @given(SIZES)
    def test_a_model_that_agrees_everywhere_flags_nothing(self, sizes):
        probs, _, _ = a_problem(*sizes)
        review = review_probs(probs, probs.argmax(axis=1))
        assert not review.flagged.any()
        assert review.table(None) == ()

    @settings(max_examples=50, deadline=None)
    @given(SIZES)
    def test_what_is_flagged_is_counted_off_the_diagonal_and_listed(self, sizes):
        probs, labels, _ = a_problem(*sizes)
        review = review_probs(probs, labels)
        counts = review.confident_joint
        assert review.flagged.sum() <= counts.sum() - np.trace(counts)
        assert set(np.flatnonzero(review.flagged)) <= set(review.order())
        assert (np.diff([doubt.log_odds for doubt in review.table(None)]) <= 0).all()

    @settings(max_examples=50, deadline=None)
    @given(SIZES)
    def test_the_joint_has_the_weight_that_each_class_was_given(self, sizes):
        probs, labels, weights = a_problem(*sizes)
        review = review_probs(probs, labels, sample_weight=weights)
        given_ = np.bincount(labels, weights=weights, minlength=probs.shape[1])
        assert_allclose(review.joint.sum(axis=1), given_, rtol=1e-12)
        rates = review.noise_rates.sum(axis=0)
        assert_allclose(rates[~np.isnan(rates)], 1.0)

    @settings(max_examples=50, deadline=None)
    @given(SIZES)
    def test_a_label_matrix_is_one_question_of_two_classes_a_label(self, sizes):
        seed, n, labels = sizes
        rng = np.random.default_rng(seed)
        probs, truth = rng.random((n, labels)), rng.integers(2, size=(n, labels)).astype(float)
        truth[rng.random(truth.shape) < 0.3] = np.nan
        review = review_probs(probs, truth)
        for column in range(labels):
            known = ~np.isnan(truth[:, column])
            p = probs[known, column]
            alone = review_probs(np.column_stack([1 - p, p]), truth[known, column].astype(int))
            assert_array_equal(review.flagged[known, column], alone.flagged)
            assert_allclose(review.log_odds[known, column], alone.log_odds, rtol=1e-12)
            assert_array_equal(review.joint[column], alone.joint)
        missing = np.isnan(truth)
        assert not review.flagged[missing].any()
        assert np.isnan(review.log_odds[missing]).all()
        assert all(not missing[row, column] for row, column in review.order())

    def test_what_the_model_says_of_missing_cells_changes_nothing(self):
        rng = np.random.default_rng(0)
        probs, truth = rng.random((40, 3)), rng.integers(2, size=(40, 3)).astype(float)
        truth[rng.random(truth.shape) < 0.3] = np.nan
        other = np.where(np.isnan(truth), rng.random((40, 3)), probs)
        first, second = review_probs(probs, truth), review_probs(other, truth)
        assert first.table(None) == second.table(None)
        assert_array_equal(first.joint, second.joint)


class TestByHand:
    """Three classes, seven rows.  t = (0.6, 0.5, 0.7); the guesses are 0, 2, 0, 1, none, 2, 2."""

    PROBS = np.array(
        [
            [0.9, 0.1, 0.0],
            [0.2, 0.0, 0.8],
            [0.7, 0.2, 0.1],
            [0.1, 0.9, 0.0],
            [0.5, 0.1, 0.4],
            [0.1, 0.1, 0.8],
            [0.4, 0.0, 0.6],
        ]
    )
    LABELS = np.array([0, 0, 0, 1, 1, 2, 2])

    def test_thresholds_counts_joint_and_errors(self):
        review = review_probs(self.PROBS, self.LABELS)
        assert_allclose(review.thresholds, [0.6, 0.5, 0.7])
        assert_array_equal(review.confident_joint, [[2, 0, 1], [0, 1, 0], [0, 0, 1]])
        # Class 1 has one sure row of two, class 2 one of two: both are scaled up to two.
        assert_allclose(review.joint, [[2, 0, 1], [0, 2, 0], [0, 0, 2]])
        assert review.expected_errors == pytest.approx(1.0)
        assert_allclose(review.noise_rates, [[1, 0, 1 / 3], [0, 1, 0], [0, 0, 2 / 3]])
        assert review.pairs() == ((0, 2, pytest.approx(1.0)),)

    def test_the_sure_contradiction_is_flagged_and_the_unsure_one_listed(self):
        review = review_probs(self.PROBS, self.LABELS, classes=["ant", "bee", "cow"])
        assert np.flatnonzero(review.flagged).tolist() == [1]
        unsure, sure = review.table()
        assert (unsure.row, unsure.given, unsure.suggested, unsure.flagged) == (
            (4, "bee", "ant", False)
        )
        assert (sure.row, sure.given, sure.suggested, sure.flagged) == (1, "ant", "cow", True)
        assert sure.log_odds == pytest.approx(np.log(0.8 / 0.2))
        assert (sure.given_prob, sure.suggested_prob, sure.rank) == (0.2, 0.8, 2)

    def test_cells_say_present_or_absent(self):
        probs = np.array([[0.9], [0.8], [0.1], [0.2], [0.95], [0.5]])
        review = review_probs(probs, np.array([[1.0], [1], [0], [0], [0], [np.nan]]), classes="s")
        (doubt,) = review.table()
        assert (doubt.row, doubt.label, doubt.given, doubt.suggested) == (
            4,
            "s",
            "absent",
            "present",
        )
        assert doubt.flagged
        assert review.n_labels == 5
        assert review.pairs()[0][:2] == ("s", "present")

    def test_the_dictionary_is_json(self):
        told = json.loads(json.dumps(review_probs(self.PROBS, self.LABELS).to_dict(1)))
        assert told["flagged"] == 1
        assert told["contradicted"] == 2
        assert told["table"] == [
            {
                "rank": 1,
                "row": 4,
                "given": 1,
                "suggested": 0,
                "given_prob": 0.1,
                "suggested_prob": 0.5,
                "log_odds": pytest.approx(np.log(5)),
                "flagged": False,
            }
        ]

    def test_probabilities_that_underflowed_are_ranked_first_not_lost(self):
        probs = np.array([[1.0, 0.0], [0.9, 0.1], [1.0, 0.0], [0.0, 1.0], [0.1, 0.9]])
        review = review_probs(probs, np.array([0, 0, 1, 1, 1]))
        assert review.order()[0] == 2
        assert np.isfinite(review.log_odds).all()


class TestKnownFlips:
    def test_nine_in_ten_of_the_flagged_digits_are_wrong(self, digits):
        review, _, wrong = digits
        assert wrong[review.flagged].mean() > 0.9
        assert review.flagged[wrong].mean() > 0.6

    def test_the_ranking_goes_on_where_the_flags_end(self, digits):
        review, _, wrong = digits
        top = review.order()[: wrong.sum()]
        assert wrong[top].mean() > 0.85
        assert wrong[top].sum() > wrong[review.flagged].sum()

    def test_the_suggestion_is_the_truth(self, digits):
        review, y, wrong = digits
        found = review.flagged & wrong
        assert (review.suggested[found] == y[found]).mean() > 0.95

    def test_the_number_of_errors_is_estimated(self, digits):
        review, _, wrong = digits
        assert 0.75 * wrong.sum() < review.expected_errors < 1.25 * wrong.sum()

    def test_models_that_saw_the_labels_would_find_less(self, digits):
        review, _, wrong = digits
        X, _ = load_digits(return_X_y=True)
        model = LinearClassifier(C=100.0).fit(X, review.labels)
        seen = review_probs(model.predict_proba(X), review.labels)
        assert seen.flagged[wrong].mean() < review.flagged[wrong].mean() / 2

    def test_flipped_cells_of_label_sets_are_found(self):
        rng = np.random.default_rng(0)
        X = 8 * rng.normal(size=(1500, 4))
        Y = (X + rng.logistic(size=X.shape) > 0).astype(float)
        wrong = rng.random(Y.shape) < 0.05
        missing = ~wrong & (rng.random(Y.shape) < 0.2)
        given_ = np.where(missing, np.nan, np.where(wrong, 1 - Y, Y))
        review = review_labels(LinearClassifier(), X, given_)
        # Labels that chance decided look wrong as well: the best possible model flags them too.
        best = review_probs(1 / (1 + np.exp(-X)), given_)
        assert wrong[review.flagged].mean() > 0.7
        assert wrong[review.flagged].mean() > wrong[best.flagged].mean() - 0.05
        assert review.flagged[wrong].mean() > 0.5
        assert review.kind == "multilabel"


class TestDoors:
    @pytest.mark.parametrize(
        "estimator", [GaussianNB(), RandomForestClassifier(30, random_state=0), LinearSVC()]
    )
    def test_any_classifier_can_review(self, estimator):
        rng = np.random.default_rng(0)
        y = np.repeat(["ant", "bee", "cow"], 60)
        X = rng.normal(size=(180, 4)) + 4 * (y[:, None] == ["ant", "bee", "cow", "-"])
        y[[5, 100]] = "cow", "ant"
        review = review_labels(estimator, X, y)
        assert {doubt.row for doubt in review.table(2)} == {5, 100}
        assert review.classes == ("ant", "bee", "cow")

    def test_the_estimator_stays_as_it_was(self):
        X, y = load_digits(return_X_y=True)
        model = LinearClassifier(C=0.01)
        review_labels(model, X[:200], y[:200], cv=2)
        assert not hasattr(model, "coef_")

    def test_renaming_the_classes_renames_the_answer(self):
        X, y = load_digits(return_X_y=True)
        X, y = X[:300], flipped(y[:300], 0.05, 0, 10)[0]
        names = np.array([f"c{digit}" for digit in range(10)])
        first = review_labels(LinearClassifier(C=0.01), X, y)
        named = review_labels(LinearClassifier(C=0.01), X, names[y])
        assert_array_equal(named.flagged, first.flagged)
        assert [names[d.suggested] for d in first.table()] == [d.suggested for d in named.table()]

    def test_declared_classes_and_missing_values_of_the_estimator_count(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 2))
        Y = (X + rng.logistic(size=X.shape) > 0).astype(int)
        Y[::5, 1] = -1
        review = review_labels(LinearClassifier(classes=["up", "right"], missing=-1), X, Y)
        assert review.classes == ("up", "right")
        assert np.isnan(review.labels[::5, 1]).all()
        absent = review_labels(
            LinearClassifier(classes=["a", "b", "c"]), X, np.array(["a", "b"] * 100)
        )
        assert absent.probs.shape == (200, 3)
        assert np.isinf(absent.thresholds[2])

    def test_weights_reach_the_fits(self):
        X, y = load_digits(return_X_y=True)
        X, y = X[:300], y[:300]
        weights = np.where(y == 3, 0.001, 1.0)
        review = review_labels(LinearClassifier(C=0.01), X, y, sample_weight=weights)
        assert review.probs[y == 3, 3].max() < 0.1

    def test_sets_may_be_sparse_and_lists(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(100, 2))
        sets = [{name for name, x in zip("ab", row, strict=True) if x > 0} for row in X]
        review = review_labels(GaussianNB(), X.tolist(), sets, cv=3)
        assert review.probs.shape == (100, 2)

    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ({"cv": 1}, InputValueError, "at least 2 and at most the 30 rows, got 1"),
            ({"cv": 31}, InputValueError, "got 31"),
            ({"cv": 2.0}, InputTypeError, r"number of folds, got 2\.0"),
            ({"sample_weight": np.zeros(30)}, InputValueError, "must not all be zero"),
            ({"y": np.r_[np.repeat([0, 1], 14), 0, 2]}, InputValueError, "one row of 2"),
            ({"y": np.repeat([0, 1], 14)}, InputValueError, "as many rows, got 30 and 28"),
            (
                {"y": np.column_stack([np.arange(30) == 3, np.arange(30) % 2]).astype(int)},
                InputValueError,
                "but 0 is not without fold",
            ),
        ],
    )
    def test_what_cannot_be_reviewed_is_refused(self, change, error, message):
        X = np.random.default_rng(0).normal(size=(30, 2))
        y = change.pop("y", np.repeat([0, 1], 15))
        with pytest.raises(error, match=message):
            review_labels(LinearClassifier(), X, y, **change)

    @pytest.mark.parametrize(
        ("probs", "labels", "message"),
        [
            (np.full((2, 2), 0.5), [0, 2], r"in 0\.\.1, got 2 at row 1"),
            (np.full((2, 2), 0.5), [0, -1], "got -1 at row 1"),
            (np.full((2, 2), 0.5), [0.0, 1.0], "must be integers"),
            (np.full((2, 2), 0.5), [0, 1, 1], r"got \(2, 2\) and \(3,\)"),
            (np.full((2, 1), 0.5), [0, 1], "at least two classes"),
            (np.array([[0.5, 1.5]]), [0], r"in 0\.\.1, got 1\.5 at row 0, column 1"),
            (np.array([[0.5, np.nan]]), [0], "got nan at row 0, column 1"),
            (np.full((1, 2), 0.5), [[0.0, 0.5]], r"0, 1 or NaN, got 0\.5 at row 0, column 1"),
            (np.full((1, 2), 0.5), [[0.0]], r"shape of `probs` \(1, 2\), got \(1, 1\)"),
        ],
    )
    def test_what_is_no_probability_or_label_is_refused(self, probs, labels, message):
        with pytest.raises((InputTypeError, InputValueError), match=message):
            review_probs(probs, np.array(labels))

    @pytest.mark.parametrize(
        ("top", "error"), [(0, InputValueError), (2.0, InputTypeError), (True, InputTypeError)]
    )
    def test_the_length_of_the_table_is_a_whole_number(self, top, error):
        with pytest.raises(error, match="`top` must be"):
            review_probs(TestByHand.PROBS, TestByHand.LABELS).table(top)

    def test_names_must_be_those_of_the_columns(self):
        with pytest.raises(InputValueError, match="name the 3 columns of `probs`, got 2"):
            review_probs(TestByHand.PROBS, TestByHand.LABELS, classes=["a", "b"])
