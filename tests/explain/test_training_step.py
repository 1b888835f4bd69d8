import json

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits, load_wine

from headway.datasets import digits
from headway.errors import InputValueError
from headway.explain import follow_example
from headway.heads import preset_head


@pytest.fixture(scope="module")
def story():
    X, y = load_digits(return_X_y=True)
    return follow_example(X[:300], y[:300], row=3, image_shape=(8, 8), name="digits", steps=200)


@pytest.fixture(scope="module")
def moods():
    rng = np.random.default_rng(0)
    y = np.array([[1, 0, 1], [0, 1, 0], [1, 1, np.nan], [0, 0, 0]] * 10)
    return follow_example(rng.normal(size=(40, 3)), y, row=0, steps=5)


@pytest.fixture(scope="module")
def binary():
    X, y = load_wine(return_X_y=True)
    kept = y < 2
    return follow_example(X[kept], np.array(["no", "yes"])[y[kept]], row=100, steps=5)


def test_both_heads_start_from_the_same_logits(story):
    assert [head.name for head in story.heads] == ["softmax", "sigmoid"]
    softmax, sigmoid = story.heads
    assert_allclose(softmax.probs, np.exp(story.logits) / np.exp(story.logits).sum())
    assert_allclose(sigmoid.probs, 1 / (1 + np.exp(-story.logits)))


def test_the_target_row_is_one_hot(story):
    assert story.targets.tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]


def test_the_gradient_is_probs_minus_targets_and_the_slope_of_the_loss(story):
    for head in story.heads:
        assert_allclose(head.gradient, head.probs - story.targets)
        loss, h = preset_head(head.name, "exclusive").loss, 1e-6
        for k in range(10):
            up, down = (story.logits + sign * h * np.eye(10)[k] for sign in (1, -1))
            rise = loss.value(up[None], story.targets[None]) - loss.value(
                down[None], story.targets[None]
            )
            assert_allclose(head.gradient[k], rise[0] / (2 * h), atol=1e-6)


def test_the_neuron_adds_up(story):
    neuron = story.neuron
    assert neuron.name == "3"
    assert_allclose(neuron.products, story.features * neuron.weights)
    assert_allclose(neuron.weighted_sum, neuron.products.sum())
    assert_allclose(neuron.logit, story.logits[3])
    assert neuron.threshold == -neuron.bias
    assert (neuron.activation > 0.5) == (neuron.weighted_sum > neuron.threshold)
    sizes = abs(neuron.products[neuron.largest(5)])
    assert (np.diff(sizes) <= 0).all()
    assert sizes[0] == abs(neuron.products).max()


def test_the_step_is_a_step_of_the_weights(story):
    """Moving one neuron's weights and bias by hand gives the logit the story tells."""
    rate = story.learning_rate
    for head in story.heads:
        weights = story.neuron.weights - rate * head.gradient[3] * story.features
        bias = story.neuron.bias - rate * head.gradient[3]
        assert_allclose(head.logits_after[3], weights @ story.features + bias)


def test_the_default_rate_moves_each_logit_by_minus_its_gradient(story):
    assert_allclose(story.learning_rate * story.input_size, 1)
    for head in story.heads:
        assert_allclose(head.logits_after, story.logits - head.gradient)
        assert head.loss_after < head.loss


def test_a_rate_of_ones_own_is_kept():
    X, y = load_digits(return_X_y=True)
    slow = follow_example(X[:50], y[:50], image_shape=(8, 8), learning_rate=0.01, steps=1)
    head = slow.heads[0]
    step = 0.01 * (slow.features @ slow.features + 1)
    assert_allclose(head.logits_after, slow.logits - step * head.gradient)


def test_training_on_all_rows_learns_the_example(story):
    for head in story.heads:
        assert len(head.path) == 201
        assert_allclose(head.path[0], head.probs[3])
        assert head.path[-1] > head.path[0] + 0.2
        assert_allclose(head.path[-1], head.probs_trained[3])


def test_a_sigmoid_neuron_begins_near_the_share_of_its_class(story):
    assert abs(story.neuron.bias - np.log(0.1 / 0.9)) < 0.3


def test_binary_data_have_one_logit_and_one_head(binary):
    assert binary.classes == ("yes",)
    assert binary.label == "yes"
    assert binary.targets.tolist() == [1.0]
    assert [head.name for head in binary.heads] == ["sigmoid"]
    assert "IS the sigmoid" in binary.note


