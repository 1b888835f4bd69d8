"""Measuring signal health: one batch forward, the head's own gradient back, nothing is changed.

    slope = d activation(z) / d z       by torch's chain rule, for whatever activation there is

Dropout is off and no random number is drawn from torch's own generator, so that a network trains to
the same bits whether it is measured or not.

The trap: a last layer that starts at zero (ours does) lets no gradient through, and every body
would look dead before its first step.  In its place one is measured that was drawn at variance
1 / width, from a seed of its own; the result says so.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from headway.heads import Head
from headway.models.layers import Network
from headway.training.rows import Rows
from headway.training.signal_health import LayerSignal, SignalHealth

__all__ = ["measure_signal"]

FLAT = 0.1
NORMS = (nn.LayerNorm, nn.GroupNorm, nn.BatchNorm1d, nn.BatchNorm2d)


def measure_signal(network: Network, head: Head, rows: Rows, /) -> SignalHealth:
    """Return the signal health of a network's hidden layers on some rows.

    Parameters
    ----------
    network : Network
        Its weights, gradients and mode are the same afterwards.
    head : Head
        Its loss gives the gradient at the logits.
    rows : Rows
        Scaled features, targets and weights; all are used at once.

    Returns
    -------
    SignalHealth
        One `LayerSignal` for each layer of weights that an activation follows.
    """
    pairs = list(_layers(network.body))
    weights = [layer.weight for _, layer, _ in pairs]
    seen: dict[nn.Module, tuple[Tensor, Tensor]] = {}
    hooks = [
        activation.register_forward_hook(
            lambda module, taken, given: seen.__setitem__(
                module, (taken[0].detach(), given.detach())
            )
        )
        for _, _, activation in pairs
    ]
    modes = {module: module.training for module in network.modules()}
    network.eval()
    drawn = bool((network.last.weight == 0).all())
    try:
        features = rows.source.take(torch.arange(len(rows)), torch.Generator()).float()
        with torch.enable_grad():
            logits = _last(network, drawn)(network.body(features))
        with torch.no_grad():
            gradient = head.loss.gradient(logits, rows.targets) * rows.weights / len(rows)
        gradients: tuple[Tensor, ...] = ()
        if weights:
            gradients = torch.autograd.grad(logits, weights, gradient)
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in modes.items():
            module.training = mode
    layers = [
        _figures(name, activation, *seen[activation], _norm(back), _norm(weight))
        for (name, _, activation), weight, back in zip(pairs, weights, gradients, strict=True)
    ]
    normed = any(isinstance(layer, NORMS) for layer in network.body)
    return SignalHealth(tuple(layers), rows=len(rows), drawn_last=drawn, normed=normed)


def _layers(body: nn.Sequential) -> Iterator[tuple[str, nn.Linear | nn.Conv2d, nn.Module]]:
    """Yield each layer of weights with its name and the activation that follows it."""
    counts = {"convolution": 0, "hidden": 0}
    before: nn.Linear | nn.Conv2d | None = None
    for layer in body:
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            before = layer
        elif before is not None and _is_activation(layer):
            kind = "convolution" if isinstance(before, nn.Conv2d) else "hidden"
            counts[kind] += 1
            yield f"{kind} {counts[kind]}", before, layer
            before = None


def _is_activation(layer: nn.Module) -> bool:
    return type(layer).__module__ == "torch.nn.modules.activation"


def _last(network: Network, drawn: bool) -> Callable[[Tensor], Tensor]:
    """Return the last layer, or one with drawn weights and the same bias."""
    if not drawn:
        return network.last
    width = network.last.in_features
    weights = torch.randn(network.last.weight.shape, generator=torch.Generator().manual_seed(0)) / (
        width**0.5
    )
    return lambda hidden: nn.functional.linear(hidden, weights, network.last.bias)


def _figures(
    name: str, activation: nn.Module, sums: Tensor, given: Tensor, gradient: float, weights: float
) -> LayerSignal:
    """Return the figures of one layer; a filter is dead if it is saturated at every pixel."""
    spread = float(given.var(dim=0, correction=0).mean().sqrt())
    flat = _slopes(activation, sums).abs() < FLAT * _steepest(activation)
    units = flat.transpose(0, 1).flatten(1) if flat.ndim > 1 else flat[:, None]
    return LayerSignal(
        name=name,
        activation=type(activation).__name__.lower(),
        spread=spread,
        saturated=float(flat.float().mean()),
        dead=float(units.all(dim=1).float().mean()),
        gradient=gradient,
        weights=weights,
    )


def _slopes(activation: nn.Module, sums: Tensor) -> Tensor:
    """Return the derivative of an elementwise activation at each sum."""
    with torch.enable_grad():
        at = sums.clone().requires_grad_()
        (slopes,) = torch.autograd.grad(activation(at).sum(), at)
    return slopes


def _norm(values: Tensor) -> float:
    """Return the norm in double precision: the squares of a faded gradient underflow in float32."""
    return float(values.detach().double().norm())


def _steepest(activation: nn.Module) -> float:
    return float(_slopes(activation, torch.linspace(-6.0, 6.0, 241)).abs().max())
