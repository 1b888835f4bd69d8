"""The contest, run for real on small data."""

import json
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits, load_iris

from headway.classifiers import ConvClassifier, MLPClassifier
from headway.comparison import (
    compare,
    confusion_counts,
    contest,
    disagreements,
    entrants,
    loss_curve,
)
from headway.comparison.tuning import GRIDS
from headway.datasets import Dataset
from headway.metrics import hits, mcnemar_exact

X_IRIS, Y_IRIS = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])


def label_sets(seed=0, n=160):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    return X, (X[:, :3] + 0.5 * rng.normal(size=(n, 3)) > 0.4).astype(float)


@pytest.fixture(scope="module")
def iris():
    return compare(X_IRIS, NAMES[Y_IRIS], models=("linear",), seeds=[3, 7], name="iris")


@pytest.fixture(scope="module", autouse=True)
def small_networks():
    """Train small networks shortly: what is tested is the contest, not who wins it."""
    with pytest.MonkeyPatch.context() as patch:
        mlp = partial(MLPClassifier, hidden=(24,), epochs=12)
        cnn = partial(ConvClassifier, channels=(6,), hidden=(24,), epochs=12)
        patch.setattr(entrants, "MLPClassifier", lambda **given: mlp(**given))
        patch.setattr(entrants, "ConvClassifier", lambda **given: cnn(**given))
        yield


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    kept = np.random.default_rng(0).permutation(len(y))[:400]
    return compare(
        (X[kept] / 16).astype(np.float32),
        y[kept],
        seeds=2,
        image_shape=(8, 8),
        heads=("softmax", "sigmoid", "sigmoid+mse"),
    )


def test_both_heads_see_the_same_rows_and_other_seeds_see_others(iris):
    softmax, sigmoid = iris.entries
    for one, other in zip(softmax.runs, sigmoid.runs, strict=True):
        assert one.seed == other.seed
        assert_array_equal(one.rows, other.rows)
        assert_array_equal(one.labels, other.labels)
    assert set(softmax.runs[0].rows.tolist()) != set(softmax.runs[1].rows.tolist())


def test_test_rows_and_features_are_those_of_the_first_seed(iris):
    run = iris.entries[0].runs[0]
    assert_array_equal(iris.X_test, X_IRIS[run.rows])
    assert_array_equal(run.labels, Y_IRIS[run.rows])
    assert (iris.n_train, iris.n_test, iris.n_features) == (75, 75, 4)
    assert iris.classes == tuple(NAMES)


def test_the_numbers_are_those_of_the_runs(iris):
    entry = iris.entry("linear", "sigmoid")
    by_seed = [np.mean(run.predictions == run.labels) for run in entry.runs]
    assert_allclose(entry.accuracy.mean, np.mean(by_seed))
    assert_allclose(
        entry.log_loss.mean,
        np.mean([-np.log(r.probs[np.arange(75), r.labels]).mean() for r in entry.runs]),
    )
    verdict = iris.verdicts[0]
    other = iris.entry("linear", "softmax")
    gaps = [
        np.mean(a.predictions == a.labels) - np.mean(b.predictions == b.labels)
        for a, b in zip(other.runs, entry.runs, strict=True)
    ]
    assert_allclose(verdict.difference.mean, 100 * np.mean(gaps))
    for test, a, b in zip(verdict.mcnemar, other.runs, entry.runs, strict=True):
        expected = mcnemar_exact(hits(a.predictions, a.labels), hits(b.predictions, b.labels))
        assert (test.only_first, test.only_second, test.p_value) == expected


def test_probabilities_sum_to_one_and_raw_values_stand_beside_them(iris):
    softmax, sigmoid = iris.entries
    for entry in iris.entries:
        assert_allclose(entry.runs[0].probs.sum(axis=1), 1.0)
    assert softmax.runs[0].membership is None
    assert np.abs(sigmoid.runs[0].membership.sum(axis=1) - 1).max() > 0.01
    assert set(sigmoid.details) == {
        "membership_log_loss",
        "membership_brier",
        "membership_calibration_error",
    }
    assert not softmax.details


def test_the_same_call_gives_the_same_numbers(iris):
    again = compare(X_IRIS, NAMES[Y_IRIS], models=("linear",), seeds=[3, 7])
    assert again.verdicts == iris.verdicts
    assert again.sentence == iris.sentence


def test_the_dict_is_json_with_settings_seeds_and_versions(iris):
    told = json.loads(json.dumps(iris.to_dict(), allow_nan=False))
    assert told["seeds"] == [3, 7]
    assert told["environment"]["versions"]["numpy"] == np.__version__
    assert told["entries"][0]["settings"]["C"] == 1.0
    assert told["entries"][0]["settings"]["standardize"] is True
    assert {"date", "processor", "cores", "total_seconds"} <= set(told["environment"])


