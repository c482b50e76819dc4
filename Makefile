# Targets with "##" are listed by `make help`. Everything lives in .venv and .fairroam of this clone.
PYTHON ?= python3
BIN := .venv/bin
STYLES := fairroam/web/components/static/components/app.css

.DEFAULT_GOAL := help
.PHONY: help setup demo run check test night bench promises books docs shots certificates styles messages setup-test \
	check-types check-style check-imports check-migrations test-browser test-rest

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

.venv/.run: requirements.lock pyproject.toml
	@scripts/need-debian python3-venv
	@test -x $(BIN)/python || { echo "Making .venv"; $(PYTHON) -m venv .venv; }
	@echo "Installing Python packages from requirements.lock"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.test: requirements-test.lock .venv/.run
	@scripts/need-debian python3-venv chromium fonts-noto-cjk postgresql-15 zbar-tools
	@echo "Installing what the tests need from requirements-test.lock"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@

setup: .venv/.run styles messages ## make .venv with the `fairroam` command
setup-test: .venv/.test styles messages

styles: .venv/.run
	@$(BIN)/python -m fairroam.project.styles

messages: .venv/.run
	@$(BIN)/python -m fairroam.project.messages

demo: setup ## start the whole service with demo data; prints addresses and sign-ins; Ctrl-C stops it
	@$(BIN)/fairroam demo

run: setup ## start the service with the settings of the environment, no demo data
	@$(BIN)/fairroam run

check: setup-test ## format, lint, types, import rules, migrations
	@$(MAKE) --no-print-directory -j 2 --output-sync=target check-types check-style check-imports check-migrations

check-types:
	@$(BIN)/mypy

check-style:
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .

check-imports:
	@$(BIN)/lint-imports

check-migrations:
	@$(BIN)/python -W ignore::RuntimeWarning $(BIN)/fairroam makemigrations --check --dry-run

test: check ## the checks, then all tests but the nightly ones
	@$(MAKE) --no-print-directory -j 2 test-browser test-rest

# The browser has an event loop of its own, which tests of the database do not get on with.
test-browser:
	@$(BIN)/pytest tests/browser $(ALSO)

test-rest:
	@$(BIN)/pytest -n 2 --ignore tests/browser $(ALSO)

night: check ## everything: all races, crash points and pages
	@$(MAKE) --no-print-directory -j 2 test-browser test-rest ALSO=--night

bench: setup-test ## every published figure, measured now
	@for figure in bench/*.py; do echo "== $$figure"; $(BIN)/python $$figure || failed=1; done; exit $${failed:-0}

promises: setup-test ## the promises of docs/promises.md and the tests that keep them
	@$(BIN)/python scripts/promises.py

books: setup ## ask every app what contradicts the books
	@$(BIN)/fairroam books

docs: setup-test ## build the documentation into .fairroam/docs
	@$(BIN)/mkdocs build --quiet

shots: setup-test ## take the pictures of the README again
	@$(BIN)/python scripts/shots.py

certificates: setup ## test certificates for ES2+ over mutual TLS, in .fairroam/certificates
	@$(BIN)/python scripts/certificates.py
