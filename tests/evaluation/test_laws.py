"""Laws that every score obeys, and the edges of the input."""

import json

import numpy as np
import pytest

import headway
from headway.errors import InputTypeError, InputValueError
from headway.evaluation import evaluate_probs

# Its noise term, and every interval, counts rows and not weights: see the docstrings.
COUNTS_ROWS = "calibration_error"


def classes(seed=0, n=80, n_classes=4):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(n_classes), size=n), rng.integers(0, n_classes, n)


def sets(seed=0, n=80, n_labels=5):
    rng = np.random.default_rng(seed)
    labels = (rng.random((n, n_labels)) < 0.4).astype(float)
    labels[rng.random(labels.shape) < 0.2] = np.nan
    return (0.01 + 0.98 * rng.random((n, n_labels))).round(2), labels


def binary(seed=0):
    return classes(seed, n_classes=2)


PROBLEMS = pytest.mark.parametrize("problem", [binary, classes, sets])


def values(probs, labels, **options):
    result = evaluate_probs(probs, labels, n_bootstrap=0, **options)
    found = {name: score.value for name, score in result.scores.items() if name != COUNTS_ROWS}
    table = result.per_class
    for column in ("support", "precision", "recall", "f1", "roc_area", "average_precision"):
        found[column + " of each"] = getattr(table, column)
    return found


def same(one, two):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_allclose(one[name], two[name], atol=1e-12, err_msg=name)


@PROBLEMS
def test_an_integer_weight_is_a_repeated_row(problem):
    probs, labels = problem()
    times = np.random.default_rng(1).integers(0, 4, len(labels))
    same(
        values(probs, labels, sample_weight=times),
        values(np.repeat(probs, times, axis=0), np.repeat(labels, times, axis=0)),
    )


@PROBLEMS
def test_a_common_factor_of_the_weights_changes_nothing_but_the_support(problem):
    probs, labels = problem()
    weights = np.random.default_rng(1).uniform(0.5, 2, len(labels))
    one = evaluate_probs(probs, labels, sample_weight=weights)
    two = evaluate_probs(probs, labels, sample_weight=1000 * weights)
    for name in one.scores:
        for end in ("value", "low", "high"):
            np.testing.assert_allclose(
                getattr(one[name], end), getattr(two[name], end), atol=1e-9, err_msg=name
            )


@PROBLEMS
def test_the_order_of_the_rows_changes_no_value(problem):
    probs, labels = problem()
    order = np.random.default_rng(1).permutation(len(labels))
    same(values(probs, labels), values(probs[order], labels[order]))


@PROBLEMS
def test_every_interval_holds_its_value_and_stays_in_range(problem):
    probs, labels = problem()
    for score in evaluate_probs(probs, labels).scores.values():
        assert score.low <= score.value <= score.high, score
        assert score.method != "none"
        assert score.low >= (-1 if score.name in ("matthews", "kappa") else 0)


@PROBLEMS
def test_the_same_random_state_gives_the_same_intervals(problem):
    probs, labels = problem()
    one, two = (evaluate_probs(probs, labels, random_state=5).to_dict() for _ in range(2))
    assert one == two
    assert one != evaluate_probs(probs, labels, random_state=6).to_dict()


def test_blocks_of_resamples_change_nothing(monkeypatch):
    from headway.evaluation import bootstrap

    probs, labels = sets()
    whole = evaluate_probs(probs, labels, n_bootstrap=200).to_dict()
    monkeypatch.setattr(bootstrap, "BLOCK", 17 * len(labels))
    cut = evaluate_probs(probs, labels, n_bootstrap=200).to_dict()
    for name, score in whole["scores"].items():
        assert score == pytest.approx(cut["scores"][name]), name


def test_areas_may_get_fewer_resamples_and_say_so(monkeypatch):
    from headway.evaluation import scorer

    probs, labels = sets()
    monkeypatch.setattr(scorer, "AREA_BUDGET", 1)
    result = evaluate_probs(probs, labels, n_bootstrap=500)
    assert result["macro_roc_area"].method == "bootstrap, 200"
    assert result["macro_f1"].method == "bootstrap, 500"


def test_a_missing_cell_is_as_good_as_absent():
    """Two tables of one label each, stacked as two labels that miss the other's rows."""
    probs, labels = sets(n=120, n_labels=1)
    known = ~np.isnan(labels[:, 0])
    probs, labels = probs[known], labels[known]
    half = len(labels) // 2
    stacked = np.full((len(labels), 2), np.nan)
    stacked[:half, 0], stacked[half:, 1] = labels[:half, 0], labels[half:, 0]
    junk = np.random.default_rng(3).random(stacked.shape)
    mixed = np.where(np.isnan(stacked), junk, probs)
    one, two = values(probs, labels), values(mixed, stacked)
    for name in (
        "exact_match",
        "hamming_accuracy",
        "micro_f1",
        "example_f1",
        "log_loss",
        "brier",
        "micro_roc_area",
        "micro_average_precision",
        "one_error",
        "ranking_loss",
    ):
        assert one[name] == pytest.approx(two[name]), name


def test_what_stands_in_missing_cells_never_matters():
    probs, labels = sets()
    other = np.where(np.isnan(labels), np.random.default_rng(9).random(probs.shape), probs)
    same(values(probs, labels), values(other, labels))


def test_rows_that_say_nothing_are_left_out_and_counted():
    probs, labels = sets()
    labels[3] = np.nan
    weights = np.ones(len(labels))
    weights[7] = 0
    result = evaluate_probs(probs, labels, sample_weight=weights, n_bootstrap=0)
    assert result.n == len(labels) - 2
    assert result.notes[:2] == (
        "Left out, for their weight is 0: 1 row.",
        "Left out, for no label is known: 1 row.",
    )


