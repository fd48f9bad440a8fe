# Everything stays in this checkout: .venv (the environment) and var/ (what runs write).
# Another interpreter: make PYTHON=python3.12 run

PYTHON ?= python3
# Processes that share the tests: one for each core, up to four.
WORKERS ?= auto
BIN := .venv/bin
# Where this is set, every start of Airflow compiles everything again.
unexport PYTHONDONTWRITEBYTECODE
# Telemetry of every dependency is off, in the tests and checks too.
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED := False
export SCARF_ANALYTICS := false
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help setup run up test bench check format fresh clean lock env

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make the environment from the lock (the others do it by themselves)
	@$(PYTHON) include/local/setup.py

run: setup ## Run the weekly gallring once over the sample systems, through Airflow
	@$(BIN)/python -m include.local.run

up: setup ## Airflow with its user interface, until Ctrl-C
	@$(BIN)/python -m include.local.up

test: setup ## The whole test suite (ARGS="-k name" for a part, WORKERS=0 for one process)
	@$(BIN)/python -m pytest --numprocesses=$(WORKERS) --maxprocesses=4 --maxschedchunk=1 $(ARGS)

bench: setup ## What the engine costs beside SQL by hand (ROWS=500000); needs both servers
	@$(BIN)/python -m tests.benchmarks.bench

check: setup ## ruff, mypy, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## Let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

fresh: setup ## New sample systems, with an empty ledger
	@$(BIN)/python -m include.local.prepare

clean: ## Remove the environment and everything that was written
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

LOCK = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	--no-emit-find-links --quiet

lock: setup ## Pin the dependencies anew after a change of requirements.txt
	@$(LOCK) requirements.txt --output-file requirements.lock
	@for each in tests/foreign/*/; do \
		$(LOCK) $${each}requirements.txt --output-file $${each}requirements.lock || exit 1; \
	done

env: ## Print the sample's settings for a shell: eval "$$(make -s env)"
	@$(BIN)/python -m include.local.shell
