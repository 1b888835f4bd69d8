import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from headway.datasets import rare_labels
from headway.errors import InputTypeError, InputValueError


def test_the_same_seed_gives_the_same_data():
    first, second, other = rare_labels(500), rare_labels(500), rare_labels(500, random_state=1)
    assert_array_equal(first.X, second.X)
    assert_array_equal(first.y, second.y)
    assert not np.array_equal(first.X, other.X)


@pytest.mark.parametrize("together", [0.0, 0.9])
def test_each_label_follows_its_posterior_whatever_labels_have_in_common(together):
    data = rare_labels(50_000, together=together, missing=0.0)
    probs = data.posterior(data.X)
    for column in range(probs.shape[1]):
        bins = np.minimum((10 * probs[:, column]).astype(int), 9)
        for bin in np.unique(bins):
            p, t = probs[bins == bin, column], data.y[bins == bin, column]
            assert abs(t.sum() - p.sum()) < 5 * np.sqrt(np.sum(p * (1 - p))) + 1


def test_shares_are_those_asked_for():
    shares = {"common": 0.6, "rare": 0.01}
    posterior = rare_labels(5000, shares=shares, n_features=1, strength=3.0).posterior
    # The mean of the posterior over the normal feature, by quadrature of another kind.
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    means = weights @ posterior(nodes[:, None]) / weights.sum()
    assert_allclose(means, [0.6, 0.01], rtol=1e-6)


def test_labels_without_signal_have_their_share_everywhere():
    data = rare_labels(1000, shares={"a": 0.3}, strength=0.0)
    assert_allclose(data.posterior(data.X), 0.3, rtol=1e-9)


def test_labels_go_together_beyond_what_the_features_say():
    def residual_correlation(together):
        shares = {"a": 0.5, "b": 0.5}
        data = rare_labels(40_000, shares=shares, together=together, missing=0.0)
        probs = data.posterior(data.X)
        left = (data.y - probs) / np.sqrt(probs * (1 - probs))
        return np.mean(left[:, 0] * left[:, 1])

    noise = 5 / np.sqrt(40_000)
    assert abs(residual_correlation(0.0)) < noise
    assert residual_correlation(0.3) > noise
    assert residual_correlation(0.8) > residual_correlation(0.3) + noise


def test_cells_are_missing_evenly_and_leave_the_others_as_they_are():
    whole, holes = rare_labels(20_000, missing=0.0), rare_labels(20_000, missing=0.3)
    gone = np.isnan(holes.y)
    assert not np.isnan(whole.y).any()
    assert_array_equal(holes.y[~gone], whole.y[~gone])
    assert_allclose(gone.mean(axis=0), 0.3, atol=5 * np.sqrt(0.21 / 20_000))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_samples": 1}, InputValueError, "`n_samples` must be at least 2, got 1"),
        ({"n_features": 0}, InputValueError, "`n_features` must be at least 1, got 0"),
        ({"strength": -1.0}, InputValueError, "`strength` must be at least 0, got -1.0"),
        ({"shares": {}}, InputValueError, "`shares` must name at least one label"),
        ({"shares": {"a": 0.0}}, InputValueError, r"`shares\['a'\]` must be above 0, got 0"),
        ({"shares": {"a": 1.0}}, InputValueError, r"shares\['a'\]"),
        ({"shares": {"a": "many"}}, InputTypeError, r"shares\['a'\]"),
        ({"together": 1.0}, InputValueError, "together"),
        ({"missing": 1.0}, InputValueError, "missing"),
        ({"n_samples": 20}, InputValueError, "got label '.*' constant over 20 rows"),
    ],
)
def test_impossible_settings_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        rare_labels(**arguments)
