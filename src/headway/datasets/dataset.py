"""A dataset: features and labels, with all that is known about them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.errors import InputValueError

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Features and labels under a name.

    Attributes
    ----------
    name : str
        What a report calls the data.
    X : ndarray of shape (n, d)
        Features, floating.
    y : ndarray of shape (n,) or (n, L)
        Labels in the user's own names, or a 0/1 matrix (NaN where a cell is missing).
    classes : tuple
        The names of the classes, in the order of probability columns.
    feature_names : tuple of str
        One name a column of `X`.
    X_test, y_test : ndarray or None
        The test part, where the split is fixed by whoever made the data.
    image_shape : (int, int) or None
        Height and width, if each row of `X` is an image.
    description : str
        One sentence on what the data are.
    source : str
        Where they are from, for citing.
    posterior : callable or None
        For data whose truth is known: `posterior(X)` gives the exact probability of each
        class, shape (n, K) (binary: (n, 2); multi-label: (n, L)).

    Raises
    ------
    InputValueError
        If the numbers of rows, columns or names disagree.

    Examples
    --------
    >>> data = Dataset("two rows", np.array([[0.0], [1.0]]), np.array(["no", "yes"]),
    ...                classes=("no", "yes"), feature_names=("age",))
    >>> data.n_samples
    2
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    classes: tuple[Any, ...]
    feature_names: tuple[str, ...]
    X_test: np.ndarray | None = None
    y_test: np.ndarray | None = None
    image_shape: tuple[int, int] | None = None
    description: str = ""
    source: str = ""
    posterior: Callable[[np.ndarray], np.ndarray] | None = None

    def __post_init__(self) -> None:
        if self.X.ndim != 2 or len(self.X) != len(self.y):
            raise InputValueError(
                f"`X` must have shape (n, d) with one row per label, got {self.X.shape} "
                f"and {len(self.y)} labels in dataset {self.name!r}."
            )
        if len(self.feature_names) != self.X.shape[1]:
            raise InputValueError(
                f"`feature_names` must name the {self.X.shape[1]} columns of `X`, "
                f"got {len(self.feature_names)} names in dataset {self.name!r}."
            )
        if (self.X_test is None) != (self.y_test is None):
            raise InputValueError(
                "`X_test` and `y_test` must be given together, "
                f"got one of them in dataset {self.name!r}."
            )
        if (
            self.X_test is not None
            and self.y_test is not None
            and self.X_test.shape != (len(self.y_test), self.X.shape[1])
        ):
            raise InputValueError(
                f"`X_test` must have shape ({len(self.y_test)}, {self.X.shape[1]}), "
                f"got {self.X_test.shape} in dataset {self.name!r}."
            )
        if self.image_shape is not None:
            height, width = self.image_shape
            if height * width != self.X.shape[1]:
                raise InputValueError(
                    f"`image_shape` must hold {self.X.shape[1]} pixels, "
                    f"got {self.image_shape} in dataset {self.name!r}."
                )

    @property
    def n_samples(self) -> int:
        """Return the number of rows of `X`, the test part not counted."""
        return len(self.X)

    @property
    def n_features(self) -> int:
        """Return the number of columns of `X`."""
        return int(self.X.shape[1])
