"""Timing that is fair on a busy machine, and the two files a benchmark leaves behind.

Competitors take turns within a round, so that whatever slows the machine slows all of them; what
is compared is the median of the ratios within rounds.
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

FOLDER = Path(__file__).parent / "results"
PACKAGES = ("headway", "numpy", "scipy", "scikit-learn", "torch")


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
    packages = {}
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


def write(name, question, lines):
    """Write benchmarks/results/{name}.json and .md; return the markdown."""
    where = environment()
    FOLDER.mkdir(exist_ok=True)
    record = {"question": question, "environment": where, "results": lines}
    (FOLDER / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    headings = list(lines[0])
    table = [headings, ["---"] * len(headings)]
    table += [[_cell(line[heading]) for heading in headings] for line in lines]
    packages = ", ".join(f"{package} {number}" for package, number in where["packages"].items())
    text = "\n".join(
        [
            f"# {question}",
            "",
            *("| " + " | ".join(cells) + " |" for cells in table),
            "",
            f"Measured {where['when']} on {where['processor']}, {where['cores']} cores, "
            f"Python {where['python']}, {packages}.  "
            f"Load average at the end: {where['load_average']}.",
            "",
        ]
    )
    (FOLDER / f"{name}.md").write_text(text)
    return text


def _cell(value):
    if value is None:
        return ""
    return (
        f"{value:,.4g}"
        if isinstance(value, float) and abs(value) < 1000
        else (f"{value:,.0f}" if isinstance(value, float) else str(value))
    )
