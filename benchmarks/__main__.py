"""Run the benchmarks and write their results: python -m benchmarks [name ...]."""

import importlib
import pkgutil
import sys

import benchmarks
from benchmarks._results import write
from headway.errors import HeadwayError


def main(names):
    known = [
        module.name
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if not module.name.startswith("_")
    ]
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(known)}.")
        return 2
    failed = False
    for name in names or known:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"# {name}: {module.QUESTION}", file=sys.stderr)
        try:
            print(write(name, module.QUESTION, module.run()))
        except HeadwayError as error:
            failed = True
            print(f"{name} was left out: {error}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
