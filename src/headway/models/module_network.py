"""Any torch module in the frame of a network: the module, and a last layer if it has none.

    rows -> module -> logits                        or
    rows -> module -> hidden features -> last layer -> logits

Frozen parts are out of the optimiser's reach and stay in evaluation mode: the trap is a batch norm
whose weights stand still while its running means move with every batch.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from headway.errors import InputTypeError, InputValueError

__all__ = ["ModuleNetwork"]


class ModuleNetwork(nn.Module):
    """A module whose output has one column of logits for each class (one for two classes).

    Parameters
    ----------
    body : torch.nn.Module
        Returns logits, or hidden features if `width` is given.
    n_logits : int
    width : int, optional
        Hidden features that the last layer to be added takes.
    """

    def __init__(self, body: nn.Module, n_logits: int, width: int | None = None):
        super().__init__()
        self.body = body
        self.last: nn.Linear | None = None
        self.n_logits = n_logits
        self.frozen: list[nn.Module] = []
        self.final_name: str | None = None if width is None else "last"
        if width is not None:
            self.last = nn.Linear(width, n_logits)
            nn.init.zeros_(self.last.weight)
            nn.init.zeros_(self.last.bias)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next((weights.device for weights in self.parameters()), torch.device("cpu"))

    @property
    def final(self) -> nn.Linear | None:
        """The linear layer that makes the logits, if it is known."""
        layer = None if self.final_name is None else self.get_submodule(self.final_name)
        return layer if isinstance(layer, nn.Linear) else None

    def forward(self, rows: Tensor) -> Tensor:
        """Return logits (n, K) of rows."""
        output: Tensor = self.body(rows)
        if self.last is not None:
            return self.last(output)
        if output.ndim == 1:
            output = output[:, None]
        if self.n_logits == 1 and output.shape[1] == 2:
            return output[:, 1:] - output[:, :1]
        return output

    def train(self, mode: bool = True) -> "ModuleNetwork":
        """Switch to training, frozen parts aside."""
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    def start_at(self, logits: Sequence[float], /) -> None:
        """Set the bias of an added last layer: the logits of the constant model."""
        if self.last is not None:
            with torch.no_grad():
                self.last.bias.copy_(torch.as_tensor(logits, dtype=self.last.bias.dtype))

    def freeze(self, parts: bool | Sequence[str], last: nn.Linear | None, /) -> None:
        """Keep parts of the body as they are: True for all but its last layer, or their names.

        Raises
        ------
        InputTypeError, InputValueError
            If a name is unknown, or nothing is left to train.
        """
        named = dict(self.body.named_modules())
        if isinstance(parts, bool):
            self.frozen = [self.body] if parts else []
        else:
            if isinstance(parts, str) or not all(isinstance(name, str) for name in parts):
                raise InputTypeError(
                    f"`freeze` must be True, False or a sequence of names, got {parts!r}. "
                    "Pass the names of parts of the module, as in freeze=['encoder']."
                )
            unknown = [name for name in parts if name not in named or not name]
            if unknown:
                known = ", ".join(repr(name) for name, _ in self.body.named_children())
                raise InputValueError(
                    f"`freeze` must name parts of the module ({known}, or what lies inside "
                    f"them), got {unknown[0]!r}. `module.named_modules()` lists all."
                )
            self.frozen = [named[name] for name in parts]
        for part in self.frozen:
            part.requires_grad_(False)
        if parts is True and last is not None:
            last.requires_grad_(True)
        if not any(weights.requires_grad for weights in self.parameters()):
            raise InputValueError(
                f"Something must be left to train, but freeze={parts!r} leaves none of the "
                f"{sum(1 for _ in self.parameters())} weight arrays. Pass add_head=True, or name "
                "fewer parts."
            )