def test_networks_run_beside_the_linear_model_with_history(digits):
    assert digits.models == ("linear", "mlp", "cnn")
    assert len(digits.entries) == 9
    for model in ("mlp", "cnn"):
        curve = loss_curve(digits.entry(model, "softmax"))
        assert curve is not None
        assert curve.mean[-1] < curve.mean[0]
        assert (curve.low <= curve.high).all()
        assert digits.entry(model, "sigmoid").accuracy.mean > 0.5
    assert loss_curve(digits.entry("linear", "softmax")) is None


def test_pictures_are_not_standardised(digits):
    assert digits.entry("linear", "softmax").settings["standardize"] is False
    assert digits.image_shape == (8, 8)


def test_a_mistake_runs_like_any_head_and_is_labelled(digits):
    entry = digits.entry("linear", "sigmoid+mse")
    assert entry.mistake
    assert any(note.startswith("sigmoid+mse is a common mistake") for note in digits.notes)
    assert digits.entry("linear", "sigmoid").mistake is None
    assert [(v.model, v.first, v.second) for v in digits.verdicts[:2]] == [
        ("linear", "softmax", "sigmoid"),
        ("linear", "softmax", "sigmoid+mse"),
    ]
    assert "The mistake sigmoid+mse" in digits.sentence


def test_confusions_count_every_test_row_once_a_seed(digits):
    counts = confusion_counts(digits.entry("cnn", "softmax"), 10)
    assert counts.sum() == 2 * digits.n_test
    rows = disagreements(digits.entry("mlp", "softmax"), digits.entry("mlp", "sigmoid"))
    runs = [digits.entry("mlp", head).runs[0] for head in ("softmax", "sigmoid")]
    assert_array_equal(rows, np.flatnonzero(runs[0].predictions != runs[1].predictions))


def test_fixed_test_rows_fit_the_linear_model_once():
    result = compare(
        X_IRIS[::2],
        Y_IRIS[::2],
        X_test=X_IRIS[1::2],
        y_test=Y_IRIS[1::2],
        models=("linear", "mlp"),
        seeds=2,
    )
    assert result.fixed_split
    assert [run.seed for run in result.entry("linear", "softmax").runs] == [0]
    assert len(result.entry("mlp", "softmax").runs) == 2
    assert result.entry("linear", "softmax").accuracy.spread is None
    assert not np.isnan(result.verdicts[0].difference.low)
    assert any("fitted once" in note for note in result.notes)
    assert_array_equal(result.X_test, X_IRIS[1::2])


def test_two_classes_are_not_contested():
    kept = Y_IRIS > 0
    result = compare(X_IRIS[kept], NAMES[Y_IRIS[kept]], models=("linear",), seeds=2)
    assert result.heads == ("softmax",)
    assert not result.verdicts
    assert any("same model" in note for note in result.notes)
    assert "use either" in result.sentence
    assert result.entries[0].runs[0].probs.shape == (50, 2)


def test_label_sets_run_sigmoid_and_say_why_not_softmax():
    X, Y = label_sets()
    result = compare(X, Y, models=("linear",), seeds=2)
    assert result.heads == ("sigmoid",)
    assert any(note.startswith("softmax left out: a row may carry") for note in result.notes)
    assert result.sentence.startswith("Use sigmoid")
    entry = result.entries[0]
    assert set(entry.details) == {"hamming_loss", "micro_f1", "macro_f1"}
    run = entry.runs[0]
    assert_allclose(run.probs, 1 / (1 + np.exp(-run.logits)))
    assert 0.7 < entry.details["micro_f1"].mean < 1
    for score in entry.details.values():
        assert score.low < score.mean < score.high


def test_only_softmax_on_label_sets_is_refused_with_the_reason():
    X, Y = label_sets()
    with pytest.raises(ValueError, match="softmax"):
        compare(X, Y, heads=("softmax",), models=("linear",), seeds=1)


def test_missing_cells_of_label_sets_are_left_out():
    X, Y = label_sets()
    Y[::7, 1] = np.nan
    Y[5] = np.nan
    result = compare(X, Y, models=("linear",), seeds=2)
    assert 0.3 < result.entries[0].accuracy.mean < 1
    assert np.isfinite(result.entries[0].log_loss.mean)


def test_tuning_chooses_for_each_head_on_training_rows_only(monkeypatch):
    seen = []
    real = contest.choose_settings

    def spy(model, head, work, split, seed, tell):
        chosen = real(model, head, work, split, seed, tell)
        seen.append((model, head, seed, chosen))
        return chosen

    monkeypatch.setattr(contest, "choose_settings", spy)
    result = compare(X_IRIS, Y_IRIS, models=("linear",), seeds=2, tune=True)
    assert [(head, seed) for _, head, seed, _ in seen] == [
        ("softmax", 0),
        ("sigmoid", 0),
        ("softmax", 1),
        ("sigmoid", 1),
    ]
    for _, head, seed, chosen in seen:
        assert chosen["C"] in GRIDS["linear"][1]
        run = result.entry("linear", head).runs[seed]
        assert run.settings["C"] == chosen["C"]
    assert result.tuned