def test_one_row_has_values_and_no_bootstrap_interval():
    result = evaluate_probs([[0.2, 0.8]], [1])
    assert result["accuracy"].value == 1.0
    assert result["accuracy"].low == pytest.approx(0.025)  # Clopper-Pearson for 1 of 1
    assert result["log_loss"].method == "none"
    assert np.isnan(result["roc_area"].value)


def test_one_class_leaves_the_roc_area_undefined_and_says_so():
    result = evaluate_probs([[0.2, 0.8], [0.4, 0.6], [0.7, 0.3]], [1, 1, 1], classes=["no", "yes"])
    assert np.isnan(result["roc_area"].value)
    assert "none is no" in result.notes[0]
    assert result["balanced_accuracy"].value == pytest.approx(2 / 3)


def test_the_dict_is_json():
    probs, labels = sets(n=12)
    labels[:, 0] = 0
    text = json.dumps(evaluate_probs(probs, labels).to_dict(), allow_nan=False)
    assert json.loads(text)["format"] == "headway-evaluation"


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_a_model_is_judged_by_its_own_probabilities_and_decisions(head):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = np.array(["ant", "bee", "fly"])[(X + rng.gumbel(size=X.shape)).argmax(axis=1)]
    model = headway.LinearClassifier(head=head).fit(X[:100], y[:100])
    result = headway.evaluate(model, X[100:], y[100:], n_bootstrap=0)
    assert result.classes == ("ant", "bee", "fly")
    assert result["accuracy"].value == pytest.approx(model.score(X[100:], y[100:]))
    codes = model.label_encoder_.transform(y[100:])
    expected = -model.predict_log_proba(X[100:])[np.arange(100), codes].mean()
    assert result["log_loss"].value == pytest.approx(expected)


def test_probabilities_that_round_to_one_keep_a_finite_loss_in_a_model_of_label_sets():
    X = np.linspace(-3, 3, 40)[:, None]
    Y = np.hstack([X > 0, X > 1, X < 0]).astype(float)
    model = headway.LinearClassifier(C=1e4).fit(X, Y)
    result = headway.evaluate(model, 1000 * X, Y[:, [1, 0, 2]], n_bootstrap=0)
    assert model.predict_proba(1000 * X).max() == 1.0
    assert 10 < result["log_loss"].value < np.inf
    assert result.per_class.threshold.tolist() == [0.5, 0.5, 0.5]


class TestBadInput:
    def test_no_rows(self):
        with pytest.raises(InputValueError, match="at least one row"):
            evaluate_probs(np.empty((0, 2)), np.empty(0, dtype=int))

    def test_logits(self):
        with pytest.raises(InputValueError, match=r"0\.\.1, got 2 at row 1, column 0"):
            evaluate_probs([[0.5, 0.5], [2.0, -1.0]], [0, 1])

    def test_rows_that_do_not_sum_to_one(self):
        with pytest.raises(InputValueError, match=r"got 0\.9 at row 1"):
            evaluate_probs([[0.5, 0.5], [0.5, 0.4]], [0, 1])

    @pytest.mark.parametrize("label", [-1, 2])
    def test_a_label_outside(self, label):
        with pytest.raises(InputValueError, match=f"got {label} at row 1"):
            evaluate_probs([[0.5, 0.5], [0.5, 0.5]], [0, label])

    def test_names_for_labels(self):
        with pytest.raises(InputTypeError, match="LabelEncoder"):
            evaluate_probs([[0.5, 0.5]], ["ham"])

    def test_a_cell_that_is_neither(self):
        with pytest.raises(InputValueError, match="got 2 at row 0, column 1"):
            evaluate_probs([[0.5, 0.5]], [[0, 2]])

    def test_one_column_for_two_classes(self):
        with pytest.raises(InputValueError, match="got 1 column"):
            evaluate_probs([[0.5]], [0])

    def test_all_cells_missing(self):
        with pytest.raises(InputValueError, match="observed label"):
            evaluate_probs([[0.5, 0.5]], [[np.nan, np.nan]])

    def test_decisions_of_another_shape(self):
        with pytest.raises(InputValueError, match="`decisions` must be integers"):
            evaluate_probs([[0.5, 0.5]], [0], decisions=[0, 1])
        with pytest.raises(InputValueError, match="a 0/1 matrix"):
            evaluate_probs([[0.5, 0.5]], [[0, 1]], decisions=[0])

    @pytest.mark.parametrize("share", [0.0, 1.0])
    def test_a_level_at_the_edge(self, share):
        with pytest.raises(InputValueError, match="`level` must lie between"):
            evaluate_probs([[0.5, 0.5]], [0], level=share)

    def test_too_few_resamples(self):
        with pytest.raises(InputValueError, match="got 99"):
            evaluate_probs([[0.5, 0.5]], [0], n_bootstrap=99)

    def test_zero_division_outside(self):
        with pytest.raises(InputValueError, match="`zero_division`"):
            evaluate_probs([[0.5, 0.5]], [[0, 1]], zero_division=1.5)

    def test_repeated_names(self):
        with pytest.raises(InputValueError, match="with repeats"):
            evaluate_probs([[0.5, 0.5]], [0], classes=["a", "a"])

    def test_something_else_than_a_model(self):
        with pytest.raises(InputTypeError, match="evaluate_probs"):
            headway.evaluate("model", [[1.0]], [0])

    def test_labels_of_other_rows(self):
        model = headway.LinearClassifier().fit([[0.0], [1.0]], [0, 1])
        with pytest.raises(InputValueError, match="each of the 2 rows"):
            headway.evaluate(model, [[0.0], [1.0]], [0])
