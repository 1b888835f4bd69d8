import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad
from scipy.stats import norm

from headway.datasets import blobs, label_sets, moons
from headway.errors import InputValueError

MAKERS = [blobs, moons, label_sets]


def wrong_cells(data):
    """Return the errors of the best decision, one number per row (a mean over labels)."""
    probs = data.posterior(data.X)
    if data.y.ndim == 2:
        return ((probs > 0.5) != data.y).mean(axis=1)
    return probs.argmax(axis=1) != data.y


@pytest.mark.parametrize("make", MAKERS)
def test_the_same_seed_gives_the_same_data(make):
    first, second, other = make(300), make(300), make(300, random_state=1)
    assert_array_equal(first.X, second.X)
    assert_array_equal(first.y, second.y)
    assert not np.array_equal(first.X, other.X)


@pytest.mark.parametrize("make", MAKERS)
def test_the_labels_follow_the_posterior(make):
    data = make(100_000)
    probs = data.posterior(data.X)
    truth = data.y if data.y.ndim == 2 else np.eye(probs.shape[1])[data.y]
    # Within ten bins of probability the frequency is the mean probability: 5 deviations.
    for column in range(probs.shape[1]):
        bins = np.minimum((10 * probs[:, column]).astype(int), 9)
        for bin in range(10):
            inside = bins == bin
            if not inside.any():
                continue
            p, t = probs[inside, column], truth[inside, column]
            deviation = np.sqrt(np.sum(p * (1 - p))) + 1e-9
            assert abs(t.sum() - p.sum()) < 5 * deviation + 1


@pytest.mark.parametrize("make", MAKERS)
def test_the_best_decision_errs_as_often_as_the_bayes_error_says(make):
    data = make(100_000, random_state=3)
    wrong = wrong_cells(data)
    assert abs(wrong.mean() - data.posterior.bayes_error()) < 5 * wrong.std() / np.sqrt(len(wrong))


@pytest.mark.parametrize("make", [blobs, moons])
def test_posteriors_of_exclusive_classes_sum_to_one(make):
    data = make(200)
    assert_allclose(data.posterior(data.X).sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("separation", [0.5, 2.0, 4.0])
def test_two_blobs_err_as_the_normal_distribution_says(separation):
    data = blobs(100, n_classes=2, separation=separation)
    assert_allclose(data.posterior.bayes_error(), norm.cdf(-separation / 2), atol=1e-5)


@pytest.mark.parametrize("n_classes", [3, 5, 8])
def test_blobs_on_a_polygon_err_as_craigs_formula_says(n_classes):
    # Craig (1991): symbol errors of K-ary phase shift keying, one exact integral.
    data = blobs(500, n_classes=n_classes, separation=2.0)
    radius, half = np.linalg.norm(data.posterior.centers[0]), np.pi / n_classes

    def integrand(angle):
        return np.exp(-((radius * np.sin(half) / np.sin(angle)) ** 2) / 2)

    exact, _ = quad(integrand, 0, np.pi - half, epsabs=1e-12)
    assert_allclose(data.posterior.bayes_error(), exact / np.pi, atol=1e-5)


def test_unequal_shares_move_the_boundary():
    data = blobs(1000, n_classes=2, separation=2.0, shares=[0.9, 0.1])
    cut = np.log(9) / 2  # where log(0.9 / 0.1) + 2 u = 0, u measured towards class 1
    exact = 0.9 * norm.cdf(-1 - cut) + 0.1 * norm.cdf(-1 + cut)
    assert_allclose(data.posterior.bayes_error(), exact, atol=1e-5)
    assert abs(data.y.mean() - 0.1) < 0.05


def test_neighbouring_blobs_are_as_far_apart_as_asked():
    centers = blobs(500, n_classes=5, separation=2.5).posterior.centers
    assert_allclose(np.linalg.norm(centers - np.roll(centers, 1, axis=0), axis=1), 2.5)


def test_features_after_the_second_say_nothing():
    data = blobs(300, n_features=6)
    changed = data.X.copy()
    changed[:, 2:] = 7.0
    assert_allclose(data.posterior(changed), data.posterior(data.X), rtol=1e-12)
    flat = blobs(300, n_features=2)
    assert_allclose(data.posterior.bayes_error(), flat.posterior.bayes_error(), rtol=1e-12)


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.3, 2.0])
def test_densities_of_moons_are_exact_to_ten_digits(noise):
    data = moons(200, noise=noise)
    once = data.posterior.log_densities(data.X)
    assert_allclose(data.posterior.log_densities(data.X, refine=2), once, atol=1e-10)


def test_densities_of_moons_integrate_to_one():
    posterior = moons(100, noise=0.3).posterior
    axis = np.arange(-4, 5, 0.05)
    points = np.column_stack([part.ravel() for part in np.meshgrid(axis, axis)])
    mass = np.exp(posterior.log_densities(points)).sum(axis=0) * 0.05**2
    assert_allclose(mass, 1, atol=1e-9)


def test_moons_are_mirror_images():
    # A half turn about (1/2, 1/4) carries one half circle into the other.
    data = moons(100)
    turned = np.array([1.0, 0.5]) - data.X
    assert_allclose(data.posterior(turned), data.posterior(data.X)[:, ::-1], atol=1e-9)


def test_posteriors_far_away_are_finite():
    data = moons(100)
    assert np.isfinite(data.posterior(np.array([[1e6, -1e6]]))).all()
    assert np.isfinite(data.posterior.logits(np.array([[100.0, 100.0]]))).all()


def test_labels_without_any_signal_err_as_their_rarer_side():
    data = label_sets(1000, strength=0.0)
    shares = 1 / (1 + np.exp(-data.posterior.intercept))
    assert_allclose(data.posterior.bayes_error(), np.minimum(shares, 1 - shares).mean(), rtol=1e-9)


def test_label_sets_have_rows_with_none_one_and_several():
    carried = label_sets(1000).y.sum(axis=1)
    assert {0, 1, 2} <= set(carried.tolist())


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (blobs, {"n_samples": 1}, "`n_samples` must be at least 2, got 1"),
        (blobs, {"n_classes": 1}, "`n_classes` must be at least 2, got 1"),
        (blobs, {"n_features": 1}, "`n_features` must be at least 2, got 1"),
        (blobs, {"separation": -1.0}, "`separation` must be at least 0"),
        (blobs, {"shares": [0.5, 0.5]}, "`shares` must be 3 positive numbers"),
        (blobs, {"shares": [0.5, 0.5, 0.5]}, "that sum to 1"),
        (blobs, {"shares": [1.0, 0.0, 0.0]}, "`shares` must be 3 positive"),
        (blobs, {"n_samples": 3, "n_classes": 9}, "got none of class"),
        (moons, {"noise": 0.019}, "`noise` must be at least 0.02, got 0.019"),
        (moons, {"noise": np.nan}, "`noise` must be at least 0.02"),
        (label_sets, {"n_labels": 0}, "`n_labels` must be at least 1"),
        (label_sets, {"n_features": 0}, "`n_features` must be at least 1"),
        (label_sets, {"strength": np.inf}, "`strength` must be at least 0"),
        (label_sets, {"n_samples": 2, "n_labels": 9}, "Draw more rows"),
    ],
)
def test_impossible_wishes_are_refused(make, arguments, message):
    with pytest.raises(InputValueError, match=message):
        make(**arguments)
