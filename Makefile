# make demo, make test: each sets up what it needs, once, in .venv. Only Python 3.11 and make have to be there.

PYTHON ?= # the interpreter that .venv is made with; empty: the first good one of the names in find_python

VENV := .venv
BIN := $(VENV)/bin
# Newer than the files that say what to install: nothing to install.
STAMP := $(VENV)/.installed
# There while pip runs. Found at the start of a run, it means that an earlier one was cut off.
UNFINISHED := $(VENV)/.unfinished

is_new_enough := import sys, venv; sys.exit(sys.version_info < (3, 11))
find_python = for python in $(if $(PYTHON),"$(PYTHON)",python3.11 python3 python3.12 python3.13 python); do \
	"$$python" -c '$(is_new_enough)' >/dev/null 2>&1 && { echo "$$python"; break; }; done

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-cifar10-imdb test test-all lint typecheck docs bench bench-auto bench-balance bench-emoji bench-shared bench-captions bench-translation bench-data bench-alignment bench-speed bench-columns clean

help:
	@echo "make demo    what fusing buys, on emoji; pictures go to demo/. demo-cifar10-imdb: the one that downloads 250 MB first"
	@echo "make test    run the quick tests and the doctests, in minutes; make test-all: run the slow ones"
	@echo "make lint    check style, format and spelling"
	@echo "make typecheck  check the types of the modules that users import from"
	@echo "make docs    build the documentation, with the gallery of examples, into docs/_build/html"
	@echo "make bench   print the defaults beside classical models on all data sets; bench-auto: what automatic fusion costs and keeps of a time limit; bench-emoji, bench-data: on emoji and other data by modality; bench-balance: what balance is worth; bench-shared, bench-captions, bench-translation: the shared space, names from pictures, and numbers from others; bench-alignment: retrieval and zero-shot classification; bench-speed: of speed; bench-columns: of time by the number of columns"
	@echo "make setup   only make .venv and install into it; the other targets do so when needed"
	@echo "make clean   remove what the other targets made, .venv included"

setup: $(STAMP)

$(STAMP): setup.cfg pyproject.toml constraints.txt
	@if [ -e $(UNFINISHED) ] || ! { $(BIN)/python -c '$(is_new_enough)' && $(BIN)/python -m pip --version; } >/dev/null 2>&1; then \
		python=$$($(find_python)); \
		if [ -z "$$python" ]; then \
			echo "sklearn_crossmodal needs Python 3.11 or newer with its venv module, and none of that kind was found here." >&2; \
			echo "Install one, or name one: make PYTHON=/path/to/python3.11 $(or $(MAKECMDGOALS),setup)" >&2; \
			exit 1; \
		fi; \
		echo "Making $(VENV) with $$python"; \
		"$$python" -m venv --clear $(VENV) || exit 1; \
	fi
	@echo "Installing into $(VENV); this takes a few minutes, once"
	@touch $(UNFINISHED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[examples,test,lint]'
	@rm $(UNFINISHED)
	@touch $@

# What one target needs beyond that: an extra of setup.cfg.
$(VENV)/.extra-%: $(STAMP)
	@echo "Installing the extra $* into $(VENV), once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*]'
	@touch $@

demo: $(STAMP)
	MPLBACKEND=Agg $(BIN)/python examples/fusion/plot_emoji.py
	MPLBACKEND=Agg $(BIN)/python examples/alignment/plot_words_to_emoji.py

demo-cifar10-imdb: $(STAMP)
	MPLBACKEND=Agg $(BIN)/python examples/autoencoder/plot_cifar10_imdb.py

# Two workers with one thread each: on tensors as small as the tests', torch's own threads only get in each other's way.
# Rewriting assertions is half of the time of collecting: its bytecode is kept, whatever the environment says.
PYTEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python -m pytest -n 2 --dist worksteal

test: $(STAMP)
	$(PYTEST) -m "not slow"

# What `make test` leaves out.
test-all: $(STAMP)
	$(PYTEST) -m slow

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

typecheck: $(VENV)/.extra-typecheck
	$(BIN)/python docs/public_modules.py | xargs $(BIN)/python -m mypy

# Warnings are errors; all of them are shown.
docs: $(VENV)/.extra-docs
	OMP_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python -m sphinx -b html -W --keep-going docs docs/_build/html

# Goes on where it was cut off: each fit is kept in benchmarks/fusion/results.jsonl.
bench: $(STAMP)
	$(BIN)/python benchmarks/fusion/run.py

bench-auto: $(STAMP)
	$(BIN)/python benchmarks/bench_auto.py

bench-emoji: $(STAMP)
	$(BIN)/python benchmarks/bench_emoji.py

bench-balance: $(STAMP)
	$(BIN)/python benchmarks/bench_balance.py

bench-shared: $(STAMP)
	$(BIN)/python benchmarks/shared/run.py

bench-captions: $(STAMP)
	$(BIN)/python benchmarks/bench_captions.py

bench-translation: $(STAMP)
	$(BIN)/python benchmarks/bench_translation.py

bench-data: $(STAMP)
	$(BIN)/python benchmarks/bench_data.py

bench-alignment: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/alignment/run.py

bench-speed: $(STAMP)
	$(BIN)/python benchmarks/speed/run.py

bench-columns: $(STAMP)
	OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 $(BIN)/python benchmarks/bench_columns.py

clean:
	rm -rf $(VENV) demo examples/*/demo docs/_build docs/generated build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
