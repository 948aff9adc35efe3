# `make report` and `make test` do everything, set-up included; `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
FILES := $(wildcard $(shell git ls-files -co --exclude-standard 2>/dev/null))
# one more than there are cores: some tests wait for kernels and a browser
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
INSTALL = $(BIN)/pip install --disable-pip-version-check --no-deps

.DEFAULT_GOAL := help
.PHONY: help report test retest check lab docs gallery agreement coverage bench clean
.DELETE_ON_ERROR:

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/' | expand -t 16

report: .venv/.user ## check the data, execute the notebooks, write report/index.html
	@$(BIN)/evidence report

test: .venv/.tested ## run every test, unless nothing changed since they passed
	@echo "tests: passed, and nothing changed since (make retest runs them again)"

retest: ## run every test
	@rm -f .venv/.tested
	@$(MAKE) --no-print-directory test

check: .venv/.developer ## what CI runs: format, lint, types, import contract, tests
	@echo "check: format" && $(BIN)/ruff format --check .
	@echo "check: lint" && $(BIN)/ruff check .
	@echo "check: types" && $(BIN)/mypy
	@echo "check: imports" && $(BIN)/lint-imports --no-cache
	@$(MAKE) --no-print-directory test

lab: .venv/.user ## open the notebooks in JupyterLab
	@$(BIN)/jupyter lab notebooks

docs: .venv/.user ## write what is generated: data/README.md and the README's figure
	@$(BIN)/evidence dictionary --out data/README.md
	@$(BIN)/evidence forest symptomatic-recurrence --out docs/symptomatic-recurrence.svg

agreement: .venv/.developer ## write docs/agreement.md: what agrees with other software
	@$(BIN)/python -m tests.agreement docs/agreement.md

coverage: .venv/.user ## simulate the coverage of every interval: docs/coverage.md, minutes
	@$(BIN)/python -m evidence.coverage

gallery: .venv/.user ## draw every figure and style into docs/gallery/ and docs/gallery.md
	@$(BIN)/python -m evidence.plots.gallery docs && echo "wrote docs/gallery.md"

bench: .venv/.developer ## time the library beside its peers, in one run, and the figures
	@$(BIN)/pip freeze --exclude-editable > .venv/frozen.txt
	@$(BIN)/pip install -q -c .venv/frozen.txt pimeta pymare pymetaanalysis || \
	  echo "bench: the peers could not be installed; ours alone"
	@$(BIN)/python benchmarks/speed.py
	@$(BIN)/python benchmarks/figures.py

clean: ## remove everything that the commands above made
	rm -rf .venv report .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/pip:
	@echo "set-up: making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it: make PYTHON=python3.12")'
	@$(PYTHON) -m venv .venv

.venv/.user: requirements.txt pyproject.toml | .venv/bin/pip
	@echo "set-up: installing the locked versions for the report (a minute or two, once)"
	@$(INSTALL) --require-hashes -r requirements.txt
	@$(INSTALL) --no-index --no-build-isolation -q -e .
	@touch $@

.venv/.developer: requirements-dev.txt .venv/.user
	@echo "set-up: installing the locked versions for the tests (under a minute, once)"
	@$(INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@

.venv/.tested: .venv/.developer $(FILES)
	@echo "test: running every test"
	@$(BIN)/pytest -n $(WORKERS)
	@touch $@
