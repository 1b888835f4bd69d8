"""Prediction sets: the promise, its law, the scores, and what is refused."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.special import softmax
from scipy.stats import betabinom, kstest

from headway.decisions import ApsScore, Argmax, ConformalSets, Decision, LacScore, PredictionSets
from headway.decisions.conformal import conformal_cutoff
from headway.decisions.row_draws import row_draws
from headway.errors import InputTypeError, InputValueError

METHODS = [
    ConformalSets(0.8),
    ConformalSets(0.8, "aps"),
    ConformalSets(0.8, "raps", penalty=0.05, rank=1),
]
SPLITS, N = 400, 59


@pytest.fixture(scope="module")
def rows():
    """Return probabilities that are wrong (too sure), and labels: 160 rows of four classes."""
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(160, 4))
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return probs, (logits / 3 + rng.gumbel(size=logits.shape)).argmax(axis=1)


def covered_counts(tuner, probs, labels, splits, n):
    """Return for random splits how many of the other rows have the true class in their set."""
    counts = []
    for seed in range(splits):
        mixed = np.random.default_rng(seed).permutation(len(probs))
        sets = tuner.fit(probs[mixed[:n]], labels[mixed[:n]])(probs[mixed[n:]])
        counts.append(sets[np.arange(len(sets)), labels[mixed[n:]]].sum())
    return np.array(counts)


@pytest.mark.parametrize("tuner", METHODS, ids=lambda tuner: tuner.method)
def test_covered_rows_are_beta_binomial_whatever_the_model(tuner, rows):
    # Over random splits of fixed rows the law is exact: k of n + 1 ranks.
    probs, labels = rows
    m, k = len(probs) - N, int(np.ceil(0.8 * (N + 1)))
    counts = covered_counts(tuner, probs, labels, SPLITS, N)
    law = betabinom(m, k, N + 1 - k)
    assert abs(counts.mean() - law.mean()) < 4 * law.std() / np.sqrt(SPLITS)
    # The variance of a variance is about 2 / SPLITS; sigma^2 would be m c (1 - c) if it were
    # binomial, less than half of this.
    assert counts.var() / law.var() == pytest.approx(1, abs=4 * np.sqrt(2 / SPLITS))
    # Counts are spread over their steps by uniform draws, so that the test is exact.
    draws = np.random.default_rng(1).random(SPLITS)
    spread = law.cdf(counts - 1) + draws * law.pmf(counts)
    assert kstest(spread, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("method", ["lac", "aps"])
def test_each_class_is_covered_as_promised_by_class(method, rows):
    probs, labels = rows
    tuner = ConformalSets(0.7, method, by_class=True)
    hits, seen = np.zeros(4), np.zeros(4)
    for seed in range(200):
        mixed = np.random.default_rng(seed).permutation(len(probs))
        a, b = mixed[:80], mixed[80:]
        sets = tuner.fit(probs[a], labels[a])(probs[b])
        held = sets[np.arange(len(b)), labels[b]]
        hits += np.bincount(labels[b], weights=held, minlength=4) / np.bincount(labels[b])
        seen += 1
    # One class alone has 20 rows: its coverage varies by 0.14 from split to split.
    assert (hits / seen >= 0.7 - 3 * 0.14 / np.sqrt(200)).all()
    assert (hits / seen <= 0.7 + 0.08).all()


def test_without_draws_aps_is_larger_and_covers_more(rows):
    probs, labels = rows
    drawn, whole = ConformalSets(0.8, "aps"), ConformalSets(0.8, "aps", randomized=False)
    fitted = [tuner.fit(probs[:80], labels[:80])(probs[80:]) for tuner in (drawn, whole)]
    assert fitted[1].sum() > fitted[0].sum()


def test_raps_sets_rows_apart_to_choose_and_still_covers(rows):
    probs, labels = rows
    fitted = ConformalSets(0.8, "raps").fit(probs, labels, random_state=3)
    assert fitted.rows == (128,)
    assert fitted.score.penalty > 0
    assert fitted.score.rank >= 1
    counts = covered_counts(ConformalSets(0.8, "raps"), probs, labels, 200, 80)
    k = int(np.ceil(0.8 * 65))
    law = betabinom(80, k, 65 - k)
    assert abs(counts.mean() - law.mean()) < 4 * law.std() / np.sqrt(200)


def test_a_fifth_too_small_to_choose_on_adds_no_penalty(rows):
    probs, labels = rows
    few = ConformalSets(0.8, "raps").fit(probs[:19], labels[:19])
    assert few.score == ApsScore()
    assert few.rows == (19,)
    assert ConformalSets(0.8, "raps").fit(probs[:20], labels[:20]).rows == (16,)
    fixed = ConformalSets(0.8, "raps", penalty=0.1, rank=2).fit(probs, labels)
    assert (fixed.score, fixed.rows) == (ApsScore(0.1, 2), (160,))


@pytest.mark.parametrize("coverage", [0.55, 0.9, 0.7, 1 / 3])
@pytest.mark.parametrize("n", [9, 19, 99, 999])
def test_the_cutoff_is_the_smallest_that_can_promise(coverage, n):
    scores = np.random.default_rng(0).permutation(np.arange(1, n + 1))
    k = conformal_cutoff(scores, coverage)
    # The share of ranks at or below k, in exact decimals: 100 * 0.55 is not 55 in floats.
    assert round(k / (n + 1) - coverage, 12) >= 0 > round((k - 1) / (n + 1) - coverage, 12)


def test_ties_and_one_more_row_than_enough():
    tied = ConformalSets(0.9).fit(np.full((9, 2), 0.5), np.zeros(9, int))
    assert tied.cutoffs == (-0.5,)
    assert_array_equal(tied([[0.5, 0.5], [0.4, 0.6]]), [[1, 1], [0, 1]])


@pytest.mark.parametrize("rows", [1, 8])
def test_too_few_rows_include_every_class_with_a_warning(rows):
    probs = np.tile([0.9, 0.1], (rows, 1))
    with pytest.warns(UserWarning, match=f"at least 9 rows .* only {rows}, so that every set"):
        sets = ConformalSets(0.9).fit(probs, np.zeros(rows, int))
    assert_array_equal(sets([[1.0, 0.0]]), [[1, 1]])


def test_a_class_with_too_few_rows_is_in_every_set_with_a_warning():
    labels = np.repeat([0, 1, 2], [9, 8, 0])
    probs = np.tile([0.9, 0.08, 0.02], (17, 1))
    with pytest.warns(UserWarning, match="at least 9 rows .* in class 1, 2, which every set"):
        sets = ConformalSets(0.9, by_class=True).fit(probs, labels)
    assert sets.rows == (9, 8, 0)
    assert_array_equal(sets([[0.1, 0.0, 0.9]]), [[0, 1, 1]])


def test_an_empty_set_gets_the_most_probable_class_on_request():
    probs = np.array([[0.4, 0.35, 0.25], [0.9, 0.06, 0.04]])
    assert_array_equal(PredictionSets(LacScore(), (-0.5,))(probs), [[0, 0, 0], [1, 0, 0]])
    filled = PredictionSets(LacScore(), (-0.5,), at_least_one=True)(probs)
    assert_array_equal(filled, [[1, 0, 0], [1, 0, 0]])


@given(st.integers(1, 8), st.integers(0, 99), st.sampled_from([0.0, 0.05]))
def test_a_set_of_aps_is_a_run_of_the_most_probable_classes(K, seed, penalty):
    probs = np.random.default_rng(seed).dirichlet(np.ones(K), size=20)
    scores = ApsScore(penalty, 1)(probs)
    for p, s in zip(probs, scores, strict=True):
        assert (np.diff(s[np.argsort(-p, kind="stable")]) >= 0).all()
    sets = PredictionSets(ApsScore(penalty, 1), (0.6,))(probs)
    smallest = np.where(sets == 1, probs, np.inf).min(axis=1)
    largest = np.where(sets == 0, probs, -np.inf).max(axis=1)
    assert (smallest >= largest).all()


def test_scores_follow_their_formulas():
    p = np.array([[0.2, 0.5, 0.3]])
    (u,) = row_draws(p, 7)
    expected = [[0.8 + 0.2 * u + 2 * 0.1, 0.5 * u, 0.5 + 0.3 * u + 0.1]]
    np.testing.assert_allclose(ApsScore(0.1, 1, seed=7)(p), expected, atol=1e-15)
    assert_array_equal(LacScore()(p), -p)


def test_a_row_has_the_same_set_alone_and_among_others_in_any_precision(rows):
    probs = rows[0].astype(np.float32)
    sets = ConformalSets(0.8, "aps").fit(*rows, random_state=5)
    together = sets(probs)
    assert_array_equal(together, np.concatenate([sets(probs[i : i + 1]) for i in range(160)]))
    assert_array_equal(together, sets(probs.astype(np.float64)))
    assert_array_equal(together[::-1], sets(probs[::-1]))
    assert (together != ConformalSets(0.8, "aps").fit(*rows, random_state=6)(probs)).any()
    assert sets(probs[:0]).shape == (0, 4)
    assert isinstance(sets, Decision)


@pytest.mark.parametrize("shift", [1e-3, 64.0, 1000.0])
@pytest.mark.parametrize("method", ["lac", "aps", "raps"])
def test_a_shared_shift_of_the_logits_changes_no_set(method, shift):
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(1000, 5))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    tuner = ConformalSets(0.8, method=method)
    decision = tuner.fit(softmax(logits[500:], axis=1), labels[500:])
    plain, shifted = logits[:500], logits[:500] + shift
    assert_array_equal(decision(softmax(shifted, axis=1)), decision(softmax(plain, axis=1)))


def test_the_draws_of_rows_are_uniform_and_independent_of_the_probabilities():
    probs = np.random.default_rng(0).dirichlet([9.0, 0.1, 0.1], size=20_000)
    u, other = row_draws(probs, 0), row_draws(probs, 1)
    assert kstest(u, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(u, other)[0, 1]) < 4 / np.sqrt(20_000)
    assert abs(np.corrcoef(u, probs[:, 0])[0, 1]) < 4 / np.sqrt(20_000)
    # Nearly certain rows draw for themselves: their tiny probabilities tell them apart.
    tiny = np.arange(1, 2001) * 2.0**-52
    near = np.column_stack([1 - tiny, tiny])
    assert kstest(row_draws(near, 0), "uniform").pvalue > 1e-3
    assert row_draws(np.array([[0.0, 1.0]]), 0) == row_draws(np.array([[-0.0, 1.0]]), 0)
    swapped = row_draws(np.array([[0.25, 0.75], [0.75, 0.25]]), 0)
    assert swapped[0] != swapped[1]


def test_certain_probabilities_do_not_make_tiny_ones_equal():
    probs = np.tile([1.0, 1e-20, 1e-30], (9, 1))
    sets = ConformalSets(0.9).fit(probs, np.ones(9, int))
    assert_array_equal(sets(probs[:1]), [[1, 1, 0]])


@pytest.mark.parametrize("coverage", [0, 1, 1.0])
def test_a_coverage_of_nothing_or_everything_is_refused(coverage):
    with pytest.raises(InputValueError, match="must lie between 0 and 1, got"):
        ConformalSets(coverage)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"coverage": 1.5}, InputValueError, r"`coverage` must satisfy .*, got 1\.5"),
        ({"coverage": float("nan")}, InputValueError, "`coverage` must satisfy"),
        ({"coverage": "most"}, InputTypeError, "`coverage` must be a number"),
        ({"method": "LAC"}, InputValueError, "one of lac, aps, raps, got 'LAC'"),
        ({"rank": 3}, InputValueError, "are for method='raps', got 'lac'"),
        ({"method": "raps", "penalty": -1.0}, InputValueError, r"at least 0, got -1\.0"),
        ({"method": "raps", "penalty": "much"}, InputTypeError, "must be a number, got 'much'"),
        ({"method": "raps", "rank": -1}, InputValueError, "`rank` must be at least 0, got -1"),
        ({"method": "raps", "rank": 1.5}, InputTypeError, r"must be an integer, got 1\.5"),
    ],
)
def test_settings_that_promise_nothing_are_named(settings, error, message):
    with pytest.raises(error, match=message):
        ConformalSets(**settings)


def test_rows_that_cannot_calibrate_are_named(rows):
    probs, labels = rows
    with pytest.raises(InputValueError, match="ConformalSets takes no `weights`"):
        ConformalSets().fit(probs, labels, weights=np.ones(len(probs)))
    with pytest.raises(InputValueError, match="at least one row to tune on"):
        ConformalSets().fit(probs[:0], labels[:0])
    with pytest.raises(InputValueError, match=r"in 0\.\.3, got 4 at row 0"):
        ConformalSets().fit(probs, labels + 4 * (labels == labels[0]) - labels[0])
    with pytest.raises(InputTypeError, match="must be integers, got dtype float64"):
        ConformalSets().fit(probs, labels.astype(float))
    with pytest.raises(InputValueError, match=r"matrix of shape \(160, 4\).*RiskControlledSets"):
        ConformalSets().fit(probs, (probs > 0.5).astype(int))
    broken = probs.copy()
    broken[5, 2] = np.nan
    with pytest.raises(InputValueError, match="got nan at row 5, column 2"):
        ConformalSets().fit(broken, labels)
    with pytest.raises(InputValueError, match="got nan at row 5, column 2"):
        PredictionSets(LacScore(), (-0.1,))(broken)


def test_cutoffs_are_numbers_of_as_many_classes():
    with pytest.raises(InputValueError, match="each of the 2 classes that have a cutoff, got 3"):
        PredictionSets(LacScore(), (-0.1, -0.2))(np.full((1, 3), 1 / 3))
    with pytest.raises(InputValueError, match="at least one number and no NaN"):
        PredictionSets(LacScore(), (float("nan"),))
    with pytest.raises(InputTypeError, match="a tuple of numbers, got -0"):
        PredictionSets(LacScore(), -0.5)
    with pytest.raises(InputTypeError, match="must be a conformity score, got 'lac'"):
        PredictionSets("lac", (0.0,))


def test_enough_rows_bring_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sets = ConformalSets(0.9).fit(np.tile([0.9, 0.1], (9, 1)), np.zeros(9, int))
    assert_array_equal(sets([[0.95, 0.05]]).argmax(axis=1), Argmax()([[0.95, 0.05]]))
