"""The network classifiers: every kind of labels and images, fair heads, honest stops."""

import pickle
import sys
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

torch = pytest.importorskip("torch")

import headway  # noqa: E402
from headway.classifiers import ConvClassifier, MLPClassifier  # noqa: E402
from headway.classifiers import trained as trained_module  # noqa: E402
from headway.errors import InputTypeError, InputValueError, MissingDependencyError  # noqa: E402


def table(n=300, seed=0):
    rng = np.random.default_rng(seed)
    centers = np.array([[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0.0]])
    y = rng.integers(0, 3, n)
    return centers[y] + rng.normal(size=(n, 4)), np.array(["cat", "dog", "owl"])[y]


def pictures(n=120, seed=0):
    """Return 8 x 8 images with a bright bar, upright or level."""
    rng = np.random.default_rng(seed)
    images = rng.normal(scale=0.3, size=(n, 8, 8))
    upright = np.arange(n) % 2 == 0
    for image, bar in zip(images, upright, strict=True):
        place = rng.integers(1, 7)
        image[(slice(None), place) if bar else (place, slice(None))] += 1
    return images, np.where(upright, "upright", "level")


def quick(**settings):
    return MLPClassifier(**{"hidden": (16,), "epochs": 15, "random_state": 0, **settings})


def quick_conv(**settings):
    defaults = {"channels": (4, 8), "hidden": (8,), "epochs": 15, "random_state": 0}
    return ConvClassifier(**{**defaults, "learning_rate": 0.01, **settings})


# -- kinds of labels --------------------------------------------------------------------------


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_exclusive_classes_are_learned_and_their_probabilities_sum_to_one(head):
    X, y = table()
    classifier = quick(head=head).fit(X, y)
    probs = classifier.predict_proba(X)
    assert classifier.score(X, y) > 0.8
    assert probs.shape == (300, 3)
    np.testing.assert_allclose(probs.sum(axis=1), 1, rtol=1e-6)
    assert classifier.logits(X).dtype == np.float32


def test_binary_labels_have_one_logit_column_and_two_of_probabilities():
    X, y = table()
    classifier = quick(head="softmax").fit(X, y == "cat")
    assert classifier.logits(X).shape == (300, 1)
    assert classifier.decision_function(X).shape == (300,)
    assert classifier.predict_proba(X).shape == (300, 2)
    assert classifier.score(X, y == "cat") > 0.8


def test_on_binary_labels_both_heads_are_the_same_network():
    X, y = table()
    first, second = (quick(head=head).fit(X, y == "cat") for head in ("softmax", "sigmoid"))
    np.testing.assert_array_equal(first.logits(X), second.logits(X))


def test_label_sets_with_missing_cells_are_learned():
    X, y = table()
    Y = np.column_stack([y == "cat", X[:, 3] > 0]).astype(float)
    Y[::3, 1] = np.nan
    classifier = quick(epochs=60).fit(X, Y)
    assert classifier.kind_ == "multilabel"
    assert classifier.predict_proba(X).shape == (300, 2)
    assert ((X[:, 3] > 0) == classifier.predict(X)[:, 1]).mean() > 0.9


def test_softmax_on_label_sets_is_refused():
    X, y = table()
    with pytest.raises(InputValueError, match="softmax"):
        quick(head="softmax").fit(X, np.column_stack([y == "cat", X[:, 3] > 0]).astype(int))


def test_a_declared_class_without_rows_gets_a_column_and_a_small_probability():
    X, y = table()
    classifier = quick(classes=["ant", "cat", "dog", "owl"], epochs=40).fit(X, y)
    assert classifier.predict_proba(X)[:, 0].max() < 0.1


@pytest.mark.parametrize("head", ["sigmoid+mse", "double-softmax", "softmax+bce"])
def test_the_common_mistakes_can_be_trained(head):
    X, y = table()
    assert quick(head=head, epochs=40).fit(X, y).score(X, y) > 0.6


# -- heads are compared fairly ----------------------------------------------------------------


def test_before_training_both_heads_predict_the_class_shares_and_share_all_weights():
    X, y = table()
    networks = {}
    for head in ("softmax", "sigmoid"):
        # A rate this small leaves every weight as it was drawn.
        classifier = quick(head=head, epochs=1, learning_rate=1e-30, dropout=0.0).fit(X, y)
        networks[head] = classifier.network_
        shares = np.unique(y, return_counts=True)[1] / len(y)
        np.testing.assert_allclose(classifier.membership(X[:1])[0], shares, atol=2e-3)
    states = [network.state_dict() for network in networks.values()]
    for name in states[0]:
        same = torch.allclose(states[0][name], states[1][name], rtol=0, atol=1e-20)
        assert same is (name != "last.bias")


