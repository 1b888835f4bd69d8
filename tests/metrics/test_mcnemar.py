"""McNemar's exact test, against its definition."""

from math import comb

import numpy as np
import pytest

from headway.metrics import mcnemar_exact


def rows(only_first, only_second, both=3):
    first = np.r_[np.ones(only_first), np.zeros(only_second), np.ones(both)]
    second = np.r_[np.zeros(only_first), np.ones(only_second), np.ones(both)]
    return first, second


@pytest.mark.parametrize(("b", "c"), [(0, 1), (5, 1), (4, 4), (10, 2), (0, 12)])
def test_the_p_value_is_the_chance_of_a_split_at_least_as_uneven(b, c):
    n = b + c
    uneven = [k for k in range(n + 1) if abs(2 * k - n) >= abs(b - c)]
    expected = sum(comb(n, k) for k in uneven) / 2**n
    assert mcnemar_exact(*rows(b, c)) == (b, c, pytest.approx(expected, rel=1e-12))


def test_without_discordant_rows_nothing_is_shown():
    assert mcnemar_exact(*rows(0, 0)) == (0, 0, 1.0)


def test_rows_that_both_get_right_or_wrong_change_nothing():
    assert mcnemar_exact(*rows(7, 2, both=0)) == mcnemar_exact(*rows(7, 2, both=500))


def test_swapping_the_two_swaps_the_counts_and_keeps_p():
    first, second = rows(7, 2)
    b, c, p = mcnemar_exact(first, second)
    assert mcnemar_exact(second, first) == (c, b, p)


def test_rows_that_one_side_did_not_test_are_left_out():
    first, second = rows(3, 1)
    assert mcnemar_exact(np.r_[first, np.nan], np.r_[second, 0.0]) == mcnemar_exact(first, second)


def test_under_equal_accuracy_a_small_p_is_as_rare_as_it_says():
    rng = np.random.default_rng(0)
    ps = [mcnemar_exact(*(rng.random((2, 200)) < 0.9))[2] for _ in range(600)]
    assert np.mean(np.array(ps) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


def test_values_that_are_not_right_or_wrong_are_refused():
    with pytest.raises(ValueError, match=r"got 0\.5 at row 1"):
        mcnemar_exact(np.array([1, 0.5]), np.array([1, 0]))
    with pytest.raises(ValueError, match="same shape"):
        mcnemar_exact(np.ones(2), np.ones(3))
