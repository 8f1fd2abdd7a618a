# Everything needs only Python >= 3.11 and make: the virtual environment is made on
# first use, with the exact versions of constraints.txt.

PYTHON ?= python3
PRESET ?= paper
SOLVER ?=
# JAX comes with CUDA where an NVIDIA driver answers; GPU=0 forbids it, GPU=1 insists.
GPU ?= $(shell nvidia-smi -L </dev/null >/dev/null 2>&1 && echo 1 || echo 0)
ifeq ($(origin GPU) $(GPU),command line 0)
  export JAX_PLATFORMS = cpu
endif
PROJECT := .$(if $(filter 1,$(GPU)),[cuda])
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help install install-dev ring test fuzz results bench gate atlas docs clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# Stamps are made last, so that an installation that was cut short is repeated.
$(VENV)/pip.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is required: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip==26.3"
	@touch $@

# One stamp for each choice of device, so that another choice installs anew.
GPU_STAMP := $(VENV)/gpu-$(filter 1,$(GPU)).stamp

$(GPU_STAMP): $(VENV)/pip.stamp
	@rm -f $(VENV)/gpu-*.stamp
	@touch $@

$(VENV)/run.stamp: $(GPU_STAMP) pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e "$(PROJECT)"
	@touch $@
# Beside what comes next: the first counts need not wait for the compiler.
	@nice $(BIN)/python scripts/compile_ahead.py </dev/null >/dev/null 2>&1 &

$(VENV)/dev.stamp: $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet -c constraints.txt -e . --group dev
	@touch $@

install: $(VENV)/run.stamp  ## Make .venv with what the experiments need

install-dev: $(VENV)/dev.stamp  ## The same, with the tools of the tests

ring: $(VENV)/run.stamp  ## Train on the ring and find every region (PRESET=smoke, SOLVER=cvxpy)
	@$(BIN)/python scripts/ring.py --preset $(PRESET) $(if $(SOLVER),--solver $(SOLVER))

test: $(VENV)/dev.stamp  ## Run all tests
	$(BIN)/python -m pytest -n auto --dist worksteal --durations 30 \
	  --junitxml .pytest_cache/durations.xml

fuzz: $(VENV)/dev.stamp  ## Damaged files, round trips and kills by the hundred (an hour)
	@$(BIN)/python -m tests.fuzz.damaged_files
	@$(BIN)/python -m tests.fuzz.round_trips
	@$(BIN)/python -m tests.fuzz.kills

results: $(VENV)/run.stamp  ## Run and publish every study that is older than its code (hours)
	@$(BIN)/python scripts/results.py --run

bench: $(VENV)/run.stamp  ## Time everything, with the floor beside each (minutes)
	@$(BIN)/python -m benchmarks.bench

gate: $(VENV)/run.stamp  ## Fail if a benchmark is slower than what is kept of it (quiet machine)
	@$(BIN)/python -m benchmarks.gate

$(VENV)/docs.stamp: $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[docs]'
	@touch $@

docs: $(VENV)/docs.stamp  ## Build the site into site/; a broken link is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Only for changes of the page: the built one is committed, and users need no Node.
atlas:  ## Build the atlas page from atlas/ (needs Node and npm)
	cd atlas && npm ci --no-fund --no-audit && npm run build

clean:  ## Remove .venv and caches; runs/ is kept
	rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/relu-regions/tests-jax"
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
