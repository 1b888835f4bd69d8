"""Two heads (or more) on the same work: paired differences and a verdict."""

from headway.comparison.results import Comparison, Entry, Estimate, McNemar, Run, Verdict

__all__ = ["Comparison", "Entry", "Estimate", "McNemar", "Run", "Verdict"]
