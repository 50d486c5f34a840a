# The front door. `make study` and `make test` install what they need into .venv first.
STUDY ?= studies/phantom.yaml
DATASET ?=
DATA_DIR ?=
ARGS ?=
PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
TWO_PROCESSES := -n 2 --dist loadfile --no-loadscope-reorder
ifneq ($(DATASET),)
STUDY := $(if $(filter busi,$(DATASET)),studies/paper.yaml,studies/$(DATASET).yaml)
endif

.PHONY: help study lab test test-all test-fast faults bench bench-memory bench-growth bench-precision timeline where lint lock clean
help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 24

study: .venv/.installed  ## Run a study and its reports: [DATASET=busi DATA_DIR=...] [STUDY=studies/x.yaml] [ARGS="--set epochs=5"]
	@$(BIN)/bcd run $(STUDY) $(if $(DATA_DIR),--data-dir "$(DATA_DIR)") $(ARGS)

lab: .venv/.installed  ## Open JupyterLab on the newest run (RUN=reports/... for another)
	@$(BIN)/bcd lab $(or $(RUN),"")

test: .venv/.installed-dev  ## All tests that need no network and no system packages, the whole chain among them
	@$(PYTEST) -m "not network and not browser and not tex and not long" $(TWO_PROCESSES)

test-all: .venv/.installed-dev  ## make test, what needs Chromium or TeX, and further whole chains
	@$(PYTEST) -m "not network" $(TWO_PROCESSES)

test-fast: .venv/.installed-dev  ## Tests without the whole chain
	@$(PYTEST) -m "not network and not browser and not tex and not slow" $(TWO_PROCESSES)

faults: .venv/.installed-dev  ## Kill, corrupt and misuse the smallest study some 600 times, about an hour: [ARGS="--seed 1 --kills 20"]
	@PYTHONPATH=tests $(BIN)/python tests/faults.py $(ARGS)

bench: .venv/.installed-dev  ## Time this against the plain Keras loop, as ratios: [ARGS="--data-dir ..."]
	@$(BIN)/python benchmarks/bench.py $(ARGS)

bench-memory: .venv/.installed-dev  ## Peak memory and time of each step from 1,000 to 8,000 images
	@$(BIN)/python benchmarks/memory.py $(ARGS)

bench-growth: .venv/.installed-dev  ## Time against the number of repeated splits and of tested images
	@$(BIN)/python benchmarks/growth.py $(ARGS)

bench-precision: .venv/.installed-dev  ## ResNet50 in float32 and bfloat16, frozen and fine-tuned: [ARGS="--images 64"]
	@$(BIN)/python benchmarks/precision.py $(ARGS)

timeline: .venv/.installed-dev  ## How busy the cores are while a study runs, as a picture: [ARGS="trust_phantom"]
	@$(BIN)/python benchmarks/timeline.py $(ARGS)

where: .venv/.installed-dev  ## Where the time of a finished run went: RUN=reports/phantom
	@$(BIN)/python benchmarks/where.py $(RUN)

lint: .venv/.installed-dev  ## Check style and types, and that notebooks are stored without outputs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/nbstripout --verify --extra-keys "metadata.papermill cell.metadata.papermill" notebooks/*.ipynb
	@$(BIN)/mypy

lock:  ## Renew the locks from pyproject.toml (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -c requirements.lock -o requirements-dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra gpu pyproject.toml -c requirements.lock -o requirements-gpu.lock
	echo uv | uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate - -o requirements-uv.lock

clean:  ## Delete the environment, caches and runs; data/raw stays
	rm -rf .venv data/cache .pytest_cache .ruff_cache .mypy_cache .hypothesis build *.egg-info
	find reports -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
	find . -name __pycache__ -type d -exec rm -rf {} +

QUIET_PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# uv installs in a fraction of pip's time; where it cannot be had, or does not find what pip is configured to find, pip does.
# nbconvert finds copies of our templates in the environment: they are installed again when they change.
define install
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 with venv is needed (on Debian: apt install python3-venv), or set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv (once, a few minutes) ..."
	@$(QUIET_PIP) --require-hashes -r requirements-uv.lock 2> /dev/null \
		&& $(BIN)/python -m uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r $(1) 2> /dev/null \
		|| $(QUIET_PIP) --require-hashes -r $(1)
	@$(QUIET_PIP) --no-deps --no-build-isolation --editable .
	@touch $@
endef

TEMPLATES := $(wildcard bcd_utils/reporting/templates/bcd/*)

.venv/.installed: requirements.lock pyproject.toml $(TEMPLATES)
	$(call install,$<)

.venv/.installed-dev: requirements-dev.lock pyproject.toml $(TEMPLATES)
	$(call install,$<)
	@touch .venv/.installed
