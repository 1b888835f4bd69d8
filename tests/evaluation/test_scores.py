"""Every score that scikit-learn also has, against scikit-learn; the others by hand."""

import numpy as np
import pytest
import sklearn.metrics as sk

from headway import Abstain, LeastCost, LinearClassifier, TopK, read_costs
from headway.errors import InputValueError
from headway.evaluation import compare_evaluations, evaluate, evaluate_probs

EMPTY = {"zero_division": 0.0}


def exclusive(n_classes, n=300, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, n_classes)).round(1)  # rounding makes ties
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return probs, labels, rng.uniform(0.1, 3.0, n)


def label_sets(n=200, n_labels=7, seed=0):
    rng = np.random.default_rng(seed)
    probs = (1 / (1 + np.exp(-rng.normal(-0.5, 1.5, (n, n_labels))))).round(2).clip(0.01, 0.99)
    labels = (rng.random(probs.shape) < probs).astype(float)
    return probs, labels, rng.uniform(0.1, 3.0, n)


@pytest.fixture(params=[False, True], ids=["unweighted", "weighted"])
def weighted(request):
    return request.param


@pytest.mark.parametrize("n_classes", [2, 6])
def test_scores_of_classes_are_those_of_scikit_learn(n_classes, weighted):
    probs, labels, weights = exclusive(n_classes)
    w = weights if weighted else None
    result = evaluate_probs(probs, labels, sample_weight=w, n_bootstrap=0)
    decided = probs.argmax(axis=1)
    expected = {
        "accuracy": sk.accuracy_score(labels, decided, sample_weight=w),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, decided, sample_weight=w),
        "matthews": sk.matthews_corrcoef(labels, decided, sample_weight=w),
        "kappa": sk.cohen_kappa_score(labels, decided, sample_weight=w),
        "log_loss": sk.log_loss(labels, probs, sample_weight=w),
    }
    for average in ("macro", "micro", "weighted"):
        expected[f"{average}_f1"] = sk.f1_score(labels, decided, average=average, sample_weight=w)
    for name, score in (("precision", sk.precision_score), ("recall", sk.recall_score)):
        expected[f"macro_{name}"] = score(labels, decided, average="macro", sample_weight=w)
    scores = probs[:, 1] if n_classes == 2 else probs
    one_hot = np.eye(n_classes)[labels][:, 1 if n_classes == 2 else slice(None)]
    expected["roc_area"] = sk.roc_auc_score(one_hot, scores, sample_weight=w)
    expected["average_precision"] = sk.average_precision_score(one_hot, scores, sample_weight=w)
    if n_classes == 2:
        for name, score in (
            ("f1", sk.f1_score),
            ("precision", sk.precision_score),
            ("recall", sk.recall_score),
        ):
            expected[name] = score(labels, decided, sample_weight=w)
    one_hot = np.eye(n_classes)[labels]
    expected["brier"] = np.average(((probs - one_hot) ** 2).sum(axis=1), weights=w)
    for name, value in expected.items():
        assert result[name].value == pytest.approx(value, abs=1e-12), name


@pytest.mark.parametrize("k", [3, 5])
def test_top_k_accuracy_is_that_of_scikit_learn(k, weighted):
    rng = np.random.default_rng(1)
    probs = rng.dirichlet(np.ones(7), size=200)
    labels, weights = rng.integers(0, 7, 200), rng.uniform(size=200)
    w = weights if weighted else None
    result = evaluate_probs(probs, labels, sample_weight=w, n_bootstrap=0)
    expected = sk.top_k_accuracy_score(labels, probs, k=k, labels=range(7), sample_weight=w)
    assert result[f"top_{k}_accuracy"].value == pytest.approx(expected, abs=1e-12)


