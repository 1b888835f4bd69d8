"""Depth and signal: stacks of many activations and depths, measured and, if asked, trained.

    gradient kept   gradient of the first hidden layer / that of the last
    spread kept     spread between rows in the last hidden layer / that in the first

A sigmoid's slope is at most 1/4.  A layer started as usual shrinks what passes, forth and back, by
about that factor, so both fall geometrically with depth.  The trap is to blame the function alone:
weights four times as large make up for the slope, if the biases keep the sums centred.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headway._check import check_features
from headway.datasets import Dataset
from headway.errors import InputTypeError, InputValueError, require
from headway.heads import preset_head
from headway.labels import LabelEncoder, to_targets
from headway.training.signal_advice import find_fault
from headway.training.signal_health import SignalHealth

__all__ = ["RECIPES", "STACK_ACTIVATIONS", "SignalSweep", "StackRun", "sweep_signal"]

STACK_ACTIVATIONS = ("sigmoid", "tanh", "relu", "gelu", "selu", "silu")
RECIPES = ("glorot", "he", "scaled", "fitting", "norm", "norm-after")
TEST_SHARE = 0.2
ACROSS = 5  # depths in a line of 80 columns


@dataclass(frozen=True)
class StackRun:
    """One stack: how it was built, its signal before and after training, its test accuracy.

    `after` and `accuracy` are None without training; a loss that became infinite has accuracy NaN.
    """

    activation: str
    recipe: str
    depth: int
    seed: int
    before: SignalHealth
    after: SignalHealth | None = None
    accuracy: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the run as plain numbers."""
        return {
            "activation": self.activation,
            "recipe": self.recipe,
            "depth": self.depth,
            "seed": self.seed,
            "before": self.before.to_dict(),
            "after": None if self.after is None else self.after.to_dict(),
            "accuracy": self.accuracy,
        }


@dataclass(frozen=True)
class SignalSweep:
    """All stacks of a sweep.

    Attributes
    ----------
    data : str
        Name of the data.
    width, epochs : int
        Units in a hidden layer; passes over the training rows (0: none).
    runs : tuple of StackRun
    """

    data: str
    width: int
    epochs: int
    runs: tuple[StackRun, ...]

    @property
    def stacks(self) -> tuple[tuple[str, str], ...]:
        """Return each pair of activation and recipe, in the order they were asked for."""
        return tuple(dict.fromkeys((run.activation, run.recipe) for run in self.runs))

    @property
    def depths(self) -> tuple[int, ...]:
        """Return the depths, in the order they were asked for."""
        return tuple(dict.fromkeys(run.depth for run in self.runs))

    def select(self, activation: str, recipe: str, depth: int, /) -> tuple[StackRun, ...]:
        """Return the runs of one stack, one a seed."""
        wanted = (activation, recipe, depth)
        return tuple(r for r in self.runs if (r.activation, r.recipe, r.depth) == wanted)

    def to_dict(self) -> dict[str, Any]:
        """Return all runs as plain numbers."""
        return {
            "data": self.data,
            "width": self.width,
            "epochs": self.epochs,
            "runs": [run.to_dict() for run in self.runs],
        }

    def to_text(self) -> str:
        """Return tables by activation and depth within 80 columns, and advice for each fault."""
        seeds = len({run.seed for run in self.runs})
        middle = f", the median of {seeds} seeds" if seeds > 1 else ""
        tables = [
            f"Stacks of hidden layers, each {self.width} wide, on {self.data}{middle}.",
            self._table(
                "Gradient of the first hidden layer / that of the last, before training",
                lambda run: f"{run.before.gradient_kept:.1e}",
                lambda run: run.before.gradient_kept,
            ),
            self._table(
                "Spread between rows in the last hidden layer / that in the first",
                lambda run: f"{run.before.spread_kept:.1e}",
                lambda run: run.before.spread_kept,
            ),
        ]
        if self.epochs:
            times = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
            tables.append(
                self._table(
                    f"Test accuracy after {times}",
                    lambda run: f"{100 * (run.accuracy or 0.0):.1f} %",
                    lambda run: run.accuracy,
                )
            )
        return "\n\n".join([*tables, *self._advice()]) + "\n"

    def _table(
        self,
        title: str,
        show: Callable[[StackRun], str],
        value: Callable[[StackRun], Any],
    ) -> str:
        lines = [title]
        for start in range(0, len(self.depths), ACROSS):
            depths = self.depths[start : start + ACROSS]
            lines.append(
                "   activation  recipe      " + "".join(f"{f'depth {d}':>9}" for d in depths)
            )
            for activation, recipe in self.stacks:
                cells = []
                for depth in depths:
                    runs = sorted(self.select(activation, recipe, depth), key=value)
                    cells.append(f"{show(runs[(len(runs) - 1) // 2]):>9}")
                lines.append(f"   {activation:<10}  {recipe:<12}" + "".join(cells))
        return "\n".join(lines)

    def _advice(self) -> list[str]:
        """Return, for each stack with a fault, the shallowest depth that has it and the cure."""
        told = []
        for activation, recipe in self.stacks:
            for depth in sorted(self.depths):
                fault = find_fault(self.select(activation, recipe, depth)[0].before)
                if fault is not None:
                    text = f"{activation}, {recipe}, from depth {depth} on. {fault}"
                    told.append(textwrap.fill(text, 79, subsequent_indent="   "))
                    break
        return told or ["No stack loses its signal."]