def test_the_same_seed_gives_the_same_result_and_another_seed_another():
    X, y = table()
    first, again, other = (quick(random_state=seed).fit(X, y).logits(X) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_fitting_leaves_the_global_generators_alone():
    X, y = table()
    state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    quick().fit(X, y)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_state)


# -- weights ----------------------------------------------------------------------------------


def test_a_heavier_class_is_predicted_more_often():
    X, y = table()
    counts = [
        (quick(class_weight={"owl": weight}).fit(X, y).predict(X) == "owl").sum()
        for weight in (0.1, 1, 10)
    ]
    assert counts[0] < counts[1] < counts[2]


def test_class_weights_are_sample_weights():
    X, y = table()
    by_class = quick(class_weight={"owl": 3.0}).fit(X, y)
    by_row = quick().fit(X, y, sample_weight=np.where(y == "owl", 3.0, 1.0))
    np.testing.assert_array_equal(by_class.logits(X), by_row.logits(X))


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_rows_of_weight_zero_are_as_good_as_gone(method):
    X, y = table(400)
    X[300:] *= 1e6
    weights = (np.arange(400) < 300).astype(float)
    weighted = getattr(quick(), method)(X, y, sample_weight=weights)
    removed = getattr(quick(), method)(X[:300], y[:300])
    np.testing.assert_array_equal(weighted.logits(X[:300]), removed.logits(X[:300]))


def test_only_the_ratios_of_weights_count():
    X, y = table()
    w = np.random.default_rng(0).uniform(0.5, 2, 300)
    one, thousand = (quick().fit(X, y, sample_weight=c * w).logits(X) for c in (1, 1024))
    np.testing.assert_array_equal(one, thousand)


# -- tables and images ------------------------------------------------------------------------


def test_wild_scales_do_not_matter():
    X, y = table()
    wild = X * [1e-9, 1e6, 1.0, 1e12] + [0, 1e7, 0, 0]
    assert quick().fit(wild, y).score(wild, y) > 0.8


@pytest.mark.parametrize("form", ["(n,h,w)", "(n,1,h,w)", "(n,h,w,1)", "(n,d)", "(n,d) told"])
def test_images_come_in_many_forms_and_mean_the_same(form):
    images, y = pictures()
    X = {
        "(n,h,w)": images,
        "(n,1,h,w)": images[:, None],
        "(n,h,w,1)": images[..., None],
    }.get(form, images.reshape(120, 64))
    shape = (8, 8) if "told" in form else None
    classifier = quick_conv(image_shape=shape).fit(X, y)
    assert classifier.image_shape_ == (1, 8, 8)
    np.testing.assert_array_equal(classifier.logits(X), quick_conv().fit(images, y).logits(images))
    assert classifier.score(X, y) > 0.85


def test_channels_last_and_first_are_the_same_images():
    images, y = pictures()
    colour = np.stack([images, -images, images**2], axis=1)
    first = quick_conv(epochs=2).fit(colour, y)
    last = quick_conv(epochs=2).fit(np.moveaxis(colour, 1, 3), y)
    assert first.image_shape_ == last.image_shape_ == (3, 8, 8)
    np.testing.assert_array_equal(first.logits(colour), last.logits(np.moveaxis(colour, 1, 3)))


def test_an_oblong_image_needs_its_shape_or_is_one_row():
    images, y = pictures()
    oblong = images[:, :6]
    assert quick_conv(epochs=1).fit(oblong, y).image_shape_ == (1, 6, 8)
    flat = oblong.reshape(120, 48)
    assert quick_conv(epochs=1).fit(flat, y).image_shape_ == (1, 1, 48)
    assert quick_conv(epochs=1, image_shape=(6, 8)).fit(flat, y).image_shape_ == (1, 6, 8)


@pytest.mark.parametrize(
    ("X", "image_shape", "message"),
    [
        (np.zeros((6, 10)), (3, 4), r"got 12 and 10\. Pass the \(height, width\)"),
        (np.zeros((6, 9, 9, 9)), None, "got no candidates. Pass image_shape="),
        (np.zeros((6, 3, 9, 3)), None, "got two candidates. Pass image_shape="),
        (np.zeros((6, 5, 5)), (4, 5), r"1 channels of 4 x 5 pixels, got .*\(6, 5, 5\)"),
        (np.zeros((6, 9)), (0, 9), r"got \(0, 9\). Pass a tuple of whole numbers above 0"),
        (np.zeros((6, 9)), (9,), r"must be \(height, width\) or \(channels, height, width\)"),
    ],
)
def test_a_wrong_image_shape_says_what_to_pass(X, image_shape, message):
    with pytest.raises(InputValueError, match=message):
        quick_conv(image_shape=image_shape).fit(X, [0, 1] * 3)


