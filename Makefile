# The project's verbs. `make demo` and `make test` do their whole set-up on a new Debian machine with Python and make.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check

.PHONY: setup demo test lint fix bench vectors lock

setup: $(VENV)/dev.stamp

demo: $(VENV)/runtime.stamp
	$(VENV)/bin/wasteledger demo --serve

test: lint
	$(PY) -m pytest -n logical

lint: $(VENV)/dev.stamp
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

fix: $(VENV)/dev.stamp
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(VENV)/dev.stamp
	$(PY) -m benchmarks

vectors: $(VENV)/dev.stamp
	$(PY) -m tests.support.vectors
	$(PY) -m tests.support.event_pages

# Pins every dependency by version and hash, the newest that fit pyproject.toml.
LOCK := $(VENV)/bin/uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"
lock: $(VENV)/bin/python
	$(PIP_INSTALL) uv
	$(LOCK) --group build --output-file requirements.lock
	$(LOCK) --group dev --constraints requirements.lock --output-file requirements-dev.lock

# A stamp is older than its lock file when the lock changed: then the environment is brought up to date.
$(VENV)/runtime.stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP_INSTALL) --require-hashes --requirement requirements.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/runtime.stamp
	$(PIP_INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@

# `activate` is the last file that venv writes: without it, or with a dangling python, the environment is made anew.
$(VENV)/bin/python $(VENV)/bin/activate &:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "expected Python 3.11 or newer, got $$($(PYTHON) -V 2>&1); try: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		if [ "$$(id -u)" = 0 ]; then apt-get update && apt-get install --yes python3-venv; \
		else echo "Python's venv module is missing; run: sudo apt-get install --yes python3-venv" >&2; exit 1; fi
	$(PYTHON) -m venv --clear $(VENV)
