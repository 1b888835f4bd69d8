"""Small problems keep BLAS to one thread, large ones leave it alone."""

from threadpoolctl import ThreadpoolController, threadpool_limits

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


def test_a_large_problem_uses_what_there_is():
    with threadpool_limits(2, user_api="blas"), threads_for(SHARED_WORK):
        assert blas_threads() == {2}
