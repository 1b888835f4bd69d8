"""Rows as they were given: arrays, tensors, memory-mapped files or a torch Dataset.

They are read one batch at a time and never copied whole: picking rows out of them keeps the
numbers of the rows alone.  The trap: indexing a memory map with an array of rows reads just these,
but any arithmetic on the map itself reads all of it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, Subset, TensorDataset

from headway.errors import InputTypeError, InputValueError

__all__ = ["GivenRows", "given_rows"]

SAMPLED = 16


@dataclass(frozen=True)
class GivenRows:
    """Rows of an array, tensor or Dataset; `numbers` are those that were picked, in order.

    Examples
    --------
    >>> rows = given_rows(np.arange(12.0).reshape(6, 2))[np.array([5, 0])]
    >>> len(rows)
    2
    >>> rows.take(torch.tensor([0]))
    tensor([[10., 11.]])
    """

    data: Any
    numbers: np.ndarray | None = None
    dtype: torch.dtype = torch.float32

    def __len__(self) -> int:
        return len(self.data) if self.numbers is None else len(self.numbers)

    def __getitem__(self, rows: Any) -> "GivenRows":
        """Return the rows picked by a slice, numbers or a mask; nothing is read."""
        if isinstance(rows, slice) and rows == slice(None):
            return self
        numbers = np.arange(len(self)) if self.numbers is None else self.numbers
        return GivenRows(self.data, numbers[rows], self.dtype)

    def take(self, rows: Tensor, generator: torch.Generator | None = None, /) -> Tensor:
        """Return some rows as a tensor, floats in the dtype of the module.

        Raises
        ------
        InputTypeError, InputValueError
            If rows are of unequal shape, or hold NaN or infinity.
        """
        numbers = rows.numpy() if self.numbers is None else self.numbers[rows.numpy()]
        if isinstance(self.data, Dataset):
            taken = _stacked([(int(i), _features_of(self.data[int(i)])) for i in numbers])
        elif isinstance(self.data, Tensor):
            taken = self.data[torch.from_numpy(np.ascontiguousarray(numbers))]
        else:
            taken = _native(np.asarray(self.data[numbers]))
        if not taken.is_floating_point():
            return taken
        taken = taken.to(self.dtype)
        if not bool(taken.sum().isfinite()):
            self._refuse_infinite(taken, numbers)
        return taken

    def sample(self) -> np.ndarray:
        """Return a few rows spread over all, as bytes; none of a Dataset, which may draw them."""
        if isinstance(self.data, Dataset):
            return np.zeros(0, np.uint8)
        places = np.unique(np.linspace(0, len(self) - 1, SAMPLED).astype(np.int64))
        taken = self.take(torch.from_numpy(places)).detach().cpu().contiguous()
        return taken.view(torch.uint8).numpy() if taken.ndim else np.zeros(0, np.uint8)

    def labels(self) -> np.ndarray | None:
        """Return the labels that a Dataset brings with its rows; None for arrays."""
        labels = _labels_of(self.data) if isinstance(self.data, Dataset) else None
        return labels if labels is None or self.numbers is None else labels[self.numbers]

    def row_shape(self) -> tuple[int, ...]:
        """Return the shape of one row."""
        return tuple(self.take(torch.zeros(1, dtype=torch.int64)).shape[1:])

    def _refuse_infinite(self, taken: Tensor, numbers: np.ndarray) -> None:
        finite = taken.reshape(len(taken), -1).isfinite().all(dim=1)
        if not bool(finite.all()):
            raise InputValueError(
                "Features must be finite numbers, got NaN or infinity in row "
                f"{int(numbers[int(finite.int().argmin())])}. Fill or drop such rows."
            )


def given_rows(X: Any, /, dtype: torch.dtype = torch.float32) -> GivenRows:
    """Return rows that can be picked and taken, of whatever kind `X` is.

    Raises
    ------
    InputTypeError, InputValueError
        If `X` is sparse, has no length, or its rows are of unequal shape.
    """
    if isinstance(X, GivenRows):
        return GivenRows(X.data, X.numbers, dtype)
    if isinstance(X, IterableDataset) or (isinstance(X, Dataset) and not hasattr(X, "__len__")):
        raise InputTypeError(
            f"A Dataset must have a length and give rows by number, got {type(X).__name__}. "
            "Wrap it in a map-style Dataset with __len__ and __getitem__."
        )
    if hasattr(X, "tocsr"):
        raise InputTypeError(
            "A torch module takes dense rows, got a sparse matrix. Pass X.toarray(), or use "
            "LinearClassifier, which takes sparse features."
        )
    if not isinstance(X, (Dataset, Tensor)):
        X = X if isinstance(X, np.ndarray) else _array(X)
        if X.dtype.kind not in "biuf":
            raise InputTypeError(
                f"`X` must hold numbers, got dtype {X.dtype}. Encode text before it comes here."
            )
    if isinstance(X, Tensor):
        X = X.detach().cpu()
    if not isinstance(X, Dataset) and X.ndim < 1:
        raise InputValueError("`X` must have one row for each label, got a single number.")
    if len(X) == 0:
        raise InputValueError("`X` must have at least one row, got 0. Bring rows.")
    return GivenRows(X, None, dtype)


def _array(X: Any) -> np.ndarray:
    """Return array-likes as an array, or say which row has another shape."""
    if hasattr(X, "to_numpy"):
        return np.asarray(X.to_numpy())
    if isinstance(X, (list, tuple)):
        shapes = [np.shape(row) for row in X]
        other = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), None)
        if other is not None:
            _refuse_mixed(0, shapes[0], other, shapes[other])
    return np.asarray(X)


def _refuse_mixed(one: int, shape: Any, other: int, its_shape: Any) -> None:
    raise InputValueError(
        f"Rows must be of one shape, got {tuple(shape)} in row {one} and {tuple(its_shape)} in row "
        f"{other}. Resize or pad them first."
    )


def _native(array: np.ndarray) -> Tensor:
    """Return an array as a tensor, in the byte order and a dtype that torch knows."""
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def _features_of(item: Any) -> Tensor:
    """Return the features of what a Dataset gives: (features, label), or features alone."""
    features = item[0] if isinstance(item, (tuple, list)) else item
    if isinstance(features, Tensor):
        return features.detach().cpu()
    array = np.asarray(features)
    if array.dtype.kind not in "biuf":
        raise InputTypeError(
            "A Dataset must give tensors or arrays of numbers, got "
            f"{type(features).__name__}. Turn rows into tensors in __getitem__."
        )
    return _native(array)


def _stacked(rows: list[tuple[int, Tensor]]) -> Tensor:
    first, features = rows[0]
    for number, row in rows:
        if row.shape != features.shape:
            _refuse_mixed(first, features.shape, number, row.shape)
    return torch.stack([row for _, row in rows])


def _labels_of(dataset: Any) -> np.ndarray:
    if isinstance(dataset, Subset):
        return _labels_of(dataset.dataset)[np.asarray(dataset.indices)]
    if isinstance(dataset, TensorDataset) and len(dataset.tensors) > 1:
        return dataset.tensors[1].detach().cpu().numpy()
    found = []
    for number in range(len(dataset)):
        item = dataset[number]
        if not isinstance(item, (tuple, list)) or len(item) < 2:
            raise InputTypeError(
                "A Dataset without `y` must give (features, label), got "
                f"{type(item).__name__} in row {number}. Pass the labels as `y`."
            )
        label = item[1]
        found.append(label.detach().cpu().numpy() if isinstance(label, Tensor) else label)
    return np.asarray(found)
