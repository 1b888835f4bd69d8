"""Solvers of linear heads: convex problems with a certified gap, and any differentiable loss."""

from headway.solvers.convex import solve_convex
from headway.solvers.grams import Grams
from headway.solvers.smooth import solve_smooth
from headway.solvers.solution import LinearSolution
from headway.solvers.threads import threads_for

__all__ = ["Grams", "LinearSolution", "solve_convex", "solve_smooth", "threads_for"]
