# The same verbs everywhere: run test check bench fmt.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
UNITS := $(patsubst %/pyproject.toml,%,$(wildcard contracts/pyproject.toml libs/*/pyproject.toml services/*/pyproject.toml))
DEMO ?= 1
NODE_FOLDERS := tests/node libs/client-js libs/activepieces

.PHONY: help run test check bench fmt lock generate node
help:
	@echo "make run      start everything, play the demonstration once, keep serving (DEMO=0 skips it)"
	@echo "make test     lint, types, unit tests and tests on real engines"
	@echo "make check    lint, types and generated files only"
	@echo "make node     install the npm packages; without them the tests that need them are listed as not run"
	@echo "make bench    side-by-side benchmarks, written to bench/results.json"
	@echo "make fmt      format the code"

.venv/ready: requirements.lock $(UNITS:%=%/pyproject.toml)
	@echo "Installing into .venv"
	@$(PYTHON) -m venv --without-pip --clear .venv
	@$(PYTHON) -m pip --python $(BIN)/python install -qqq --disable-pip-version-check --root-user-action=ignore "$$(grep '^uv==' requirements.lock)"
	@$(BIN)/uv pip sync -q --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation $(UNITS:%=-e ./%)
	@touch $@

run: .venv/ready
	@exec $(BIN)/dramatis up $(if $(filter 0,$(DEMO)),--no-demo,--demo)

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python scripts/generate.py --check

test: check
	$(BIN)/pytest -q -n 2 --dist loadscope

bench: .venv/ready
	$(BIN)/python -m bench

fmt: .venv/ready
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .

generate: .venv/ready
	$(BIN)/python scripts/generate.py

lock:
	$(PYTHON) scripts/lock.py

node:
	@for folder in $(NODE_FOLDERS); do npm ci --silent --no-audit --no-fund --prefix $$folder || exit 1; done
