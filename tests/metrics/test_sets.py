"""Coverage and sizes of sets of candidates."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binomtest

from headway.errors import InputTypeError, InputValueError
from headway.metrics import clopper_pearson_interval, set_report


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 30), (3, 30), (30, 30), (899, 1000)])
@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_the_interval_is_scipys_exact_one(hits, n, confidence):
    ours = clopper_pearson_interval(hits, n, level=confidence)
    theirs = binomtest(hits, n).proportion_ci(confidence, method="exact")
    assert_allclose(ours, (theirs.low, theirs.high), atol=1e-12)


def test_coverage_is_the_weighted_mean_of_the_classes_and_sizes_add_up():
    rng = np.random.default_rng(0)
    sets, labels = rng.integers(2, size=(200, 5)), rng.integers(4, size=200)
    report = set_report(sets, labels)
    assert report.coverage == pytest.approx(sets[np.arange(200), labels].mean())
    parts = np.array(report.class_coverage[:4]) * report.class_rows[:4]
    assert report.coverage == pytest.approx(parts.sum() / 200)
    assert np.isnan(report.class_coverage[4])
    assert report.class_rows[4] == 0
    assert report.mean_size == pytest.approx(sets.sum() / 200)
    assert report.empty == pytest.approx((sets.sum(axis=1) == 0).mean())
    assert report.singletons == pytest.approx((sets.sum(axis=1) == 1).mean())
    assert report.coverage_low < report.coverage < report.coverage_high
    assert set_report(sets.astype(bool), labels).mean_size == report.mean_size


@pytest.mark.parametrize(
    ("sets", "labels", "error", "message"),
    [
        (np.full((1, 2), 0.5), [0], InputTypeError, "integers or booleans, got dtype float64"),
        (np.zeros((0, 2), int), np.zeros(0, int), InputValueError, r"got \(0, 2\)"),
        ([0, 1], [0, 1], InputValueError, r"shape \(n, K\) with rows and classes, got \(2,\)"),
        ([[0, 2]], [0], InputValueError, "0 or 1, got 2 at row 0, column 1"),
        ([[0, 1]], [2], InputValueError, r"in 0\.\.1, got 2 at row 0"),
        ([[0, 1]], [0, 1], InputValueError, r"shape \(1,\)"),
    ],
)
def test_what_is_no_set_is_named(sets, labels, error, message):
    with pytest.raises(error, match=message):
        set_report(sets, np.array(labels))


def test_an_interval_needs_rows_and_a_level():
    with pytest.raises(InputValueError, match="got 2 of 1"):
        clopper_pearson_interval(2, 1)
    with pytest.raises(InputValueError, match="got 0 of 0"):
        clopper_pearson_interval(0, 0)
    with pytest.raises(InputValueError, match="`level` must lie between 0 and 1, got 1"):
        clopper_pearson_interval(1, 2, level=1)
