"""The picture of signals in deep stacks says what it shows, whatever was measured."""

import pytest
from sklearn.datasets import load_iris

from headway.explain import sweep_signal
from headway.report import signal_picture, to_inline_svg

pytest.importorskip("torch")


def picture(**settings):
    settings = {"depths": [2, 25], "activations": ["sigmoid", "relu"], "width": 12, **settings}
    return signal_picture(sweep_signal(*load_iris(return_X_y=True), **settings))


def test_one_panel_a_recipe_and_one_line_an_activation_of_the_deepest_stack():
    drawn = picture()
    panels = drawn.figure.axes
    assert len(panels) == 2
    for axes in panels:
        assert len(axes.lines) == 2
        assert [len(line.get_xdata()) for line in axes.lines] == [25, 25]
        assert axes.get_yscale() == "log"
    assert 'aria-label="Through 25 sigmoid layers' in to_inline_svg(drawn)


@pytest.mark.parametrize(
    ("settings", "title"),
    [
        ({}, "fades to nothing with the usual start; a start that fits keeps it."),
        ({"recipes": ["glorot"]}, "Through 25 sigmoid layers the gradient fades layer by layer."),
        ({"recipes": ["fitting"]}, "How much of the gradient reaches each of 25 hidden layers."),
        ({"activations": ["tanh"]}, "How much of the gradient reaches each of 25 hidden layers."),
        ({"depths": [2]}, "How much of the gradient reaches each of 2 hidden layers."),
    ],
)
def test_the_title_claims_no_more_than_was_measured(settings, title):
    assert picture(**settings).title.endswith(title)


def test_a_gradient_that_is_all_gone_can_be_drawn():
    drawn = picture(recipes=["he"], activations=["sigmoid"], depths=[80])
    assert min(drawn.figure.axes[0].lines[0].get_ydata()) >= 1e-40
