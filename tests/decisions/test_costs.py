"""Tables of costs: read by name, refused where they are wrong."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from headway.decisions import LeastCost, Threshold, read_costs, thresholds_of_costs, zero_one_cost
from headway.decisions.idle_actions import never_least
from headway.errors import DataNotFoundError, FileFormatError, InputTypeError, InputValueError

CLASSES = ["ant", "bee", "fly"]
TABLE = """\
true,   fly, abstain, ant, bee
bee,      3,       2,   4,   0
ant,      5,       2,   0,   6
fly,      0,       2,   7,   8
"""
COST = [[0, 6, 5, 2], [4, 0, 3, 2], [7, 8, 0, 2]]


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="costs.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return to_file


def test_a_file_is_read_by_name_whatever_the_order(write):
    decision = read_costs(write(TABLE), CLASSES)
    assert_array_equal(decision.cost, COST)
    assert decision.actions == ("ant", "bee", "fly", "abstain")
    assert read_costs(str(write(TABLE)), np.array(CLASSES)) == decision
    backwards = read_costs(write(TABLE), CLASSES[::-1])
    assert_array_equal(backwards.cost[::-1, [2, 1, 0, 3]], COST)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_an_empty_corner_and_blank_lines_change_nothing(write, delimiter):
    text = "\ufeff" + TABLE.replace("true", "").replace("\n", "\r\n\r\n").replace(",", delimiter)
    assert_array_equal(read_costs(write(text), CLASSES).cost, COST)


def test_a_dict_an_array_and_a_file_say_the_same(write):
    rows = {
        "fly": {"bee": 8, "ant": 7, "abstain": 2},
        "ant": {"bee": 6, "fly": 5, "abstain": 2},
        "bee": {"ant": 4, "fly": 3, "abstain": 2},
    }
    assert read_costs(rows, CLASSES) == read_costs(write(TABLE), CLASSES)
    assert read_costs(np.array(COST), CLASSES) == read_costs(write(TABLE), CLASSES)


def test_names_of_numbers_are_numbers_or_text(write):
    text = write("true,0,1\n1,5,0\n0,0,1\n")
    for classes in ([0, 1], np.array([0.0, 1.0]), ["0", "1"]):
        assert_array_equal(read_costs(text, classes).cost, [[0, 1], [5, 0]])
    assert_array_equal(read_costs({0: {1: 1}, 1: {0: 5}}, [0, 1]).cost, [[0, 1], [5, 0]])


def test_what_a_dict_leaves_out_has_the_default_and_right_answers_are_free():
    decision = read_costs({"ant": {"bee": 9}, "bee": {}, "fly": {}}, CLASSES, default=1)
    assert_array_equal(decision.cost, [[0, 9, 1], [1, 0, 1], [1, 1, 0]])


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (TABLE.replace("\nfly", "\nflea"), InputValueError, "got 'flea'. Nearest: 'fly'"),
        (TABLE.replace("bee,  ", "wolf,  "), InputValueError, "got 'wolf'. The classes are 'ant'"),
        (TABLE[: TABLE.index("\nfly") + 1], InputValueError, "got none for 'fly'"),
        (TABLE.replace("ant, bee", "aunt, bee"), InputValueError, "action 'ant'.*Nearest.*'aunt'"),
        (TABLE.replace("  3,", "x,"), InputValueError, "got 'x' at true class 'bee', action 'fly'"),
        (TABLE.replace("  3,", ","), InputValueError, r"got '' at .*\(line 2 of .*costs.csv\)"),
        (TABLE.replace("  8", "inf"), InputValueError, "must be finite, got 'inf' at true class"),
        (TABLE.replace("  8", "nan"), InputValueError, "finite, got 'nan' at true class 'fly'"),
        (TABLE.replace("   4,", ""), FileFormatError, "must have 5 cells.*got 4 on line 2"),
        (TABLE.replace("\nfly", "\nbee"), InputValueError, "got 'bee' as number 3 of 3"),
        (TABLE.replace("abstain", "ant"), InputValueError, "Actions .* got 'ant' as number 3"),
        (TABLE.replace("abstain", ""), InputValueError, "not empty, got '' as number 2 of 4"),
        ("", FileFormatError, "got an empty file"),
        ("true,ant\n", FileFormatError, "got 1 lines and 1 actions"),
        ("true\nant\n", FileFormatError, "got 2 lines and 0 actions"),
        (b"\xff\xfe", FileFormatError, "cannot be read"),
        ('a,"b\n', FileFormatError, "cannot be read"),
    ],
)
def test_a_broken_file_is_named_with_the_place(write, text, error, message):
    with pytest.raises(error, match=message):
        read_costs(write(text), CLASSES)


def test_a_missing_file_is_named_with_its_neighbours(write):
    path = write(TABLE)
    with pytest.raises(DataNotFoundError, match=r"cost\.csv\. Nearest there: costs\.csv"):
        read_costs(path.with_name("cost.csv"), CLASSES)


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ({"ant": {"bee": 1}, "bee": {}}, InputValueError, "none for true class 'bee', .* 'ant'"),
        ({"ant": {"bee": 1}}, InputValueError, "none for 'bee'"),
        ({"ant": {"bee": None}, "bee": {"ant": 1}}, InputValueError, "a number, got None at true"),
        ({"ant": {"bee": 1}, "bee": 3}, InputTypeError, "got 3 for 'bee'"),
        ({"ant": {"bee": 1, " bee": 2}, "bee": {}}, InputValueError, "twice for the true class"),
        ({"ant": {}, "ant ": {}}, InputValueError, "True classes must have distinct names"),
        (zero_one_cost(3), InputValueError, r"2 rows.*got shape \(3, 3\)"),
        (np.zeros((2, 1)), InputValueError, r"at least as many columns, got shape \(2, 1\)"),
        ([[0, np.nan], [1, 0]], InputValueError, "got nan at row 0, column 1"),
    ],
)
def test_a_broken_dict_or_array_is_named(source, error, message):
    with pytest.raises(error, match=message):
        read_costs(source, ["ant", "bee"])


def test_a_default_is_for_dicts_and_a_number():
    with pytest.raises(InputValueError, match="`default` is for a dict, got 1"):
        read_costs(zero_one_cost(2), CLASSES[:2], default=1)
    with pytest.raises(InputValueError, match="must be finite, got inf at `default`"):
        read_costs({"ant": {}, "bee": {}}, CLASSES[:2], default=np.inf)


def test_classes_are_distinct():
    with pytest.raises(InputValueError, match="distinct, got 'ant' at places 0 and 1"):
        read_costs(zero_one_cost(2), ["ant", "ant"])
    with pytest.raises(InputValueError, match="at least one class, got none"):
        read_costs(zero_one_cost(2), [])


def test_a_right_answer_dearer_than_a_wrong_one_is_refused_unless_it_is_meant():
    cost = [[0, 1, 1], [1, 0, 1], [1, 4, 3]]
    message = "got 3 for 'fly' where it is true and 1 for answering 'ant' there.*transpose"
    with pytest.raises(InputValueError, match=message):
        read_costs(cost, CLASSES)
    assert_array_equal(read_costs(cost, CLASSES, allow_dear_truth=True).cost, cost)
    cost[2][2] = 1  # as dear as the cheapest wrong one
    assert_array_equal(read_costs(cost, CLASSES).cost, cost)


def test_an_action_that_never_happens_is_named():
    with pytest.warns(UserWarning, match="'abstain' never happens"):
        read_costs(np.column_stack([zero_one_cost(3), np.full(3, 2 / 3)]), CLASSES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_costs(np.column_stack([zero_one_cost(3), np.full(3, 0.66)]), CLASSES)


def test_an_array_names_its_other_actions():
    cost = np.column_stack([zero_one_cost(2), [0.1, 0.3], [0.3, 0.1]])
    assert read_costs(cost, ["ant", "bee"]).actions == ("ant", "bee", "abstain", "action 3")
    with pytest.raises(InputValueError, match="got a class 'abstain'"):
        read_costs(cost, ["ant", "abstain"])


@pytest.mark.parametrize("seed", range(20))
def test_an_action_never_happens_exactly_if_no_probabilities_choose_it(seed):
    rng = np.random.default_rng(seed)
    cost = rng.random((3, 5))
    grid = rng.dirichlet(np.ones(3) / 2, size=20_000)
    taken = np.bincount(LeastCost(cost)(grid), minlength=5) > 0
    never = np.array([never_least(cost, a) for a in range(5)])
    assert not (taken & never).any()
    # What the grid does not meet is a tiny corner of the simplex.
    assert (taken | never).sum() >= 4


def test_a_table_too_large_for_the_programme_still_sees_what_one_action_beats():
    cost = np.column_stack([zero_one_cost(300), np.full(300, 0.5), np.full(300, 0.6)])
    assert not never_least(cost[:, :-1], 300)
    assert never_least(cost, 301)


def test_actions_are_names_of_the_columns():
    assert LeastCost(zero_one_cost(2), ["no", "yes"]).actions == ("no", "yes")
    assert LeastCost(zero_one_cost(2)) != LeastCost(zero_one_cost(2), ("no", "yes"))
    with pytest.raises(InputValueError, match="each of the 2 columns of `cost`, got 3 names"):
        LeastCost(zero_one_cost(2), ("a", "b", "c"))
    with pytest.raises(InputValueError, match="distinct and not empty, got 'a' at place 1"):
        LeastCost(zero_one_cost(2), ("a", "a"))
    with pytest.raises(InputTypeError, match="sequence of text, got 'ab'"):
        LeastCost(zero_one_cost(2), "ab")
    with pytest.raises(InputTypeError, match=r"sequence of text, got \[0, 1\]"):
        LeastCost(zero_one_cost(2), [0, 1])


PRICES = st.just(0.0) | st.floats(1e-6, 1e6)


@given(PRICES, PRICES, st.just(0.0) | st.floats(1e-15, 1))
def test_a_threshold_of_costs_is_the_least_expected_cost(false_alarm, miss, p):
    if false_alarm + miss == 0:
        return
    (threshold,) = thresholds_of_costs(false_alarm, miss)
    present, absent = (1 - p) * false_alarm, p * miss
    if abs(present - absent) > 1e-9 * (present + absent):
        assert Threshold(threshold)([[p]])[0, 0] == (present < absent)


def test_thresholds_of_costs_survive_sizes_and_broadcast():
    assert_allclose(thresholds_of_costs([1e308, 5e-324], 1e308), [0.5, 0.0])
    assert thresholds_of_costs(1, [1, 3]).tolist() == [0.5, 0.25]


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1, -1], 1, "`false_alarm` must be finite and at least 0, got -1 for label 1"),
        (1, [np.nan], "`miss` must be finite and at least 0, got nan for label 0"),
        ([1, 0], 0, "both be free, got prices of 0 at label 1"),
        ([1, 2], [1, 2, 3], "one price for each label, got 2 and 3"),
        ([[1]], 1, r"shape \(L,\), got \(1, 1\)"),
        ([], 1, r"got \(0,\)"),
    ],
)
def test_prices_that_make_no_threshold_are_named(a, b, message):
    with pytest.raises(InputValueError, match=message):
        thresholds_of_costs(a, b)
    with pytest.raises(InputTypeError, match="`miss` must be numbers, got 'x'"):
        thresholds_of_costs(1, "x")


def test_a_quoted_name_may_stand_behind_a_space(write):
    path = write('true, "a, b", c\n"a, b", 0, 1\nc, 2, 0\n')
    assert_array_equal(read_costs(path, ["a, b", "c"]).cost, [[0, 1], [2, 0]])
