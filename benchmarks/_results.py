"""Timing that is fair on a busy machine, and the files a benchmark leaves behind.

Competitors take turns within a round, so that whatever slows the machine slows all of them; what
is compared is the median of the ratios within rounds.

A line of results is a dict of cells.  `ratio`, `low`, `high` (times headway is faster, and the
interval) and `bound` (the peer was cut off: `low` is proven) become one cell of the table.
"""

import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from benchmarks._pairs import ratio_text
from headway import __version__

FOLDER = Path(__file__).parent / "results"
PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "cyanure",
    "liblinear-official",
    "mapie",
    "scikit-learn-intelex",
    "onnxruntime",
    "probmetrics",
)
RATIO = "headway is faster by"
HIDDEN = ("fastest",)
JOINED = ("ratio", "low", "high", "bound")


def rounds(default):
    """Return how many rounds to run: HEADWAY_BENCH_ROUNDS, for a quick look, or the default."""
    return int(os.environ.get("HEADWAY_BENCH_ROUNDS", default))


def interleaved_seconds(competitors, rounds):
    """Return {name: seconds of each round}; each competitor is a function without arguments."""
    seconds = {name: [] for name in competitors}
    for number in range(rounds):
        for name, run in competitors.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
            print(f"  round {number + 1}: {name} {seconds[name][-1]:.2f} s", file=sys.stderr)
    return seconds


def spread(values):
    """Return median, least and greatest of some values."""
    return float(np.median(values)), float(np.min(values)), float(np.max(values))


def environment():
    """Return what the numbers depend on."""
    packages = {"headway": __version__}
    for name in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = None
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "system": platform.system(),
        "packages": packages,
    }


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def write(name, question, lines, limits=None):
    """Write benchmarks/results/{name}.json and .md; return the markdown."""
    where = environment()
    record = {"question": question, "environment": where, "limits": limits, "results": lines}
    write_text(f"{name}.json", json.dumps(record, indent=1) + "\n")
    text = "\n".join([f"# {question}", "", table(lines), "", _foot(where, limits), ""])
    write_text(f"{name}.md", text)
    return text


def write_text(name, text):
    """Write a file of benchmarks/results whole or not at all."""
    write_file(name, lambda path: path.write_text(text))


def write_file(name, save):
    """Let `save(path)` write a file beside its place in benchmarks/results, then move it there."""
    FOLDER.mkdir(exist_ok=True)
    place = FOLDER / name
    part = place.with_name(f".{os.getpid()}.{name}")
    try:
        save(part)
        os.replace(part, place)
    finally:
        part.unlink(missing_ok=True)


def read(name):
    """Return the record of a benchmark that was run before, or None."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def table(lines):
    """Return lines as a markdown table; a cell that a line does not have is empty."""
    lines = [_with_ratio(line) for line in lines]
    headings = list(dict.fromkeys(heading for line in lines for heading in line))
    rows = [headings, ["---"] * len(headings)]
    rows += [[_cell(line.get(heading)) for heading in headings] for line in lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def _with_ratio(line):
    if not any(name in line for name in JOINED):
        return line
    whole = {}
    for name, value in line.items():
        if name in HIDDEN:
            continue
        if name not in JOINED:
            whole[name] = value
        elif RATIO not in whole:
            whole[RATIO] = ratio_text(line)
    return whole


def _foot(where, limits):
    packages = ", ".join(
        f"{package} {number or 'absent'}" for package, number in where["packages"].items()
    )
    text = (
        f"Measured {where['when']} on {where['processor']}, {where['cores']} cores, "
        f"Python {where['python']}, {packages}.  "
        f"Load average at the end: {where['load_average']}."
    )
    if limits:
        text += "  Limits of the machine, same run: "
        text += ", ".join(f"{name} {value:.3g}" for name, value in limits.items()) + "."
    return text


def _cell(value):
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
