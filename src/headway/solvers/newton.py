"""Newton's method with preconditioned conjugate gradients, stopped by a certificate.

    repeat   s ~ -H^-1 g     by conjugate gradients on exact Hessian products
             W <- W + a s    a = 1 unless s promises more than there is, or the objective refuses
    until    objective - lower bound <= tol * lower bound

Where a step keeps little of what it promised, the next ones are damped: a row whose probability
has run to 0 or 1 against its target has a slope and no curvature, and would throw the weights to
1e50.  The independent columns of a sigmoid head go through the same passes side by side, each
with its own step lengths.  The trap: a class-by-class preconditioner must not move all classes
together (see `LinearProblem.project`).

References
----------
Lin, Weng and Keerthi (2008), "Trust region Newton method for logistic regression", JMLR 9;
Marquardt (1963), "An algorithm for least-squares estimation of nonlinear parameters", SIAM J. 11.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from headway.solvers.certificate import Certificate, certify
from headway.solvers.direction import near_enough, newton_direction
from headway.solvers.grams import Grams
from headway.solvers.precondition import Ladder
from headway.solvers.problem import LinearProblem, Point
from headway.solvers.separation import separates

__all__ = ["NewtonResult", "newton"]

HALVINGS = 60
LEAST_SHARE, MOST_SHARE = 0.4, 0.5  # of its length that is left of a refused step
SINGLE_NOISE = 2e-7  # relative, of an objective whose logits are float32
ENOUGH = 0.2  # share of its promise that a step must keep
SHORT = 0.2  # length below which the next steps are damped
LEAST_DAMPING, MOST_DAMPING = 1e-6, 1e6  # as shares of the features' mean squares
FAR = 0.1  # relative decrease of a step after which the next is taken on some of the rows
ROWS_PER_FEATURE, MOST_EVERY = 16, 4
PATIENCE = 10  # steps before separation is looked for, so that its last iterate is a good one
SMALL_WORK = 3e6  # n K (d + 1) up to which digits beyond `tol` cost next to nothing
POLISHED = 1e-12  # relative decrement below which a step that fails is rounding
SETTLED = 1e-18  # and at which a small problem stops
EXACT_SETTLED = 1e-11  # and one whose steps are exact: about the root of what the last one leaves
EXACT_WORK = 1e8  # multiply-adds of a Hessian and its factor up to which steps are exact


@dataclass(frozen=True)
class NewtonResult:
    """Where Newton's method ended.

    Attributes
    ----------
    weights : float64 array of shape (K, d + 1)
        Coefficients, intercepts last.
    values, bounds : float64 arrays of shape (G, 1)
        The objective of each independent part and a lower bound on its optimum (-inf: none).
    separated : boolean array of shape (G, 1)
        Parts without an optimum, since a direction separates their rows.
    n_iter : int
        Newton steps taken.
    interrupted : bool
        Whether Ctrl-C ended the iteration.
    """

    weights: np.ndarray
    values: np.ndarray
    bounds: np.ndarray
    separated: np.ndarray
    n_iter: int
    interrupted: bool = False


def newton(
    problem: LinearProblem,
    start: np.ndarray,
    /,
    *,
    tol: float,
    max_iter: int,
    rng: np.random.Generator,
    report: Callable[[str], None] | None = None,
    polish: bool = True,
    grams: Grams | None = None,
) -> NewtonResult:
    """Return the optimum of the problem, certified to a relative gap of `tol` where possible.

    Parameters
    ----------
    problem : LinearProblem
        The problem.
    start : float64 array of shape (K, d + 1)
        Where to begin; of class mean zero for softmax.
    tol : float
        Relative gap (objective - bound) / bound at which to stop.
    max_iter : int
        Most Newton steps.
    rng : Generator
        Draws rows for preconditioners.
    report : callable, optional
        Is handed one line of text a step.
    polish : bool
        Whether a small problem is solved to rounding, which costs next to nothing.
    grams : Grams, optional
        Gram matrices shared with other fits.

    Returns
    -------
    NewtonResult
        The best weights and what is known of them.
    """
    small = polish and problem.rows.shape[0] * start.size <= SMALL_WORK
    if small:
        problem = replace(problem, single=False)
        found = _exact(problem, start, tol, max_iter, report)
        if found is not None:
            return found
    descent = _Descent(problem, problem.at(start), tol, small, rng, report, grams)
    interrupted = False
    try:
        done = False
        while not done and descent.n_iter < max_iter:
            done = descent.advance()
    except KeyboardInterrupt:
        interrupted = True
    return descent.result(interrupted)


def _exact(
    problem: LinearProblem,
    start: np.ndarray,
    tol: float,
    max_iter: int,
    report: Callable[[str], None] | None,
) -> NewtonResult | None:
    """Return the optimum by exact steps, all in the core, or None where that does not serve."""
    weights = np.array(start)
    part = start.size if problem.coupled else start.shape[1]
    work = max(problem.rows.shape[0], part) * start.size * part
    if not (hasattr(problem.passes, "newton") and problem.penalised and work <= EXACT_WORK):
        return None
    step = np.empty_like(weights)
    taken = problem.passes.newton(weights, step, problem.penalty, EXACT_SETTLED, max_iter)
    if not taken:
        return None
    found = certify(problem, weights, step)
    values = np.minimum(found.values, found.next_values)
    missing = float((values - found.bounds).sum())
    if not missing <= tol * float(found.bounds.sum()):
        return None
    if report is not None:
        report(
            f"{taken} exact steps: objective {values.sum():.9g}, {missing:.3g} above the optimum"
        )
    return NewtonResult(
        _better(found, weights, step), values, found.bounds, np.zeros(values.shape, bool), taken
    )


def _better(found: Certificate, weights: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return the weights after the step in those parts where it does not raise the objective."""
    return np.where(found.next_values <= found.values * (1.0 + 1e-14), weights + step, weights)


