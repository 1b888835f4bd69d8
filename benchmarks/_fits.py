"""A contest of solvers to the same verified gap, each in its own process, in turns.

    gap = (objective of the contestant - best known) / best known,     all in float64

The best known objective is the least of all contestants and of a fit of headway at tol 1e-9.
A contestant reached a gap only if the verified gap says so, whatever it believes; a peer that
missed it with the recorded setting goes down its ladder.  A first run of each finds out who is
fastest; it and those within 1.5 times of it take turns with headway for 5 rounds (15 if a fit is
short).  A peer over ten seconds runs once, and is cut off at 20 times our time, or at 60 s if that
is longer.
"""

import sys
import time
from dataclasses import dataclass, replace

import numpy as np

from benchmarks._pairs import paired_ratio
from benchmarks._problems import require_data
from benchmarks._results import rounds
from benchmarks._settings import Entrant, entrants_for
from benchmarks._worker import MALLOC_TUNED, CutOffError, PeerError, Worker

OURS = "headway"
BEST_KNOWN_TOLERANCE = 1e-9
SHORT, SLOW = 0.2, 10.0  # seconds
SHORT_ROUNDS, ROUNDS, SLOW_ROUNDS = 15, 5, 3
NEAR = 1.5
SETTLING = 0.1  # seconds in which the waiting threads of the last contestant's BLAS stop spinning
LEAST_LIMIT, TIMES_OURS = 60.0, 20
LEAST_BYTES = 10_000_000  # features below that say nothing about memory


@dataclass(frozen=True)
class Fit:
    """One fit: seconds from the call to the coefficients, their objective, and its memory."""

    seconds: float
    objective: float
    extra_memory: float | None  # bytes at the peak above those before, per byte of features


def contest(problem_name, gaps):
    """Return lines for each gap: headway, and every entrant that has a chance."""
    require_data(problem_name)
    ours = fit_worker(problem_name, Entrant(OURS, tol=gaps[0]))
    workers, lines = {}, []
    try:
        best = ours.ask({"tol": BEST_KNOWN_TOLERANCE}).objective
        for gap in gaps:
            field, left_out = entrants_for(problem_name, gap)
            first = {OURS: quickest(ours, {"tol": gap}, LEAST_LIMIT * TIMES_OURS)}
            best = min(best, first[OURS].objective)
            limit = max(LEAST_LIMIT, TIMES_OURS * first[OURS].seconds)
            notes = {}
            for entrant in field:
                fit, entrant, note = _first_fit(problem_name, entrant, workers, gap, best, limit)
                first[entrant], notes[entrant] = fit, note
                best = min(best, fit.objective) if fit else best
            several = _in_turns(ours, workers, first, gap, best)
            lines += _lines(f"{problem_name}, to {gap:g}", gap, best, first, several, notes, limit)
            lines += left_out
    finally:
        for worker in (ours, *workers.values()):
            worker.close()
    return lines


def fit_worker(problem_name, entrant):
    """Return a worker that holds the problem as the entrant likes it, warm."""
    return Worker(
        _start,
        problem_name,
        entrant.peer,
        entrant.dtype,
        entrant.sparse,
        environment=None if entrant.peer == OURS else MALLOC_TUNED,
    )


def _first_fit(problem_name, entrant, workers, gap, best, limit):
    """Return (Fit or None, entrant with the setting that counts, note)."""
    try:
        if entrant.place not in workers:
            workers[entrant.place] = fit_worker(problem_name, entrant)
        for tol in entrant.tolerances:
            entrant = replace(entrant, tol=tol)
            fit = quickest(workers[entrant.place], entrant.settings, limit)
            if fit.objective <= best + gap * abs(best):
                return fit, entrant, ""
        return fit, entrant, "did not reach the gap"
    except CutOffError:
        del workers[entrant.place]
        return None, entrant, f"cut off at {limit:.0f} s"
    except PeerError as error:
        workers.pop(entrant.place).close() if entrant.place in workers else None
        return None, entrant, f"absent: {error}"


