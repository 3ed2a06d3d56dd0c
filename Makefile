# The project's verbs. `make demo` and `make test` do their whole set-up on a new Debian machine with Python and make.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check

PARTS := api/pages/node_modules/.package-lock.json

.PHONY: setup demo test lint fix bench mutants vectors pictures lock parts debian

setup: $(VENV)/dev.stamp debian parts

# Without npm the demo runs all the same, without what a browser's own modules do.
demo: $(VENV)/runtime.stamp
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory parts; \
		else echo "npm is missing: no camera, device keys, offline work or verifier page (apt-get install npm, then make parts)"; fi
	$(VENV)/bin/wasteledger demo --serve

# One worker more than there are cores: who drives a browser mostly waits for it.
test: lint debian parts
	$(PY) -m pytest -n $$(( $$(nproc) + 1 ))

# What pages load from npm, pinned by package-lock.json.
parts: $(PARTS)
$(PARTS): api/pages/package-lock.json
	npm ci --silent --prefix api/pages
	@touch $@

# What the tests need of Debian: a browser with Chinese letters, and node for the parts and the JavaScript examples.
debian:
	@missing=; command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v node >/dev/null || missing="$$missing nodejs"; command -v npm >/dev/null || missing="$$missing npm"; \
	ls /usr/share/fonts/truetype/wqy/*.ttc >/dev/null 2>&1 || missing="$$missing fonts-wqy-microhei"; \
	[ -z "$$missing" ] || if [ "$$(id -u)" = 0 ]; then apt-get update && apt-get install --yes $$missing; \
	else echo "missing Debian packages; run: sudo apt-get install --yes$$missing" >&2; exit 1; fi

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

# Is there a test that fails for every fault? What survives is told in docs/explanation/mutants.md.
mutants: $(VENV)/dev.stamp
	nice $(VENV)/bin/mutmut run --max-children 1
	$(VENV)/bin/mutmut results

vectors: $(VENV)/dev.stamp
	$(PY) -m tests.support.vectors
	$(PY) -m tests.support.event_pages

# The README's pictures, taken of the demo park in a real browser.
pictures: $(VENV)/dev.stamp debian parts
	$(PY) -m tests.support.pictures

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
