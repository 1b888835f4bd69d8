"""Arrays of frozen objects stay read-only when they are copied or unpickled.

The trap: NumPy copies and unpickles every array as a writable one, so that a copy could be changed
in place, and its hash with it.
"""

from typing import Any

import numpy as np

__all__ = ["restore_frozen"]


def restore_frozen(self: Any, state: dict[str, Any]) -> None:
    """Set the fields of a frozen dataclass; written into its class as `__setstate__`.

    Examples
    --------
    >>> from copy import deepcopy
    >>> from headway.decisions import LeastCost
    >>> deepcopy(LeastCost([[0.0, 1.0], [1.0, 0.0]])).cost.flags.writeable
    False
    """
    for name, value in state.items():
        for array in value if isinstance(value, tuple) else (value,):
            if isinstance(array, np.ndarray):
                array.setflags(write=False)
        object.__setattr__(self, name, value)
