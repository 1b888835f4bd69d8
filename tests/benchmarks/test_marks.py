"""When a mark counts as reached."""

import pytest
from benchmarks._marks import MARKS, Part, reaches, verdict


@pytest.mark.parametrize(
    ("ratio", "low", "mark", "reached"),
    [
        (2.0, 1.5, 2, True),
        (1.99, 1.5, 2, False),
        (1.2, 1.01, 1, True),
        (1.2, 1.0, 1, False),
        (2.5, 0.9, 2, False),
        (0.76, 0.76, 0.75, True),
    ],
)
def test_a_ratio_reaches_a_mark_if_its_median_does_and_its_interval_lies_above_one(
    ratio, low, mark, reached
):
    assert reaches({"ratio": ratio, "low": low, "high": 9.0}, mark) is reached


def test_a_peer_that_was_cut_off_proves_its_bound_and_no_more():
    line = {"ratio": 30.0, "low": 20.0, "high": 40.0, "bound": True}
    assert reaches(line, 20)
    assert not reaches(line, 21)


def test_what_was_not_measured_reaches_nothing():
    assert not reaches(None, 1)
    assert not reaches({"contestant": "torch"}, 1)


@pytest.mark.parametrize(("threes", "met"), [(12, "dream"), (8, "must"), (7, "no")])
def test_twelve_shapes_ask_for_one_times_on_all_and_three_times_on_eight(threes, met):
    (mark,) = [mark for mark in MARKS if mark.file == "logistic_shapes"]
    lines = [{"ratio": 4.0 if place < threes else 1.5, "low": 1.2} for place in range(12)]
    assert verdict(mark, [Part("shape", line, 1, 3) for line in lines]) == met


def test_one_missing_part_leaves_a_mark_open():
    mark = MARKS[0]
    fast = Part("torch", {"ratio": 50.0, "low": 40.0}, 10, 20)
    assert verdict(mark, [fast, Part("scipy", None, 12, 25)]) == "in part"
    assert verdict(mark, [Part("scipy", None, 12, 25)]) == "not measured"


def test_every_mark_survives_a_file_without_results():
    for mark in MARKS:
        assert verdict(mark, mark.parts([])) == "not measured"