class _Descent:
    """The state of Newton's method between two steps."""

    def __init__(
        self,
        problem: LinearProblem,
        point: Point,
        tol: float,
        small: bool,
        rng: np.random.Generator,
        report: Callable[[str], None] | None,
        grams: Grams | None,
    ):
        self.problem, self.point = problem, point
        self.tol, self.small = tol, small
        self.report = report or (lambda line: None)
        self.ladder = Ladder(problem, rng, grams)
        self.bounds = np.full_like(point.values, -np.inf)
        self.separated = np.zeros(point.values.shape, dtype=bool)
        self.noise = SINGLE_NOISE if problem.single else 1e-13
        self.step = np.zeros_like(point.weights)
        self.predicted = np.inf
        self.damping = 0.0
        self.n_iter = 0
        self.proven: tuple[np.ndarray, np.ndarray] | None = None  # weights and their values

    def advance(self) -> bool:
        """Take a step; return whether there is nothing left to do."""
        self.n_iter += 1
        problem, point = self.problem, self.point
        damped = problem
        if self.damping:
            penalty = problem.penalty + self.damping * problem.feature_scales
            damped = replace(problem, penalty=penalty)
        apply = self.ladder.climb(damped, left=self.predicted, anew=bool(self.damping))
        if self.predicted > FAR and problem.penalised and problem.passes.thins:
            # The curvature there is soon out of date: that of some rows does.
            rows = problem.rows.shape[0] // (ROWS_PER_FEATURE * problem.shape[1])
            damped = replace(damped, every=max(1, min(MOST_EVERY, rows)))
        budget = damped.every * self.ladder.budget(self.predicted)
        step, inner = newton_direction(damped, point, apply, self.tol, ~self.separated, budget)
        self.ladder.spend(inner / damped.every)
        self.step = step
        if not problem.penalised and self.n_iter >= PATIENCE:
            self.separated |= separates(problem, step) | separates(problem, point.weights)
            if self.separated.all():
                return True
            self.step = step = np.where(self.separated, 0.0, step)
        decrement = -0.5 * problem.dot(point.gradient, step)
        total = float(point.values[~self.separated].sum())
        self.predicted = float(decrement.sum()) / max(total, 1e-300)
        self.report(f"step {self.n_iter}: objective {total:.9g}, {inner} inner iterations")
        # Where a small problem goes on anyway, certificates can wait.
        wait = self.small and SETTLED < self.predicted < np.inf and problem.penalised
        if self.predicted <= near_enough(self.tol) and not wait:
            proven = self._certify()
            if proven and self.proven is not None:
                return True
            if not proven and problem.single and self.predicted <= self.tol:
                # What is missing now is lost to rounding in the products.
                self.problem, self.noise = replace(problem, single=False), 1e-13
                self.point = self.problem.at(point.weights)
                return False
        return self._move(decrement)

    def _certify(self) -> bool:
        """Bound the optimum; return whether the step's end is proven near it."""
        found = certify(self.problem, self.point.weights, self.step)
        self.bounds = np.maximum(self.bounds, found.bounds)
        values = np.minimum(found.values, found.next_values)
        kept = ~self.separated
        missing = float((values - self.bounds)[kept].sum())
        self.report(f"  at most {missing:.3g} above the optimum")
        proven = missing <= self.tol * float(self.bounds[kept].sum())
        if proven and (self.predicted <= SETTLED or not self.small):
            self.proven = _better(found, self.point.weights, self.step), values
        return proven

    def _move(self, decrement: np.ndarray) -> bool:
        """Go along the step while the objective falls; return whether it did not."""
        problem, point = self.problem, self.point
        moved, length = _search(problem, point, self.step, decrement, self.noise)
        if moved is None and (self.damping > MOST_DAMPING or self.predicted <= POLISHED):
            return True
        if moved is None or length.min() < SHORT:
            # The quadratic model promised too much: its curvature vanishes further on.
            if self.predicted > 1e-8:
                self.damping = max(10.0 * self.damping, LEAST_DAMPING)
        else:
            self.damping = self.damping / 10.0 if self.damping > LEAST_DAMPING else 0.0
        if moved is not None:
            self.point = moved
        elif self.damping:
            self.point = problem.at(point.weights)  # the search has left other probs behind
        else:
            return True
        return False

    def result(self, interrupted: bool) -> NewtonResult:
        """Return the best weights, and what is known of them."""
        if self.proven is not None:
            weights, values = self.proven
        else:
            weights, values = self.point.weights, self.point.values
            if not interrupted:
                found = certify(self.problem, weights, self.step)
                values, self.bounds = found.values, np.maximum(self.bounds, found.bounds)
        return NewtonResult(weights, values, self.bounds, self.separated, self.n_iter, interrupted)


