# Every command of a working day. `make` lists them; nothing needs to be installed but Python and make.

PYTHON ?= python3
VENV := .venv
PEERS := .venv-peers
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCK := $(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup test test-nightly test-matrix lint types format demo bench bench-faults parity seed-table presidio schema lock clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(READY) ## make .venv with everything in it (instant when it is up to date)

$(READY): pyproject.toml requirements/uv.txt requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "langfuse-router needs Python 3.11 or newer, and '$(PYTHON)' is not. Name another: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@# uv installs in seconds what takes pip a minute; where it cannot (another index, no wheel), pip does it.
	@{ $(PIP) install -qq --require-hashes -r requirements/uv.txt \
		&& $(BIN)/uv pip sync -q --require-hashes --python $(BIN)/python requirements/dev.txt; } \
		|| { echo "uv could not install the requirements; pip takes over." >&2; \
		$(PIP) install -q --require-hashes -r requirements/dev.txt; }
	@$(PIP) install -qq --no-deps --no-build-isolation -e .
	@# uv leaves this to the first import, and where PYTHONDONTWRITEBYTECODE is set every process does it again.
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib router bench tests >/dev/null || true
	@touch $(READY)

test: setup lint ## everything CI checks: lint, types, the schema, tests
	@# pytest rewrites the assertions of the tests meanwhile; else every worker does.
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -p no:cacheprovider --collect-only -qq >/dev/null 2>&1 & \
		$(BIN)/mypy; types=$$?; wait; exit $$types
	@$(BIN)/router schema --check
	@$(BIN)/pytest -n logical --maxprocesses 4 --dist worksteal

test-nightly: setup ## processes with a spool are killed, 200 rounds: each accounts for every call
	@$(BIN)/pytest -q tests/test_spool_crash.py --crash-rounds=200

test-matrix: setup ## what meets LiteLLM and langfuse, on the oldest, the newest and the proxy image's versions; ONLY="oldest newest"
	@# pyenv's own commands run only the versions that it is told.
	@PYENV_VERSION=$$(pyenv versions --bare 2>/dev/null | paste -sd: -) $(BIN)/python -m tests.matrix $(ONLY)

lint: setup ## ruff and the import contracts
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports

types: setup ## mypy, strict
	@$(BIN)/mypy

format: setup ## let ruff mend what it can
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

demo: setup ## the main job, end to end, without an account or a network
	@$(BIN)/router demo

bench: setup ## the benchmarks, side by side with what a user would pick today
	@$(BIN)/uv pip install -q --require-hashes --python $(BIN)/python -r requirements/bench.txt \
		|| $(PIP) install -q --require-hashes -r requirements/bench.txt \
		|| echo "The engines to compare with could not be installed; what is ours is measured alone." >&2
	@# What masks has a package phonenumbers of its own, so it lives apart.
	@{ test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS); } \
		&& $(BIN)/uv pip sync -q --require-hashes --python $(PEERS)/bin/python requirements/peers.txt \
		|| echo "What masks elsewhere could not be installed; what is ours is measured alone." >&2
	@$(BIN)/python -m bench

bench-faults: setup ## what arrives while Langfuse fails and when the process ends, ten minutes; QUICK=1 takes three
	@$(BIN)/python -m bench faults sigterm kill $(if $(QUICK),--quick)

parity: setup ## what LiteLLM's own callback sends for the same calls, and why ours differs
	@$(BIN)/python -m bench parity

seed-table: setup ## docs/seed.md and the README's short form of it: what LiteLLM's documentation promises, and which tests prove it
	@$(BIN)/python -m tests.seed_table

presidio: setup ## the tests of the extra `presidio`, in an environment of their own
	@$(BIN)/uv venv -q --allow-existing --python $(BIN)/python $(VENV)-presidio
	@$(BIN)/uv pip sync -q --require-hashes --python $(VENV)-presidio/bin/python requirements/presidio.txt
	@PYTHONPATH=. $(VENV)-presidio/bin/python -m pytest tests/presidio

lock: setup ## choose new versions of everything, with hashes
	@$(LOCK) pyproject.toml --extra litellm --group dev -o requirements/dev.txt
	@$(LOCK) pyproject.toml -c requirements/dev.txt -o requirements/runtime.txt
	@$(LOCK) pyproject.toml --extra litellm --extra presidio --group dev -c requirements/dev.txt -o requirements/presidio.txt
	@$(LOCK) --group bench -c requirements/dev.txt -o requirements/bench.txt
	@$(LOCK) --group peers -o requirements/peers.txt
	@$(BIN)/python -m tests.matrix --lock
	@echo uv | $(LOCK) - -c requirements/dev.txt -o requirements/uv.txt

clean: ## remove what the other commands made
	rm -rf $(VENV) $(PEERS) $(VENV)-presidio $(VENV)-matrix build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