def test_scores_of_label_sets_are_those_of_scikit_learn(weighted):
    probs, labels, weights = label_sets()
    w = weights if weighted else None
    result = evaluate_probs(probs, labels, sample_weight=w, n_bootstrap=0, **EMPTY)
    decided, truth = (probs > 0.5).astype(int), labels.astype(int)
    expected = {
        "exact_match": sk.accuracy_score(truth, decided, sample_weight=w),
        "hamming_accuracy": 1 - sk.hamming_loss(truth, decided, sample_weight=w),
        "jaccard": sk.jaccard_score(
            truth, decided, average="samples", sample_weight=w, zero_division=0
        ),
        "coverage_error": sk.coverage_error(truth, probs, sample_weight=w),
        "ranking_loss": sk.label_ranking_loss(truth, probs, sample_weight=w),
        "label_ranking_precision": sk.label_ranking_average_precision_score(
            truth, probs, sample_weight=w
        ),
        "brier": np.average(((probs - labels) ** 2).mean(axis=1), weights=w),
        "log_loss": np.mean(
            [sk.log_loss(truth[:, k], probs[:, k], sample_weight=w) for k in range(7)]
        ),
    }
    for ours, theirs in (("macro", "macro"), ("micro", "micro"), ("example", "samples")):
        for name, score in (
            ("f1", sk.f1_score),
            ("precision", sk.precision_score),
            ("recall", sk.recall_score),
        ):
            expected[f"{ours}_{name}"] = score(
                truth, decided, average=theirs, sample_weight=w, zero_division=0
            )
    for average in ("macro", "micro"):
        expected[f"{average}_roc_area"] = sk.roc_auc_score(
            truth, probs, average=average, sample_weight=w
        )
        expected[f"{average}_average_precision"] = sk.average_precision_score(
            truth, probs, average=average, sample_weight=w
        )
    for name, value in expected.items():
        assert result[name].value == pytest.approx(value, abs=1e-12), name
    assert set(result.scores) - set(expected) == {"one_error", "calibration_error"}


def test_the_table_of_labels_masks_what_is_missing_as_scikit_learn_would_without_it():
    probs, labels, weights = label_sets()
    labels[np.random.default_rng(2).random(labels.shape) < 0.3] = np.nan
    table = evaluate_probs(probs, labels, sample_weight=weights, n_bootstrap=0).per_class
    for k in range(7):
        known = ~np.isnan(labels[:, k])
        truth, p, w = labels[known, k].astype(int), probs[known, k], weights[known]
        precision, recall, f1, _ = sk.precision_recall_fscore_support(
            truth, p > 0.5, average="binary", sample_weight=w
        )
        assert table.precision[k] == pytest.approx(precision)
        assert table.recall[k] == pytest.approx(recall)
        assert table.f1[k] == pytest.approx(f1)
        assert table.roc_area[k] == pytest.approx(sk.roc_auc_score(truth, p, sample_weight=w))
        assert table.average_precision[k] == pytest.approx(
            sk.average_precision_score(truth, p, sample_weight=w)
        )
        assert table.support[k] == pytest.approx(w[truth == 1].sum())


def test_the_confusion_is_that_of_scikit_learn(weighted):
    probs, labels, weights = exclusive(4)
    w = weights if weighted else None
    confusion = evaluate_probs(probs, labels, sample_weight=w, n_bootstrap=0).confusion
    expected = sk.confusion_matrix(labels, probs.argmax(axis=1), sample_weight=w)
    np.testing.assert_allclose(confusion, expected)


def test_the_calibration_error_is_that_of_the_metrics():
    from headway.metrics import (
        calibration_error,
        observed_cells,
        squared_calibration_error,
        top_label,
    )

    probs, labels, _ = exclusive(4, n=2000)
    sharp = probs**3 / (probs**3).sum(axis=1, keepdims=True)
    ours = evaluate_probs(sharp, labels, n_bootstrap=0)["calibration_error"]
    assert ours.value > 0.1
    assert ours.value == pytest.approx(calibration_error(*top_label(sharp, labels)))
    probs, labels, _ = label_sets(n=1000)
    labels[::3, 2] = np.nan
    cells, truth, owners = observed_cells(probs**2, labels)
    square, error = squared_calibration_error(cells, truth, groups=owners)
    ours = evaluate_probs(probs**2, labels, n_bootstrap=0)["calibration_error"]
    assert ours.value == pytest.approx(np.sqrt(square))
    assert ours.high == pytest.approx(np.sqrt(square + 1.959964 * error), abs=1e-6)


