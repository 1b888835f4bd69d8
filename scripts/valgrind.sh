#!/usr/bin/env bash
# Runs each kernel of the core on small arrays under valgrind's memcheck and fails if an error has
# the core on its stack.  What Python and NumPy do by themselves is left out that way, without a
# list of suppressions.  valgrind knows no AVX-512, so that the other levels are run.
#
#     scripts/valgrind.sh        PYTHON=... chooses the interpreter, with headway importable
set -euo pipefail
cd "$(dirname "$0")/.."

python=$(command -v "${PYTHON:-python3}")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export PYTHONMALLOC=malloc PYTHONPATH=src OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=1

for level in baseline avx2; do
    if ! HEADWAY_CORE=$level "$python" -c 'import headway.kernels' 2>/dev/null; then
        echo "== $level: not on this machine"
        continue
    fi
    echo "== $level"
    HEADWAY_CORE=$level valgrind --error-limit=no --num-callers=40 --log-file="$log" \
        "$python" scripts/every_kernel.py
    # A report is a run of lines without an empty one ("==123== " alone) between them.
    if ! awk '
        { sub(/^==[0-9]+== ?/, "") }
        /^$/ { if (block ~ /_headway_core|headway::/) { print block; bad = 1 } block = ""; next }
        { block = block $0 "\n" }
        END { exit bad }
    ' "$log"; then
        echo "valgrind.sh: $level has the errors above" >&2
        exit 1
    fi
done
echo "no error in the core"
