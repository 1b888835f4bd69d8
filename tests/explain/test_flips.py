"""The smallest change that flips a decision: applied it flips, and nothing smaller does."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from headway.decisions import (
    Abstain,
    ApsScore,
    Argmax,
    BinaryThreshold,
    ExpectedF1,
    LabelThresholds,
    LacScore,
    LeastCost,
    PredictionSets,
    Threshold,
    TopK,
    with_abstention,
    zero_one_cost,
)
from headway.explain.flips import (
    logit_flips,
    smallest_flip,
    temperature_flip,
    threshold_flip,
    with_held_draw,
)
from headway.heads import HEAD_NAMES, binary_head, preset_head, sigmoid_head, softmax_head
from headway.labels import one_hot

COST = np.array([[0.0, 1.0, 4.0, 0.4], [2.0, 0.0, 1.0, 0.4], [1.0, 6.0, 0.0, 0.4]])


@dataclass(frozen=True)
class Unheard:
    """A decision that the room has never heard of: sums of pairs."""

    level: float = 0.7

    def __call__(self, probs):
        return (probs[:, 0] + probs[:, 1] > self.level).astype(np.int64)


EXCLUSIVE = [
    Argmax(),
    LeastCost(COST),
    LeastCost(with_abstention(zero_one_cost(3), price=0.45)),
    TopK(2),
    Abstain(0.6),
    PredictionSets(LacScore(), (-0.3,)),
    PredictionSets(LacScore(), (-0.4, -0.2, -0.5), at_least_one=True),
    PredictionSets(ApsScore(randomized=False), (0.8,)),
    Unheard(),
]
LABELS = [
    Threshold(0.5),
    Threshold(0.2),
    LabelThresholds((0.3, 0.5, 0.8)),
    LabelThresholds((0.3, 0.5, 0.8), at_least_one=True),
    LabelThresholds((0.3, 0.2, 0.4), at_most=1),
    LabelThresholds((0.3, 0.2, 0.4), at_least_one=True, at_most=2),
    TopK(1),
    ExpectedF1(),
]
BINARY = [Argmax(), BinaryThreshold(0.8), LeastCost([[0.0, 1.0, 0.3], [2.0, 0.0, 0.3]])]
BINARY.append(Abstain(0.7))
HEADS = [
    *(replace(softmax_head(), decision=d) for d in EXCLUSIVE),
    *(replace(sigmoid_head(exclusive=True), decision=d) for d in EXCLUSIVE),
    *(replace(sigmoid_head(exclusive=False), decision=d) for d in LABELS),
    *(replace(binary_head(), decision=d) for d in BINARY),
    *(replace(preset_head("sparsemax", "exclusive"), decision=d) for d in (Argmax(), Abstain(0.8))),
    *(replace(preset_head("entmax", "binary"), decision=d) for d in (Argmax(), Abstain(0.8))),
]
NAMES = ("ant", "bee", "fly")


def head_id(head):
    kind = "exclusive" if head.exclusive else "labels"
    return f"{head.name}-{kind}-{head.decision}"[:90].replace("\n", "")


def rows(head, n=6):
    columns = 1 if head.name in ("binary", "entmax") else 3
    return np.random.default_rng(3).normal(scale=1.5, size=(n, columns))


def differs(head, z, decided):
    answers = head.decide(np.atleast_2d(z))
    different = answers != decided
    return different if different.ndim == 1 else different.any(axis=1)


def words(decision):
    return str(np.asarray(decision).tolist())


@pytest.mark.parametrize("head", HEADS, ids=head_id)
def test_the_decision_flips_just_beyond_the_logit_told_and_nowhere_before(head):
    for z in rows(head):
        decided = head.decide(z[None, :])[0]
        for k, flip in enumerate(logit_flips(head, z, NAMES[: len(z)], words)):
            reach = abs(flip.change) if flip.exists else 30.0
            before = np.repeat(z[None, :], 401, axis=0)
            before[:, k] += np.linspace(-1, 1, 401) * (reach - 1e-9)
            assert not differs(head, before, decided).any()
            if flip.exists:
                beyond = z.copy()
                beyond[k] = flip.then + 1e-8 * np.sign(flip.change)
                assert differs(head, beyond, decided).all()
                assert words(head.decide(beyond[None, :])[0]) == flip.result


@pytest.mark.parametrize("head", HEADS, ids=head_id)
def test_the_decision_flips_just_beyond_the_temperature_told_and_nowhere_before(head):
    for z in rows(head):
        decided = head.decide(z[None, :])[0]
        flip = temperature_flip(head, z, words)
        # Far out, probabilities round to 0 and 1, and order is lost among them.
        most = 4.0 if isinstance(head.decision, TopK) else 1000.0
        reach = abs(np.log(flip.then)) if flip.exists else np.log(most)
        scales = np.exp(np.linspace(-1, 1, 2001) * reach * (1 - 1e-9))
        assert not differs(head, z / scales[:, None], decided).any()
        if flip.exists:
            beyond = z / flip.then ** (1 + 1e-9)
            assert differs(head, beyond, decided).all()
            assert words(head.decide(beyond[None, :])[0]) == flip.result


@pytest.mark.parametrize("head", HEADS, ids=head_id)
def test_the_decision_flips_at_the_threshold_told_and_nowhere_before(head):
    for z in rows(head):
        flip = threshold_flip(head, z, NAMES, words)
        probs = head.to_probs(z[None, :])
        decided = head.decision(probs)[0]
        if not flip.exists:
            assert flip.reason
            continue
        for share, flipped in ((1 - 1e-9, False), (0.5, False), (1 + 1e-9, True)):
            changed = moved(head.decision, flip, flip.now + share * flip.change)
            answer = changed(probs)[0]
            assert bool(np.any(answer != decided)) is flipped
            assert not flipped or words(answer) == flip.result


def moved(decision, flip, value):
    """Return the decision with the threshold that a flip speaks of at another value."""
    for field in ("value", "threshold"):
        if isinstance(getattr(decision, field, None), float):
            return replace(decision, **{field: value})
    field = "values" if hasattr(decision, "values") else "cutoffs"
    old = getattr(decision, field)
    place = NAMES.index(flip.name) if len(old) > 1 else 0
    return replace(decision, **{field: (*old[:place], value, *old[place + 1 :])})


def test_argmax_flips_by_the_gap_and_at_no_temperature():
    z = np.array([0.5, 2.0, 1.25])
    flips = logit_flips(softmax_head(), z, NAMES, words)
    assert [flip.change for flip in flips] == [1.5, -0.75, 0.75]
    assert [flip.result for flip in flips] == ["0", "2", "2"]
    assert smallest_flip(flips).change == -0.75
    assert "order" in temperature_flip(softmax_head(), z, words).reason
    assert "no threshold" in threshold_flip(softmax_head(), z, NAMES, words).reason


def test_a_threshold_on_a_label_flips_at_its_logit_and_the_threshold_at_its_probability():
    head = replace(sigmoid_head(exclusive=False), decision=Threshold(0.8))
    z = np.array([np.log(3.0), -5.0])  # 0.75 and almost 0
    flip = smallest_flip(logit_flips(head, z, ("a", "b"), words))
    assert_allclose([flip.then, flip.change], [np.log(4.0), np.log(4.0 / 3.0)])
    assert_allclose(threshold_flip(head, z, ("a", "b"), words).then, 0.75)
    # sigmoid(log(3) / T) = 0.8
    assert_allclose(temperature_flip(head, z, words).then, np.log(3.0) / np.log(4.0))


def test_a_threshold_of_one_half_flips_at_no_temperature():
    flip = temperature_flip(sigmoid_head(exclusive=False), np.array([0.3, -2.0]), words)
    assert not flip.exists
    assert "Every temperature" in flip.reason


def test_a_shared_shift_moves_the_logits_and_none_of_the_changes():
    for decision in EXCLUSIVE:
        head = replace(softmax_head(), decision=decision)
        for z in rows(head, 4):
            here, there = (logit_flips(head, row, NAMES, words) for row in (z, z + 5.0))
            for one, other in zip(here, there, strict=True):
                assert_allclose(one.change, other.change, atol=1e-9)
                assert one.result == other.result


def test_far_logits_cancel_nothing():
    z = np.array([800.0, 0.0, -800.0])
    flips = logit_flips(softmax_head(), z, NAMES, words)
    assert [flip.change for flip in flips] == [-800.0, 800.0, 1600.0]
    costs = replace(softmax_head(), decision=LeastCost(zero_one_cost(3)))
    flips = logit_flips(costs, z, NAMES, words)
    assert_allclose([flip.change for flip in flips], [-800.0, 800.0, 1600.0], rtol=1e-12)


def test_a_tie_flips_at_once():
    z = np.array([1.0, 1.0, 0.0])
    assert smallest_flip(logit_flips(softmax_head(), z, NAMES, words)).change == 0.0


def test_a_decision_that_never_changes_says_so():
    head = replace(softmax_head(), decision=LeastCost([[0.0, 1.0]] * 3))
    z = np.zeros(3)
    assert not smallest_flip(logit_flips(head, z, NAMES, words)).exists
    assert not temperature_flip(head, z, words).exists
    never = replace(sigmoid_head(exclusive=False), decision=Threshold(1.0))
    assert not smallest_flip(logit_flips(never, z, NAMES, words)).exists


def test_every_preset_for_exclusive_classes_is_explained():
    z = one_hot(np.array([1]), 3)[0] * 2.0 + np.array([0.1, 0.0, 0.3])
    for name in HEAD_NAMES:
        flips = logit_flips(preset_head(name, "exclusive"), z, NAMES, words)
        assert_allclose([flip.change for flip in flips], [1.9, -1.7, 1.7])


def test_the_draw_of_a_random_set_is_held():
    """Hashed from the probabilities, it would be another one after the least change."""
    head = replace(softmax_head(), decision=PredictionSets(ApsScore(), (0.8,)))
    for z in rows(head):
        held = with_held_draw(head, z[None, :])
        assert held.decide(z[None, :]).tolist() == head.decide(z[None, :]).tolist()
        flip = smallest_flip(logit_flips(held, z, NAMES, words))
        moved = z.copy()
        moved[NAMES.index(flip.name)] += flip.change * (1 - 1e-9)
        assert held.decide(moved[None, :]).tolist() == head.decide(z[None, :]).tolist()
    assert with_held_draw(softmax_head(), np.zeros((1, 3))) == softmax_head()


def test_no_smaller_change_of_any_labels_threshold_flips_the_set():
    rng = np.random.default_rng(0)
    grid = np.linspace(0, 1, 101)
    for at_least_one in (False, True):
        for at_most in (None, 1, 2):
            for _ in range(6):
                values = tuple(rng.random(5))
                decision = LabelThresholds(values, at_least_one=at_least_one, at_most=at_most)
                head = replace(sigmoid_head(exclusive=False), decision=decision)
                z = rng.normal(scale=2.0, size=5)
                probs = head.to_probs(z[None, :])
                flip = threshold_flip(head, z, "abcde", words)
                told = abs(flip.change) if flip.exists else np.inf
                for k in range(5):
                    for value in grid[np.abs(grid - values[k]) < told - 1e-9]:
                        other = replace(decision, values=(*values[:k], value, *values[k + 1 :]))
                        assert (other(probs)[0] == decision(probs)[0]).all()