def test_images_of_another_size_are_refused_at_predict():
    images, y = pictures()
    classifier = quick_conv(epochs=1).fit(images, y)
    with pytest.raises(InputValueError, match=r"1 channels of 8 x 8 pixels, got .*\(120, 7, 8\)"):
        classifier.predict(images[:, :7])


def test_shifts_are_for_images_of_8_pixels_and_can_be_turned_off():
    images, y = pictures()
    automatic, one, none = (
        quick_conv(shift=shift, epochs=2).fit(images, y).logits(images) for shift in ("auto", 1, 0)
    )
    np.testing.assert_array_equal(automatic, one)
    assert np.abs(one - none).max() > 1e-4
    small = images[:, :7]
    automatic, none = (
        quick_conv(shift=shift, epochs=2).fit(small, y).logits(small) for shift in ("auto", 0)
    )
    np.testing.assert_array_equal(automatic, none)


# -- early stopping, Ctrl-C, progress ---------------------------------------------------------


def test_rows_are_held_out_only_if_every_class_can_spare_ten():
    X, y = table(360)
    y[:] = np.repeat(["cat", "dog", "owl"], 120)
    assert quick(epochs=1).fit(X, y).history_[0]["val_loss"] is not None
    assert quick(epochs=1, early_stopping=False).fit(X, y).history_[0]["val_loss"] is None
    y[:30] = "dog"  # 90 cats: a tenth of them is 9
    assert quick(epochs=1).fit(X, y).history_[0]["val_loss"] is None
    Y = np.column_stack([np.arange(360) < 100, np.arange(360) >= 100]).astype(int)
    assert quick(epochs=1).fit(X, Y).history_[0]["val_loss"] is not None
    Y[0, 0] = 0
    assert quick(epochs=1).fit(X, Y).history_[0]["val_loss"] is None


def test_the_history_has_an_entry_an_epoch_and_names_the_best():
    X, y = table(900)
    classifier = quick(epochs=8).fit(X, y)
    assert [entry["epoch"] for entry in classifier.history_] == list(range(1, 9))
    losses = [entry["val_loss"] for entry in classifier.history_]
    assert classifier.best_epoch_ == 1 + int(np.argmin(losses))
    assert classifier.n_epochs_ == 8


def interrupting(monkeypatch, epoch):
    show = trained_module.ProgressBar._show

    def interrupted_show(self, record):
        show(self, record)
        if record.epoch == epoch:
            raise KeyboardInterrupt

    monkeypatch.setattr(trained_module.ProgressBar, "_show", interrupted_show)


def test_ctrl_c_keeps_a_usable_classifier_and_says_so(monkeypatch):
    X, y = table()
    interrupting(monkeypatch, epoch=12)
    with pytest.warns(ConvergenceWarning, match="stopped by Ctrl-C after 12 of 15 epochs"):
        classifier = quick().fit(X, y)
    assert classifier.interrupted_
    assert classifier.n_epochs_ == 12
    assert classifier.score(X, y) > 0.7


def test_verbose_shows_a_bar_on_stderr(capsys):
    X, y = table()
    quick(verbose=1).fit(X, y)
    out, err = capsys.readouterr()
    assert out == ""
    assert "MLPClassifier" in err
    assert "loss" in err
    quick().fit(X, y)
    assert capsys.readouterr() == ("", "")


def test_auto_epochs_and_batches_follow_the_number_of_rows():
    network = MLPClassifier()
    network.n_features_in_ = 4
    plans = {n: network._plan(n) for n in (20, 900, 60_000, 10**7)}
    assert [plan.batch_size for plan in plans.values()] == [16, 32, 256, 256]
    convolutional = ConvClassifier()
    convolutional.n_features_in_ = 784
    assert convolutional._plan(60_000).batch_size == 128
    epochs = [plan.epochs for plan in plans.values()]
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[0] == epochs[1] > epochs[2] >= epochs[3] > 1


# -- partial_fit ------------------------------------------------------------------------------


def test_partial_fit_learns_from_batches_of_which_none_holds_all_classes():
    X, y = table(600)
    classifier = quick(learning_rate=0.01)
    for _ in range(8):
        for name in ("cat", "dog", "owl"):
            part = np.flatnonzero(y == name)[:40]
            other = np.flatnonzero(y != name)[:20]
            rows = np.concatenate([part, other])
            classifier.partial_fit(X[rows], y[rows], classes=["cat", "dog", "owl"])
    assert classifier.score(X, y) > 0.75


def test_a_first_batch_of_a_single_class_is_fine_when_classes_are_declared():
    X, y = table()
    classifier = quick().partial_fit(X[y == "cat"], y[y == "cat"], classes=["cat", "dog", "owl"])
    classifier.partial_fit(X, y)
    assert classifier.predict_proba(X).shape == (300, 3)