def test_a_row_with_no_true_and_no_decided_label_scores_as_told():
    probs, labels = [[0.1, 0.2], [0.9, 0.1]], [[0, 0], [1, 0]]
    for told in (1.0, 0.0, 0.5):
        result = evaluate_probs(probs, labels, n_bootstrap=0, zero_division=told)
        for name in ("example_f1", "example_precision", "example_recall", "jaccard"):
            assert result[name].value == (1 + told) / 2
    assert any("example F1 of 0.5" in note for note in result.notes)


def test_labels_without_a_positive_or_a_negative_are_left_out_of_the_roc_area_and_named():
    rng = np.random.default_rng(0)
    probs = rng.random((50, 4))
    labels = (rng.random((50, 4)) < 0.5).astype(float)
    labels[:, 1], labels[:, 3] = 0, 1
    result = evaluate_probs(probs, labels, classes=["a", "b", "c", "d"], n_bootstrap=0)
    expected = np.mean([sk.roc_auc_score(labels[:, k], probs[:, k]) for k in (0, 2)])
    assert result["macro_roc_area"].value == pytest.approx(expected)
    assert any("macro ROC area" in note and ": b, d." in note for note in result.notes)


def test_abstaining_is_a_column_of_its_own():
    probs = np.array([[0.9, 0.1], [0.55, 0.45], [0.2, 0.8], [0.4, 0.6]])
    result = evaluate_probs(probs, [0, 0, 1, 0], decisions=[0, 2, 1, 1], n_bootstrap=0)
    assert result.confusion.tolist() == [[1, 1, 1], [0, 1, 0]]
    assert result.actions == ("0", "1", "abstain")
    assert result["accuracy"].value == 0.5
    assert result["answered"].value == 0.75
    assert result["accuracy_of_answered"].value == pytest.approx(2 / 3)
    assert result.per_class.recall.tolist() == pytest.approx([1 / 3, 1.0])
    assert result.per_class.precision.tolist() == [1.0, 0.5]
    truth, decided = [0, 0, 1, 0], [0, 2, 1, 1]
    assert result["matthews"].value == pytest.approx(sk.matthews_corrcoef(truth, decided))


def test_sets_of_classes_are_judged_by_coverage_and_size():
    probs = np.array([[0.5, 0.4, 0.1], [0.8, 0.1, 0.1], [0.3, 0.3, 0.4]])
    result = evaluate_probs(
        probs, [1, 0, 0], decisions=[[1, 1, 0], [1, 0, 0], [0, 0, 0]], n_bootstrap=0
    )
    assert result["coverage"].value == pytest.approx(2 / 3)
    assert result["set_size"].value == 1.0
    assert result["empty_sets"].value == pytest.approx(1 / 3)
    assert result["accuracy"].value == pytest.approx(1 / 3)
    assert result.confusion is None


def test_one_error_asks_only_for_the_most_probable_label():
    probs = [[0.9, 0.8, 0.1], [0.2, 0.3, 0.1], [0.5, 0.4, 0.3]]
    labels = [[0, 1, 1], [0, 1, 0], [0, 0, 0]]
    assert evaluate_probs(probs, labels, n_bootstrap=0)["one_error"].value == 0.5


def test_an_impossible_truth_makes_the_log_loss_infinite_without_an_interval():
    result = evaluate_probs([[1.0, 0.0], [0.5, 0.5], [0.2, 0.8]], [1, 0, 1])
    assert result["log_loss"].value == np.inf
    assert np.isnan(result["log_loss"].low)
    assert result.to_dict()["scores"]["log_loss"]["value"] == "inf"


