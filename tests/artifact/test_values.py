"""Values survive the way through JSON; nothing else comes out of it."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from headway.artifact import from_json, to_json
from headway.calibration import (
    Beta,
    Isotonic,
    MatrixScaling,
    Platt,
    PriorShift,
    Temperature,
    VectorScaling,
)
from headway.decisions import (
    Abstain,
    ApsScore,
    BinaryThreshold,
    ExpectedF1,
    LabelThresholds,
    LacScore,
    LeastCost,
    PredictionSets,
    Threshold,
    TopK,
    TuneThresholds,
)
from headway.errors import FileFormatError, InputTypeError
from headway.heads import HEAD_NAMES, LABEL_HEADS, Head, preset_head, sigmoid_head
from headway.losses import PositiveWeightedLoss


def through_text(value):
    return from_json(json.loads(json.dumps(to_json(value), allow_nan=False)))


SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.sets(SCALARS)
        | st.dictionaries(SCALARS, inner)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_values_come_back_as_they_were(value):
    back = through_text(value)
    assert back == value
    assert type(back) is type(value)


def test_a_key_that_looks_like_a_mark_is_only_a_key():
    assert through_text({"$": "Head", "fields": {}}) == {"$": "Head", "fields": {}}


def test_nan_comes_back():
    assert np.isnan(through_text([float("nan")])[0])


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.5, -np.inf]),
        np.array([[1, 2]], dtype=np.int8),
        np.array(["a", "größe"]),
        np.array([True, False]),
        np.array(["a", 1, None], dtype=object),
    ],
    ids=lambda array: str(array.dtype),
)
def test_arrays_keep_dtype_and_values(array):
    back = through_text(array)
    assert back.dtype == array.dtype
    assert_array_equal(back, array)


@pytest.mark.parametrize("kind", ["binary", "exclusive", "multilabel"])
@pytest.mark.parametrize("name", HEAD_NAMES)
def test_every_preset_head_comes_back(name, kind):
    if kind == "multilabel" and name not in ("auto", *LABEL_HEADS):
        pytest.skip("refused on label sets")
    head = preset_head(name, kind)
    assert through_text(head) == head


def test_decisions_with_numbers_inside_come_back():
    head = sigmoid_head(exclusive=False)
    tuned = Head("tuned", head.link, PositiveWeightedLoss((2.0, 3.0)), Threshold(0.3), False)
    assert through_text(tuned) == tuned
    cost = np.array([[0.0, 1.0, 0.2], [5.0, 0.0, 0.2]])
    assert_array_equal(through_text(LeastCost(cost)).cost, cost)


@pytest.mark.parametrize(
    "decision",
    [
        BinaryThreshold(0.2),
        ExpectedF1(beta=2, zero_division=0),
        LabelThresholds(np.array([0.1, 1.0]), at_least_one=True, at_most=np.int64(3)),
        TopK(2),
        TuneThresholds(goal="recall", at_least=0.9, folds=None, at_most=3),
    ],
    ids=repr,
)
def test_decisions_on_label_sets_come_back(decision):
    assert through_text(decision) == decision


@pytest.mark.parametrize(
    "decision",
    [
        Abstain(0.7),
        LeastCost([[0.0, 1.0, 0.2], [5.0, 0.0, 0.2]], ("no", "größe", "ask")),
        PredictionSets(LacScore(), (-0.25,), 0.9, (99,), at_least_one=True),
        PredictionSets(ApsScore(0.1, 2, seed=3), (0.5, float("inf")), 0.8, (20, 3)),
        PredictionSets(ApsScore(randomized=False), (1.0,)),
    ],
    ids=repr,
)
def test_decisions_on_exclusive_classes_come_back_and_decide_the_same(decision):
    back = through_text(decision)
    assert back == decision
    probs = np.random.default_rng(0).dirichlet(np.ones(2), size=50)
    assert_array_equal(back(probs), decision(probs))


@pytest.mark.parametrize(
    "calibrator",
    [
        Temperature(1.5),
        VectorScaling(1.5, [1.0, 0.9], [0.0, -0.1]),
        MatrixScaling(1.5, [[1.0, 0.1], [0.0, 0.9]], [0.0, -0.1]),
        Platt([2.0], [0.1]),
        Beta([0.0, 2.0], [1.0, 0.5], [0.1, -0.1]),
        Isotonic(([0.0, 1.0], []), ([-2.0, 2.0], [])),
        PriorShift([0.5, -0.5]),
    ],
    ids=lambda calibrator: type(calibrator).__name__,
)
def test_calibrators_come_back_to_the_bit(calibrator):
    back = through_text(calibrator)
    assert type(back) is type(calibrator)
    assert back == calibrator
    assert hash(back) == hash(calibrator)


@pytest.mark.parametrize("value", [object(), 1j, b"bytes", np.array([1j]), {"a": len}])
def test_what_the_file_does_not_know_is_refused_on_the_way_in(value):
    with pytest.raises(InputTypeError, match="A saved model can hold"):
        to_json(value)


@pytest.mark.parametrize(
    "value",
    [
        {"$": "os.system", "fields": {"command": "true"}},
        {"$": "Head", "fields": {"nme": "x"}},
        {"$": "tuple"},
        {"$": "array", "dtype": "<M8[ns]", "items": [1]},
        {"$": ["Head"]},
    ],
)
def test_what_the_table_does_not_hold_is_refused_on_the_way_out(value):
    with pytest.raises(FileFormatError, match="values that headway knows"):
        from_json(value)
