"""Label sets with a promised share of missed labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from headway.decisions import RiskControlledSets, Threshold
from headway.errors import InputTypeError, InputValueError


def missed(decided, labels):
    """Return for each row the share of its known true labels that are left out."""
    true = labels == 1
    lost = (true & (decided == 0)).sum(axis=1)
    return lost / np.maximum(true.sum(axis=1), 1)


def label_rows(n, L, seed):
    rng = np.random.default_rng(seed)
    probs = 1 / (1 + np.exp(-2 * rng.normal(size=(n, L)) + 1))
    return probs, (rng.random(probs.shape) < probs).astype(float)


@given(st.integers(0, 500), st.sampled_from([0.1, 0.2, 0.35]), st.booleans())
def test_the_threshold_is_the_highest_that_keeps_the_corrected_risk(seed, risk, half):
    probs, labels = label_rows(30, 3, seed)
    if half:
        probs = np.round(probs, 1) * 0.9 + 0.05  # ties
        probs = probs.astype(np.float32)
    threshold = RiskControlledSets(risk).fit(probs, labels)
    loss = missed(threshold(probs), labels).sum()
    assert (loss + 1) / 31 <= risk + 1e-8
    higher = [p for p in np.unique(probs) if p > threshold.value]
    for value in higher:
        assert (missed(Threshold(float(value))(probs), labels).sum() + 1) / 31 > risk


def test_a_new_row_misses_no_more_than_promised_and_not_much_less():
    probs, labels = label_rows(400, 5, seed=0)
    labels[np.random.default_rng(1).random(labels.shape) < 0.2] = np.nan
    found = []
    for seed in range(300):
        mixed = np.random.default_rng(seed).permutation(400)
        a, b = mixed[:99], mixed[99:]
        threshold = RiskControlledSets(0.2).fit(probs[a], labels[a])
        found.append(missed(threshold(probs[b]), labels[b]).mean())
    error = np.std(found) / np.sqrt(300)
    assert 0.2 - 2 / 100 - 3 * error <= np.mean(found) <= 0.2 + 3 * error


def test_missing_cells_and_rows_without_a_known_cell_count_nowhere():
    probs, labels = label_rows(60, 3, seed=2)
    more = np.vstack([probs, np.full((40, 3), 0.01)])
    known = np.vstack([labels, np.full((40, 3), np.nan)])
    tuner = RiskControlledSets(0.2)
    assert tuner.fit(more, known) == tuner.fit(probs, labels)
    wider = tuner.fit(np.c_[probs, np.full(60, 0.01)], np.c_[labels, np.full(60, np.nan)])
    assert wider == tuner.fit(probs, labels)


def test_rows_without_a_true_label_lose_nothing():
    probs, labels = np.array([[0.4]] * 5 + [[0.2]] * 5), np.array([[1.0]] * 5 + [[0.0]] * 5)
    assert 0.39 < RiskControlledSets(0.5).fit(probs, labels).value < 0.4
    assert RiskControlledSets(0.55).fit(probs, labels) == Threshold(1.0)
    assert RiskControlledSets(0.1).fit(probs[:9], np.zeros((9, 1))) == Threshold(1.0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_label_that_had_to_stay_is_found_in_every_precision(dtype):
    probs = np.linspace(0.1, 0.9, 9)[:, None].astype(dtype)
    decision = RiskControlledSets(0.3).fit(probs, np.ones((9, 1)))
    assert_array_equal(decision(probs)[:, 0], [0, 0, 1, 1, 1, 1, 1, 1, 1])


def test_what_cannot_be_promised_is_refused():
    probs, labels = np.full((9, 2), 0.5), np.ones((9, 2))
    assert RiskControlledSets(0.1).fit(probs, labels).value < 0.5
    with pytest.raises(InputValueError, match="at least 9 rows with known labels, got 8"):
        RiskControlledSets(0.1).fit(probs[:8], labels[:8])
    with pytest.raises(InputValueError, match="at least 9 rows with known labels, got 0"):
        RiskControlledSets(0.1).fit(probs, np.full((9, 2), np.nan))
    zero = probs.copy()
    zero[3, 1] = 0.0
    with pytest.raises(InputValueError, match="above 0 to be found, got 0 at row 3, column 1"):
        RiskControlledSets(0.1).fit(zero, labels)
    with pytest.raises(InputValueError, match="RiskControlledSets takes no `weights`"):
        RiskControlledSets(0.1).fit(probs, labels, weights=np.ones(9))
    with pytest.raises(InputValueError, match=r"shape of `probs` \(9, 2\), got \(9,\).*Conformal"):
        RiskControlledSets(0.1).fit(probs, np.zeros(9))
    with pytest.raises(InputValueError, match="0, 1 or NaN, got 2 at row 0, column 0"):
        RiskControlledSets(0.1).fit(probs, 2 * labels)
    for risk in (0, 1, -0.1):
        with pytest.raises(InputValueError, match="`risk` must"):
            RiskControlledSets(risk)


def test_labels_that_are_text_are_refused():
    with pytest.raises(InputTypeError, match="`labels` must be numbers"):
        RiskControlledSets(0.2).fit(np.full((9, 2), 0.5), np.full((9, 2), "a"))
