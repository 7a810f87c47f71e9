# Two commands do everything: `make run` and `make test`. They need Python 3.11 or newer and make.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
PIP_INSTALL = $(BIN)/python -m pip install --quiet
# uv needs a tenth of pip's time; where it cannot reach what it wants, pip, which may know a mirror, does it
UV_INSTALL  = $(PIP_INSTALL) uv && $(BIN)/uv pip install --quiet --python $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help run test faults fuzz bench words image-check tools clean

help:  ## Show what can be made.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/  /'

run: $(VENV)/run.stamp  ## Install what is needed and start the portal, the API and the workers.
	@exec $(BIN)/tomlake up

test: $(VENV)/test.stamp tools  ## Install what the tests need and run everything that CI runs.
	@bash .ci/gate $(BIN)

KILLS ?= 240
faults: $(VENV)/test.stamp tools  ## Kill, cut, fill and restart everything; print what was lost: nothing.
	@TOMLAKE_FAULT_KILLS=$(KILLS) $(BIN)/python -m pytest -q tests/faults

EXAMPLES ?= 60
fuzz: $(VENV)/test.stamp tools  ## Send every route what nobody would; print how much, and what broke: nothing.
	@TOMLAKE_FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -q -s tests/fuzz tests/portal/api/test_bhtom_fuzz.py

bench: $(VENV)/test.stamp  ## Measure, and print the tables of docs/benchmarks.md.
	@for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

words: $(VENV)/test.stamp  ## Collect what the portal says, for those who say it in another language.
	@$(BIN)/pybabel -q extract -k several:1,2 -k marked -k Entry:2 -k Rejected -k Transient --no-location \
	  --sort-output --omit-header --no-wrap -o portal/languages/tomlake.pot engine lake jobs portal

image-check: $(VENV)/python.stamp  ## Build the image and see its portal answer: with Docker, or as root without.
	@bash .ci/image-check $(BIN)/python

tools:
	@bash .ci/tools

clean:  ## Remove the environment; data stay.
	rm -rf $(VENV)

$(VENV)/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else 1)' 2>/dev/null || \
	  { echo "tomlake needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python cannot make an environment here; check that this folder is writable and python3-venv is installed." >&2; exit 1; }
	@touch $@

$(VENV)/run.stamp: pyproject.toml $(VENV)/python.stamp
	@echo "Installing tomlake (once, about a minute) ..."
	@{ $(UV_INSTALL) --compile-bytecode --editable .; } 2>/dev/null || $(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/test.stamp: pyproject.toml $(VENV)/python.stamp
	@echo "Installing tomlake and what the tests need (once, about a minute) ..."
	@{ $(UV_INSTALL) --editable '.[test]'; } 2>/dev/null || $(PIP_INSTALL) --no-compile --editable '.[test]'
	@touch $@
