"""Scaling brings tables and images near 0 and 1, whatever their columns hold."""

import numpy as np
import pytest

from headway.models.scaling import feature_scaling, image_scaling, share_a_scale


def scaled(X, standardize):
    from headway.models.layers import Scaling

    torch = pytest.importorskip("torch")
    return Scaling(feature_scaling(X, standardize))(torch.from_numpy(X)).numpy()


@pytest.fixture
def wild():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 5)) * [1e-6, 1.0, 1e3, 1e9, 1.0] + [0, 0, 5e5, 0, 0]
    X[:, 4] = 7.0
    X[3, 1] = 1e12
    return X


def test_columns_of_a_table_end_up_on_one_scale_despite_an_outlier(wild):
    Z = scaled(wild, "feature")
    spread = np.quantile(Z[:, :4], 0.75, axis=0) - np.quantile(Z[:, :4], 0.25, axis=0)
    np.testing.assert_allclose(spread, 1.0, atol=0.05)
    assert np.abs(Z).max() <= 3.0


def test_a_constant_column_becomes_zero(wild):
    assert (scaled(wild, "feature")[:, 4] == 0).all()


def test_a_column_that_is_constant_but_for_rounding_is_not_blown_up():
    X = np.full((100, 1), 1e6)
    X[::2] = np.nextafter(1e6, 2e6)
    assert np.abs(scaled(X, "feature")).max() < 1e-6


def test_a_rarely_lit_pixel_is_not_blown_up():
    X = np.zeros((1000, 2))
    X[0, 0] = 1.0
    X[:, 1] = np.linspace(0, 1, 1000)
    assert np.abs(scaled(X, "shared")).max() < 4
    assert scaled(X, "feature")[0, 0] == pytest.approx(2 / np.hypot(1, 2 / 3), rel=1e-6)


def test_an_unseen_value_far_away_stays_finite_and_bounded():
    torch = pytest.importorskip("torch")
    from headway.models.layers import Scaling

    layer = Scaling(feature_scaling(np.arange(9.0)[:, None], "feature"))
    far = layer(torch.tensor([[1e300], [-1e300]], dtype=torch.float64))
    np.testing.assert_allclose(far.numpy(), [[3.0], [-3.0]])


def test_large_numbers_with_small_differences_keep_their_differences():
    X = 1.7e9 + np.arange(100.0)[:, None]  # seconds since 1970: float32 knows steps of 128
    assert len(np.unique(scaled(X, "feature"))) == 100


def test_false_leaves_features_as_they_are(wild):
    np.testing.assert_array_equal(scaled(wild, False), wild.astype(np.float32))


def test_auto_shares_the_scale_of_pixels_and_separates_the_columns_of_a_table(wild):
    pixels = np.random.default_rng(0).uniform(0, 16, size=(50, 8))
    pixels[:, 0] = 0
    assert len(set(feature_scaling(pixels, "auto").scale)) == 1
    assert not feature_scaling(pixels, "auto").bounded
    assert feature_scaling(wild, "auto").bounded


def test_one_wide_column_among_three_means_they_do_not_share_a_scale():
    low = np.zeros(3)
    assert share_a_scale(low, np.array([1.0, 1.0, 2.0]))
    assert not share_a_scale(low, np.array([1.0, 1.0, 2.1]))
    assert share_a_scale(low, low)


def test_images_get_one_mean_and_deviation_a_channel():
    images = np.random.default_rng(0).normal(size=(20, 2, 3, 4)) * [[[1.0]], [[50.0]]]
    scaling = image_scaling(images, True)
    Z = (images - scaling.center) / scaling.scale
    np.testing.assert_allclose(Z.mean(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(Z.std(axis=(0, 2, 3)), 1)


def test_black_images_are_not_divided_by_zero():
    assert image_scaling(np.zeros((3, 1, 2, 2)), True).scale.ravel().tolist() == [1.0]
