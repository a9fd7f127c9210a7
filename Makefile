# Each target sets up what it needs: a .venv pinned by constraints.txt. Python 3.11 and make suffice.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STUDY ?= study.yaml
# ray as well where its tests are to run: make test EXTRAS=dev,rjieba,ray
EXTRAS ?= dev,rjieba

# which benchmarks, and their options: make bench BENCH="load --full"
BENCH ?=

# tests in a random order, and with strings hashed, by a seed: make test SEED=7; one that takes a
# minute is named
SEED ?=
PYTEST = $(if $(SEED),PYTHONHASHSEED=$(SEED)) $(BIN)/python -m pytest \
	$(if $(SEED),-o addopts=-q --randomly-seed=$(SEED)) --durations=0 --durations-min=60

# half as many test processes again as processors: about a third of the time a test waits for a server
TESTERS = $(shell $(PYTHON) -c 'import os; print(min(4, os.cpu_count() * 3 // 2))')

# each starts a cluster of processes, which wants the machine, and its test process, to itself
RAY_TESTS := tests/compute/test_ray_engine.py tests/compute/test_ray_nodes.py

.PHONY: run test install install-dev ui bench lint format

run: $(VENV)/.installed          ## the main job: materialise the study, say where the results are
	$(BIN)/dti run --study $(STUDY)

test: $(VENV)/.installed-dev     ## the whole test suite: 10 to 25 minutes on two cores
	$(PYTEST) -n $(TESTERS) --dist loadfile --no-loadscope-reorder \
		$(RAY_TESTS:%=--ignore %)
	$(PYTEST) $(RAY_TESTS) tests/test_benchmarks.py

install: $(VENV)/.installed

install-dev: $(VENV)/.installed-dev    ## with what the tests need, for pytest by hand

ui: $(VENV)/.installed           ## the Dagster web UI on 127.0.0.1
	$(BIN)/dti ui --study $(STUDY)

bench: $(VENV)/.installed-dev    ## ratios against stated baselines; writes docs/performance.md
	$(BIN)/python benchmarks $(BENCH)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
# the pip that Python brings warns of lxml's extra html_clean, which it misspells, and of jieba
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --upgrade pip

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	touch $@ $(VENV)/.installed
