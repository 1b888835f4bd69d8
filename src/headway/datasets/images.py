"""Images of handwritten digits: a small set that is always there, and MNIST."""

import os

import numpy as np
from sklearn.datasets import load_digits

from headway.datasets.dataset import Dataset
from headway.datasets.mnist_files import find_mnist

__all__ = ["digits", "mnist"]


def digits() -> Dataset:
    """Return 1797 handwritten digits of 8 x 8 pixels, which come with scikit-learn.

    Returns
    -------
    Dataset
        `X` float32 of shape (1797, 64) in 0..1, `y` int64 in 0..9, no fixed split.

    References
    ----------
    Alpaydin, Kaynak (1998), "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository.

    Examples
    --------
    >>> digits().X.shape
    (1797, 64)
    """
    bunch = load_digits()
    return Dataset(
        name="digits",
        X=(bunch.data / 16).astype(np.float32),
        y=bunch.target.astype(np.int64),
        classes=tuple(range(10)),
        feature_names=_pixel_names(8, 8),
        image_shape=(8, 8),
        description="1797 handwritten digits, 8 x 8 pixels, from 43 people.",
        source="Alpaydin, Kaynak (1998), UCI Machine Learning Repository; from scikit-learn",
    )


def mnist(
    *,
    folder: str | os.PathLike[str] | None = None,
    verify: bool = True,
    download: bool = True,
) -> Dataset:
    """Return MNIST: 60,000 handwritten digits of 28 x 28 pixels, and 10,000 to test on.

    Looked for in `folder` if given; else in the folder that the environment variable
    HEADWAY_DATA names, then in the user's cache, then on OpenML (and kept in the cache).

    Parameters
    ----------
    folder : path, optional
        A folder that holds mnist.npz or the four idx files (gzipped or not), or an .npz
        file.
    verify : bool
        Whether to refuse images or labels that are not the original MNIST.
    download : bool
        Whether OpenML may be asked.

    Returns
    -------
    Dataset
        `X` float32 of shape (60000, 784) in 0..1, `y` int64 in 0..9, with the test part.

    Raises
    ------
    DataNotFoundError
        If MNIST is nowhere; the message names the ways to supply it.
    FileFormatError
        If a file is damaged or holds something else.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner (1998), "Gradient-Based Learning Applied to Document
    Recognition", Proceedings of the IEEE 86(11).

    Examples
    --------
    >>> mnist().X_test.shape  # doctest: +SKIP
    (10000, 784)
    """
    parts, place = find_mnist(folder, verify=verify, download=download)
    height, width = parts["x_train"].shape[1:]
    return Dataset(
        name="mnist",
        X=_unit_interval(parts["x_train"]),
        y=parts["y_train"].astype(np.int64),
        X_test=_unit_interval(parts["x_test"]),
        y_test=parts["y_test"].astype(np.int64),
        classes=tuple(range(10)),
        feature_names=_pixel_names(height, width),
        image_shape=(height, width),
        description=f"{len(parts['x_train'])} handwritten digits, {height} x {width} pixels.",
        source=f"LeCun, Bottou, Bengio, Haffner (1998); read from {place}",
    )


def _unit_interval(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _pixel_names(height: int, width: int) -> tuple[str, ...]:
    return tuple(f"pixel_{row}_{column}" for row in range(height) for column in range(width))
