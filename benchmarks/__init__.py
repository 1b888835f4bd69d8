"""Measurements, one file a question, with named peers beside headway in the same run.

    python -m benchmarks              every question
    python -m benchmarks networks     this one

Each module has `QUESTION` (a sentence) and `run() -> list[dict]` (one dict a line of its table).
Results go to benchmarks/results as JSON and as a markdown table.
"""
