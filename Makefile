# Everything a developer runs.  `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test lint verify bench bench-plot clean

PYTHON ?= python3
BIN := .venv/bin
PURE := controller/model/*,controller/reconcile/*,controller/config/expand.py,controller/registry/manifest.py,controller/registry/precedence.py,controller/connectors/items.py,controller/ingest/chunk.py,controller/ingest/diff.py,controller/search/query.py,controller/resources/*

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# One marker stands for the whole environment: rebuilt when the lock or the packaging changes.
$(BIN)/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

run: $(BIN)/.installed ## reconcile the quickstart on this machine and search what it synced
	@$(BIN)/python examples/quickstart/run.py

test: $(BIN)/.installed ## run the test suite
	$(BIN)/$(if $(PYTEST_COVERAGE),coverage run -m pytest,python -m pytest) -q

lint: $(BIN)/.installed ## check style, types, floors, dependencies and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry .
	$(BIN)/codespell
	$(BIN)/validate-pyproject pyproject.toml

verify: lint ## all that CI runs: lint, tests, coverage gates
	rm -f .coverage .coverage.*
	HYPOTHESIS_PROFILE=ci $(MAKE) test PYTEST_COVERAGE=1
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --include="$(PURE)" --fail-under=100
	$(BIN)/coverage report --fail-under=90

bench: $(BIN)/.installed ## measure, with ratios to a floor in the same run
	$(BIN)/python -m benchmarks

bench-plot: $(BIN)/.installed ## draw what `make bench` measured
	$(BIN)/python -m benchmarks.plot

clean: ## remove the environment and what was built
	rm -rf .venv build dist .coverage .coverage.* .mypy_cache .ruff_cache
