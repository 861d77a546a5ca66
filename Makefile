# Few commands; each makes the one environment (.venv) if it is missing or its lock changed.
# Needs Python >= 3.11 and make; uses uv for the downloads where it finds it.
# PYTHON=/path/to/python chooses the interpreter.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint bench lock clean

PYTHON ?=
VENV := .venv
RUN := $(VENV)/bin
STAMP := $(VENV)/.setup-done
CHOSEN = $$(bash scripts/python.sh "$(PYTHON)")

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' \
	    | awk -F'|' '{ printf "  make %-7s %s\n", $$1, $$2 }'

setup: $(STAMP) ## make .venv from the lock, with seawall in it
	@echo "$(VENV) is ready"

$(STAMP): requirements/dev.txt pyproject.toml scripts/setup.sh
	@python=$(CHOSEN) && bash scripts/setup.sh "$$python" $(VENV) $< --no-build-isolation --editable .
	@echo "compiling the kernels, once for this version ..." && $(RUN)/seawall kernels
	@touch $@

demo: $(STAMP) ## run the demonstration desk on the data that ships with seawall
	@$(RUN)/seawall demo

test: $(STAMP) ## run all tests
	@$(RUN)/seawall kernels
	@$(RUN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP) ## check style, formatting, types and layers
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check .
	@$(RUN)/pyright --project pyproject.toml
	@$(RUN)/lint-imports --no-cache

bench: $(STAMP) ## measure, beside other engines
	@$(RUN)/python benchmarks/run.py

lock: ## rewrite requirements/*.txt from pyproject.toml (needs uv)
	@bash scripts/lock.sh

clean: ## remove .venv and what tools leave behind
	@rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
