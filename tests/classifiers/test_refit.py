"""The last layer, solved exactly: never worse than before, and what it says is the truth."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from headway import ConvClassifier, LinearClassifier, MLPClassifier, NetworkClassifier  # noqa: E402
from headway.errors import InputValueError  # noqa: E402


def data(k=3, n=240):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 16)).astype(np.float32)
    return X, (X @ rng.normal(size=(16, k)) + rng.normal(size=(n, k))).argmax(axis=1)


def network(kind, k=3, head="auto"):
    torch.manual_seed(0)
    settings = {"epochs": 2, "random_state": 0}
    if kind == "mlp":
        return MLPClassifier(head, hidden=(8,), **settings)
    if kind == "conv":
        return ConvClassifier(head, image_shape=(4, 4), channels=(4,), hidden=(8,), **settings)
    body = nn.Sequential(nn.Linear(16, 8), nn.Tanh())
    if kind == "added":
        return NetworkClassifier(body, head, add_head=True, **settings)
    return NetworkClassifier(nn.Sequential(body, nn.Linear(8, k)), head, **settings)


def hidden_of(model, X):
    found = []
    hook = model.network_.final.register_forward_pre_hook(lambda _, given: found.append(given[0]))
    model.logits(X)
    hook.remove()
    return torch.cat(found).numpy()


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
@pytest.mark.parametrize("kind", ["mlp", "conv", "added", "module"])
def test_the_objective_never_rises_and_the_logits_are_those_of_the_linear_model(kind, head):
    X, y = data()
    model = network(kind, head=head).fit(X, y)
    before = model.logits(X)
    solved = model.refit_head(X, y, C=0.5)
    np.testing.assert_array_equal(model.logits(X), before)
    report = solved.head_refit_
    assert report.kept
    assert report.objective_after < report.objective_before
    assert report.optimality_gap <= 1e-6
    hidden = hidden_of(solved, X)
    np.testing.assert_array_equal(hidden, hidden_of(model, X))
    linear = LinearClassifier(head, C=0.5).fit(hidden, y)
    np.testing.assert_allclose(report.objective_after, linear.objective_, rtol=2e-6)
    np.testing.assert_allclose(solved.logits(X), linear.logits(hidden), atol=2e-2)
    assert report.accuracy_after == solved.score(X, y)
    assert report.accuracy_before == model.score(X, y)
    losses = model.head_.loss.value(before.astype(np.float64), np.eye(3)[y])
    np.testing.assert_allclose(report.loss_before, np.mean(losses), rtol=1e-5)
    again = solved.refit_head(X, y, C=0.5).head_refit_
    assert again.objective_after <= again.objective_before


def test_a_solution_that_is_worse_than_what_was_there_is_not_kept(monkeypatch):
    X, y = data()
    model = network("added").fit(X, y)
    solve = LinearClassifier._fit_model

    def solve_badly(self, *rows):
        solve(self, *rows)
        self.coef_ = self.coef_ + 9 * np.arange(3)[:, None]

    monkeypatch.setattr(LinearClassifier, "_fit_model", solve_badly)
    refused = model.refit_head(X, y)
    assert not refused.head_refit_.kept
    assert refused.head_refit_.objective_after == refused.head_refit_.objective_before
    assert refused.head_refit_.to_text().endswith("the old layer was better and stays")
    np.testing.assert_array_equal(refused.logits(X), model.logits(X))


@pytest.mark.parametrize("columns", [1, 2])
def test_two_classes_with_one_column_or_two(columns):
    X, y = data(k=2)
    solved = network("module", k=columns).fit(X, y).refit_head(X, y)
    linear = LinearClassifier().fit(hidden_of(solved, X), y)
    np.testing.assert_allclose(solved.logits(X), linear.logits(hidden_of(solved, X)), atol=2e-2)


def test_label_sets_with_missing_cells_and_weights():
    X, _ = data()
    Y = (X[:, :3] > 0).astype(float)
    Y[::4, 0] = np.nan
    weights = np.arange(len(X)) % 3
    model = network("added").fit(X, Y, weights)
    solved = model.refit_head(X, Y, sample_weight=weights)
    rows = np.repeat(np.arange(len(X)), weights)
    repeated = model.refit_head(X[rows], Y[rows])
    assert solved.head_refit_.objective_after < solved.head_refit_.objective_before
    np.testing.assert_allclose(
        solved.head_refit_.objective_after, repeated.head_refit_.objective_after, rtol=3e-6
    )


def test_a_calibrator_does_not_outlive_the_logits_it_was_made_for():
    X, y = data()
    model = network("mlp").fit(X, y).calibrate(X, y)
    assert model.refit_head(X, y).calibrator_ is None


def test_a_module_without_a_last_linear_layer_is_refused():
    X, y = data()
    model = NetworkClassifier(nn.Sequential(nn.Linear(16, 3), nn.Tanh()), epochs=1).fit(X, y)
    with pytest.raises(InputValueError, match=r"torch\.nn\.Linear with a bias, got none"):
        model.refit_head(X, y)
    model = NetworkClassifier(nn.Linear(16, 3, bias=False), epochs=1).fit(X, y)
    with pytest.raises(InputValueError, match="got one without"):
        model.refit_head(X, y)
