"""Find the loosest setting of every solver that reaches each gap: python -m benchmarks._search.

    python -m benchmarks._search                    every problem
    python -m benchmarks._search "small table"      this one

Writes benchmarks/peer_settings.json, after every candidate.  A candidate goes down its ladder of
tolerances, two rungs at a time while it is far from the gap, until the verified gap is reached, a
tighter tolerance gains nothing twice, or a fit takes longer than three times what the fastest
candidate so far took to reach it (at least LEAST, at most LIMIT seconds).  float64 is tried where
the same solver did not get there in float32.

Not among the candidates, after a trial on problems of each family: scikit-learn's sag and saga
(4 to 20 times slower than its other solvers), liblinear's dual (see `_peers`), newton-cholesky
where its Hessian is large (10 times slower than lbfgs on tmc2007), sparse input to sklearnex.
"""

import sys
from contextlib import closing
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from benchmarks._fits import BEST_KNOWN_TOLERANCE, OURS, fit_worker, quickest
from benchmarks._peers import ladder
from benchmarks._problems import problem
from benchmarks._settings import Entrant, record
from benchmarks._worker import CutOffError, PeerError
from benchmarks.logistic_mnist import GAPS as MNIST_GAPS
from benchmarks.logistic_mnist import PROBLEMS as MNIST
from benchmarks.logistic_multilabel import PROBLEMS as MULTILABEL
from benchmarks.logistic_shapes import PROBLEMS as SHAPES
from benchmarks.logistic_text import PROBLEMS as TEXT

LEAST, LIMIT = 3.0, 120.0
TIMES_FASTEST = 3
FAR = 30
MOSTLY_ZERO = 0.3
# The Hessian of newton-cholesky is this many parameters squared.
LARGEST_HESSIAN = 1000


def main(names):
    gaps = dict.fromkeys((*SHAPES, *MULTILABEL, *TEXT), (1e-06,))
    gaps |= dict.fromkeys(MNIST, MNIST_GAPS)
    for name in names or gaps:
        search(name, gaps[name])


def search(name, gaps):
    """Search the settings of all candidates on one problem and record them."""
    with closing(fit_worker(name, Entrant(OURS))) as ours:
        best = ours.ask({"tol": BEST_KNOWN_TOLERANCE}).objective
    fits, limit = {}, LIMIT
    for candidate in candidates(problem(name)):
        single = replace(candidate, dtype="float32")
        if candidate != single and _reached(fits.get(single, []), best, min(gaps)):
            continue
        fits[candidate] = _ladder(name, candidate, best, gaps, limit)
        best = min([best, *(fit.objective for _, fit in fits[candidate])])
        reached = _reached(fits[candidate], best, min(gaps))
        if reached:
            limit = min(limit, max(LEAST, TIMES_FASTEST * reached[1].seconds))
        record(
            name,
            {f"{gap:g}": [_recorded(one, fits[one], best, gap) for one in fits] for gap in gaps},
        )


def candidates(problem):
    """Return the entrants that may suit a problem."""
    sparse, n_parameters = sp.issparse(problem.X), problem.K * problem.X.shape[1]
    columns = n_parameters if problem.head == "softmax" and problem.K > 2 else problem.X.shape[1]
    sklearn = "scikit-learn"
    yield Entrant(sklearn, "newton-cg")
    yield Entrant(sklearn, "lbfgs")
    if columns <= LARGEST_HESSIAN and not sparse:
        yield Entrant(sklearn, "newton-cholesky")
        yield Entrant(sklearn, "newton-cholesky", "float64")
    yield Entrant(sklearn, "newton-cg", "float64")
    yield Entrant(sklearn, "lbfgs", "float64")
    if problem.head == "sigmoid" or problem.K == 2:
        yield Entrant("liblinear", "primal", "float64")
    if not sparse:
        yield Entrant("scikit-learn-intelex", "lbfgs")
        yield Entrant("torch LBFGS", "strong wolfe")
        if np.count_nonzero(problem.X) < MOSTLY_ZERO * problem.X.size:
            yield Entrant(sklearn, "lbfgs", sparse=True)
            yield Entrant(sklearn, "newton-cg", sparse=True)
            yield Entrant("cyanure", "auto", sparse=True)
    yield Entrant("cyanure", "auto")
    yield Entrant("cyanure", "auto", "float64")
    yield Entrant("cyanure", "qning-svrg", "float64")


def _ladder(name, candidate, best, gaps, limit):
    """Return [(tol, Fit)] down the ladder until every gap is reached or the time is up."""
    fits = []
    try:
        with closing(fit_worker(name, candidate)) as worker:
            _descend(name, candidate, worker, fits, best, gaps, limit)
    except (CutOffError, PeerError) as error:
        print(f"  {name}: {candidate.title}: {error!r}", file=sys.stderr)
    return fits


def _descend(name, candidate, worker, fits, best, gaps, limit):
    rungs = ladder(candidate.peer, candidate.solver)
    gap, place, skipped, idle = min(gaps), 0, False, 0
    while place < len(rungs):
        settings = {"solver": candidate.solver, "tol": rungs[place]}
        fit = quickest(worker, settings, limit)
        before = min((_gap(one, best) for _, one in fits), default=float("inf"))
        fits.append((rungs[place], fit))
        now = _gap(fit, best)
        idle = idle + 1 if now > 0.999 * before else 0
        print(
            f"  {name}: {candidate.peer} {candidate.solver} {candidate.dtype} "
            f"tol {rungs[place]:g}: {fit.seconds:.3f} s, gap {now:.1e}",
            file=sys.stderr,
        )
        if now <= gap and skipped:
            place, skipped = place - 1, False  # perhaps the rung left out was enough
        elif now <= gap or before <= gap or idle == 2:
            return
        else:
            skipped = now > FAR * max(gaps) and place + 2 < len(rungs)
            place += 2 if skipped else 1


def _gap(fit, best):
    return (fit.objective - best) / abs(best)


def _reached(fits, best, gap):
    """Return the loosest (tolerance, Fit) that reached the gap, or None."""
    enough = [(tol, fit) for tol, fit in fits if _gap(fit, best) <= gap]
    return max(enough, key=lambda one: one[0], default=None)


def _recorded(candidate, fits, best, gap):
    tol, fit = _reached(fits, best, gap) or (None, None)
    return {
        "peer": candidate.peer,
        "solver": candidate.solver,
        "dtype": candidate.dtype,
        "sparse": candidate.sparse,
        "tol": tol,
        "seconds": fit and round(fit.seconds, 4),
        "gap": fit and _gap(fit, best),
        "source": "search",
    }


if __name__ == "__main__":
    main(sys.argv[1:])
