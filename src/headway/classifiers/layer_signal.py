"""The signal health of a classifier's network on some of its rows.

The rows are evenly spaced, so that data sorted by class show every class.  In `fit` they are few:
two measurements of 64 rows cost about as much as one step of training.
"""

from typing import TYPE_CHECKING

import numpy as np

from headway.heads import Head
from headway.training.signal_health import SignalHealth

if TYPE_CHECKING:
    from headway.models.layers import Network

__all__ = ["FEW_ROWS", "MOST_ROWS", "measured_signal"]

FEW_ROWS, MOST_ROWS = 64, 1024


def measured_signal(
    network: "Network",
    head: Head,
    features: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray | None,
    *,
    most: int,
) -> SignalHealth:
    """Return the signal health on at most so many rows of unscaled features."""
    from headway.training.network import InMemory, make_rows, scaled_features
    from headway.training.signal import measure_signal

    some = slice(None, None, max(1, -(-len(features) // most)))
    source = InMemory(scaled_features(network, features[some]))
    few = None if weights is None else weights[some]
    return measure_signal(network, head, make_rows(source, targets[some], few))
