#!/bin/sh
# Installs headway where no compiler works, from its source distribution, plainly and editable,
# and tests the NumPy twins.  Needs the environment of `make test` for everything else.
set -eu
cd "$(dirname "$0")/.."
python=$(pwd)/.venv/bin/python
folder=$(pwd)/.cache/without-compiler
bin=$folder/venv/bin

rm -rf "$folder"
mkdir -p "$folder"
"$python" -c 'import sys; from scikit_build_core.build import build_sdist; build_sdist(sys.argv[1])' "$folder"
tar -xzf "$folder"/headway-*.tar.gz -C "$folder"
"$python" -m venv "$folder/venv"
# Dependencies come from the environment of `make test`, headway itself does not.
"$bin/python" - "$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" <<'END'
import pathlib, sys, sysconfig
pathlib.Path(sysconfig.get_path("purelib"), "dependencies.pth").write_text(sys.argv[1] + "\n")
END

install() {
    CC=/bin/false CXX=/bin/false HEADWAY_REQUIRE_CORE=0 "$bin/python" -m pip install --quiet \
        --disable-pip-version-check --no-cache-dir --no-deps --ignore-installed "$@"
}
check() {
    # The place, the level and one notice, seen as a user sees them.
    notice=$(cd "$folder" && "$bin/python" -c '
import sys, headway
headway.softmax([0.0, 1.0])
config = headway.show_config()
assert headway.__file__.startswith(sys.argv[1]), headway.__file__
assert (config.core, config.available) == ("numpy", ("numpy",)), config
' "$1" 2>&1)
    count=$(printf '%s\n' "$notice" | grep -c "RuntimeWarning: headway runs without its compiled core")
    if [ "$count" != 1 ]; then
        printf 'expected one notice, got %s:\n%s\n' "$count" "$notice" >&2
        exit 1
    fi
}

install --editable "$folder"/headway-*/
check "$folder/headway-"
"$bin/python" -m pip uninstall --quiet --yes headway
install "$folder"/headway-*.tar.gz
check "$folder/venv"

HEADWAY_CORE=numpy OMP_NUM_THREADS=1 "$bin/python" -m pytest -n auto -q \
    tests/kernels tests/losses tests/solvers tests/classifiers
