"""Picture of what a policy went through: the return of every episode, seed by seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headway.errors import InputValueError
from headway.policy import Reinforced
from headway.report.picture import (
    INK,
    MUTED,
    OKABE_ITO,
    Picture,
    blank_figure,
    drawing_style,
    plain_frame,
)

__all__ = ["returns_picture"]

_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
_WINDOW = 100


def returns_picture(
    runs: Sequence[Reinforced], /, *, title: str, solved_at: float | None = None
) -> Picture:
    """Return a picture of returns by episode: a dot an episode, a line for the mean of the last.

    Parameters
    ----------
    runs : sequence of Reinforced
        The same environment learned with several seeds; each has a line of its own.
    title : str
        What the picture shows, as a sentence.
    solved_at : float, optional
        Drawn as a level.

    Returns
    -------
    Picture
        Named "returns".

    Raises
    ------
    InputValueError
        If there is no run.
    """
    if not runs:
        raise InputValueError("`runs` must hold at least one run, got none. Call `reinforce`.")
    with drawing_style():
        figure = blank_figure(title, 3.0)
        axes = plain_frame(figure.subplots())
        for number, run in enumerate(runs):
            colour = OKABE_ITO[number % len(OKABE_ITO)]
            episode = np.arange(1, len(run.returns) + 1)
            axes.plot(episode, run.returns, ".", color=colour, markersize=2.0, alpha=0.3)
            axes.plot(
                episode,
                _recent_means(run.returns),
                color=colour,
                linestyle=_DASHES[number % len(_DASHES)],
                label=f"run {number + 1}",
            )
        if solved_at is not None:
            axes.axhline(solved_at, color=MUTED, linewidth=0.8, zorder=1)
            axes.annotate(
                f"solved: {solved_at:g}",
                (0.0, solved_at),
                xycoords=("axes fraction", "data"),
                xytext=(3, -3),
                textcoords="offset points",
                horizontalalignment="left",
                verticalalignment="top",
                fontsize=7.5,
                color=INK,
            )
        axes.set_xlabel("episode")
        axes.set_ylabel("return (sum of rewards)")
        axes.set_title(f"Dot: an episode. Line: mean of the last {_WINDOW}.", fontweight="normal")
        axes.legend(loc="lower right")
    ends = "; ".join(
        f"run {number + 1}: {run.returns[-_WINDOW:].mean():.0f} after {len(run.returns)} episodes"
        for number, run in enumerate(runs)
    )
    return Picture(
        name="returns",
        title=title,
        description=f"Returns by episode. Mean of the last {_WINDOW} at the end: {ends}.",
        figure=figure,
    )


def _recent_means(returns: np.ndarray) -> np.ndarray:
    """Return the mean of the last episodes, of all so far where they are fewer."""
    total = np.concatenate([[0.0], np.cumsum(returns)])
    end = np.arange(1, len(returns) + 1)
    begin = np.maximum(end - _WINDOW, 0)
    return (total[end] - total[begin]) / (end - begin)
