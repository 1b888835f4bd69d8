"""The compiled core itself: its levels, its threads, its door, and the functions of math.hpp."""

import multiprocessing
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import threadpoolctl
from numpy.testing import assert_allclose

from headway.errors import InputValueError
from headway.kernels import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax, softplus
from headway.kernels.core import LEVELS, available_levels, core, core_level, use_core
from headway.kernels.factor import factor

KERNELS = [softmax, log_softmax, logsumexp, sigmoid, log_sigmoid, softplus]
COMPILED = available_levels()[1:]
needs_core = pytest.mark.skipif(not COMPILED, reason="headway was installed without its core")


@pytest.fixture(params=COMPILED)
def compiled(request):
    with use_core(request.param):
        yield core()


@pytest.fixture
def threads():
    """Return the core, in use, and put its number of threads back."""
    with use_core(COMPILED[-1]):
        before = core().threads()
        yield core()
        core().set_threads(before)


def _python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


class TestLevels:
    def test_the_one_asked_for_runs_and_the_one_before_comes_back(self):
        before = core_level()
        for level in available_levels():
            with use_core(level):
                assert core_level() == level
                assert (core() is None) == (level == "numpy")
            assert core_level() == before

    def test_it_comes_back_after_an_error_too(self):
        before = core_level()
        with pytest.raises(ZeroDivisionError), use_core("numpy"):
            raise ZeroDivisionError
        assert core_level() == before

    def test_an_unknown_one_is_refused(self):
        with (
            pytest.raises(InputValueError, match=r"one of numpy.*got 'sse9'.*Unset HEADWAY_CORE"),
            use_core("sse9"),
        ):
            pass

    def test_all_agree(self):
        logits = 5 * np.random.default_rng(0).normal(size=(37, 11))
        for kernel in KERNELS:
            with use_core("numpy"):
                expected = kernel(logits)
            for level in COMPILED:
                with use_core(level):
                    assert_allclose(kernel(logits), expected, rtol=1e-13)

    def test_they_are_named_slowest_first(self):
        assert available_levels() == LEVELS[: len(available_levels())]

    def test_the_environment_chooses(self):
        code = "from headway.kernels.core import core_level; print(core_level())"
        for level in {available_levels()[0], available_levels()[-1]}:
            result = _python(code, HEADWAY_CORE=level)
            assert result.stdout.strip() == level, result.stderr
        result = _python(code, HEADWAY_CORE="fastest")
        assert "InputValueError: The level of the core must be one of" in result.stderr


