"""Rows for training: features by row, wherever they lie, with targets and weights.

The loop asks a source for the rows of one batch at a time.  So features may be a tensor, a file
far larger than memory, or images that are moved at random each time they are taken.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from headway.errors import InputValueError
from headway.models.layers import Network

__all__ = [
    "ROWS_AT_ONCE",
    "InMemory",
    "RowSource",
    "Rows",
    "as_tensor",
    "make_rows",
    "scaled_features",
]

ROWS_AT_ONCE = 1024


class RowSource(Protocol):
    """Scaled features by row; `take` may change them at random (augmentation)."""

    def take(self, rows: Tensor, generator: torch.Generator, /) -> Tensor:
        """Return the features of these rows."""


@dataclass(frozen=True)
class InMemory:
    """Scaled features as they are."""

    features: Tensor

    def take(self, rows: Tensor, generator: torch.Generator, /) -> Tensor:
        """Return the features of these rows; nothing is drawn from the generator."""
        return self.features[rows]


@dataclass(frozen=True)
class Rows:
    """Scaled features with their targets (n, K) and weights (n, 1) of mean 1."""

    source: RowSource
    targets: Tensor
    weights: Tensor

    def __len__(self) -> int:
        return len(self.targets)


def scaled_features(network: Network, features: np.ndarray, /) -> Tensor:
    """Return what the body of a network takes: float32 features, scaled in their own dtype.

    Raises
    ------
    InputValueError
        If a scaled feature is beyond the range of float32.
    """
    with torch.no_grad():
        parts = [network.scaling(part) for part in as_tensor(features).split(ROWS_AT_ONCE)]
        scaled = torch.cat(parts)
    # One sum tells, at a third of the cost of looking at each value; the place is found if asked.
    if not scaled.sum().isfinite() and not (rows := scaled.flatten(1).isfinite().all(dim=1)).all():
        raise InputValueError(
            "Scaled features must be within the range of float32 (3e38), got one beyond it in "
            f"row {int(rows.int().argmin())}. Divide the features, or pass standardize='feature'."
        )
    return scaled


def make_rows(
    source: RowSource,
    targets: np.ndarray,
    weights: np.ndarray | None,
    *,
    device: torch.device | str = "cpu",
) -> Rows:
    """Return rows for training, their weights divided by the mean."""
    relative = np.ones(len(targets)) if weights is None else weights / weights.mean()
    return Rows(
        source,
        as_tensor(targets).float().to(device),
        as_tensor(relative).float()[:, None].to(device),
    )


def as_tensor(array: np.ndarray) -> Tensor:
    """Return an array as a tensor that shares its memory where it can."""
    # torch refuses negative strides and warns of arrays that cannot be written to.
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))