def test_multilabel_rows_have_no_softmax_and_missing_cells_do_not_pull(moods):
    assert [head.name for head in moods.heads] == ["sigmoid"]
    assert moods.label == "0 and 2"
    assert "does not apply" in moods.note
    rng = np.random.default_rng(0)
    y = np.array([[1, 0, np.nan], [0, 1, 0], [1, 1, 1], [0, 0, 0]] * 10)
    gap = follow_example(rng.normal(size=(40, 3)), y, row=0, steps=2)
    assert gap.heads[0].gradient[2] == 0
    assert gap.to_dict()["targets"] == [1.0, 0.0, None]


def test_a_row_without_any_label_is_told_too(moods):
    rng = np.random.default_rng(0)
    y = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 1], [0, 0, 0]] * 10)
    empty = follow_example(rng.normal(size=(40, 3)), y, row=3, steps=2)
    assert empty.label == "none of the labels"
    assert "none of the labels" in empty.to_text()


def test_columns_of_any_scale_are_brought_to_one():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)) * [1e-6, 1.0, 1e6]
    story = follow_example(X, np.arange(60) % 3, steps=20)
    assert np.isfinite(story.heads[0].path).all()
    assert abs(story.features).max() < 5


def test_a_constant_column_does_no_harm():
    X = np.column_stack([np.ones(30), np.arange(30)])
    assert np.isfinite(follow_example(X, np.arange(30) % 3, steps=3).logits).all()


def test_more_rows_than_are_needed_are_sampled_but_the_row_stays():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 2))
    story = follow_example(X, np.arange(1500) % 3, row=1499, steps=2)
    assert story.label == str(1499 % 3)
    assert story.row == 1499


def test_a_dataset_brings_its_names():
    story = follow_example(digits(), row=5, steps=1)
    assert (story.name, story.image_shape, len(story.features)) == ("digits", (8, 8), 64)
    assert story.feature_names[9] == "pixel (1, 1)"


def test_the_same_seed_tells_the_same_story():
    X, y = load_digits(return_X_y=True)
    one, two = (follow_example(X[:60], y[:60], random_state=7, steps=3) for _ in range(2))
    assert one.to_dict() == two.to_dict()


@pytest.mark.parametrize("name", ["story", "moods", "binary"])
def test_the_text_fits_eighty_columns_and_names_every_step(name, request):
    told = request.getfixturevalue(name)
    text = told.to_text()
    assert max(map(len, text.splitlines())) <= 80
    for number, (heading, _) in enumerate(told.steps(), start=1):
        assert f"{number}. {heading}" in text


@pytest.mark.parametrize("name", ["story", "moods", "binary"])
def test_the_story_survives_json(name, request):
    told = request.getfixturevalue(name)
    again = json.loads(json.dumps(told.to_dict(), allow_nan=False))
    assert again["logits"] == told.logits.tolist()
    assert [head["name"] for head in again["heads"]] == [head.name for head in told.heads]


def test_many_classes_are_told_in_part():
    rng = np.random.default_rng(0)
    y = np.arange(120) % 60
    text = follow_example(rng.normal(size=(120, 4)), y, row=30, steps=2).to_text()
    assert "(40 more)" in text
    assert "one-hot row has 60 places" in text


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"y": None}, "`y` must be given"),
        ({"row": 30}, r"must be in 0..29, got 30"),
        ({"row": -1}, r"must be in 0..29, got -1"),
        ({"learning_rate": 0.0}, "above 0, got 0.0"),
        ({"steps": 0}, "at least 1, got 0"),
        ({"image_shape": (2, 2)}, r"hold 3 pixels, got \(2, 2\)"),
        ({"X": np.ones(30)}, r"shape \(n, d\)"),
        ({"X": np.full((30, 3), np.nan)}, "got NaN at row 0, column 0"),
        ({"X": np.full((30, 3), "a")}, "numbers only"),
        ({"y": np.arange(29) % 3}, "as many rows, got 30 and 29"),
    ],
)
def test_a_wrong_request_says_what_to_do(given, message):
    X = np.random.default_rng(0).normal(size=(30, 3))
    request = {"X": X, "y": np.arange(30) % 3, "row": 0, **given}
    with pytest.raises(InputValueError, match=message):
        follow_example(request.pop("X"), request.pop("y"), **request)


def test_a_row_whose_labels_are_all_missing_cannot_be_followed():
    y = np.array([[1.0, 0.0], [0.0, 1.0], [np.nan, np.nan]])
    with pytest.raises(InputValueError, match="only missing labels at row 2"):
        follow_example(np.eye(3), y, row=2)
