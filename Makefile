# Every target makes the environment it needs; nothing is asked for but Python 3.11+ and a package index.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BENCH_VENV ?= .venv-bench
BENCH_BIN := $(BENCH_VENV)/bin

.PHONY: help demo test lint types contracts features coverage differential bench clean

help:
	@echo "make demo          a year of flights, loaded and queried (DATABASE_URL points it elsewhere)"
	@echo "make test          the tests, on SQLite and PostgreSQL"
	@echo "make lint          ruff, mypy, pyright and the import contracts"
	@echo "make features      the rows of docs/features.md that no test names"
	@echo "make differential  20,000 random queries beside Django (COUNT=, SEED=)"
	@echo "make bench         rowsmith beside hand-written code and five other libraries"
	@echo "make coverage      which lines the tests run"

$(BIN)/.made:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

$(BIN)/.demo: pyproject.toml $(BIN)/.made
	$(BIN)/python -m pip install --quiet -e '.[examples]'
	@touch $@

$(BIN)/.test: pyproject.toml $(BIN)/.made
	$(BIN)/python -m pip install --quiet -e '.[test]'
	@touch $@

$(BIN)/.lint: pyproject.toml $(BIN)/.test
	$(BIN)/python -m pip install --quiet -e '.[lint]'
	@touch $@

$(BENCH_BIN)/.bench: pyproject.toml benchmarks/requirements.txt
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_BIN)/python -m pip install --quiet --upgrade pip
	$(BENCH_BIN)/python -m pip install --quiet -e . -r benchmarks/requirements.txt
	@touch $@

demo: $(BIN)/.demo
	@$(BIN)/python -m examples.flights $(ARGS)

test: $(BIN)/.test
	$(BIN)/python -m pytest $(ARGS)

features: $(BIN)/.test
	@$(BIN)/python -m tests.features $(ARGS)

COUNT ?= 20000
SEED ?= 1
differential: $(BIN)/.test
	$(BIN)/python -m tests.properties.differential --count $(COUNT) --seed $(SEED) $(ARGS)

coverage: $(BIN)/.test
	$(BIN)/python -m coverage run -m pytest -q $(ARGS)
	$(BIN)/python -m coverage report

types: $(BIN)/.lint
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

contracts: $(BIN)/.lint
	$(BIN)/lint-imports

lint: $(BIN)/.lint
	$(BIN)/ruff check src tests benchmarks examples
	$(MAKE) --no-print-directory types contracts

bench: $(BENCH_BIN)/.bench
	$(BENCH_BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) $(BENCH_VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
