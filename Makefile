# Every command of this project. `make` alone explains them. A machine with Python >= 3.11 and make is all they need.

PYTHON ?= python3
BIN := .venv/bin
SOURCES := $(wildcard src tests demo benchmarks)
# The newest RQ that this package is a drop-in for; tests and benchmarks run it beside ours, in an environment of its own.
RQ212 := .venv-rq212
export RQ212_PYTHON ?= $(CURDIR)/$(RQ212)/bin/python
# The tests start Python many hundred times: without compiled files, each start would compile this package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup check format reference test demo bench clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r target text; do printf '  make %-9s %s\n' "$$target" "$$text"; done

setup: .venv/.installed ## Create .venv with this package (editable) and all tools; again only when pyproject.toml changed

check: setup ## Check formatting, lint, types and floors; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports --no-cache

format: setup ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: setup ## Write the reference of the command line anew, from its commands
	$(BIN)/python -m rq.cli.reference > docs/command-line-reference.md

test: setup $(RQ212)/.installed ## Run the tests on four processes, for two cores: many of them wait; PYTEST_ARGS="-k name" narrows it
	$(BIN)/python -m pytest -n 4 --dist worksteal $(PYTEST_ARGS)

demo: setup ## See it work: a worker, some jobs, their results, with no server installed
	$(BIN)/python -m demo.run

bench: setup $(RQ212)/.installed ## Measure throughput, latency and memory beside RQ 2.12.0
	$(BIN)/python -m benchmarks.run

clean: ## Remove the environments and everything the tools left behind
	rm -rf .venv .venv-rq212 build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(RQ212)/.installed:
	$(PYTHON) -m venv $(RQ212)
	$(RQ212)/bin/python -m pip install --quiet --disable-pip-version-check 'rq==2.12.0' hiredis
	touch $@
