"""What the doors of the kernels refuse, and in which words."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse

from headway._check import check_features, check_weights
from headway.errors import (
    HeadwayError,
    InputTypeError,
    InputValueError,
    MissingDependencyError,
    require,
)
from headway.kernels import log_softmax, logsumexp, sigmoid, softmax


def test_an_axis_that_is_not_there_is_refused(xp):
    with pytest.raises(InputValueError, match=r"`axis` must be in -2\.\.1 .* got 2"):
        softmax(xp.zeros((2, 2)), axis=2)
    with pytest.raises(InputValueError, match="got -3"):
        logsumexp(xp.zeros((2, 2)), axis=-3)


def test_a_mask_must_be_boolean_and_fit(xp):
    with pytest.raises(InputTypeError, match="`where` must be boolean"):
        softmax(xp.zeros((2, 2)), where=xp.asarray([1, 0]))
    with pytest.raises(InputValueError, match=r"broadcast .* \(2, 2\), got \(3,\)"):
        softmax(xp.zeros((2, 2)), where=xp.asarray([True, False, True]))
    with pytest.raises(InputValueError, match=r"got \(3, 2, 2\)"):
        softmax(xp.zeros((2, 2)), where=xp.ones((3, 2, 2), dtype=xp.bool))


def test_an_unknown_choice_is_refused():
    with pytest.raises(InputValueError, match='"raise" or "zero", got \'skip\''):
        log_softmax([0.0], empty="skip")


@pytest.mark.parametrize("values", [["a", "b"], [1j, 2j], [None, 1.0]])
def test_what_is_not_real_is_refused(values):
    for kernel in (softmax, sigmoid):
        with pytest.raises(InputTypeError, match="must be real numbers, got dtype"):
            kernel(values)


def test_arrays_of_two_libraries_are_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(InputTypeError, match="one library, got numpy and torch"):
        softmax(torch.zeros(2), where=np.array([True, False]))


def test_sequences_and_scalars_are_taken_as_numpy():
    assert float(sigmoid(0)) == 0.5
    assert isinstance(sigmoid(0.0), float)
    np.testing.assert_array_equal(softmax(([0, 0], [0, 0])), [[0.5, 0.5]] * 2)


@pytest.mark.parametrize(("value", "shown"), [(np.nan, "NaN"), (np.inf, "inf"), (-np.inf, "-inf")])
@pytest.mark.parametrize("wrap", [np.asarray, sparse.csr_matrix, sparse.csr_array])
def test_the_first_feature_that_is_not_finite_is_named(value, shown, wrap):
    table = np.eye(5, 4)
    table[3, 2] = table[4, 0] = value
    with pytest.raises(InputValueError, match=f"got {shown} at row 3, column 2. Fill"):
        check_features(wrap(table))
    table[3, 2] = table[4, 0] = 0
    check_features(wrap(table))


def test_features_whose_sum_overflows_are_finite():
    check_features(np.full((3, 2), 1e308))
    check_features(np.full((3, 2), 3e38, dtype=np.float32))


def test_weights_are_checked_by_row():
    check_weights(np.array([0.0, 1.0]), n_samples=2)
    with pytest.raises(InputValueError, match="got -1 at row 1"):
        check_weights(np.array([1.0, -1.0]), n_samples=2)
    with pytest.raises(InputValueError, match="got nan at row 0"):
        check_weights(np.array([np.nan, 1.0]), n_samples=2)
    with pytest.raises(InputValueError, match=r"shape \(3,\).*got \(2,\)"):
        check_weights(np.ones(2), n_samples=3)


def test_every_error_is_a_headway_error_and_a_builtin_one():
    assert issubclass(InputValueError, HeadwayError)
    assert issubclass(InputValueError, ValueError)
    assert issubclass(InputTypeError, TypeError)
    assert issubclass(MissingDependencyError, ImportError)


def test_a_missing_package_says_how_to_get_it():
    with pytest.raises(MissingDependencyError, match=r"`no_such_package`.*headway\[torch\]"):
        require("no_such_package.inner", extra="torch")


def test_the_rooms_up_to_heads_import_without_scipy_or_torch():
    code = "import sys, headway.heads; print({'scipy', 'sklearn', 'torch'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


def test_a_caller_who_raises_on_floating_point_errors_is_not_disturbed():
    with np.errstate(all="raise"):
        softmax([[0.0, -1000.0], [np.inf, 0.0]])
        sigmoid([-1000.0, 1000.0])
        logsumexp([-np.inf, -np.inf])
