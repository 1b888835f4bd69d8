"""Advice on a network's signal: one sentence, by a rule that is stated here.

The first that holds, with "kept" the last hidden layer's share of the first one's spread, or the
first one's share of the last one's gradient:

    a figure is NaN or infinite                                -> lower the learning rate
    a layer of relu or the like with half of its units dead    -> start anew
    spread or gradient kept below 1/100                        -> lost on the way
    gradient kept above 100                                    -> it explodes
    a layer of sigmoid or tanh saturated by half               -> start smaller, scale features
    none of these, and more than 30 layers                     -> take fewer
    none of these                                              -> nothing to mend

What is said of lost signal and of many layers was checked by training (docs/signal.md has the
table); 30 lies between 20 layers, which learn if they start right, and 50, which did not.

The trap: lost signal is a matter of the start as much as of the activation.  A sigmoid stack that
starts right learns at depth 20.  And a norm of rows before the activation is no cure: a sigmoid
hands on numbers around 1/2, which must be centred after it, and relu learned worse with it.

References
----------
Glorot, Bengio (2010), "Understanding the Difficulty of Training Deep Feedforward Neural Networks",
AISTATS.
He, Zhang, Ren, Sun (2015), "Delving Deep into Rectifiers", ICCV.
Klambauer, Unterthiner, Mayr, Hochreiter (2017), "Self-Normalizing Neural Networks", NeurIPS.
Saxe, McClelland, Ganguli (2014), "Exact Solutions to the Nonlinear Dynamics of Learning in Deep
Linear Neural Networks", ICLR.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.training.signal_health import LayerSignal, SignalHealth

__all__ = ["LOST", "advise", "find_fault"]

LOST, EXPLODED, HALF = 1e-2, 1e2, 0.5
MANY = 30
FLAT_ENDS = ("sigmoid", "tanh")


def advise(health: SignalHealth, /) -> str:
    """Return one sentence on what to change.

    Examples
    --------
    >>> from headway.training.signal_health import LayerSignal, SignalHealth
    >>> layers = [LayerSignal(f"hidden {k}", "relu", 1.0, 0.5, 0.0, 0.1, 8.0) for k in (1, 2)]
    >>> print(advise(SignalHealth(tuple(layers), rows=100)))
    Nothing to mend: hidden 2 has 1 times the spread of hidden 1, and hidden 1 1 times its gradient.
    """
    fault = find_fault(health)
    if fault is not None:
        return fault
    if len(health.layers) < 2:
        return "Nothing to mend: with fewer than two hidden layers nothing is lost between them."
    first, last = health.layers[0].name, health.layers[-1].name
    if len(health.layers) > MANY:
        return (
            f"The signal is kept, but in {len(health.layers)} layers without shortcuts training is "
            "slow to find a way whatever the start: take fewer."
        )
    return (
        f"Nothing to mend: {last} has {_times(health.spread_kept)} the spread of {first}, and "
        f"{first} {_times(health.gradient_kept)} its gradient."
    )


def find_fault(health: SignalHealth, /) -> str | None:
    """Return what is wrong and what mends it in one sentence, or None."""
    for layer in health.layers:
        if not (math.isfinite(layer.spread) and math.isfinite(layer.gradient)):
            return (
                f"{_capital(layer)} has a spread of {layer.spread:g} and a gradient of "
                f"{layer.gradient:g}: lower the learning rate, or start the weights smaller."
            )
    for layer in health.layers:
        if layer.dead >= HALF and layer.activation not in FLAT_ENDS:
            return (
                f"{_capital(layer)} has {100 * layer.dead:.0f} % dead units, which answer to no "
                "row and learn nothing: start anew with biases at 0 and a lower learning rate."
            )
    return _lost(health) or _exploded(health) or _saturated(health)


def _lost(health: SignalHealth) -> str | None:
    if min(health.spread_kept, health.gradient_kept) >= LOST:
        return None
    first, last = health.layers[0], health.layers[-1]
    if health.gradient_kept < LOST:
        what = f"The gradient of {first.name} is {_times(health.gradient_kept)} that of {last.name}"
    else:
        what = f"The spread of {last.name} is {_times(health.spread_kept)} that of {first.name}"
    cures = "start the weights at variance 2 / fan-in (He), and if they are, take fewer layers"
    if first.activation == "sigmoid":
        cures = (
            "start it as a tanh stack (variance 25 / width, biases minus half the sum of the "
            "weights), use relu with He's start, or put a norm after each activation"
        )
    elif first.activation == "tanh":
        cures = "start the weights at variance 1.6 / width (Glorot's with gain 5/4)"
    elif first.activation == "selu":
        cures = "start the weights at variance 1 / fan-in, which selu's constants are made for"
    return f"{what}, so the input is lost on the way: {cures}."


def _exploded(health: SignalHealth) -> str | None:
    if health.gradient_kept <= EXPLODED:
        return None
    first, last = health.layers[0].name, health.layers[-1].name
    return (
        f"The gradient of {first} is {_times(health.gradient_kept)} that of {last}: start the "
        "weights smaller."
    )


def _saturated(health: SignalHealth) -> str | None:
    for layer in health.layers:
        if layer.activation in FLAT_ENDS and layer.saturated >= HALF:
            return (
                f"{_capital(layer)} has {100 * layer.saturated:.0f} % of its activations at the "
                f"flat ends of the {layer.activation}, where hardly any gradient passes: scale the "
                "features, or start the weights smaller."
            )
    return None


def _capital(layer: LayerSignal) -> str:
    return layer.name[:1].upper() + layer.name[1:]


def _times(quotient: float) -> str:
    return f"{quotient:.2g} times"