@needs_core
class TestThreads:
    LOGITS = (3 * np.random.default_rng(1).normal(size=600_000)).astype(np.float32)

    @pytest.mark.parametrize("n_columns", [1, 3, 10, 100, 1000, 300_000])
    def test_any_number_of_them_gives_the_same_bits(self, threads, n_columns):
        logits = self.LOGITS[: 600_000 // n_columns * n_columns].reshape(-1, n_columns)
        for kernel in KERNELS:
            threads.set_threads(1)
            expected = kernel(logits).tobytes()
            for count in (2, 3):
                threads.set_threads(count)
                assert kernel(logits).tobytes() == expected, (kernel.__name__, count)

    def test_their_number_may_change_while_they_work(self, threads):
        rng = np.random.default_rng(0)
        roots = rng.normal(size=(8, 60, 60))
        matrices = roots @ roots.transpose(0, 2, 1) + 60 * np.eye(60)
        rhs = rng.normal(size=(8, 60))
        threads.set_threads(1)
        expected = factor(matrices.copy()).solve(rhs).tobytes()
        over = threading.Event()

        def resize():
            while not over.is_set():
                for count in (1, 4):
                    threads.set_threads(count)

        resizer = threading.Thread(target=resize)
        resizer.start()
        try:
            found = {factor(matrices.copy()).solve(rhs).tobytes() for _ in range(200)}
        finally:
            over.set()
            resizer.join()
        assert found == {expected}

    def test_threadpoolctl_sets_their_number(self, threads):
        threads.set_threads(2)
        with threadpoolctl.threadpool_limits(1):
            assert threads.threads() == 1
        assert threads.threads() == 2
        (ours,) = [p for p in threadpoolctl.threadpool_info() if p["internal_api"] == "headway"]
        assert ours["num_threads"] == 2

    def test_the_environment_sets_their_number(self):
        code = "from headway.kernels.core import core; print(core().threads())"
        assert _python(code, OMP_NUM_THREADS="3", HEADWAY_CORE="baseline").stdout.strip() == "3"

    def test_callers_on_many_of_them_do_not_disturb_each_other(self, threads):
        threads.set_threads(2)
        inputs = [self.LOGITS[i:].copy().reshape(-1, 10) for i in range(0, 80, 10)]
        expected = [softmax(logits).tobytes() for logits in inputs]
        results = [None] * len(inputs)

        def work(i):
            results[i] = [softmax(inputs[i]).tobytes() for _ in range(5)]

        workers = [threading.Thread(target=work, args=(i,)) for i in range(len(inputs))]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert results == [[bits] * 5 for bits in expected]

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
    def test_a_forked_child_computes_as_well(self):
        # In a process of its own: pytest and torch have threads that do not like to be forked.
        code = (
            "import multiprocessing, numpy as np\n"
            "from headway.kernels import softmax\n"
            "from headway.kernels.core import core\n"
            "core().set_threads(2)\n"
            "logits = np.random.default_rng(0).normal(size=(40000, 10))\n"
            "expected = softmax(logits).tobytes()\n"
            "def child(queue): queue.put(softmax(logits).tobytes() == expected)\n"
            "context = multiprocessing.get_context('fork')\n"
            "for _ in range(3):\n"
            "    queue = context.SimpleQueue()\n"
            "    process = context.Process(target=child, args=(queue,))\n"
            "    process.start()\n"
            "    process.join(60)\n"
            "    print(process.exitcode, queue.get() if process.exitcode == 0 else None)\n"
            "    assert softmax(logits).tobytes() == expected\n"
        )
        result = _python(code, HEADWAY_CORE=COMPILED[-1])
        assert result.stdout.split() == ["0", "True"] * 3, result.stderr

    def test_a_spawned_child_computes_as_well(self):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            probs = pool.apply(softmax, (self.LOGITS[:1000].reshape(10, 100),))
        np.testing.assert_array_equal(probs, softmax(self.LOGITS[:1000].reshape(10, 100)))


class TestDoor:
    """The binding converts nothing: whoever calls it directly is told so."""

    @pytest.mark.parametrize("name", ["softmax", "log_softmax", "sigmoid", "softplus"])
    def test_only_plain_float_arrays_of_one_kind_come_in(self, compiled, name):
        kernel = getattr(compiled, name)
        good = np.zeros((4, 6))
        for logits, out in [
            (good.astype(int), good),
            (good.astype(np.float16), good),
            (good.astype(">f8"), good),
            (good.astype(np.float32), good),
            (np.zeros((4, 12))[:, ::2], good),
            (np.asfortranarray(good), good),
            (good, np.asfortranarray(good)),
            (good.tolist(), good),
            (good, None),
        ]:
            with pytest.raises((TypeError, BufferError)):
                kernel(logits, out)

    def test_a_read_only_array_may_be_read_but_not_written(self, compiled):
        fixed = np.zeros((2, 3))
        fixed.flags.writeable = False
        out = np.empty((2, 3))
        compiled.softmax(fixed, out)
        np.testing.assert_array_equal(out, np.full((2, 3), 1 / 3))
        with pytest.raises(TypeError):
            compiled.softmax(out, fixed)

    def test_sizes_must_fit(self, compiled):
        for name in ("softmax", "log_softmax", "sigmoid", "log_sigmoid", "softplus"):
            with pytest.raises(ValueError, match="as many entries"):
                getattr(compiled, name)(np.zeros((2, 3)), np.zeros((2, 4)))
        with pytest.raises(ValueError, match="as many entries"):
            compiled.logsumexp(np.zeros((2, 3)), np.zeros(3))
        for shape in ((), (3, 0)):
            with pytest.raises(ValueError, match="last axis that is not empty"):
                compiled.softmax(np.zeros(shape), np.zeros(shape))

    def test_rows_without_a_class_are_reported_by_the_first(self, compiled):
        for n_columns in (3, 40, 5000):
            logits = np.zeros((50, n_columns))
            logits[[7, 31]] = -np.inf
            assert compiled.softmax(logits, np.empty_like(logits)) == 7
            assert compiled.log_softmax(logits, np.empty_like(logits)) == 7
            assert compiled.softmax(logits[8:30], np.empty((22, n_columns))) == -1


@needs_core
@pytest.mark.slow
def test_more_than_2_to_the_31_entries_are_counted():
    """The zeros are never written, so that they take no memory."""
    with use_core(COMPILED[-1]):
        _count_beyond_2_to_the_31()


def _count_beyond_2_to_the_31():
    size = 2**31 + 100
    try:
        logits = np.zeros(size, np.float32)
    except MemoryError:
        pytest.skip("this machine does not promise 8.6 GB")
    logits[[-1, -50]] = 30, 31
    assert_allclose(logsumexp(logits), np.log(size - 2 + np.exp(30.0) + np.exp(31.0)), rtol=1e-6)
    n_columns = 1_000_003
    rows = logits[-(size // n_columns) * n_columns :].reshape(-1, n_columns)
    total = logsumexp(rows)
    assert_allclose(total[:-1], np.log(n_columns), rtol=1e-6)
    assert total[-1] > 31


class TestMath:
    """exp and log1p of math.hpp, against longer arithmetic."""

    @staticmethod
    def _ulps(function, points, truth):
        result = np.empty_like(points)
        function(points, result)
        spacing = np.spacing(np.abs(truth).astype(points.dtype)).astype(truth.dtype)
        return np.abs(result.astype(truth.dtype) - truth) / spacing

    @staticmethod
    def _wide(dtype):
        if dtype == np.float32:
            return np.float64
        if np.finfo(np.longdouble).eps >= np.finfo(np.float64).eps:
            pytest.skip("this machine has no longer type than float64")
        return np.longdouble

    @pytest.mark.parametrize(("dtype", "low", "high"), [("f4", -87, 88.7), ("f8", -708, 709.7)])
    def test_exp_is_within_2_ulp(self, compiled, dtype, low, high):
        wide = self._wide(np.dtype(dtype))
        points = np.random.default_rng(0).uniform(low, high, 200_001).astype(dtype)
        near_0 = np.linspace(-1, 1, 100_001).astype(dtype)
        for some in (points, near_0):
            assert self._ulps(compiled.exp, some, np.exp(some.astype(wide))).max() <= 2

    @pytest.mark.parametrize(("dtype", "low", "high"), [("f4", -104, -87), ("f8", -746, -708)])
    def test_exp_goes_gradually_to_0(self, compiled, dtype, low, high):
        points = np.linspace(low, high, 10_001).astype(dtype)
        truth = np.exp(points.astype(self._wide(np.dtype(dtype))))
        assert self._ulps(compiled.exp, points, truth).max() <= 2

    @pytest.mark.parametrize("dtype", ["f4", "f8"])
    def test_exp_has_its_limits(self, compiled, dtype):
        points = np.array([-np.inf, -1e30, -800, 0, 800, 1e30, np.inf, np.nan], dtype=dtype)
        result = np.empty_like(points)
        compiled.exp(points, result)
        np.testing.assert_array_equal(result, [0, 0, 0, 1, np.inf, np.inf, np.inf, np.nan])

    @pytest.mark.parametrize("dtype", ["f4", "f8"])
    def test_log1p_is_within_3_ulp(self, compiled, dtype):
        wide = self._wide(np.dtype(dtype))
        rng = np.random.default_rng(0)
        unit = np.concatenate([rng.uniform(0, 1, 100_000), 10.0 ** rng.uniform(-30, 0, 100_000)])
        unit = np.append(unit, [0, 1]).astype(dtype)
        truth = np.log1p(unit.astype(wide))
        assert self._ulps(compiled.log1p_unit, unit, truth).max() <= 3
        assert self._ulps(compiled.log1p, unit, truth).max() <= 3
        large = (10.0 ** rng.uniform(-5, 30, 100_000)).astype(dtype)
        truth = np.log1p(large.astype(wide))
        assert self._ulps(compiled.log1p, large, truth).max() <= 3
