#!/usr/bin/env bash
# Builds the core with AddressSanitizer and UndefinedBehaviorSanitizer and runs the tests of the
# kernels on it, at each level that this machine has.  Any finding fails the run.
#
#     scripts/sanitize.sh [tests ...]        PYTHON=... chooses the interpreter
#
# That interpreter must have headway's test dependencies, nanobind, cmake and ninja.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
build=.cache/sanitize
copy=$build/src  # the package as it is, with the instrumented module in place of the usual one
python=$(command -v "$python")
PATH="$(dirname "$python"):$PATH"

cmake -S kernels -B "$build/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DHEADWAY_SANITIZE=ON -DPython_EXECUTABLE="$python" >/dev/null
cmake --build "$build/build"
rm -rf "$copy"
mkdir -p "$copy"
cp -r src/headway "$copy/"
rm -f "$copy"/headway/kernels/_headway_core*
cp "$build"/build/_headway_core* "$copy/headway/kernels/"

runtime=$(${CXX:-c++} -print-file-name=libasan.so)
if [ ! -e "$runtime" ]; then
    echo "sanitize.sh needs libasan.so of the compiler; install it, for example libasan8" >&2
    exit 2
fi
export LD_PRELOAD="$runtime $(${CXX:-c++} -print-file-name=libstdc++.so.6)"
# Python itself never frees everything, and other libraries are not what is tested here.
export ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export PYTHONPATH=$copy PYTHONDONTWRITEBYTECODE=1

tests=("$@")
if [ ${#tests[@]} -eq 0 ]; then tests=(tests/kernels); fi
# The tests run at every level by themselves.  What other libraries compute is left out, and so is
# the array of 8.6 GB, of which the sanitizer would keep a map.
"$python" -m pytest -q -p no:cacheprovider -p no:xdist --capture=sys "${tests[@]}" -k "not torch and not strict and not 2_to_the_31"
