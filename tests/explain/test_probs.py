import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from headway.errors import InputValueError
from headway.explain import explain_logits, worked_example

ROWS = st.lists(st.floats(-50, 50), min_size=1, max_size=8)


def at(table, temperature):
    return next(row for row in table.sweep if row.temperature == temperature)


def test_the_worked_example_rounds_to_the_published_values():
    table = worked_example()
    assert table.sigmoid.round(2).tolist() == [0.38, 0.77, 0.48, 0.92]
    assert table.softmax.round(2).tolist() == [0.04, 0.21, 0.06, 0.70]
    assert round(float(table.sigmoid.sum()), 2) == 2.54
    assert math.isclose(table.softmax.sum(), 1)


def test_cutting_digits_off_gives_the_values_people_quote():
    sigmoid, softmax, total = worked_example().cut_off()
    assert_allclose(sigmoid, [0.37, 0.76, 0.47, 0.91])
    assert_allclose(softmax, [0.03, 0.20, 0.05, 0.69])
    assert total == 2.53


@given(ROWS, st.floats(0.05, 20))
def test_both_links_read_the_logits_divided_by_the_temperature(logits, temperature):
    warm = explain_logits(logits, temperature=temperature)
    plain = explain_logits(np.asarray(logits) / temperature)
    assert_allclose(warm.softmax, plain.softmax, rtol=1e-12)
    assert_allclose(warm.sigmoid, plain.sigmoid, rtol=1e-12)


@given(ROWS)
def test_temperature_runs_from_the_argmax_to_all_alike(logits):
    table = explain_logits(logits)
    cold, hot = at(table, 0.0), at(table, math.inf)
    largest = np.asarray(logits) == max(logits)
    assert_allclose(cold.softmax, largest / largest.sum())
    assert_allclose(hot.softmax, 1 / len(logits))
    assert_allclose(hot.sigmoid, 0.5)
    assert_allclose(cold.sigmoid, np.sign(logits) / 2 + 0.5)


@given(ROWS)
def test_every_row_of_the_sweep_is_a_distribution(logits):
    for row in explain_logits(logits, temperature=0.7).sweep:
        assert math.isclose(row.softmax.sum(), 1, rel_tol=1e-12)


def test_the_temperature_asked_for_is_in_the_sweep():
    table = explain_logits([1.0, 2.0], temperature=0.7)
    assert_allclose(at(table, 0.7).softmax, table.softmax)


@given(st.floats(-30, 30), st.floats(-30, 30), st.floats(0.1, 10))
def test_two_class_softmax_is_the_sigmoid_of_the_difference(first, second, temperature):
    two = explain_logits([first, second], temperature=temperature).two_logits
    assert_allclose(two.softmax_second, two.sigmoid_of_difference, rtol=1e-12, atol=1e-300)
    assert_allclose(two.difference, (second - first) / temperature)


def test_the_identity_needs_exactly_two_finite_logits():
    assert explain_logits([1.0, 2.0, 3.0]).two_logits is None
    assert explain_logits([1.0, math.inf]).two_logits is None
    assert explain_logits([1.0, 2.0], temperature=0).two_logits is None


def test_a_label_passes_only_above_the_threshold():
    table = explain_logits([0.0, 1e-9, -1.0])
    assert table.passing == (1,)
    assert explain_logits([0.0, 1.0], threshold=0.8).passing == ()


def test_equal_logits_are_decided_for_the_first():
    assert explain_logits([1.0, 1.0]).argmax == 0


def test_an_impossible_class_has_no_probability_at_any_temperature():
    table = explain_logits([-math.inf, 0.0, 1.0])
    assert all(row.softmax[0] == 0 for row in table.sweep)
    assert all(row.sigmoid[0] == 0 for row in table.sweep)


def test_tiny_temperatures_do_not_overflow_loudly():
    table = explain_logits([-300.0, 300.0], temperature=1e-307)
    assert table.softmax.tolist() == [0.0, 1.0]


def test_the_table_survives_json():
    told = explain_logits([-math.inf, 2.0], temperature=math.inf, names=["a", "b"]).to_dict()
    again = json.loads(json.dumps(told, allow_nan=False))
    assert again["logits"] == ["-inf", 2.0]
    assert again["argmax"] == {"column": 1, "name": "b"}
    assert [row["temperature"] for row in again["temperatures"]][-1] == "inf"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"logits": []}, r"at least one number, got shape \(0,\)"),
        ({"logits": [[1.0]]}, r"got shape \(1, 1\)"),
        ({"logits": [1.0, math.nan]}, "got NaN at position 1"),
        ({"logits": [-math.inf]}, "-inf everywhere"),
        ({"logits": ["a"]}, "must be numbers"),
        ({"logits": [1.0], "names": ["a", "b"]}, "each of the 1 logits, got 2"),
        ({"logits": [1.0], "temperature": -0.1}, "0 or larger, got -0.1"),
        ({"logits": [1.0], "temperature": math.nan}, "0 or larger, got nan"),
        ({"logits": [1.0], "threshold": 1.1}, "between 0 and 1, got 1.1"),
    ],
)
def test_a_wrong_row_says_what_to_do(given, message):
    with pytest.raises(InputValueError, match=message):
        explain_logits(given.pop("logits"), **given)
