"""Run the benchmarks and write their results: python -m benchmarks [name ...].

Without names, those that measure times; with --accuracy, those that measure what is reached.
"""

import importlib
import pkgutil
import sys
import time

import benchmarks
from benchmarks._machine import machine_limits
from benchmarks._marks import MARKS
from benchmarks._picture import Bar, draw
from benchmarks._results import write, write_file
from benchmarks._summary import write_summary
from headway.errors import HeadwayError


def main(names):
    known = [
        module.name
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if not module.name.startswith("_")
    ]
    times = "--accuracy" not in names
    names = [name for name in names if name != "--accuracy"]
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(known)}.")
        return 2
    failed = False
    for name in names or known:
        module = importlib.import_module(f"benchmarks.{name}")
        if not names and getattr(module, "TIMES", True) != times:
            continue
        print(f"# {name}: {module.QUESTION}", file=sys.stderr)
        start = time.perf_counter()
        try:
            limits = machine_limits()
            lines = module.run()
        except HeadwayError as error:
            failed = True
            print(f"{name} was left out: {error}", file=sys.stderr)
            continue
        print(write(name, module.QUESTION, lines, limits))
        _picture(name, module.QUESTION, lines)
        print(f"  {name} took {time.perf_counter() - start:.0f} s", file=sys.stderr)
    print(write_summary())
    return int(failed)


def _picture(name, question, lines):
    """Draw all ratios of a file, with the marks of those lines that have one."""
    marked = {
        id(part.line): part for mark in MARKS if mark.file == name for part in mark.parts(lines)
    }
    bars = []
    for line in lines:
        if line.get("ratio") is not None:
            part = marked.get(id(line))
            marks = (part.must, part.dream) if part else (None, None)
            bars.append(Bar(f"{line['case']}: {line['contestant']}", line, *marks))
    if bars:
        write_file(f"{name}.png", lambda path: draw(path, question, bars))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
