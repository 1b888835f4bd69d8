"""Signal health: what each hidden layer hands on, and what comes back to it.

    spread      root of the mean over units of the variance over rows of the activations
    saturated   share of activations whose slope is below a tenth of the steepest
    dead        share of units that are saturated on every row
    gradient    norm of the loss gradient by the layer's weights
    ratio       gradient / norm of the weights

The spread counts only what differs between rows.  The trap is the plain deviation of all
activations: in a deep sigmoid stack units differ from each other while each says the same of every
row, and the plain deviation stays large though nothing of the input is left.
"""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import Any

from headway.training.signal_advice import advise, find_fault

__all__ = ["LayerSignal", "SignalHealth", "TrainingSignal"]


@dataclass(frozen=True)
class LayerSignal:
    """One hidden layer; the norms are of its weights, biases left out.

    Attributes
    ----------
    name : str
        "hidden 1", "convolution 1" and so on, counted from the input.
    activation : str
        In lower case: "relu", "sigmoid".
    spread, gradient, weights, ratio : float
        At least 0; in the unit of the activations, of the loss by the weights, of the weights.
    saturated, dead : float
        In 0..1.
    """

    name: str
    activation: str
    spread: float
    saturated: float
    dead: float
    gradient: float
    weights: float

    @property
    def ratio(self) -> float:
        """Return the gradient's norm divided by that of the weights."""
        return self.gradient / self.weights if self.weights else float("inf")

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as a dictionary of plain numbers."""
        return {**asdict(self), "ratio": self.ratio}


@dataclass(frozen=True)
class SignalHealth:
    """The hidden layers of a network on one batch, from input to output.

    Attributes
    ----------
    layers : tuple of LayerSignal
    rows : int
        Rows in the batch.
    drawn_last : bool
        Whether the last layer was all zero, so that nothing would come back through it, and one
        drawn at variance 1 / width was measured in its place.
    normed : bool
        Whether norms stand between the layers.

    Examples
    --------
    >>> first = LayerSignal("hidden 1", "sigmoid", 0.20, 0.0, 0.0, gradient=1e-9, weights=8.0)
    >>> last = LayerSignal("hidden 9", "sigmoid", 0.0001, 0.0, 0.0, gradient=0.1, weights=8.0)
    >>> health = SignalHealth((first, last), rows=100)
    >>> f"{health.spread_kept:.0e} {health.gradient_kept:.0e}"
    '5e-04 1e-08'
    """

    layers: tuple[LayerSignal, ...]
    rows: int
    drawn_last: bool = False
    normed: bool = False

    @property
    def spread_kept(self) -> float:
        """Return the spread of the last hidden layer divided by that of the first."""
        return _quotient(self.layers[-1].spread, self.layers[0].spread) if self.layers else 1.0

    @property
    def gradient_kept(self) -> float:
        """Return the gradient's norm in the first layer divided by that in the last hidden one."""
        if not self.layers:
            return 1.0
        return _quotient(self.layers[0].gradient, self.layers[-1].gradient)

    @property
    def advice(self) -> str:
        """Return one sentence on what to change, by the rule of `signal_advice`."""
        return advise(self)

    def to_dict(self) -> dict[str, Any]:
        """Return all figures as plain numbers."""
        return {
            "layers": [layer.to_dict() for layer in self.layers],
            "rows": self.rows,
            "drawn_last": self.drawn_last,
            "normed": self.normed,
            "spread_kept": self.spread_kept,
            "gradient_kept": self.gradient_kept,
            "advice": self.advice,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any], /) -> SignalHealth:
        """Return what `to_dict` wrote down."""
        layers = tuple(
            LayerSignal(**{key: item for key, item in layer.items() if key != "ratio"})
            for layer in values["layers"]
        )
        return cls(layers, values["rows"], values["drawn_last"], values["normed"])

    def to_text(self) -> str:
        """Return a table of the layers within 80 columns, and the advice."""
        lines = ["layer           activation  spread  saturated   dead  gradient  grad/weights"]
        lines += [
            f"{layer.name:<15} {layer.activation:<10} {layer.spread:>7.2g}"
            f"  {100 * layer.saturated:>7.1f} % {100 * layer.dead:>4.0f} %"
            f"  {layer.gradient:>8.1e}  {layer.ratio:>12.1e}"
            for layer in self.layers
        ]
        return "\n".join([*lines, "", *textwrap.wrap(self.advice, 80)])


@dataclass(frozen=True)
class TrainingSignal:
    """Signal health on the same rows before the first step and after the last."""

    start: SignalHealth
    end: SignalHealth

    @property
    def advice(self) -> str:
        """Return the advice on the start if it has a fault, else on the end."""
        return self.end.advice if find_fault(self.start) is None else self.start.advice

    def to_dict(self) -> dict[str, Any]:
        """Return both measurements as plain numbers."""
        return {
            "start": self.start.to_dict(),
            "end": self.end.to_dict(),
            "advice": self.advice,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any], /) -> TrainingSignal:
        """Return what `to_dict` wrote down."""
        return cls(*(SignalHealth.from_dict(values[when]) for when in ("start", "end")))


def _quotient(part: float, whole: float) -> float:
    if whole == 0:
        return 0.0 if part == 0 else float("inf")
    return part / whole
