# Everything a person or a CI machine does with paydesk. Needs Python >= 3.11, git and make.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup run demo test soak check bench format

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/dev.ready ## prepare .venv with everything for running, testing and checking

run: .venv/run.ready ## open the desk on the database in your user data directory
	@$(BIN)/paydesk

demo: .venv/run.ready ## open the desk on a throw-away database with a local Stripe sandbox
	@$(BIN)/paydesk demo

test: .venv/dev.ready ## run the tests: real databases, real processes, the sandbox on a socket
	$(BIN)/python -m pytest --numprocesses 4 --dist worksteal --ignore tests/races --ignore tests/faults --ignore tests/machine
	$(BIN)/python -m pytest tests/races tests/faults tests/machine # these want the processors to themselves

soak: .venv/dev.ready ## run the faults, races, tamperings and random journeys with their full counts
	PAYDESK_SOAK=1 $(BIN)/python -m pytest -s tests/faults tests/races tests/machine tests/journeys tests/services/test_seals.py

check: .venv/dev.ready ## what CI runs: format, lint, types, layers, then the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(MAKE) test

bench: .venv/dev.ready ## print our figures beside raw baselines measured in the same run
	$(BIN)/python -m tests.benchmarks

format: .venv/dev.ready ## bring the source into the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "paydesk needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/run.ready: pyproject.toml | .venv/bin/pip
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/dev.ready: pyproject.toml | .venv/bin/pip
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@ .venv/run.ready
