"""The training loop: exact gradients for every head, the best network kept, orderly stops."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from headway.errors import InputValueError  # noqa: E402
from headway.heads import HEAD_NAMES, preset_head  # noqa: E402
from headway.labels import one_hot  # noqa: E402
from headway.models.mlp import mlp_network  # noqa: E402
from headway.models.scaling import feature_scaling  # noqa: E402
from headway.training import hardware  # noqa: E402
from headway.training.hardware import WorkingBody, chosen_precision, threads_for  # noqa: E402
from headway.training.history import StepRecord  # noqa: E402
from headway.training.network import (  # noqa: E402
    InMemory,
    Rows,
    TrainingPlan,
    compute_logits,
    make_optimizer,
    one_cycle,
    scaled_features,
    seeded,
    train_network,
    train_one_pass,
)
from headway.training.step import take_step  # noqa: E402

PLAN = TrainingPlan(
    epochs=12, batch_size=16, learning_rate=0.01, weight_decay=0.0, precision="float32", patience=99
)
EXCLUSIVE = [name for name in HEAD_NAMES if name != "auto"]


def features(n=96, d=6):
    return np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)


def labels(n=96):
    return (features(n)[:, 0] > 0).astype(int) + (features(n)[:, 1] > 0.5)


def fresh(dropout=0.0, hidden=(12,), seed=0):
    with seeded(seed):
        scaling = feature_scaling(features(), "shared")
        return mlp_network(6, 3, scaling=scaling, hidden=hidden, dropout=dropout)


def rows_of(network, X=None, y=None, weights=None):
    X = features() if X is None else X
    y = labels() if y is None else y
    weights = torch.ones(len(X), 1) if weights is None else weights
    return Rows(InMemory(scaled_features(network, X)), one_hot(torch.from_numpy(y), 3), weights)


def weights_of(network):
    return torch.cat([p.detach().ravel() for p in network.parameters()]).numpy()


@pytest.mark.parametrize("name", EXCLUSIVE)
def test_the_step_follows_the_gradient_that_torch_finds_by_itself(name):
    head = preset_head(name, "exclusive")
    network = fresh()
    with torch.no_grad():
        network.last.weight.normal_(generator=torch.Generator().manual_seed(1))
    weights = torch.linspace(0.5, 1.5, 96)[:, None]
    rows, everyone = rows_of(network, weights=weights), torch.arange(96)
    nothing = torch.optim.SGD(network.parameters(), lr=0.0)
    kept = {}
    nothing.zero_grad = lambda: kept.update(  # type: ignore[method-assign]
        {name: p.grad.clone() for name, p in network.named_parameters()}
    )
    body, step = WorkingBody(network, "float32"), StepRecord(1, 1, 1, 0.0)
    take_step(body, nothing, head, rows, everyone, PLAN, torch.Generator(), step)
    for p in network.parameters():
        p.grad = None
    logits = network(torch.from_numpy(features()))
    (head.loss.value(logits, rows.targets) * weights[:, 0]).mean().backward()
    for name_, p in network.named_parameters():
        np.testing.assert_allclose(kept[name_], p.grad, rtol=2e-3, atol=2e-6)


def test_training_learns_and_its_records_are_the_truth():
    network, head = fresh(), preset_head("softmax", "exclusive")
    rows = rows_of(network)
    training = train_network(network, head, rows, PLAN, seed=0, held_out=rows)
    assert [record.epoch for record in training.records] == list(range(1, 13))
    assert training.records[0].loss > 1.5 * training.records[-1].loss
    logits = torch.from_numpy(compute_logits(network, features()))
    last = training.records[training.best_epoch - 1]
    assert last.val_loss == pytest.approx(float(head.loss.value(logits, rows.targets).mean()))
    assert last.val_accuracy == pytest.approx((logits.argmax(1).numpy() == labels()).mean())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_seed_gives_the_same_network(precision):
    plan, head = replace(PLAN, precision=precision), preset_head("sigmoid", "exclusive")
    results = []
    for seed in (0, 0, 1):
        network = fresh(dropout=0.5)
        with seeded(7):
            train_network(network, head, rows_of(network), plan, seed=seed)
        results.append(weights_of(network))
    np.testing.assert_array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


def test_bfloat16_learns_what_float32_learns():
    losses = {}
    for precision in ("float32", "bfloat16"):
        network = fresh()
        plan = replace(PLAN, precision=precision)
        head = preset_head("softmax", "exclusive")
        training = train_network(network, head, rows_of(network), plan, seed=0)
        losses[precision] = training.records[-1].loss
        assert all(p.dtype == torch.float32 for p in network.parameters())
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.05)


def test_every_row_is_taken_once_an_epoch():
    taken = []

    class Spy(InMemory):
        def take(self, rows, generator):
            taken.append(rows)
            return super().take(rows, generator)

    network = fresh()
    rows = rows_of(network)
    spy = Rows(Spy(rows.source.features), rows.targets, rows.weights)
    plan = replace(PLAN, epochs=2, batch_size=20)
    train_network(network, preset_head("softmax", "exclusive"), spy, plan, seed=0)
    assert [len(batch) for batch in taken] == [24] * 8
    assert torch.cat(taken[:4]).sort().values.tolist() == list(range(96))
    assert torch.cat(taken[:4]).tolist() != torch.cat(taken[4:]).tolist()


def test_the_network_of_the_least_validation_loss_is_kept():
    network, head = fresh(hidden=(64,)), preset_head("softmax", "exclusive")
    noise = np.random.default_rng(1).integers(0, 3, 96)  # nothing to learn: validation gets worse
    rows = rows_of(network, y=noise)
    held = rows_of(network, X=features(200)[96:], y=np.random.default_rng(2).integers(0, 3, 104))
    plan = replace(PLAN, epochs=40, learning_rate=0.05)
    training = train_network(network, head, rows, plan, seed=0, held_out=held)
    losses = [record.val_loss for record in training.records]
    assert training.best_epoch == 1 + int(np.argmin(losses)) < len(losses)
    logits = torch.from_numpy(compute_logits(network, features(200)[96:]))
    kept = float(head.loss.value(logits, held.targets).mean())
    assert kept == pytest.approx(min(losses), rel=1e-5)


def test_training_stops_when_patience_ends():
    network, head = fresh(hidden=(64,)), preset_head("softmax", "exclusive")
    rows = rows_of(network, y=np.random.default_rng(1).integers(0, 3, 96))
    held = rows_of(network, X=features(200)[96:], y=np.random.default_rng(2).integers(0, 3, 104))
    plan = replace(PLAN, epochs=40, learning_rate=0.05, patience=3)
    training = train_network(network, head, rows, plan, seed=0, held_out=held)
    assert len(training.records) == training.best_epoch + 3 < 40


def interrupt_after(epoch):
    def on_epoch(record):
        if record.epoch == epoch:
            raise KeyboardInterrupt

    return on_epoch


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_ctrl_c_without_held_out_rows_keeps_the_network_as_it_is(precision):
    head, plan = preset_head("softmax", "exclusive"), replace(PLAN, precision=precision)
    network, at_ctrl_c = fresh(), []

    def on_epoch(record):
        if record.epoch == 4:
            at_ctrl_c.append(weights_of(network))
            raise KeyboardInterrupt

    training = train_network(network, head, rows_of(network), plan, seed=0, on_epoch=on_epoch)
    assert training.interrupted
    assert len(training.records) == 4
    np.testing.assert_array_equal(weights_of(network), at_ctrl_c[0])
    assert not network.training


def test_ctrl_c_keeps_the_best_network_so_far():
    network, head = fresh(hidden=(64,)), preset_head("softmax", "exclusive")
    rows = rows_of(network, y=np.random.default_rng(1).integers(0, 3, 96))
    held = rows_of(network, X=features(200)[96:], y=np.random.default_rng(2).integers(0, 3, 104))
    plan = replace(PLAN, epochs=40, learning_rate=0.05)
    training = train_network(
        network, head, rows, plan, seed=0, held_out=held, on_epoch=interrupt_after(25)
    )
    assert training.interrupted
    logits = torch.from_numpy(compute_logits(network, features(200)[96:]))
    kept = float(head.loss.value(logits, held.targets).mean())
    # The record of the epoch in which Ctrl-C came counts as well.
    assert kept == pytest.approx(min(r.val_loss for r in training.records[:-1]), rel=1e-5)


def test_a_loss_that_explodes_is_an_error_that_names_the_learning_rate():
    network = fresh()
    plan = replace(PLAN, learning_rate=1e30)
    with pytest.raises(InputValueError, match=r"loss must stay finite.*learning_rate=1e\+30\. Try"):
        train_network(network, preset_head("softmax", "exclusive"), rows_of(network), plan, seed=0)


def test_rows_of_weight_zero_move_nothing():
    X, y = features(), labels()
    weights = torch.ones(96, 1)
    weights[48:] = 0
    results = []
    for second_half in (y[48:], 2 - y[48:]):
        network = fresh()
        rows = rows_of(network, X, np.concatenate([y[:48], second_half]), weights)
        train_network(network, preset_head("softmax", "exclusive"), rows, PLAN, seed=0)
        results.append(weights_of(network))
    np.testing.assert_array_equal(*results)


def test_missing_cells_of_a_label_matrix_are_masked():
    head, network = preset_head("sigmoid", "multilabel"), fresh()
    targets = one_hot(torch.from_numpy(labels()), 3)
    targets[::2, 1] = torch.nan
    rows = Rows(InMemory(scaled_features(network, features())), targets, torch.ones(96, 1))
    plan = replace(PLAN, epochs=40, learning_rate=0.03)
    training = train_network(network, head, rows, plan, seed=0)
    assert np.isfinite(weights_of(network)).all()
    assert training.records[-1].accuracy > 0.9


def test_one_pass_takes_each_row_once_at_a_constant_rate():
    network = fresh()
    optimizer = make_optimizer(network, PLAN)
    steps = []
    optimizer.register_step_post_hook(lambda used, *_: steps.append(used.param_groups[0]["lr"]))
    head = preset_head("softmax", "exclusive")
    train_one_pass(network, head, rows_of(network), PLAN, optimizer, seed=0)
    assert steps == [0.01] * 6


def test_the_rate_climbs_for_a_fifth_and_then_falls_to_zero():
    shares = [one_cycle(progress) for progress in np.linspace(0, 1, 101)]
    assert int(np.argmax(shares)) == 20
    assert max(shares) == 1.0
    assert (np.diff(shares[:21]) > 0).all()
    assert (np.diff(shares[20:]) < 0).all()


def test_biases_do_not_decay():
    decays = [
        group["weight_decay"]
        for group in make_optimizer(fresh(), replace(PLAN, weight_decay=0.3)).param_groups
    ]
    assert decays == [0.3, 0.0]


def test_auto_precision_asks_the_processor_and_the_size(monkeypatch):
    monkeypatch.setattr(hardware, "bfloat16_pays", lambda: True)
    assert chosen_precision("auto", 256) == "bfloat16"
    assert chosen_precision("auto", 255) == "float32"
    monkeypatch.setattr(hardware, "bfloat16_pays", lambda: False)
    assert chosen_precision("auto", 784) == "float32"
    assert chosen_precision("bfloat16", 2) == "bfloat16"


def test_a_seeded_block_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    with seeded(0):
        torch.rand(3)
    assert torch.equal(torch.rand(1), expected)


def test_features_beyond_float32_are_named_by_row():
    network = fresh()
    X = features().astype(np.float64)
    X[7, 2] = 1e300
    with pytest.raises(InputValueError, match=r"range of float32.* row 7\. "):
        compute_logits(network, X)


def test_little_work_takes_one_thread_and_gives_the_others_back():
    network = mlp_network(6, 3, scaling=feature_scaling(features(), "shared"), hidden=(8,))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threads_for(network, 16):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with threads_for(network, hardware.SHARED_WORK):
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
