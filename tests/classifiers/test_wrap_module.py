"""`wrap` on torch modules: logits, and nothing but logits, from a module that stays as it is."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
nn = torch.nn

from headway import FromLogits, wrap  # noqa: E402
from headway.classifiers import WrappedModule  # noqa: E402
from headway.decisions import LabelThresholds  # noqa: E402
from headway.errors import InputTypeError, InputValueError  # noqa: E402

NAMES = np.array(["ant", "bee", "cat"])


def rows(n=1500, outputs=3, sharp=3.0):
    """Return features, labels and a module whose logits are too sharp."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4)).astype(np.float32)
    y = NAMES[(X[:, :3] + rng.gumbel(size=(n, 3))).argmax(axis=1)]
    module = nn.Linear(4, outputs)
    with torch.no_grad():
        module.weight.copy_(sharp * torch.eye(outputs, 4))
        module.bias.zero_()
    return X, y, module


def test_it_is_from_logits_on_what_the_module_returns():
    X, y, module = rows()
    model = wrap(module, calibrator="temperature").fit(X, y)
    with torch.no_grad():
        z = module(torch.tensor(X)).numpy()
    other = FromLogits("temperature").fit(z, y)
    assert model.calibrator_ == other.calibrator_
    assert np.array_equal(model.predict_proba(X), other.predict_proba(z))


def test_batches_change_nothing():
    X, y, module = rows()
    whole = WrappedModule(module, batch_size=10_000).fit(X, y).logits(X)
    assert np.allclose(WrappedModule(module, batch_size=7).fit(X, y).logits(X), whole, atol=1e-6)


def test_training_state_and_weights_stay_as_they_were():
    X, y, module = rows()
    module = nn.Sequential(module, nn.Dropout(0.5)).train()
    before = module[0].weight.clone()
    model = wrap(module).fit(X, y)
    assert np.array_equal(model.logits(X), model.logits(X))  # no dropout
    assert module.training
    assert torch.equal(module[0].weight, before)


def test_pictures_and_tensors_are_rows_too():
    X, y, module = rows()
    model = wrap(nn.Sequential(nn.Flatten(), module)).fit(X.reshape(-1, 1, 2, 2), y)
    assert np.array_equal(model.logits(torch.tensor(X.reshape(-1, 1, 2, 2))), model.logits(X))


def test_label_sets_with_a_decision():
    X, _, module = rows(outputs=2)
    y = (X[:, :2] > 0).astype(int)
    model = wrap(module, decision=LabelThresholds([0.9, 0.9])).fit(X, y)
    assert model.kind_ == "multilabel"
    assert model.predict(X).sum() < (model.predict_proba(X) > 0.5).sum()


@pytest.mark.parametrize("end", [nn.Softmax(dim=1), nn.Sigmoid()], ids=["softmax", "sigmoid"])
def test_a_last_layer_that_makes_probabilities_is_named(end):
    X, y, module = rows()
    with pytest.raises(InputValueError, match=f"ends in {type(end).__name__}"):
        wrap(nn.Sequential(module, end)).fit(X, y)


def test_such_a_layer_in_the_middle_is_fine():
    X, y, module = rows()
    middle = nn.Sequential(nn.Linear(4, 4), nn.Sigmoid(), module)
    assert np.isfinite(wrap(middle).fit(X, y).logits(X)).all()


@pytest.mark.parametrize(
    ("end", "match"),
    [
        (lambda z: torch.softmax(z, dim=1), "ends in softmax"),
        (lambda z: z.exp() / z.exp().sum(dim=1, keepdim=True), "look like probabilities"),
    ],
    ids=["torch's", "home-made"],
)
def test_a_softmax_that_is_no_layer_is_seen_by_its_origin_or_its_values(end, match):
    X, y, module = rows()

    class Ends(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = module

        def forward(self, x):
            return end(self.module(x))

    with pytest.raises(InputValueError, match=match):
        wrap(Ends()).fit(X, y)


def test_a_wrong_width_is_refused():
    X, y, module = rows(outputs=4)
    with pytest.raises(InputValueError, match="each of the 3 classes, got 4 columns"):
        wrap(module).fit(X, y)


def test_what_is_no_row_of_logits_is_refused():
    X, y, module = rows()
    with pytest.raises(InputValueError, match=r"a row of logits for each of the \d+ rows"):
        wrap(nn.Sequential(module, nn.Unflatten(1, (1, 3)))).fit(X, y)
    with pytest.raises(InputTypeError, match="must return one tensor of logits, got tuple"):
        wrap(nn.LSTM(4, 3)).fit(X, y)


def test_it_says_how_to_be_saved(tmp_path):
    X, y, module = rows()
    with pytest.raises(InputTypeError, match="Save its weights with torch"):
        wrap(module).fit(X, y).save(tmp_path / "model.headway")


@pytest.mark.parametrize("training", [True, False])
def test_each_layer_stays_in_the_mode_it_was_in(training):
    X, y, _ = rows()
    module = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3))
    module.train(training)
    module[1].train(not training)
    wrap(module).fit(X, y).predict(X)
    assert [layer.training for layer in module] == [training, not training, training]


def test_read_only_and_reversed_rows_are_read():
    X, y, module = rows()
    expected = wrap(module).fit(X, y).logits(X)
    X.setflags(write=False)
    assert np.array_equal(wrap(module).fit(X, y).logits(X), expected)
    assert np.allclose(wrap(module).fit(X[::-1], y[::-1]).logits(X[::-1]), expected[::-1])