def quickest(worker, settings, limit):
    """Return the quickest of some fits if they are short: the first one is cold."""
    fit = worker.ask(settings, limit)
    repeats = 4 if fit.seconds < SHORT else 1 if fit.seconds < 2 else 0
    again = [worker.ask(settings, limit) for _ in range(repeats)]
    return replace(min([fit, *again], key=_seconds), extra_memory=fit.extra_memory)


def _seconds(fit):
    return fit.seconds


def _in_turns(ours, workers, first, gap, best):
    """Return {contestant: seconds of each round} of headway and of the fastest peers."""
    reached = {
        entrant: fit.seconds
        for entrant, fit in first.items()
        if entrant != OURS and fit and fit.objective <= best + gap * abs(best)
    }
    least = min(reached.values(), default=0.0)
    near = [e for e, seconds in reached.items() if seconds <= min(NEAR * least, SLOW)]
    several = {name: [] for name in (OURS, *near)}
    longest = max([first[OURS].seconds, *(reached[entrant] for entrant in near)])
    count = SHORT_ROUNDS if longest < SHORT else ROUNDS if longest < SLOW else SLOW_ROUNDS
    for number in range(rounds(count)):
        for name in list(several)[:: 1 if number % 2 == 0 else -1]:
            worker = ours if name == OURS else workers[name.place]
            several[name].append(worker.ask({"tol": gap} | _settings(name)).seconds)
    return several


def _settings(contestant):
    return {} if contestant == OURS else contestant.settings


def _lines(case, gap, best, first, several, notes, limit):
    reached = {}
    lines = []
    for contestant, fit in first.items():
        name = OURS if contestant == OURS else contestant.title
        line = {"case": case, "contestant": name}
        taken = several.get(contestant) or ([fit.seconds] if fit else [limit])
        cut_off = fit is None and notes[contestant].startswith("cut off")
        line["seconds"] = float(np.median(taken)) if fit else None
        line["gap"] = (fit.objective - best) / abs(best) if fit else None
        line["extra memory / features"] = fit.extra_memory if fit else None
        line["rounds"] = len(taken) if fit else None
        missed = fit is not None and not line["gap"] <= gap
        line["note"] = "did not reach the gap" if missed else notes.get(contestant, "")
        if contestant != OURS and not missed and (fit or cut_off):
            ratio, low, high = paired_ratio(taken, several[OURS])
            line |= {"ratio": ratio, "low": low, "high": high, "bound": cut_off}
            reached[line["contestant"]] = line["seconds"] or limit
        lines.append(line)
        print(f"  {case}: {line['contestant']} {line['seconds']} s {line['note']}", file=sys.stderr)
    fastest = min(reached, key=reached.get, default=None)
    for line in lines:
        if line["contestant"] == fastest:
            line["note"] = (line["note"] + " fastest peer").strip()
            line["fastest"] = "yes"
    return lines


def _start(problem_name, peer, dtype, sparse):
    from benchmarks._peers import fit, prepared
    from benchmarks._problems import objective, problem

    mine = problem(problem_name)
    X = prepared(mine, peer, dtype, sparse)
    few = mine.head_rows(200)
    warm = []

    def answer(settings):
        if not warm:
            fit(peer, prepared(few, peer, dtype, sparse), few, {**settings, "tol": 0.1})
        before = reset_peak()
        time.sleep(SETTLING)
        start = time.perf_counter()
        coef, intercept = fit(peer, X, mine, settings)
        seconds = time.perf_counter() - start
        extra = None
        if before is not None and not warm and bytes_of(mine.X) > LEAST_BYTES:
            extra = (memory_now("VmHWM") - before) / bytes_of(mine.X)
        warm.append(True)
        return Fit(seconds, objective(mine, coef, intercept), extra)

    return answer


def bytes_of(X):
    if hasattr(X, "indptr"):
        return X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    return X.nbytes


def reset_peak():
    """Return resident bytes and let the peak start from there; None where it cannot (not Linux)."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        return memory_now("VmRSS")
    except OSError:
        return None


def memory_now(name):
    """Return resident bytes, now ("VmRSS") or at the peak ("VmHWM"), as Linux counts them."""
    with open("/proc/self/status") as lines:
        line = next(line for line in lines if line.startswith(name))
    return 1024 * int(line.split()[1])