def test_partial_fit_takes_one_pass_and_is_the_same_for_the_same_seed():
    X, y = table()
    first, again = (quick().partial_fit(X, y).partial_fit(X, y).logits(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - quick().partial_fit(X, y).logits(X)).max() > 1e-3


def test_what_was_passed_before_a_fit_does_not_matter_after_it():
    X, y = table()
    fresh = quick().fit(X, y).partial_fit(X, y)
    used = quick().partial_fit(X, y).fit(X, y).partial_fit(X, y)
    np.testing.assert_array_equal(fresh.logits(X), used.logits(X))


def test_partial_fit_after_load_draws_a_new_order(tmp_path):
    X, y = table()
    classifier = quick().partial_fit(X, y)
    classifier.save(tmp_path / "model.headway")
    loaded = headway.load(tmp_path / "model.headway")
    assert loaded.partial_fit(X, y)._passes == 2


def test_partial_fit_goes_on_from_fit_and_fit_starts_anew():
    X, y = table()
    fitted = quick().fit(X, y)
    before = fitted.logits(X)
    after = fitted.partial_fit(X, y).logits(X)
    assert 0 < np.abs(after - before).max() < 5
    np.testing.assert_array_equal(fitted.fit(X, y).logits(X), before)


# -- files and errors -------------------------------------------------------------------------


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_a_saved_network_predicts_the_same_after_load(tmp_path, head):
    X, y = table()
    perceptron = quick(head=head, standardize="feature").fit(X, y)
    images, z = pictures()
    convolutional = quick_conv().fit(images, z)
    for classifier, rows in ((perceptron, X), (convolutional, images)):
        classifier.save(tmp_path / "model.headway")
        loaded = headway.load(tmp_path / "model.headway")
        np.testing.assert_array_equal(loaded.logits(rows), classifier.logits(rows))
        np.testing.assert_array_equal(loaded.predict(rows), classifier.predict(rows))
        assert loaded.history_ == classifier.history_


def test_a_saved_network_is_the_fitted_one_even_if_parameters_changed_since(tmp_path):
    X, y = table()
    classifier = quick().fit(X, y)
    expected = classifier.logits(X)
    classifier.set_params(hidden=(3,)).save(tmp_path / "model.headway")
    np.testing.assert_array_equal(headway.load(tmp_path / "model.headway").logits(X), expected)


def test_partial_fit_works_after_load(tmp_path):
    X, y = table()
    quick().partial_fit(X, y).save(tmp_path / "model.headway")
    loaded = headway.load(tmp_path / "model.headway")
    before = loaded.logits(X)
    assert np.abs(loaded.partial_fit(X, y).logits(X) - before).max() > 0


def test_a_fitted_network_can_be_pickled():
    X, y = table()
    classifier = quick().partial_fit(X, y)
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.logits(X), classifier.logits(X))


def test_without_torch_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    X, y = table()
    with pytest.raises(MissingDependencyError, match=r"pip install .*headway\[torch\]"):
        quick().fit(X, y)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"epochs": 0}, InputValueError, "`epochs` must be at least 1 or 'auto', got 0"),
        ({"epochs": "many"}, InputTypeError, "`epochs` must be a whole number or 'auto'"),
        ({"batch_size": 2.5}, InputTypeError, "`batch_size` must be a whole number or 'auto'"),
        ({"hidden": (5, 0)}, InputValueError, "`hidden` must be at least 1, got 0"),
        ({"learning_rate": 0.0}, InputValueError, "`learning_rate` must be above 0, got 0"),
        ({"weight_decay": -0.1}, InputValueError, "`weight_decay` must be at least 0, got -0.1"),
        ({"dropout": 1.0}, InputValueError, "`dropout` must be at least 0 and below 1, got 1"),
        ({"patience": 0}, InputValueError, "`patience` must be at least 1, got 0"),
        ({"precision": "float16"}, InputValueError, "`precision` must be one of 'auto'"),
        ({"standardize": "yes"}, InputValueError, "`standardize` must be one of 'auto'"),
        ({"activation": "rleu"}, InputValueError, "`activation` must be one of 'relu'"),
        ({"learning_rate": 1e30}, InputValueError, "loss must stay finite"),
    ],
)
def test_a_wrong_setting_says_what_it_must_be(settings, error, message):
    X, y = table(60)
    with pytest.raises(error, match=message):
        quick(**settings).fit(X, y)


def test_nothing_is_warned_about_in_an_ordinary_fit():
    X, y = table()
    X.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quick().fit(X[:, ::-1], y).predict(X[::-1])
