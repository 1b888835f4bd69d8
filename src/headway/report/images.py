"""A wall of small pictures on one axes: an axes for each would take most of a report's time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from headway.report.picture import GRID

__all__ = ["hang", "wall"]


def wall(figure: Figure, *, across: int, down: int, gap: tuple[float, float]) -> Axes:
    """Return one frameless axes to hang images on, each one unit wide and high."""
    axes = figure.subplots()
    axes.set_xlim(-0.03, across + (across - 1) * gap[0] + 0.03)
    axes.set_ylim(down + (down - 1) * gap[1] + (0.4 if gap[1] > 0.5 else 0.03), -0.25)
    axes.set_aspect("equal", anchor="NW")
    axes.set(xticks=[], yticks=[])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def hang(
    axes: Axes, pixels: np.ndarray, image_shape: tuple[int, int] | None, left: float, top: float
) -> None:
    """Draw one image, a row of pixels, with its upper left corner there."""
    values = np.asarray(pixels, dtype=np.float64).reshape(image_shape)
    limits = axes.axis()
    axes.imshow(values, cmap="Greys", extent=(left, left + 1, top + 1, top), aspect="equal")
    axes.add_patch(Rectangle((left, top), 1, 1, fill=False, edgecolor=GRID, linewidth=0.8))
    axes.axis(limits)
