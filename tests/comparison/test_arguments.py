"""Each argument of `compare` that cannot be used is named, with what to pass instead."""

import numpy as np
import pytest

from headway import compare
from headway.errors import InputTypeError, InputValueError

X = np.random.default_rng(0).normal(size=(40, 4))
y = np.arange(40) % 3


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"seeds": None}, InputTypeError, "`seeds` must be a number of seeds"),
        ({"seeds": ["a"]}, InputTypeError, "`seeds` must be a number of seeds"),
        ({"seeds": [1.5]}, InputTypeError, "`seeds` must be a number of seeds"),
        ({"test_size": "a"}, InputTypeError, "`test_size` must be a number between"),
        ({"test_size": 1.0}, InputValueError, "`test_size` must lie between 0 and 1"),
        ({"image_shape": 4}, InputTypeError, r"`image_shape` must be \(height, width\), got 4"),
        ({"image_shape": (1, 2, 2)}, InputTypeError, "`image_shape` must be"),
    ],
)
def test_an_argument_that_cannot_be_used_is_named(settings, error, message):
    with pytest.raises(error, match=message):
        compare(X, y, models=("linear",), **settings)


def test_two_rows_cannot_be_parted():
    with pytest.raises(InputValueError, match="Both training and test part must get a row"):
        compare(X[:2], ["a", "b"], models=("linear",), seeds=1)
