"""Resume equals uninterrupted, bit for bit, wherever training was killed."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from headway import LinearClassifier, NetworkClassifier  # noqa: E402
from headway.errors import FileFormatError, InputValueError  # noqa: E402

STEPS = 12  # of 4 epochs


class KilledError(Exception):
    pass


class KillAfter:
    def __init__(self, step):
        self.left = step

    def on_step(self, _step):
        self.left -= 1
        if not self.left:
            raise KilledError


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 4)).astype(np.float32)
    # Fifty rows a class, of which ten can be held out.
    return X, np.array(["a", "b", "c"])[np.argsort(np.argsort(X[:, 0] + X[:, 1])) // 50]


def module():
    torch.manual_seed(0)
    layers = nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3)
    return nn.Sequential(*layers)


def classifier(**settings):
    settings = {
        "epochs": 4,
        "batch_size": 40,
        "validation_fraction": 0.2,
        "learning_rate": 0.05,
        "random_state": 3,
        **settings,
    }
    return NetworkClassifier(module(), **settings)


def history(model):
    return [{k: v for k, v in record.items() if k != "seconds"} for record in model.history_]


def require_same(model, other):
    assert history(model) == history(other)
    assert model.best_epoch_ == other.best_epoch_
    for name, value in other.network_.state_dict().items():
        assert torch.equal(model.network_.state_dict()[name], value), name


@pytest.mark.parametrize("every", [1, 2, None])
@pytest.mark.parametrize("step", [1, 2, 3, 4, 8, 11, 12])
def test_killed_after_any_step_and_resumed_equals_uninterrupted(tmp_path, step, every):
    X, y = data()
    settings = {"checkpoint": tmp_path / "progress", "checkpoint_every": every}
    with pytest.raises(KilledError):
        classifier(**settings, callbacks=[KillAfter(step)]).fit(X, y)
    heard = []
    resumed = classifier(**settings, callbacks=[heard.append]).fit(X, y, resume=True)
    require_same(resumed, classifier().fit(X, y))
    assert resumed.history_[0]["val_loss"] is not None
    assert len(heard) == 4 - (step - 1) // 3


def test_killed_again_and_again_it_arrives_all_the_same(tmp_path):
    X, y = data()
    settings = {"checkpoint": tmp_path / "progress", "checkpoint_every": 1}
    for _ in range(STEPS + 9):
        try:
            model = classifier(**settings, callbacks=[KillAfter(1)]).fit(X, y, resume=True)
            break
        except KilledError:
            continue
    require_same(model, classifier().fit(X, y))


def test_killed_by_the_system_in_the_middle_of_saving_or_not(tmp_path):
    X, y = data()
    path = tmp_path / "progress"
    script = f"""
        import os, signal, sys, threading
        sys.path.insert(0, {os.path.dirname(__file__)!r})
        import torch
        torch.set_num_threads({torch.get_num_threads()})
        from test_checkpoint import classifier, data

        class Kill:
            steps = 0
            def on_step(self, step):
                self.steps += 1
                if self.steps == 7:
                    threading.Timer(0.002, os.kill, (os.getpid(), signal.SIGKILL)).start()

        settings = dict(checkpoint={str(path)!r}, checkpoint_every=1, callbacks=[Kill()])
        classifier(epochs=400, patience=400, **settings).fit(*data())
    """
    code = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False).returncode
    assert code == -signal.SIGKILL
    settings = {"epochs": 400, "patience": 400}
    resumed = classifier(checkpoint=path, **settings).fit(X, y, resume=True)
    require_same(resumed, classifier(**settings).fit(X, y))


def test_what_is_finished_is_not_trained_again(tmp_path):
    X, y = data()
    first = classifier(checkpoint=tmp_path / "progress").fit(X, y)
    heard = []
    again = classifier(checkpoint=tmp_path / "progress", callbacks=[heard.append])
    require_same(again.fit(X, y, resume=True), first)
    assert heard == []


def test_without_a_seed_the_seeds_of_the_file_are_gone_on_with(tmp_path):
    X, y = data()
    settings = {"checkpoint": tmp_path / "progress", "random_state": None}
    with pytest.raises(KilledError):
        classifier(**settings, callbacks=[KillAfter(8)]).fit(X, y)
    before = (tmp_path / "progress").read_bytes()
    one = classifier(**settings).fit(X, y, resume=True)
    (tmp_path / "progress").write_bytes(before)
    require_same(classifier(**settings).fit(X, y, resume=True), one)


def test_bfloat16_weights_come_back_to_the_bit(tmp_path):
    X, y = data()

    def low(**settings):
        model = classifier(checkpoint=tmp_path / "progress", **settings)
        model.module = nn.Linear(4, 3)
        nn.init.zeros_(model.module.weight)
        nn.init.zeros_(model.module.bias)
        model.module = model.module.to(torch.bfloat16)
        return model

    with pytest.raises(KilledError):
        low(callbacks=[KillAfter(8)]).fit(X, y)
    resumed = low().fit(X, y, resume=True)
    require_same(resumed, low().fit(X, y))


def test_without_a_file_resume_starts_anew(tmp_path):
    X, y = data()
    model = classifier(checkpoint=tmp_path / "progress").fit(X, y, resume=True)
    require_same(model, classifier().fit(X, y))
    with pytest.raises(InputValueError, match="got checkpoint=None"):
        classifier().fit(X, y, resume=True)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda X, y: (X + 1, y, {}), "the rows or their weights"),
        (lambda X, y: (X, np.roll(y, 1), {}), "the rows or their weights"),
        (lambda X, y: (X, np.char.add(y, "!"), {}), "the classes differ"),
        (lambda X, y: (X, y, {"head": "sigmoid"}), "the head differ"),
        (lambda X, y: (X, y, {"learning_rate": 0.01}), "the training settings differ"),
        (lambda X, y: (X, y, {"freeze": ["0"]}), "the module differ"),
    ],
)
def test_other_rows_or_settings_are_refused(tmp_path, change, match):
    X, y = data()
    classifier(checkpoint=tmp_path / "progress").fit(X, y)
    X, y, settings = change(X, y)
    with pytest.raises(InputValueError, match=match):
        classifier(checkpoint=tmp_path / "progress", **settings).fit(X, y, resume=True)


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    X, y = data()
    path = tmp_path / "progress"
    classifier(checkpoint=path).fit(X, y)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FileFormatError, match="cut short"):
        classifier(checkpoint=path).fit(X, y, resume=True)
    LinearClassifier().fit(X, y).save(path)
    with pytest.raises(FileFormatError, match="must be a checkpoint, got a saved LinearClassifier"):
        classifier(checkpoint=path).fit(X, y, resume=True)
