"""The work that all heads are set: features, encoded labels, and who tests on what.

Labels are encoded once, over all rows, so that every run sees the same classes in the same
columns.  The trap: a class that one training half happens to lack must not shift the columns of
the others, so the classifiers are told the encoded classes (`classes=`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from headway.classifiers import LinearClassifier
from headway.classifiers.features import validate_features
from headway.comparison.splits import stratified_split
from headway.datasets import Dataset
from headway.errors import InputTypeError, InputValueError
from headway.labels import LabelEncoder
from headway.labels.reading import LabelKind

__all__ = ["Split", "Work", "read_work"]


@dataclass(frozen=True, eq=False)
class Split:
    """Training and test rows of one seed.

    Attributes
    ----------
    X_train, X_test : float arrays or CSR
        Features.
    train_labels, test_labels : arrays
        Encoded labels: integers (n,), or a 0/1/NaN matrix (n, L).
    test_rows : integer array
        Where the test rows stand in the data (or in `X_test`, for a fixed split).
    """

    X_train: Any
    X_test: Any
    train_labels: np.ndarray
    test_labels: np.ndarray
    test_rows: np.ndarray


@dataclass(frozen=True, eq=False)
class Work:
    """The data of a contest.

    Attributes
    ----------
    name, description : str
        The data, in a word and in a sentence.
    X : float array (n, d) or CSR
        All rows, or the training rows of a fixed split.
    labels : integer array (n,), or 0/1/NaN array (n, L)
        Encoded labels of `X`.
    X_test, test_labels : arrays or None
        The test rows of a fixed split.
    kind : {"binary", "exclusive", "multilabel"}
        What the labels are.
    classes : tuple of str
        Names of classes or labels.
    image_shape : tuple of int or None
        (height, width) where a row is a picture.
    """

    name: str
    description: str
    X: Any
    labels: np.ndarray
    X_test: Any
    test_labels: np.ndarray | None
    kind: LabelKind
    classes: tuple[str, ...]
    image_shape: tuple[int, int] | None

    @property
    def fixed_split(self) -> bool:
        """Whether the data came with their own test rows."""
        return self.X_test is not None

    def split(self, seed: int, test_size: float) -> Split:
        """Return the rows of one seed: always the same ones where the split is fixed."""
        if self.X_test is not None and self.test_labels is not None:
            rows = np.arange(len(self.test_labels))
            return Split(self.X, self.X_test, self.labels, self.test_labels, rows)
        train, test = stratified_split(self.labels, test_size=test_size, seed=seed)
        if not len(test) or not len(train):
            raise InputValueError(
                f"Both training and test part must get a row, got {len(train)} and {len(test)} "
                f"with test_size={test_size:g}. Bring more rows of each class."
            )
        return Split(self.X[train], self.X[test], self.labels[train], self.labels[test], test)


def read_work(
    X: Any,
    y: Any = None,
    *,
    X_test: Any = None,
    y_test: Any = None,
    image_shape: tuple[int, int] | None = None,
    classes: Any = None,
    missing: Any = None,
    name: str | None = None,
) -> Work:
    """Return the work that `compare` was given, checked and encoded.

    Parameters
    ----------
    X : Dataset, or array of shape (n, d), or (n, height, width) for pictures
        The data; with a Dataset, `y` must be None, and the other arguments replace its own.
    y, X_test, y_test, image_shape, classes, missing, name
        As for `compare`.

    Returns
    -------
    Work

    Raises
    ------
    InputTypeError, InputValueError
        If the parts do not fit together; the message names which.
    """
    description = ""
    if isinstance(X, Dataset):
        data = X
        if y is not None or X_test is not None or y_test is not None:
            raise InputTypeError(
                "A Dataset brings its own labels and test rows, got `y`, `X_test` or `y_test` "
                "as well. Pass the Dataset alone, or `dataset.X, dataset.y` and your own."
            )
        X, y, X_test, y_test = data.X, data.y, data.X_test, data.y_test
        image_shape = data.image_shape if image_shape is None else image_shape
        classes = data.classes if classes is None else classes
        name = data.name if name is None else name
        description = data.description
    if y is None:
        raise InputTypeError(
            "`y` must be given unless `X` is a Dataset, got None. Call `compare(X, y)`."
        )
    if (X_test is None) != (y_test is None):
        raise InputTypeError(
            "`X_test` and `y_test` belong together, got only one of them. Pass both or neither."
        )
    X, image_shape = _flat_pictures(X, image_shape)
    # The estimator's own door: the same checks, the same messages, done once.
    door = LinearClassifier()
    X = validate_features(door, X, reset=True)
    encoder = LabelEncoder(classes=classes, missing=missing)
    labels = encoder.fit_transform(y)
    _check_rows(X, labels, "X", "y")
    test_labels = None
    if X_test is not None:
        X_test = validate_features(door, _flat_pictures(X_test, image_shape)[0], reset=False)
        test_labels = encoder.transform(y_test)
        _check_rows(X_test, test_labels, "X_test", "y_test")
    if image_shape is not None and np.shape(image_shape) != (2,):
        raise InputTypeError(
            f"`image_shape` must be (height, width), got {image_shape!r}. Pass two whole numbers."
        )
    if image_shape is not None and image_shape[0] * image_shape[1] != X.shape[1]:
        raise InputValueError(
            f"`image_shape` must have as many pixels as `X` has columns ({X.shape[1]}), got "
            f"{tuple(image_shape)}. Pass the (height, width) of the pictures."
        )
    return Work(
        name=name or "data",
        description=description,
        X=X,
        labels=labels,
        X_test=X_test,
        test_labels=test_labels,
        kind=encoder.kind_,
        classes=tuple(str(item) for item in encoder.classes_.tolist()),
        image_shape=None if image_shape is None else (int(image_shape[0]), int(image_shape[1])),
    )


def _flat_pictures(X: Any, image_shape: Any) -> tuple[Any, Any]:
    shape: tuple[int, ...] = getattr(X, "shape", ())
    if len(shape) != 3:
        return X, image_shape
    return np.asarray(X).reshape(shape[0], -1), image_shape or (int(shape[1]), int(shape[2]))


def _check_rows(X: Any, labels: np.ndarray, features: str, name: str) -> None:
    if X.shape[0] != len(labels):
        raise InputValueError(
            f"`{features}` and `{name}` must have the same number of rows, got {X.shape[0]} and "
            f"{len(labels)}. Pass one label for each row."
        )
