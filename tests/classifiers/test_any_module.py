"""Any torch module: trained by the same loop, refused when it emits no logits, left as it was."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.utils.data import Dataset, IterableDataset, Subset, TensorDataset  # noqa: E402

from headway import NetworkClassifier  # noqa: E402
from headway.errors import InputTypeError, InputValueError  # noqa: E402


def data(n=150, d=4, k=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(np.float32)
    return X, (X @ rng.normal(size=(d, k)) + 0.1 * rng.normal(size=(n, k))).argmax(axis=1)


def stack(d=4, k=3, width=8, dropout=0.0, seed=0, end=None):
    torch.manual_seed(seed)
    layers = [nn.Linear(d, width), nn.Tanh(), nn.Dropout(dropout), nn.Linear(width, k)]
    return nn.Sequential(*layers, *([] if end is None else [end]))


def fit(X, y, module=None, **settings):
    settings = {"epochs": 3, "random_state": 0, "learning_rate": 0.01, **settings}
    return NetworkClassifier(stack() if module is None else module, **settings).fit(X, y)


# -- laws -------------------------------------------------------------------------------------


def test_training_lowers_the_loss_and_leaves_the_users_module_alone():
    X, y = data()
    module = stack()
    before = [weights.clone() for weights in module.parameters()]
    model = fit(X, y, module, epochs=20, learning_rate=0.05)
    assert model.history_[-1]["loss"] < 0.6 * model.history_[0]["loss"]
    assert model.score(X, y) > 0.85
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))


def test_copy_false_trains_the_module_itself():
    X, y = data()
    module = stack()
    model = fit(X, y, module, copy=False)
    with torch.no_grad():
        np.testing.assert_array_equal(module(torch.from_numpy(X)).numpy(), model.logits(X))


def test_the_first_step_is_the_one_that_torch_takes_by_itself():
    X, y = data(n=32)
    module = stack()
    # One step: its rate is that of half the way, 0.625 of the highest.
    model = fit(X, y, module, epochs=1, batch_size=32, early_stopping=False, weight_decay=0.0)
    theirs = torch.optim.AdamW(module.parameters(), lr=0.00625, weight_decay=0.0)
    nn.functional.cross_entropy(module(torch.from_numpy(X)), torch.from_numpy(y)).backward()
    theirs.step()
    for ours, their in zip(model.network_.parameters(), module.parameters(), strict=True):
        np.testing.assert_allclose(ours.detach(), their.detach(), atol=2e-6)


def test_equal_seeds_give_equal_results():
    X, y = data()
    one, two = (fit(X, y, stack(dropout=0.5)).logits(X) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    other = fit(X, y, stack(dropout=0.5), random_state=1).logits(X)
    assert np.abs(one - other).max() > 1e-4


def test_a_batch_in_parts_takes_the_step_of_the_whole():
    X, y = data()
    whole, parts = (fit(X, y, accumulate=m, weight_decay=0.0).logits(X) for m in (1, 5))
    np.testing.assert_allclose(whole, parts, atol=1e-4)
    many = fit(X, y, batch_size=4, accumulate=99)
    assert np.isfinite(many.logits(X)).all()


def test_an_integer_weight_is_the_row_repeated():
    X, y = data(n=40)
    weights = np.random.default_rng(0).integers(0, 3, size=40)
    settings = {"epochs": 5, "batch_size": 999, "early_stopping": False, "random_state": 0}
    weighted = NetworkClassifier(stack(), **settings).fit(X, y, weights).logits(X)
    repeated = NetworkClassifier(stack(), **settings)
    repeated = repeated.fit(np.repeat(X, weights, 0), np.repeat(y, weights)).logits(X)
    np.testing.assert_allclose(weighted, repeated, atol=1e-4)


def test_arrays_tensors_datasets_and_files_give_the_same_network(tmp_path):
    X, y = data()
    np.save(tmp_path / "X.npy", X)
    tensors = TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
    everything = Subset(tensors, range(len(X)))
    expected = fit(X, y).logits(X)
    given = (
        (torch.from_numpy(X), torch.from_numpy(y)),
        (np.load(tmp_path / "X.npy", mmap_mode="r"), y),
        (X.astype(">f4"), y),
        (X.tolist(), y.tolist()),
        (tensors, None),
        (everything, y),
        (everything, None),
    )
    for rows, labels in given:
        model = fit(rows, labels)
        np.testing.assert_array_equal(model.logits(X), expected)
        np.testing.assert_array_equal(model.logits(rows), expected)


class Watched(np.memmap):
    """A file that notes the most rows that were ever taken at once."""

    most = 0

    def __getitem__(self, rows):
        found = super().__getitem__(rows)
        Watched.most = max(Watched.most, len(found) if np.ndim(found) else 0)
        return found


def test_a_file_is_never_read_whole(tmp_path):
    X, y = data(n=400)
    X.tofile(tmp_path / "X.bin")
    file = np.memmap(tmp_path / "X.bin", np.float32, "r", shape=X.shape).view(Watched)
    Watched.most = 0
    model = fit(file, y, batch_size=20)
    model.predict(file)
    assert 0 < Watched.most <= 1024
    assert Watched.most < 400


@pytest.mark.parametrize("kind", ["binary", "two columns", "one dimension"])
def test_two_classes_may_have_one_column_or_two(kind):
    X, y = data(k=2)
    if kind == "one dimension":
        module = nn.Sequential(stack(k=1), nn.Flatten(0))
    else:
        module = stack(k=1 if kind == "binary" else 2)
    model = fit(X, np.array(["no", "yes"])[y], module, epochs=20, learning_rate=0.05)
    assert model.logits(X).shape == (150, 1)
    assert model.score(X, np.array(["no", "yes"])[y]) > 0.9


def test_label_sets_with_missing_cells_and_class_weights_train():
    X, _ = data()
    Y = (X[:, :3] > 0).astype(float)
    Y[::5, 1] = np.nan
    Y[7] = np.nan
    model = fit(X, Y, epochs=20, learning_rate=0.05, class_weight="balanced")
    assert model.predict_proba(X).shape == (150, 3)
    assert model.score(X, Y) > 0.7


def test_a_row_of_which_nothing_is_known_is_no_row():
    X, _ = data()
    Y = (X[:, :3] > 0).astype(float)
    Y[::3] = np.nan
    known = ~np.isnan(Y[:, 0])
    one = fit(X, Y, early_stopping=False).logits(X)
    other = fit(X[known], Y[known], early_stopping=False).logits(X)
    np.testing.assert_array_equal(one, other)


def test_an_added_head_starts_at_the_class_shares():
    X, y = data()
    model = fit(X, y, stack(k=5), add_head=True, epochs=1, learning_rate=1e-12, weight_decay=0.0)
    shares = np.bincount(y) / len(y)
    np.testing.assert_allclose(model.predict_proba(X[:5]), np.tile(shares, (5, 1)), atol=0.02)


def test_frozen_parts_stay_as_they_are_to_the_bit():
    X, y = data()
    body = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5))
    model = fit(X, y, body, add_head=True, freeze=True, epochs=5)
    for name, value in body.state_dict().items():
        assert torch.equal(value, model.network_.body.state_dict()[name]), name
    assert model.network_.last.weight.abs().sum() > 0
    half = fit(X, y, stack(), freeze=["0"])
    assert torch.equal(half.network_.body[0].weight, stack()[0].weight)
    assert not torch.equal(half.network_.body[3].weight, stack()[3].weight)
    last = fit(X, y, stack(), freeze=True)
    assert torch.equal(last.network_.body[0].weight, stack()[0].weight)
    assert not torch.equal(last.network_.body[3].weight, stack()[3].weight)


def test_it_is_cloned_calibrated_decided_and_trained_on_like_every_classifier():
    X, y = load_iris(return_X_y=True)
    model = clone(NetworkClassifier(stack(), epochs=10, learning_rate=0.05, random_state=0))
    model = model.fit(X, y)
    calibrated = model.calibrate(X, y)
    np.testing.assert_array_equal(calibrated.raw_logits(X), model.logits(X))
    before = model.logits(X)
    parted = clone(model)
    parted.partial_fit(X[:75], y[:75], classes=[0, 1, 2]).partial_fit(X[75:], y[75:])
    assert parted.logits(X).shape == (150, 3)
    np.testing.assert_array_equal(model.logits(X), before)


def test_bfloat16_trains_and_predicts_in_float32():
    X, y = data()
    model = fit(X, y, epochs=20, learning_rate=0.05, precision="bfloat16")
    assert model.score(X, y) > 0.85
    assert {weights.dtype for weights in model.network_.parameters()} == {torch.float32}
    assert model.logits(X).dtype == np.float32


def test_the_best_epoch_on_validation_rows_is_kept():
    X, y = data(n=300)
    seen = []
    model = NetworkClassifier(
        stack(width=64),
        epochs=30,
        learning_rate=0.2,
        patience=3,
        random_state=0,
        callbacks=[seen.append],
    ).fit(X[:100], y[:100], validation=(X[100:], y[100:]))
    losses = [record.val_loss for record in seen]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    targets = np.eye(3)[y[100:]]
    loss = -np.mean(np.sum(targets * model.predict_log_proba(X[100:]), axis=1))
    np.testing.assert_allclose(loss, min(losses), rtol=1e-4)


class Counter:
    def __init__(self):
        self.steps, self.epochs = [], []

    def on_step(self, step):
        self.steps.append((step.epoch, step.batch, step.batches))

    def on_epoch(self, record):
        self.epochs.append(record.epoch)
        return record.epoch == 2


def test_callbacks_hear_each_step_and_epoch_and_can_end_training():
    X, y = data()
    model = NetworkClassifier(stack(), epochs=9, batch_size=50, early_stopping=False)
    counter = Counter()
    model.callbacks = [counter]
    model.fit(X, y)
    assert counter.steps == [(e, b, 3) for e in (1, 2) for b in (1, 2, 3)]
    assert counter.epochs == [1, 2]
    assert model.n_epochs_ == 2


# -- what is refused --------------------------------------------------------------------------


class Functional(nn.Module):
    def __init__(self, end):
        super().__init__()
        self.layer, self.end = nn.Linear(4, 3), end

    def forward(self, rows):
        return self.end(self.layer(rows))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (stack(end=nn.Softmax(dim=1)), "Softmax"),
        (stack(end=nn.Sigmoid()), "Sigmoid"),
        (Functional(lambda z: z.softmax(dim=1)), "softmax"),
        (Functional(torch.sigmoid), "sigmoid"),
        (Functional(lambda z: z.sigmoid()[:, None].squeeze(1)), "sigmoid"),
    ],
)
def test_a_softmax_or_sigmoid_at_the_end_is_refused(module, name):
    with pytest.raises(InputValueError, match=f"ends in {name}, .*Leave that layer out"):
        fit(*data(), module)


@pytest.mark.parametrize(
    ("module", "settings", "match"),
    [
        (stack(k=5), {}, r"must return 3 columns.*got 5.*add_head=True"),
        (nn.Conv1d(1, 3, 1), {}, r"must take a batch of shape \(2, 4\).*RuntimeError"),
        (nn.Unflatten(1, (2, 2)), {}, r"row of logits for each of 2 rows, got shape \(2, 2, 2\)"),
        (nn.Unflatten(1, (2, 2)), {"add_head": True}, r"row of features.*\(2, 2, 2\)"),
        (nn.LSTM(4, 3), {}, "must return one tensor of logits, got tuple"),
        ("net", {}, "must be a torch.nn.Module, got str"),
        (stack(), {"freeze": ["head"]}, r"must name parts of the module \('0', .*got 'head'"),
        (stack(), {"freeze": "0"}, "sequence of names, got '0'"),
        (stack(), {"freeze": ["0", "3"]}, "left to train"),
        (stack(), {"device": "tpu"}, "`device` must be"),
        (stack(), {"precision": "float16"}, "`precision` must be one of"),
        (stack(), {"accumulate": 0}, "`accumulate` must be at least 1"),
        (stack(), {"callbacks": [3]}, "must be a function of an EpochRecord"),
        (stack(), {"callbacks": print}, "`callbacks` must be a sequence"),
        (stack(), {"checkpoint": "/nowhere/at/all"}, "file in an existing directory"),
    ],
)
def test_what_does_not_fit_is_said_before_training(module, settings, match):
    with pytest.raises((InputValueError, InputTypeError), match=match):
        fit(*data(), module, **settings)


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")
def test_cuda_that_is_absent_is_said_to_be():
    with pytest.raises(InputValueError, match=r"finds no CUDA on this machine.*device='auto'"):
        fit(*data(), device="cuda")


class Growing(Dataset):
    def __len__(self):
        return 60

    def __getitem__(self, i):
        return torch.zeros(1, 8 + (i == 40), 8), i % 2


class Stream(IterableDataset):
    def __iter__(self):
        return iter(())


def test_images_of_unequal_size_are_named():
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(
        InputValueError, match=r"one shape, got \(1, 8, 8\) .*\(1, 9, 8\) in row 40"
    ):
        fit(Growing(), None, module, batch_size=60, early_stopping=False)
    with pytest.raises(InputValueError, match=r"\(8, 8\) in row 0 and \(9, 8\) in row 1"):
        fit([np.zeros((8, 8)), np.zeros((9, 8))], [0, 1], module)


def test_rows_that_are_no_rows_are_refused():
    X, y = data()
    X[17, 2] = np.nan
    with pytest.raises(InputValueError, match="NaN or infinity in row 17"):
        fit(X, y, early_stopping=False)
    with pytest.raises(InputTypeError, match="must have a length"):
        fit(Stream(), y)
    with pytest.raises(InputTypeError, match="must hold numbers"):
        fit(np.array([["a"] * 4] * 150), y)


def test_a_class_that_validation_lacks_is_named():
    X, y = data(n=300)
    names = np.array(["ant", "bee", "cat"])[y]
    some = y[200:] < 2
    with pytest.warns(UserWarning, match=r"validation rows lack \['cat'\]"):
        NetworkClassifier(stack(), epochs=1).fit(
            X[:200], names[:200], validation=(X[200:][some], names[200:][some])
        )
    with pytest.raises(InputValueError, match="early_stopping=True"):
        NetworkClassifier(stack(), early_stopping=False).fit(X, y, validation=(X, y))


class Exploding(nn.Module):
    """Returns infinity once a weight has moved far enough from where it began."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
        self.last, self.calls = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 3)), 0

    def forward(self, rows):
        self.calls += self.training
        return self.last(self.first(rows) * (torch.inf if self.calls > 5 else 1.0))


def test_a_loss_that_is_no_number_stops_training_before_the_weights_are_lost():
    X, y = data()
    model = NetworkClassifier(Exploding(), epochs=4, batch_size=50, early_stopping=False)
    with pytest.raises(
        InputValueError,
        match=r"batch 3 of epoch 2, first in the output of layer 'body.last.0' .*are kept",
    ):
        model.fit(X, y)
    assert model.n_epochs_ == 1
    assert all(bool(weights.isfinite().all()) for weights in model.network_.parameters())
    model.network_.body.calls = 0
    assert np.isfinite(model.logits(X)).all()


def test_saving_says_what_to_do_instead(tmp_path):
    with pytest.raises(InputTypeError, match=r"torch\.save\(model\.network_\.state_dict"):
        fit(*data()).save(tmp_path / "model.headway")