def test_the_test_labels_cannot_sway_the_tuning():
    def chosen(y_test):
        result = compare(
            X_IRIS[::2],
            Y_IRIS[::2],
            X_test=X_IRIS[1::2],
            y_test=y_test,
            models=("linear",),
            seeds=1,
            tune=True,
        )
        return [entry.settings["C"] for entry in result.entries]

    assert chosen(Y_IRIS[1::2]) == chosen(Y_IRIS[1::2][::-1])


def test_progress_counts_every_fit_up_to_the_total():
    told = []
    compare(
        X_IRIS,
        Y_IRIS,
        models=("linear",),
        seeds=2,
        tune=True,
        progress=lambda done, total, text: told.append((done, total, text)),
    )
    total = 2 * 2 * (1 + len(GRIDS["linear"][1]))
    assert [done for done, _, _ in told] == list(range(total + 1))
    assert {total for _, total, _ in told} == {total}
    assert "linear sigmoid, seed 1" in told[-1][2]


def test_stopping_stops_the_contest():
    def stop(done, total, text):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(X_IRIS, Y_IRIS, models=("linear",), seeds=2, progress=stop)


def test_a_network_stopped_half_way_is_not_contested(monkeypatch):
    class Stopped:
        interrupted_ = True

        def fit(self, X, y):
            return self

    monkeypatch.setattr(entrants, "MLPClassifier", lambda **settings: Stopped())
    monkeypatch.setattr(contest, "warm_up", lambda *anything: None)
    with pytest.raises(KeyboardInterrupt):
        compare(X_IRIS, Y_IRIS, models=("mlp",), seeds=1)


def test_without_pictures_the_cnn_is_left_out_with_a_note_or_refused_alone():
    result = compare(X_IRIS, Y_IRIS, models=("linear", "cnn"), seeds=1)
    assert result.models == ("linear",)
    assert any(note.startswith("cnn left out") for note in result.notes)
    with pytest.raises(ValueError, match="it needs pictures"):
        compare(X_IRIS, Y_IRIS, models=("cnn",), seeds=1)


def test_without_torch_the_networks_are_left_out_with_a_note(monkeypatch):
    monkeypatch.setattr(entrants, "find_spec", lambda name: None)
    result = compare(X_IRIS, Y_IRIS, seeds=1)
    assert result.models == ("linear",)
    assert any("pip install headway[torch]" in note for note in result.notes)


def test_a_dataset_brings_everything_with_it():
    data = Dataset(
        name="small iris",
        X=X_IRIS[::2],
        y=NAMES[Y_IRIS[::2]],
        classes=tuple(NAMES),
        feature_names=("a", "b", "c", "d"),
        X_test=X_IRIS[1::2],
        y_test=NAMES[Y_IRIS[1::2]],
        description="Half of the flowers.",
    )
    result = compare(data, models=("linear",), seeds=2)
    assert (result.name, result.description) == ("small iris", "Half of the flowers.")
    assert result.fixed_split
    with pytest.raises(TypeError, match="Pass the Dataset alone"):
        compare(data, Y_IRIS)


def test_pictures_may_come_as_pictures():
    X, y = load_digits(return_X_y=True)
    flat = compare(X[:200] / 16, y[:200], models=("linear",), seeds=1, image_shape=(8, 8))
    square = compare(X[:200].reshape(-1, 8, 8) / 16, y[:200], models=("linear",), seeds=1)
    assert square.image_shape == (8, 8)
    assert square.verdicts == flat.verdicts


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"models": ("tree",)}, "`models` must be among linear, mlp, cnn, lda, .*, got 'tree'"),
        ({"heads": ("tanh",)}, "`heads` must be among .*got 'tanh'"),
        ({"heads": ()}, "got none"),
        ({"seeds": 0}, "at least one"),
        ({"seeds": [1, 1]}, "none twice"),
        ({"seeds": [-1]}, "none negative"),
        ({"test_size": 1.0}, "between 0 and 1, got 1"),
        ({"test_size": 0.0}, "between 0 and 1, got 0"),
        ({"image_shape": (3, 3)}, r"as many pixels as `X` has columns \(4\), got \(3, 3\)"),
        ({"X_test": X_IRIS}, "belong together"),
        ({"X_test": X_IRIS, "y_test": Y_IRIS[:5]}, "`X_test` and `y_test` must have the same"),
        ({"y_test": Y_IRIS, "X_test": X_IRIS[:, :2]}, "features"),
    ],
)
def test_a_wrong_argument_is_named(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        compare(X_IRIS, Y_IRIS, **{"models": ("linear",), **arguments})


def test_labels_and_rows_must_fit():
    with pytest.raises(TypeError, match=r"Call `compare\(X, y\)`"):
        compare(X_IRIS)
    with pytest.raises(ValueError, match="got 150 and 149"):
        compare(X_IRIS, Y_IRIS[1:])
    broken = X_IRIS.copy()
    broken[4, 2] = np.nan
    with pytest.raises(ValueError, match="row 4"):
        compare(broken, Y_IRIS)
    with pytest.raises(TypeError, match="number of seeds"):
        compare(X_IRIS, Y_IRIS, seeds=2.0)