def _search(
    problem: LinearProblem, point: Point, step: np.ndarray, decrement: np.ndarray, noise: float
) -> tuple[Point | None, np.ndarray]:
    """Return the point after the step, shortened until the objective falls, and the lengths taken.

    The point is None if the objective does not fall at all.
    """
    # A step that promises more than there is, is too long.
    length = np.clip(point.values / np.maximum(decrement, 1e-300), SHORT, 1.0)
    slack = noise * np.abs(point.values)
    for _ in range(HALVINGS):
        new = problem.at(point.weights + length * step)
        # What promises less than the noise cannot be judged, and is taken.
        accepted = new.values <= point.values - ENOUGH * length * decrement + slack
        accepted |= (decrement >= 0) & (decrement <= slack) & np.isfinite(new.values)
        if accepted.all():
            return new, length
        length = np.where(accepted, length, length * _shorter(point, new, length, decrement))
    return None, length


def _shorter(point: Point, new: Point, length: np.ndarray, decrement: np.ndarray) -> np.ndarray:
    """Return by what to multiply the lengths: to the least value of the parabola seen, about."""
    fall = 2.0 * length * decrement  # of the tangent
    above = new.values - point.values + fall
    vertex = np.divide(0.5 * fall, above, out=np.full_like(above, LEAST_SHARE), where=above > fall)
    return np.clip(np.where(np.isfinite(vertex), vertex, LEAST_SHARE), LEAST_SHARE, MOST_SHARE)
