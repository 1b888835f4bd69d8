"""Solvers of linear heads: convex problems with a certified gap, and any differentiable loss."""
