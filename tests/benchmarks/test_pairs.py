"""The interval of the median, against the binomial distribution that defines it."""

import numpy as np
import pytest
from benchmarks._pairs import COVERAGE, interval_of_median, paired_ratio, ratio_text


@pytest.mark.parametrize(
    ("n", "low", "high"), [(1, 1, 1), (3, 1, 3), (5, 1, 5), (9, 2, 8), (15, 4, 12), (21, 6, 16)]
)
def test_the_interval_is_made_of_these_order_statistics(n, low, high):
    shuffled = np.random.default_rng(0).permutation(np.arange(1, n + 1))
    assert interval_of_median(shuffled) == (low, high)


@pytest.mark.parametrize("n", [5, 9, 15])
def test_the_interval_holds_the_median_as_often_as_it_says(n):
    rng = np.random.default_rng(n)
    found = [interval_of_median(rng.exponential(size=n)) for _ in range(4000)]
    held = np.mean([low <= np.log(2) <= high for low, high in found])
    assert held >= COVERAGE - 0.015


def test_ratios_are_taken_within_a_round():
    slowed = np.array([1.0, 10.0, 1.0, 1.0, 1.0])
    assert paired_ratio(3 * slowed, slowed) == pytest.approx((3, 3, 3))


def test_a_peer_that_ran_once_is_held_against_every_round():
    assert paired_ratio([6.0], [1.0, 2.0, 3.0]) == pytest.approx((3, 2, 6))


def test_rounds_that_do_not_pair_up_are_refused():
    with pytest.raises(ValueError, match="got 2 and 3"):
        paired_ratio([1.0, 2.0], [1.0, 2.0, 3.0])


def test_a_bound_is_written_as_one():
    line = {"ratio": 25.0, "low": 20.0, "high": 30.0}
    assert ratio_text(line) == "25x (20 to 30)"
    assert ratio_text(line | {"bound": True}) == ">= 20x"
    assert ratio_text({}) == "-"
