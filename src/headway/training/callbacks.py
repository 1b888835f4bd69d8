"""Callbacks: what the user wants to hear of training while it goes on.

A callback is a function of an `EpochRecord`, or an object with a method `on_epoch(record)`,
`on_step(step)` or both.  An epoch's answer True ends training, in order and with the best weights.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from headway.errors import InputTypeError

__all__ = ["check_callbacks", "epoch_callbacks", "step_callbacks", "together"]

Listener = Callable[[Any], Any]


def check_callbacks(callbacks: Any, /) -> None:
    """Raise unless `callbacks` is a sequence of callbacks.

    Raises
    ------
    InputTypeError
        If one is neither callable nor has a method `on_epoch` or `on_step`.
    """
    if isinstance(callbacks, str) or not isinstance(callbacks, Iterable):
        raise InputTypeError(
            f"`callbacks` must be a sequence, got {type(callbacks).__name__}. Pass a list, as in "
            "callbacks=[print]."
        )
    for callback in callbacks:
        methods = hasattr(callback, "on_epoch") or hasattr(callback, "on_step")
        if not methods and not callable(callback):
            raise InputTypeError(
                "A callback must be a function of an EpochRecord, or have a method `on_epoch` or "
                f"`on_step`, got {type(callback).__name__}. Try callbacks=[print]."
            )


def epoch_callbacks(callbacks: Sequence[Any], /) -> list[Listener]:
    """Return what is to be called at the end of an epoch."""
    found = []
    for callback in callbacks:
        if hasattr(callback, "on_epoch"):
            found.append(callback.on_epoch)
        elif not hasattr(callback, "on_step"):
            found.append(callback)
    return found


def step_callbacks(callbacks: Sequence[Any], /) -> list[Listener]:
    """Return what is to be called after a step."""
    return [callback.on_step for callback in callbacks if hasattr(callback, "on_step")]


def together(listeners: Sequence[Listener], /) -> Listener | None:
    """Return one function that calls all and answers True if one did; None for none.

    Examples
    --------
    >>> together([print, lambda record: True])("epoch 1")
    epoch 1
    True
    """
    if not listeners:
        return None
    return lambda record: any(_is_true(listener(record)) for listener in listeners)


def _is_true(answer: Any) -> bool:
    """Return whether an answer is True itself; a list or a number that is returned says nothing."""
    return isinstance(answer, (bool, np.bool_)) and bool(answer)
