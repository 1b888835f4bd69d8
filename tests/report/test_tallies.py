import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose

from headway.metrics import wilson_interval
from headway.report.tallies import (
    agreement,
    confused_pairs,
    label_errors,
    pair_rows,
    reliability_bins,
    right_heads,
)


def test_pairs_are_counted_head_by_head_most_frequent_first(digits_comparison):
    entries = right_heads(digits_comparison, "linear")
    pairs = confused_pairs(entries, 10)
    totals = [pair.total for pair in pairs]
    assert totals == sorted(totals, reverse=True)
    wrong = sum(int((run.labels != run.predictions).sum()) for e in entries for run in e.runs)
    assert sum(totals) == wrong
    first = pairs[0]
    assert first.true != first.taken
    by_hand = [
        sum(
            int(((run.labels == first.true) & (run.predictions == first.taken)).sum())
            for run in e.runs
        )
        for e in entries
    ]
    assert list(first.counts) == by_hand


def test_rows_of_a_pair_are_of_that_pair_and_that_seed(digits_comparison):
    entries = right_heads(digits_comparison, "linear")
    pair = confused_pairs(entries, 10)[0]
    rows = pair_rows(entries, pair, 0)
    assert len(rows)
    assert (entries[0].runs[0].labels[rows] == pair.true).all()
    hits = sum((e.runs[0].predictions[rows] == pair.taken).astype(int) for e in entries)
    assert (np.diff(hits) <= 0).all()
    assert len(pair_rows(entries, pair, 99)) == 0


def test_mistakes_are_left_out_unless_there_is_nothing_else(digits_comparison):
    assert [e.head for e in right_heads(digits_comparison, "mlp")] == ["softmax", "sigmoid"]
    only = dataclasses.replace(
        digits_comparison,
        entries=tuple(e for e in digits_comparison.entries if e.mistake is not None),
    )
    assert [e.head for e in right_heads(only, "mlp")] == ["sigmoid+mse"]


def test_agreement_counts_every_row_of_every_seed_once(digits_comparison):
    first, second = right_heads(digits_comparison, "linear")
    told = agreement(first, second)
    rows = sum(len(run.labels) for run in first.runs)
    assert told.both_right + told.only_first + told.only_second + told.both_wrong == rows
    verdict = digits_comparison.verdicts[0]
    assert told.only_first == sum(test.only_first for test in verdict.mcnemar)
    assert told.only_second == sum(test.only_second for test in verdict.mcnemar)


def test_a_multilabel_row_is_right_if_every_observed_label_is(multilabel_comparison):
    entry = multilabel_comparison.entries[0]
    told = agreement(entry, entry)
    right = sum(
        int(((run.predictions == run.labels) | np.isnan(run.labels)).all(axis=1).sum())
        for run in entry.runs
    )
    assert (told.both_right, told.only_first, told.only_second) == (right, 0, 0)


def test_a_missing_label_is_neither_missed_nor_given_wrongly(multilabel_comparison):
    entry = multilabel_comparison.entries[0]
    missed, alarms, seen = label_errors(entry)
    assert seen.tolist() == [298, 300, 300, 300, 300]
    wrong = sum(
        int(((run.predictions != run.labels) & ~np.isnan(run.labels)).sum()) for run in entry.runs
    )
    assert missed.sum() + alarms.sum() == wrong


@pytest.mark.parametrize(
    "name", ["digits_comparison", "binary_comparison", "multilabel_comparison"]
)
def test_reliability_bins_hold_every_forecast(name, request):
    comparison = request.getfixturevalue(name)
    entry = comparison.entries[0]
    curve = reliability_bins(entry, comparison.kind)
    cells = sum(int((~np.isnan(run.labels)).sum()) for run in entry.runs)
    assert curve.count.sum() == cells
    assert (curve.low <= curve.frequency).all()
    assert (curve.frequency <= curve.high).all()
    assert (np.diff(curve.confidence) > 0).all()
    weighted = (curve.frequency * curve.count).sum() / cells
    if comparison.kind == "exclusive":
        assert_allclose(weighted, entry.accuracy.mean, atol=2e-3)
    else:
        assert_allclose(
            weighted, np.mean([np.nanmean(run.labels) for run in entry.runs]), atol=0.01
        )


def test_a_row_tested_under_several_seeds_is_one_row(digits_comparison):
    entry = digits_comparison.entries[0]
    one = dataclasses.replace(entry, runs=entry.runs[:1])
    thrice = dataclasses.replace(entry, runs=entry.runs[:1] * 3)
    alone, tripled = reliability_bins(one, "exclusive"), reliability_bins(thrice, "exclusive")
    assert_allclose(tripled.low, alone.low)
    assert_allclose(tripled.high, alone.high)
    assert (tripled.count == 3 * alone.count).all()
    low, high = wilson_interval(float(alone.frequency[0]), int(alone.count[0]))
    assert_allclose([alone.low[0], alone.high[0]], [low, high])


def test_raw_values_are_read_where_there_are_any(digits_comparison):
    softmax, sigmoid = right_heads(digits_comparison, "linear")
    raw = reliability_bins(sigmoid, "exclusive", raw=True)
    assert raw.confidence[-1] != reliability_bins(sigmoid, "exclusive").confidence[-1]
    same = reliability_bins(softmax, "exclusive", raw=True)
    assert_allclose(same.confidence, reliability_bins(softmax, "exclusive").confidence)
