"""BLAS keeps to one thread beside the core and in small problems, else to what it has."""

import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from headway.kernels.core import core, use_core
from headway.solvers import threads_for
from headway.solvers.threads import SHARED_WORK


def blas_threads():
    pools = ThreadpoolController().select(user_api="blas").info()
    return {pool["num_threads"] for pool in pools}


def test_a_small_problem_uses_one_thread_and_gives_the_others_back():
    with threadpool_limits(2, user_api="blas"):
        with threads_for(1):
            assert blas_threads() == {1}
        assert blas_threads() == {2}


def test_a_large_problem_uses_what_there_is_without_a_core():
    with use_core("numpy"), threadpool_limits(2, user_api="blas"), threads_for(SHARED_WORK):
        assert blas_threads() == {2}


@pytest.mark.skipif(core() is None, reason="there is no compiled core")
def test_beside_the_core_a_large_problem_uses_one_thread_too():
    with threadpool_limits(2, user_api="blas"), threads_for(SHARED_WORK):
        assert blas_threads() == {1}
