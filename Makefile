# Every target sets up what it needs: only Python >= 3.11 and make have to be on the machine.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$name && break; done)
# One more than there are processors: a test now and then waits for a process that it started.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
# Tests write much that nobody keeps: into memory, where that is large enough.
SCRATCH := $(shell [ -w /dev/shm ] && [ "$$(df -Pk /dev/shm | awk 'END {print $$4}')" -gt 8000000 ] && echo /dev/shm)
test test-slow: export TMPDIR := $(or $(SCRATCH),$(TMPDIR),/tmp)
# Images for containers forbid it, and then each of hundreds of processes compiles what all of them import.
test test-slow: export PYTHONDONTWRITEBYTECODE :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export NO_MKDOCS_2_WARNING := 1

.PHONY: help setup demo test test-slow check bench evidence fix docs clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# pyproject.toml changed or no set-up yet: once, into .venv. Nothing is written to the home directory but pip's cache.
$(READY): pyproject.toml
	@if [ -z "$(PYTHON)" ]; then echo "pellucid needs Python 3.11 or newer on the PATH (or make PYTHON=/path/to/python3)."; exit 1; fi
	@echo "Setting up $(VENV) with $(PYTHON) (once; a few minutes at most) ..."
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --group dev --group docs --editable ".[demo,serve]"
	@touch $(READY)

setup: $(READY) ## Set up .venv (every other target does so by itself)

demo: $(READY) ## Watch the main job run on a grocer's (simulated) data
	@$(BIN)/pellucid demo

test: $(READY) ## Run the tests but for the slow ones, in parallel; prints the ten slowest
	@$(BIN)/python -m pytest -m "not slow" -n $(WORKERS) --dist worksteal

test-slow: $(READY) ## Run the slow tests: by file in parallel, then what needs the machine for itself
	@status=0; \
	$(BIN)/python -m pytest -m "slow and not alone" -n auto --dist loadfile || status=$$?; \
	$(BIN)/python -m pytest -m "slow and alone" || status=$$?; \
	exit $$status

check: $(READY) ## Check style, types, layers and docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python docs/generate.py --check
	@$(BIN)/mkdocs build --strict --quiet --site-dir build/site

bench: $(READY) ## Run the benchmarks (never part of the tests); prints tables of ratios
	@mkdir -p build/evidence
	@for file in benchmarks/*.py; do \
	echo "== $$file"; $(BIN)/python "$$file" | tee "build/evidence/$$(basename "$$file" .py).txt"; done

evidence: $(READY) bench ## Run what tries to break the promises, and the benchmarks, and write the page of both
	@$(BIN)/python -m pytest -m promise -n $(WORKERS) --junitxml build/evidence/tests.xml
	@$(BIN)/python docs/evidence.py build/evidence/tests.xml build/evidence/*.txt

fix: $(READY) ## Mend style where a machine can, and make the generated pages anew
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python docs/generate.py

docs: $(READY) ## Build the documentation into build/site
	@$(BIN)/python docs/generate.py
	@$(BIN)/mkdocs build --strict --site-dir build/site

clean: ## Remove what the other targets made
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
