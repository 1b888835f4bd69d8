"""All scores of one set of rows, as functions of row weights.

Every score is computed for many columns of weights (n, R) at once; `measure` feeds in the data's
own weights and the resamples.  Two models measured with the same random state see the same
resamples, which is what makes their differences paired.

Areas need a pass over all cells for every resample.  Where that would take long they get fewer
resamples than the rest, and the score says how many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from headway.evaluation.bootstrap import weight_blocks
from headway.evaluation.calibration import BinnedErrors

__all__ = ["Scorer", "area_draws", "measure"]

Values = dict[str, np.ndarray]
AREA_BUDGET = 500_000_000  # cells times resamples: a few seconds
FEWEST_AREA_DRAWS = 200


@dataclass(frozen=True, eq=False)
class Scorer:
    """The scores of some rows.

    Attributes
    ----------
    names : tuple of str
        All scores, in the order they are shown.
    sums, areas : callables
        Weights (n, R) to named values (R,).
    area_cells : int
        What one resample of the areas costs.
    proportions : mapping of str to float array (n,)
        Rows that count as 1 or 0 (or not at all, NaN), for scores that are plain shares.
    calibration : BinnedErrors
        For "calibration_error", which has an interval of its own.
    notes : tuple of str
        What was left out, and what a name means here.
    """

    names: tuple[str, ...]
    sums: Callable[[np.ndarray], Values]
    areas: Callable[[np.ndarray], Values]
    area_cells: int
    proportions: Mapping[str, np.ndarray]
    calibration: BinnedErrors
    notes: tuple[str, ...]


def area_draws(scorer: Scorer, draws: int) -> int:
    """Return how many of the resamples the areas get."""
    return min(draws, max(FEWEST_AREA_DRAWS, AREA_BUDGET // max(scorer.area_cells, 1)))


def measure(
    scorer: Scorer, weights: np.ndarray, draws: int, *, random_state: int, areas: bool = True
) -> Values:
    """Return every score but the calibration error: first of the data, then of each resample.

    Without `areas`, which take most of the time, those are not among them.

    Returns
    -------
    dict of float arrays
        1 + draws values each (the areas may have fewer), and for "calibration_error" the
        resamples alone.
    """
    most = 1 + area_draws(scorer, draws)
    pieces: dict[str, list[np.ndarray]] = {}
    done = 0
    for block in weight_blocks(weights, draws, random_state=random_state):
        found = scorer.sums(block)
        found["calibration_error"] = scorer.calibration.resampled(block)
        if areas and done < most:
            found |= scorer.areas(np.ascontiguousarray(block[:, : most - done]))
        for name, values in found.items():
            pieces.setdefault(name, []).append(values)
        done += block.shape[1]
    scores = {name: np.concatenate(parts) for name, parts in pieces.items()}
    scores["calibration_error"] = scores["calibration_error"][1:]
    return scores
