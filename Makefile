# headway: every command a developer or a visitor needs.  `make help` lists them.
#
# What is installed leaves a stamp inside .venv, so that a second call installs nothing.  The
# compiled core is built into build/ and built again when a file of kernels/ changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
REQUIREMENTS := $(BIN)/python scripts/requirements.py
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

.DEFAULT_GOAL := help
.PHONY: help demo test test-levels test-without-compiler check format bench accuracy contest clean

help:  ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("headway needs Python 3.11 or newer, got %d.%d: call make PYTHON=python3.11" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

# Without isolation, so that the build finds its tools where they were and compiles only changes.
# Where there is a compiler, a core that does not build is an error; elsewhere NumPy does its work.
$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt $(wildcard kernels/*)
	$(REQUIREMENTS) build > $(VENV)/build.txt
	$(PIP) -r $(VENV)/build.txt
	HEADWAY_REQUIRE_CORE=$${HEADWAY_REQUIRE_CORE:-$$($(BIN)/python scripts/can_compile.py)} \
	PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) --no-build-isolation --editable '.[torch]'
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(REQUIREMENTS) test > $(VENV)/test.txt
	$(PIP) -r $(VENV)/test.txt
	@touch $@

PEERS := cyanure liblinear-official mapie scikit-learn-intelex onnxruntime probmetrics numba skl2onnx
$(VENV)/.bench: $(VENV)/.test
	$(REQUIREMENTS) bench > $(VENV)/bench.txt
	$(PIP) -r $(VENV)/bench.txt || for peer in $(PEERS); do \
	    $(PIP) $$peer || echo "$$peer does not install here: its lines will say absent."; done
	@touch $@

$(VENV)/.dev: $(VENV)/.test
	$(REQUIREMENTS) dev > $(VENV)/dev.txt
	$(PIP) -r $(VENV)/dev.txt
	@touch $@

demo: $(VENV)/.demo  ## train softmax and sigmoid layers side by side on digits
	$(BIN)/headway compare digits --html headway-report/digits.html --figures headway-report/figures

test: $(VENV)/.test  ## run the tests
	$(PYTEST)

test-levels: $(VENV)/.test  ## run the numerical tests on the slower builds of the core too
	set -e; levels=$$($(BIN)/python -c 'from headway.kernels import core; print(*core.available_levels()[1:-1])'); \
	for level in $$levels; do \
	    echo "HEADWAY_CORE=$$level"; \
	    HEADWAY_CORE=$$level $(PYTEST) -q tests/kernels tests/losses tests/solvers; \
	done

test-without-compiler: $(VENV)/.test  ## install without a compiler and test what NumPy does
	sh scripts/test_without_compiler.sh

check: $(VENV)/.dev  ## lint, types and the rooms' import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## rewrite the code in the project's layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench  ## measure times against named peers and write benchmarks/results
	$(BIN)/python -m benchmarks

accuracy: $(VENV)/.bench  ## what decisions, calibration and reviews reach on real data (HEADWAY_DATA), likewise
	$(BIN)/python -m benchmarks --accuracy

contest: $(VENV)/.demo  ## the figures of the README: digits and MNIST (HEADWAY_DATA), both heads
	mkdir -p benchmarks/results
	$(BIN)/headway compare digits --tune --seeds 5 --json > benchmarks/results/contest_digits.part
	mv benchmarks/results/contest_digits.part benchmarks/results/contest_digits.json
	$(BIN)/headway compare mnist --seeds 3 --json > benchmarks/results/contest_mnist.part
	mv benchmarks/results/contest_mnist.part benchmarks/results/contest_mnist.json

clean:  ## remove the environment and the caches
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
