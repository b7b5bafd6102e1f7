# The two commands: `make train` and `make test`. Both build the environment first; nothing else is needed.
PYTHON ?= python3
# cpu: torch without CUDA, which is most of the 6 GB; said once, when the environment is built
TORCH ?=
VENV := .venv
BIN := $(VENV)/bin
# two workers with one thread each use two cores better than one worker with two
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2

.DEFAULT_GOAL := help
.PHONY: help train test test-all test-gpu chaos mutants lint format docs pages bench lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "gan-lab needs Python 3.11 or newer; say which: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@PYTHON=$(BIN)/python scripts/install_requirements.sh $(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

train: $(VENV)/installed  ## train a WGAN on real digits (settings: make train ARGS="objective=gan seed=1")
	$(BIN)/gan-lab train $(ARGS)

test: lint  ## lint, check types and run the tests
	$(PYTEST)

test-all: lint  ## the tests, the slow ones included
	$(PYTEST) -m "not gpu"

test-gpu: $(VENV)/installed  ## the tests that need a CUDA device
	$(BIN)/python -m pytest -m gpu

chaos: $(VENV)/installed  ## kills, fuzzed commands, hostile folders, random combinations (an hour)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow --capture=no --quiet tests/chaos

mutants: $(VENV)/installed  ## plant small faults in the core and count those that tests find (an hour)
	$(BIN)/python scripts/mutants.py $(ARGS)

lint: $(VENV)/installed  ## lint and check types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed  ## format and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/docs: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock \
		--no-build-isolation --editable '.[docs]'
	@touch $@

docs: $(VENV)/docs  ## build the site from README.md and docs/ into site/; a dead link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "Open site/index.html, or with its search: python3 -m http.server --directory site"

pages: $(VENV)/installed  ## make the pages of docs/ that are read off the code anew
	$(BIN)/python scripts/tags_page.py
	$(BIN)/python scripts/constraints_page.py
	$(BIN)/python scripts/config_page.py
	$(BIN)/python scripts/troubleshooting_page.py

bench: $(VENV)/installed  ## time iterations, eager and compiled
	$(BIN)/python scripts/bench.py $(ARGS)

lock:  ## pin the newest versions into requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --no-header --no-annotate \
		--extra dev --upgrade pyproject.toml --output-file requirements.lock

clean:  ## remove the environment and caches, not the runs
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist site
