# headway: every command a developer or a visitor needs.  `make help` lists them.
#
# Each environment is a stamp inside .venv, so that a second call installs nothing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench contest clean

help:  ## list the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1|/' | column -t -s '|'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("headway needs Python 3.11 or newer, got %d.%d: call make PYTHON=python3.11" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[torch]'
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(PIP) --editable '.[torch,test]'
	@touch $@

PEERS := cyanure liblinear-official scikit-learn-intelex onnxruntime skl2onnx
$(VENV)/.bench: $(VENV)/.test
	$(PIP) --editable '.[torch,test,bench]' || for peer in $(PEERS); do \
	    $(PIP) $$peer || echo "$$peer does not install here: its lines will say absent."; done
	@touch $@

$(VENV)/.dev: $(VENV)/.test
	$(PIP) --editable '.[torch,test,dev]'
	@touch $@

demo: $(VENV)/.demo  ## train softmax and sigmoid layers side by side on digits
	$(BIN)/headway compare digits --html headway-report/digits.html --figures headway-report/figures

test: $(VENV)/.test  ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

check: $(VENV)/.dev  ## lint, types and the rooms' import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## rewrite the code in the project's layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench  ## measure against named peers and write benchmarks/results
	$(BIN)/python -m benchmarks

contest: $(VENV)/.demo  ## the figures of the README: digits and MNIST (HEADWAY_DATA), both heads
	mkdir -p benchmarks/results
	$(BIN)/headway compare digits --tune --seeds 5 --json > benchmarks/results/contest_digits.part
	mv benchmarks/results/contest_digits.part benchmarks/results/contest_digits.json
	$(BIN)/headway compare mnist --seeds 3 --json > benchmarks/results/contest_mnist.part
	mv benchmarks/results/contest_mnist.part benchmarks/results/contest_mnist.json

clean:  ## remove the environment and the caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
