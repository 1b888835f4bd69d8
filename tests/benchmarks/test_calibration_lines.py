"""A calibrator that is faster and worse has won nothing."""

import numpy as np
import pytest
from benchmarks._kernels import OURS, Kernel
from benchmarks.calibration import Predicted, _data, _with_loss, headway_fit

CASE = ("isotonic", 60, 2)


def exact(case):
    z, t = _data(case)
    return lambda: (Predicted(z, lambda rows: np.where(t[: len(rows)] > 0, 0.99, 0.01)),)


def vague(case):
    z, _ = _data(case)
    return lambda: (Predicted(z, lambda rows: np.full(rows.shape, 0.5)),)


@pytest.mark.parametrize(
    ("ours", "theirs", "counts"),
    [(exact, vague, True), (vague, vague, True), (vague, exact, False), (headway_fit, vague, True)],
)
def test_the_ratio_counts_only_if_the_loss_is_no_worse(ours, theirs, counts):
    line = {"contestant": "peer", "milliseconds": 2.0, "ratio": 9.0, "note": ""}
    entrants = (Kernel(OURS, ours), Kernel("peer", theirs))
    found = _with_loss(line, entrants, CASE)
    assert (found["ratio"] == 9.0) is counts
    assert bool(found["loss over headway's"] >= -1e-9) is counts
