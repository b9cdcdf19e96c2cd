# One entry point for people and CI. Everything installs into .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
DEV    := $(VENV)/.ready-dev
PEERS  := $(VENV)/.ready-bench
# A plain path instead of an import hook, and compiled: both cost every start of `barepod`.
EDITABLE := --config-settings editable_mode=compat
GOLDEN ?= ../shared/golden
ONLY   ?=
RESULTS ?=
BAREPOD ?= $(abspath $(BIN)/barepod)
DESTDIR ?=
KILLS  ?= 1000

.DEFAULT_GOAL := help
.PHONY: help demo test fast check lint format integration docs golden bench chaos install-systemd clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	@sh scripts/make-venv "$(PYTHON)" "$(VENV)"
	@echo "installing barepod into $(VENV), once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(EDITABLE) -e .
	@$(BIN)/python -m compileall -q agent
	@touch $@

$(DEV): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(EDITABLE) -e '.[dev]'
	@touch $@

$(PEERS): $(DEV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(EDITABLE) -e '.[dev,bench]'
	@touch $@

demo: $(READY) ## run the quickstart pod on this machine; Ctrl-C ends it
	@echo "Two init containers, then a page on http://127.0.0.1:18080. Ctrl-C ends it."
	@exec env PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m agent run config/examples/quickstart.yaml

test: $(DEV) ## all tests: unit, conformance, integration, examples
	@$(BIN)/python -m pytest -q

fast: $(DEV) ## unit and conformance tests only
	@$(BIN)/python -m pytest -q tests/unit tests/conformance

integration: $(DEV) ## tests with real processes, sockets, servers and clients
	@$(BIN)/python -m pytest -q tests/integration tests/kubectl tests/clients tests/api_fuzz tests/systemd tests/examples

lint: $(DEV) ## format check, ruff, mypy, layers
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint fast ## what runs before every commit

format: $(DEV) ## format the code and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(DEV) ## write the commands' help into README
	@$(BIN)/python -m tests.support.readme

golden: $(DEV) ## replay recorded answers of Kubernetes (GOLDEN=folder)
	@$(BIN)/python -m tests.golden "$(GOLDEN)"

bench: $(PEERS) ## measure against peers (ONLY=name, RESULTS=1 writes bench/RESULTS.md)
	@$(BIN)/python -m bench $(ONLY) $(if $(RESULTS),--results)

chaos: $(DEV) ## kill everything at random, KILLS=1000 times
	@BAREPOD_CHAOS_KILLS=$(KILLS) $(BIN)/python -m pytest -q tests/integration/agent/test_chaos.py

install-systemd: $(READY) ## install the systemd units for this barepod (DESTDIR=, BAREPOD=path)
	@sh scripts/install-systemd "$(BAREPOD)" "$(DESTDIR)"

clean: ## remove what was made here
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
