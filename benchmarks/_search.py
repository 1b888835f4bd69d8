"""Find the loosest setting of every solver that reaches each gap: python -m benchmarks._search.

    python -m benchmarks._search                    every problem
    python -m benchmarks._search "small table"      this one

Writes benchmarks/peer_settings.json.  Each candidate goes down its ladder of tolerances until
the verified gap is reached, a tighter tolerance gains nothing, or a fit takes longer than five
times the fastest candidate so far took to reach it (at least LEAST, at most LIMIT seconds).

Not among the candidates, after a trial on problems of each family: scikit-learn's sag and saga
(4 to 20 times slower than its other solvers), liblinear's dual (see `_peers`), newton-cholesky
where its Hessian is large (10 times slower than lbfgs on tmc2007), sparse input to sklearnex.
"""

import sys
from contextlib import closing

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

LEAST, LIMIT = 5.0, 120.0
TIMES_FASTEST = 5
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
        fits[candidate] = _ladder(name, candidate, best, min(gaps), limit)
        best = min([best, *(fit.objective for _, fit in fits[candidate])])
        reached = _loosest(candidate, fits[candidate], best, min(gaps))["seconds"]
        if reached is not None:
            limit = min(limit, max(LEAST, TIMES_FASTEST * reached))
    found = {}
    for gap in gaps:
        found[f"{gap:g}"] = [_loosest(one, fits[one], best, gap) for one in fits]
    record(name, found)


def candidates(problem):
    """Return the entrants that may suit a problem."""
    sparse, n_parameters = sp.issparse(problem.X), problem.K * problem.X.shape[1]
    columns = n_parameters if problem.head == "softmax" and problem.K > 2 else problem.X.shape[1]
    sklearn = "scikit-learn"
    yield Entrant(sklearn, "lbfgs")
    yield Entrant(sklearn, "newton-cg")
    if columns <= LARGEST_HESSIAN and not sparse:
        yield Entrant(sklearn, "newton-cholesky")
    if problem.head == "sigmoid":
        yield Entrant(sklearn, "lbfgs", "float64")
    if problem.head == "sigmoid" or problem.K == 2:
        yield Entrant("liblinear", "primal", "float64")
    if not sparse:
        yield Entrant(sklearn, "lbfgs", "float64")
        yield Entrant("scikit-learn-intelex", "lbfgs")
        yield Entrant("torch LBFGS", "strong wolfe")
        if np.count_nonzero(problem.X) < MOSTLY_ZERO * problem.X.size:
            yield Entrant(sklearn, "lbfgs", sparse=True)
            yield Entrant(sklearn, "newton-cg", sparse=True)
            yield Entrant("cyanure", "auto", sparse=True)
    yield Entrant("cyanure", "auto")
    yield Entrant("cyanure", "auto", "float64")
    yield Entrant("cyanure", "qning-svrg", "float64")


def _ladder(name, candidate, best, gap, limit):
    """Return [(tol, Fit)] down the ladder until the gap is reached or the time is up."""
    fits = []
    try:
        with closing(fit_worker(name, candidate)) as worker:
            _descend(name, candidate, worker, fits, best, gap, limit)
    except (CutOffError, PeerError) as error:
        print(f"  {name}: {candidate.title}: {error!r}", file=sys.stderr)
    return fits


def _descend(name, candidate, worker, fits, best, gap, limit):
    for tol in ladder(candidate.peer, candidate.solver):
        settings = {"solver": candidate.solver, "tol": tol}
        fits.append((tol, quickest(worker, settings, limit)))
        reached = (fits[-1][1].objective - best) / abs(best)
        print(
            f"  {name}: {candidate.peer} {candidate.solver} {candidate.dtype} tol {tol:g}: "
            f"{fits[-1][1].seconds:.3f} s, gap {reached:.1e}",
            file=sys.stderr,
        )
        stuck = len(fits) > 2 and reached > 0.999 * (fits[-3][1].objective - best) / abs(best)
        if reached <= gap / 2 or stuck:
            break


def _loosest(candidate, fits, best, gap):
    one = {
        "peer": candidate.peer,
        "solver": candidate.solver,
        "dtype": candidate.dtype,
        "sparse": candidate.sparse,
        "tol": None,
        "seconds": None,
        "gap": None,
    }
    for tol, fit in fits:
        reached = (fit.objective - best) / abs(best)
        if reached <= gap:
            return one | {"tol": tol, "seconds": round(fit.seconds, 4), "gap": reached}
    return one


if __name__ == "__main__":
    main(sys.argv[1:])
