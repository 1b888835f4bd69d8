"""The arguments of `compare` that are lists: names and seeds."""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from headway.errors import InputTypeError, InputValueError

__all__ = ["checked_names", "checked_seeds"]


def checked_names(given: Any, allowed: Sequence[str], what: str) -> tuple[str, ...]:
    """Return the names as a tuple without repeats, each one of `allowed`."""
    names = (given,) if isinstance(given, str) else tuple(given)
    unknown = [item for item in names if item not in allowed]
    if unknown or not names:
        raise InputValueError(
            f"`{what}` must be among {', '.join(allowed)}, got "
            f"{repr(unknown[0]) if unknown else 'none'}. Choose one or more of them."
        )
    return tuple(dict.fromkeys(names))


def checked_seeds(seeds: Any) -> tuple[int, ...]:
    """Return the seeds: as many as a number says, or those of a sequence."""
    if isinstance(seeds, bool | float | str):
        raise InputTypeError(
            f"`seeds` must be a number of seeds or a sequence of integers, got {seeds!r}. "
            "Use 5, or [1, 2, 3]."
        )
    chosen = range(seeds) if isinstance(seeds, int | np.integer) else seeds
    try:
        result = tuple(operator.index(seed) for seed in chosen)
    except TypeError as error:
        raise InputTypeError(
            f"`seeds` must be a number of seeds or a sequence of integers, got {seeds!r}. "
            "Use 5, or [1, 2, 3]."
        ) from error
    if not result or min(result) < 0 or len(set(result)) < len(result):
        raise InputValueError(
            f"`seeds` must be at least one, none negative and none twice, got {seeds!r}. "
            "Use 5, or [1, 2, 3]."
        )
    return result