def test_the_mean_cost_is_that_of_the_prices_paid():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = np.array(["ant", "bee", "cat"])[(X + rng.gumbel(size=X.shape)).argmax(axis=1)]
    prices = {"ant": 1.0, "bee": 2.0, "cat": 5.0}  # of any mistake; an abstention costs 0.4
    cost = [[0 if a == b else prices[a] for b in prices] + [0.4] for a in prices]
    model = LinearClassifier().fit(X, y).decide_by(LeastCost(cost))
    answers, weights = model.predict(X), rng.integers(1, 4, 300)
    paid = np.where(answers == "abstain", 0.4, [prices[t] for t in y]) * (answers != y)
    score = evaluate(model, X, y, sample_weight=weights)["mean_cost"]
    assert score.value == pytest.approx(np.average(paid, weights=weights))
    assert score.low < score.value < score.high
    assert score.smaller_is_better


def three_animals(n=300):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    y = np.array(["ant", "bee", "cat"])[(X + rng.gumbel(size=X.shape)).argmax(axis=1)]
    return LinearClassifier().fit(X, y), X, y


def test_one_table_prices_models_that_decide_by_different_rules_alike():
    model, X, y = three_animals()
    # In another order than the classes, and with an action that most models do not have.
    table = {
        "cat": {"ant": 5, "bee": 4, "ask": 0.5},
        "ant": {"cat": 1, "bee": 2, "ask": 0.5},
        "bee": {"cat": 3, "ant": 1, "ask": 0.5},
    }
    prices = {(t, a): price for t, row in table.items() for a, price in row.items()}
    asks = model.decide_by(read_costs(table, model.classes_))
    results = []
    for one in (model, asks):
        paid = [0.0 if t == a else prices[t, a] for t, a in zip(y, one.predict(X), strict=True)]
        results.append(evaluate(one, X, y, cost=table, n_bootstrap=0))
        assert results[-1]["mean_cost"].value == pytest.approx(np.mean(paid))
    assert "ask" in set(asks.predict(X))
    pair = compare_evaluations(*results, n_bootstrap=200)
    assert pair["mean_cost"].better == "second"
    # The prices that a model goes by do not hide those that are asked for.
    other = evaluate(asks, X, y, cost=LeastCost(np.ones((3, 4)), asks.head_.decision.actions))
    assert other["mean_cost"].value == 1.0


def test_prices_that_do_not_fit_the_decisions_are_refused():
    model, X, y = three_animals(60)
    abstains = model.decide_by(Abstain(0.5))
    mistakes = 1 - np.eye(3)
    assert evaluate(model, X, y, cost=mistakes)["mean_cost"].value == pytest.approx(
        1 - evaluate(model, X, y)["accuracy"].value
    )
    for one, cost, message in [
        (abstains, mistakes, "price for every action that the model can take, got none for 'abst"),
        (model, LeastCost([[0, 1], [1, 0]]), "a row for each of the 3 classes, got 2"),
        (model, LeastCost(np.ones((3, 2))), "got none for 'cat'"),
        (model, np.ones((2, 2)), "got"),
        (model, np.eye(3), "right answer must not cost more"),
        (model.decide_by(TopK(2)), mistakes, "one class a row, got sets of candidates"),
        (LinearClassifier().fit(X, X > 0), mistakes, "one class a row, got label sets"),
    ]:
        with pytest.raises(InputValueError, match=message):
            evaluate(one, X, X > 0 if one.kind_ == "multilabel" else y, cost=cost)


def test_label_sets_have_a_mean_cost_where_costs_are_given():
    probs, labels, _ = label_sets(n=4)
    result = evaluate_probs(probs, labels, costs=[1, 0, 3, 4], n_bootstrap=0)
    assert result["mean_cost"].value == 2.0
    assert "mean_cost" not in evaluate_probs(probs, labels, n_bootstrap=0).scores


@pytest.mark.parametrize("costs", [[1, 2, 3], [1, 2, 3, np.nan]])
def test_costs_must_be_a_finite_number_for_each_row(costs):
    probs, labels, _ = label_sets(n=4)
    with pytest.raises(ValueError, match="`costs` must be 4 finite numbers"):
        evaluate_probs(probs, labels, costs=costs, n_bootstrap=0)
