"""Measurements, one file a question, with named peers beside headway in the same run.

    python -m benchmarks              every question, about half an hour on two cores
    python -m benchmarks one_row      this one
    python -m benchmarks._search      find the peers' settings again (benchmarks/peer_settings.json)

Each module has `QUESTION` (a sentence) and `run() -> list[dict]` (one dict a line of its table).
Results go to benchmarks/results as JSON, a markdown table and a picture; `summary.md` there holds
all numbers beside the marks of `_marks.py`.  HEADWAY_DATA names the folder with the data sets,
HEADWAY_BENCH_ROUNDS=1 is a quick look, HEADWAY_BENCH_THREADS sets the threads of everybody (2).
A peer that is not installed is named as absent; questions without their data are left out.
"""
