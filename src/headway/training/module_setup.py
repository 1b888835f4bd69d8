"""A user's module made ready: on its device, of the right width, some parts frozen.

A few rows are tried before any training, so that what does not fit is said at once and not after
an epoch.  The trap: in Python a device that is absent fails late and with another name.
"""

import copy as copies
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from headway.errors import InputTypeError, InputValueError
from headway.models.module_network import ModuleNetwork
from headway.training.given_rows import GivenRows
from headway.training.module_end import module_end

__all__ = [
    "batches_of",
    "chosen_device",
    "float_dtype",
    "module_network",
    "network_logits",
    "require_module",
]

TRIED = 2


def chosen_device(device: str, /) -> str:
    """Return the device that is meant; "auto" is CUDA, else MPS, else the CPU.

    Raises
    ------
    InputValueError
        If the device is unknown, or not there.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        return next(name for name, present in there.items() if present)
    kind = device.split(":")[0] if isinstance(device, str) else ""
    if kind not in there:
        raise InputValueError(
            f"`device` must be 'auto', 'cpu', 'cuda' (or 'cuda:1') or 'mps', got {device!r}. "
            "Try 'auto'."
        )
    if not there[kind]:
        raise InputValueError(
            f"`device` must be there, but torch {torch.__version__} finds no {kind.upper()} on "
            "this machine. Pass device='auto', or install a torch that supports it."
        )
    return device


def float_dtype(module: nn.Module, /) -> torch.dtype:
    """Return the dtype of the module's floating weights, float32 if it has none."""
    floats = (weights.dtype for weights in module.parameters() if weights.is_floating_point())
    return next(floats, torch.float32)


def module_network(
    module: nn.Module,
    rows: GivenRows,
    /,
    *,
    n_logits: int,
    add_head: bool,
    freeze: bool | Sequence[str],
    copy: bool,
    device: str,
) -> ModuleNetwork:
    """Return the module in its frame, checked on a few rows.

    Raises
    ------
    InputTypeError, InputValueError
        If it does not emit a column of logits for each class, or cannot take the rows.
    """
    module = (copies.deepcopy(module) if copy else module).to(chosen_device(device))
    tried = rows.take(torch.arange(min(TRIED, len(rows))))
    place = next((weights.device for weights in module.parameters()), torch.device("cpu"))
    end = module_end(module, tried.to(place))
    shape = tuple(end.output.shape)
    if add_head:
        if len(shape) != 2 or shape[0] != len(tried):
            raise InputValueError(
                "Under add_head=True the module must return a row of features for each row, got "
                f"shape {shape} for {len(tried)} rows. Flatten what it returns."
            )
        network = ModuleNetwork(module, n_logits, shape[1])
    else:
        _require_logits(shape, len(tried), n_logits, end.activation)
        network = ModuleNetwork(module, n_logits)
        network.final_name = None if end.linear is None else f"body.{end.linear}".rstrip(".")
    network.to(place, float_dtype(module))
    network.freeze(freeze, network.final if not add_head else None)
    return network


def _require_logits(shape: tuple[int, ...], n: int, n_logits: int, activation: str | None) -> None:
    if activation is not None:
        raise InputValueError(
            f"The module must emit logits, but it ends in {activation}, which makes "
            "probabilities of them. Leave that layer out: the head applies its own link."
        )
    if len(shape) not in (1, 2) or shape[0] != n:
        raise InputValueError(
            f"The module must return a row of logits for each of {n} rows, got shape {shape}. "
            "Flatten what it returns."
        )
    width = 1 if len(shape) == 1 else shape[1]
    if width != n_logits and not (n_logits == 1 and width == 2):
        wanted = f"{n_logits} columns, one for each class" if n_logits > 1 else "1 or 2 columns"
        raise InputValueError(
            f"The module must return {wanted}, got {width}. Give its last layer that many outputs, "
            "or pass add_head=True to have a linear layer put on top of it."
        )


def batches_of(rows: GivenRows, size: int, /) -> Iterator[Tensor]:
    """Yield the rows in order, `size` at a time."""
    for first in range(0, len(rows), size):
        yield rows.take(torch.arange(first, min(first + size, len(rows))))


def network_logits(network: ModuleNetwork, rows: GivenRows, /, *, batch_size: int) -> np.ndarray:
    """Return the logits (n, K) of rows as float32, a batch at a time."""
    network.eval()
    with torch.inference_mode():
        parts = [
            network(part.to(network.device)).float().cpu() for part in batches_of(rows, batch_size)
        ]
    return torch.cat(parts).numpy()


def require_module(module: Any, /) -> None:
    """Raise unless this is a torch module."""
    if not isinstance(module, nn.Module):
        raise InputTypeError(
            f"`module` must be a torch.nn.Module, got {type(module).__name__}. Pass an instance, "
            "as in NetworkClassifier(torch.nn.Linear(4, 3))."
        )
