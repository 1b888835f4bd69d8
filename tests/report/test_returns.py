"""The picture of returns says what the runs went through."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from headway.errors import InputValueError
from headway.policy import Reinforced, SoftmaxPolicy
from headway.report import returns_picture, write_picture


def runs(*lengths):
    policy = SoftmaxPolicy.uniform(n_features=1, n_actions=2)
    return [Reinforced(policy, np.arange(length, dtype=float), (), False) for length in lengths]


def test_each_run_has_its_dots_and_its_mean_of_the_last_hundred(tmp_path):
    picture = returns_picture(runs(150, 40), title="Two runs", solved_at=100)
    axes = picture.figure.axes[0]
    dots, means = axes.lines[0], axes.lines[1]
    assert_allclose(dots.get_ydata(), np.arange(150))
    assert_allclose(means.get_ydata()[:3], [0, 0.5, 1])
    assert_allclose(means.get_ydata()[-1], np.arange(50, 150).mean())
    assert len({line.get_linestyle() for line in axes.lines[1:5:2]}) == 2
    assert "run 1: 100 after 150 episodes; run 2: 20 after 40 episodes" in picture.description
    assert axes.get_xlabel() == "episode"
    assert write_picture(picture, tmp_path / "returns.svg").stat().st_size > 1000


def test_no_run_is_refused():
    with pytest.raises(InputValueError, match="at least one run, got none"):
        returns_picture([], title="Nothing")
