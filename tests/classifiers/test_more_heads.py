"""Sparsemax, entmax, focal and asymmetric heads in the estimators."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from sklearn.datasets import load_digits

from headway import FromLogits, LinearClassifier, MLPClassifier, load
from headway.calibration import Temperature
from headway.decisions import Argmax
from headway.errors import InputValueError
from headway.heads import Head, preset_head
from headway.links import EntmaxLink, OneColumnLink, SparsemaxLink
from headway.losses import CanonicalLoss, FocalLoss, OneColumnLoss

HEADS = ("sparsemax", "entmax", "focal", "asymmetric")
SPARSE = HEADS[:2]


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[::2] / 16, y[::2], X[1::2] / 16, y[1::2]


@pytest.fixture(scope="module")
def sets(digits):
    X, y, X_test, y_test = digits
    rules = np.array([[k % 2, k > 4, k in (0, 6, 8, 9)] for k in range(10)], dtype=float)
    return X, rules[y], X_test, rules[y_test]


@pytest.mark.parametrize("head", HEADS)
def test_a_linear_model_learns_digits(digits, head):
    X, y, X_test, y_test = digits
    model = LinearClassifier(head).fit(X, y)
    assert model.score(X_test, y_test) > 0.93
    assert np.isnan(model.optimality_gap_)  # no proof is claimed
    probs = model.predict_proba(X_test)
    assert_allclose(probs.sum(axis=1), 1, rtol=1e-12)
    assert ((probs == 0).any()) == (head in SPARSE)
    assert_array_equal(model.predict(X_test), probs.argmax(axis=1))
    logs = model.predict_log_proba(X_test)
    assert_array_equal(logs == -np.inf, probs == 0)


@pytest.mark.parametrize("head", SPARSE)
def test_sparse_rows_name_few_classes(digits, head):
    X, y, X_test, _ = digits
    counts = (LinearClassifier(head).fit(X, y).predict_proba(X_test) > 0).sum(axis=1)
    assert counts.min() == 1
    assert counts.mean() < 3


@pytest.mark.parametrize("head", HEADS)
def test_two_classes_take_one_column(digits, head):
    X, y, X_test, y_test = digits
    model = LinearClassifier(head).fit(X, y % 2)
    assert model.coef_.shape == (1, 64)
    probs, logits = model.predict_proba(X_test), model.logits(X_test)
    assert probs.shape == (len(X_test), 2)
    assert_allclose(probs.sum(axis=1), 1, rtol=1e-12)
    assert_allclose(model.membership(X_test), probs[:, 1:], atol=1e-15)
    assert_array_equal(model.predict(X_test), (logits[:, 0] > 0).astype(int))
    assert model.score(X_test, y_test % 2) > (0.85 if head != "asymmetric" else 0.7)


@pytest.mark.parametrize("head", ["focal", "asymmetric"])
def test_label_sets_with_missing_cells_are_learned(sets, head):
    X, Y, X_test, Y_test = sets
    holes = np.where(np.random.default_rng(0).random(Y.shape) < 0.2, np.nan, Y)
    model = LinearClassifier(head).fit(X, holes)
    assert ((model.predict(X_test) == Y_test).mean()) > 0.8
    again = LinearClassifier(head).fit(np.vstack([X, X[:5]]), np.vstack([holes, np.nan * Y[:5]]))
    assert_allclose(again.coef_, model.coef_, atol=2e-2)


@pytest.mark.parametrize("head", HEADS)
def test_a_weight_of_two_is_the_row_twice(digits, head):
    X, y, _, _ = digits
    X, y = X[:200], y[:200]
    weights = np.where(np.arange(200) < 50, 2, 1)
    one = LinearClassifier(head, C=0.1, tol=1e-10).fit(X, y, sample_weight=weights)
    two = LinearClassifier(head, C=0.1, tol=1e-10).fit(
        np.repeat(X, weights, axis=0), np.repeat(y, weights)
    )
    assert_allclose(one.objective_, two.objective_, rtol=1e-7)
    assert_allclose(one.logits(X), two.logits(X), atol=5e-3)


@pytest.mark.parametrize("name", SPARSE)
def test_the_linear_optimum_is_that_of_a_plain_search(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = (X @ rng.normal(size=(2, 3)) + rng.normal(size=(60, 3))).argmax(axis=1)
    head = preset_head(name, "exclusive")
    targets = np.eye(3)[y]

    def objective(flat):
        W, b = flat[:6].reshape(3, 2), flat[6:]
        return head.loss.value(X @ W.T + b, targets).sum() + 0.5 * (W**2).sum()

    found = minimize(objective, np.zeros(9), method="Powell", options={"xtol": 1e-10})
    model = LinearClassifier(name, tol=1e-9).fit(X, y)
    assert found.fun * (1 - 1e-4) < model.objective_ < found.fun * (1 + 1e-9)
    slopes = head.loss.gradient(model.logits(X), targets)
    assert_allclose(slopes.T @ X, -model.coef_, atol=1e-4)
    assert_allclose(slopes.sum(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("kind", ["exclusive", "binary"])
def test_a_saved_model_is_the_model(digits, tmp_path, head, kind):
    X, y, X_test, _ = digits
    model = LinearClassifier(head).fit(X[:300], y[:300] if kind == "exclusive" else y[:300] % 2)
    model.save(tmp_path / "m.headway")
    back = load(tmp_path / "m.headway")
    assert back.head_ == model.head_
    assert_array_equal(back.predict_proba(X_test), model.predict_proba(X_test))


def test_a_head_of_ones_own_is_read_through_one_column_where_there_are_two_classes(digits):
    X, y, _, _ = digits
    link = EntmaxLink(1.3)
    own = Head("mine", link, CanonicalLoss(link), Argmax(), exclusive=True)
    model = LinearClassifier(own).fit(X, y % 2)
    assert model.head_.link == OneColumnLink(link)
    assert model.head_.loss == CanonicalLoss(OneColumnLink(link))
    mixed = Head("mixed", link, FocalLoss(), Argmax(), exclusive=True)
    fitted = LinearClassifier(mixed).fit(X[:100], y[:100] % 2)
    assert fitted.head_.loss == OneColumnLoss(FocalLoss())


def test_a_temperature_goes_through_the_link():
    z = np.array([[2.0, 1.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 1.0]])
    y = np.array([0, 1, 2])
    model = FromLogits(Temperature(2.0), head="sparsemax").fit(z, y)
    assert_array_equal(model.predict_proba(z), SparsemaxLink().to_probs(z / 2))
    assert_array_equal(model.predict(z), y)
    with pytest.raises(InputValueError, match=r"exactly 0 is .* head 'sparsemax'.*Temperature"):
        FromLogits("temperature", head="sparsemax").fit(z, y)


def test_calibration_mends_the_probabilities_of_a_focal_head(digits):
    X, y, X_test, y_test = digits
    model = LinearClassifier("focal").fit(X, y)
    before = -model.predict_log_proba(X_test[1::2])[np.arange(449), y_test[1::2]].mean()
    calibrated = model.calibrate(X_test[::2], y_test[::2])
    after = -calibrated.predict_log_proba(X_test[1::2])[np.arange(449), y_test[1::2]].mean()
    assert calibrated.calibrator_.value < 0.7  # too modest: the logits are spread
    assert after < 0.8 * before


@pytest.mark.parametrize("head", SPARSE)
def test_label_sets_are_refused_with_the_reason(sets, head):
    with pytest.raises(InputValueError, match=rf'multi-label: {head} shares.*Use head="sigmoid"'):
        LinearClassifier(head).fit(*sets[:2])


def test_class_weights_of_label_sets_never_replace_another_loss(sets):
    with pytest.raises(InputValueError, match=r"`class_weight` weighs .* BinaryFocalLoss. Pass"):
        LinearClassifier("focal", class_weight="balanced").fit(*sets[:2])
    assert LinearClassifier("sigmoid", class_weight="balanced").fit(*sets[:2]).coef_.shape == (
        3,
        64,
    )


def test_a_predictor_says_that_it_needs_another_head(digits):
    with pytest.raises(InputValueError, match="softmax or sigmoid, got SparsemaxLink"):
        LinearClassifier("sparsemax").fit(*digits[:2]).predictor()


# -- networks ------------------------------------------------------------------------------


@pytest.mark.parametrize("head", HEADS)
def test_a_network_learns_digits(digits, head):
    pytest.importorskip("torch")
    X, y, X_test, y_test = digits
    model = MLPClassifier(head, hidden=(64,), epochs=15, random_state=0).fit(X, y)
    assert model.score(X_test, y_test) > 0.93
    probs = model.predict_proba(X_test)
    assert_allclose(probs.sum(axis=1), 1, rtol=1e-5)
    assert ((probs == 0).any()) == (head in SPARSE)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("kind", ["exclusive", "binary"])
def test_a_network_starts_at_the_shares_of_the_classes(digits, head, kind):
    pytest.importorskip("torch")
    X, y, _, _ = digits
    y = y if kind == "exclusive" else (y > 7).astype(int)
    model = MLPClassifier(head, hidden=(4,), epochs=1, learning_rate=1e-12, random_state=0)
    bias = model.fit(X, y).network_.last.bias.detach().numpy()[None].astype(float)
    shares = model.head_.to_probs(bias)[0]
    atol = 0.01 if head != "asymmetric" or kind == "binary" else 0.1  # normalised sigmoids
    assert_allclose(shares, np.bincount(y) / len(y), atol=atol)