def sweep_signal(
    X: Any,
    y: Any = None,
    *,
    activations: Sequence[str] = ("sigmoid", "tanh", "relu", "gelu", "selu"),
    depths: Sequence[int] = (2, 5, 10, 20, 50),
    recipes: Sequence[str] = ("glorot", "fitting"),
    width: int = 64,
    epochs: int = 0,
    seeds: int = 1,
    random_state: int = 0,
    on_run: Callable[[StackRun], None] | None = None,
) -> SignalSweep:
    """Return the signal health of stacks of every activation, recipe and depth.

    Parameters
    ----------
    X : Dataset, or numeric array of shape (n, d)
        The data.  A fifth of the rows is kept for the accuracy unless a `Dataset` brings a test
        part.
    y : labels, optional
        Of any kind `LabelEncoder` reads; omitted if `X` is a `Dataset`.
    activations : sequence of {"sigmoid", "tanh", "relu", "gelu", "selu", "silu"}
    depths : sequence of int
        Numbers of hidden layers, each at least 1.
    recipes : sequence of {"glorot", "he", "scaled", "fitting", "norm", "norm-after"}
        How stacks are built: "glorot" as libraries do by default, "he" as for relu, "scaled"
        glorot times 4, "fitting" as headway's networks start, "norm" and "norm-after" glorot with
        a norm before or after each activation.
    width, epochs, seeds : int
        Units in a hidden layer; passes over the training rows, 0 for none; stacks of each kind.
    random_state : int
        The first seed.
    on_run : callable, optional
        Called with each `StackRun` when it is done.

    Returns
    -------
    SignalSweep

    Raises
    ------
    InputValueError
        If an activation or a recipe is unknown or a number too small.
    MissingDependencyError
        Without torch.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> sweep = sweep_signal(X, y, activations=["sigmoid"], depths=[20], width=16)
    >>> lost, kept = (run.before.gradient_kept for run in sweep.runs)
    >>> lost < 1e-6, 0.1 < kept < 10
    (True, True)
    """
    _check_names("activations", activations, STACK_ACTIVATIONS)
    _check_names("recipes", recipes, RECIPES)
    for name, numbers, least in (
        ("depths", depths, 1),
        ("width", (width,), 1),
        ("epochs", (epochs,), 0),
        ("seeds", (seeds,), 1),
    ):
        _check_numbers(name, numbers, least)
    require("torch", extra="torch")
    from headway.training.stacks import run_stack

    name, head, data = _stack_data(X, y, random_state)
    runs = []
    for activation, recipe, depth, seed in itertools.product(
        dict.fromkeys(activations), dict.fromkeys(recipes), dict.fromkeys(depths), range(seeds)
    ):
        figures = run_stack(
            data,
            head,
            activation=activation,
            recipe=recipe,
            depth=int(depth),
            width=width,
            epochs=epochs,
            seed=random_state + seed,
        )
        runs.append(StackRun(activation, recipe, int(depth), random_state + seed, *figures))
        if on_run is not None:
            on_run(runs[-1])
    return SignalSweep(name, width, epochs, tuple(runs))


def _stack_data(X: Any, y: Any, random_state: int) -> tuple[str, Any, Any]:
    """Return the data's name, the head that its labels call for, and rows for the stacks."""
    from headway.training.stacks import StackData

    given = X if isinstance(X, Dataset) else None
    if given is None and y is None:
        raise InputValueError(
            "`y` must be given beside an array of features, got None. "
            "Pass the labels, or a Dataset as `X`."
        )
    features = _numbers(X if given is None else given.X)
    encoder = LabelEncoder(classes=None if given is None else given.classes)
    encoder.fit(y if given is None else given.y)

    def targets(labels: Any) -> np.ndarray:
        return np.asarray(to_targets(encoder.transform(labels), encoder.kind_, encoder.n_logits_))

    rows = targets(y if given is None else given.y)
    if len(rows) != len(features):
        raise InputValueError(
            f"`X` and `y` must have as many rows, got {len(features)} and {len(rows)}. "
            "Give one label row for each feature row."
        )
    if given is not None and given.X_test is not None:
        data = StackData(features, rows, _numbers(given.X_test), targets(given.y_test))
    else:
        order = np.random.default_rng(random_state).permutation(len(features))
        test, train = np.split(order, [max(1, round(TEST_SHARE * len(order)))])
        data = StackData(features[train], rows[train], features[test], rows[test])
    name = "the data" if given is None else given.name
    return name, preset_head("auto", encoder.kind_), data


def _numbers(X: Any) -> np.ndarray:
    features = np.asarray(X, dtype=np.float64)
    if features.ndim != 2 or len(features) < 2:
        raise InputValueError(
            f"`X` must have shape (n, d) with at least 2 rows, got {features.shape}. "
            "Pass one row per sample."
        )
    check_features(features)
    return features


def _check_names(option: str, chosen: Sequence[str], allowed: Sequence[str]) -> None:
    for name in [chosen] if isinstance(chosen, str) else chosen or [""]:
        if isinstance(chosen, str) or name not in allowed:
            raise InputValueError(
                f"`{option}` must be a list of {', '.join(map(repr, allowed))}, got {chosen!r}. "
                f"Try [{allowed[0]!r}]."
            )


def _check_numbers(option: str, numbers: Sequence[int], least: int) -> None:
    for number in numbers or [least - 1]:
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
            raise InputTypeError(
                f"`{option}` must be whole, got {number!r}. Pass an integer of at least {least}."
            )
        if number < least:
            raise InputValueError(
                f"`{option}` must be at least {least}, got {number}. "
                f"Pass an integer of at least {least}."
            )
