# `make help` lists what there is. Needs Python 3.11 or newer (with venv), make and git; the rest is installed.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON := .venv/bin/python
SETUP := setup.cfg pyproject.toml setup.py deploy/assets/package-lock.json
VENDOR := pages/static/vendor/uplot.integrity
SEEDS ?= 200
FIRST ?= 0
KILLS ?= 30

.PHONY: help run test check sim chaos mutants bench bench-peers firmware firmware-test tables roles format

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/run $(VENDOR) ## everything on this machine, without any hardware: device, edge, sync and cloud
	@$(PYTHON) deploy/demo/run.py

# Without groups, loadgroup hands out one test after another, so that both end at about the same time.
test: check ## everything that must be green: check, then all tests
	@deploy/ready.sh chromium strace faketime postgres avr arduino simavr doctest
	$(PYTHON) -m pytest -n 2 --dist loadgroup -m 'not alone'
	$(PYTHON) -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m alone

check: .venv/test $(VENDOR) ## format, lint and types
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy --strict .

format: .venv/test ## put every file into the house's format
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

sim: .venv/test ## the whole house in one process, SEEDS=n random histories
	PYTHONPATH=tests $(PYTHON) -m sim --seeds $(SEEDS) --first $(FIRST)

chaos: .venv/test ## real processes killed at random, KILLS=n times; the last line is the verdict
	$(PYTHON) -m tests.chaos --kills $(KILLS)

mutants: .venv/test ## each defence against the twelve faults taken out in turn: its test must fail
	@deploy/ready.sh strace
	$(PYTHON) -m tests.mutants

bench: .venv/test ## the figures of bench/, in at most 10 minutes
	$(PYTHON) -m bench

bench-peers: .venv/test ## side by side with vmagent, a mosquitto bridge and thingsboard-gateway, in about 10 minutes
	@deploy/ready.sh chromium victoria-metrics mosquitto gateway
	$(PYTHON) -m bench.peers

firmware: ## the Arduino sketch as build/firmware/kembar.hex; says how much flash and RAM it uses
	@deploy/ready.sh avr
	@$(MAKE) --no-print-directory -j2 -f firmware/avr.mk OUT=build/firmware

firmware-test: .venv/test ## the tests of the sketch alone: on this machine and in the simulator
	@deploy/ready.sh avr arduino simavr doctest
	$(PYTHON) -m pytest tests/test_firmware_*.py

tables: .venv/run ## bring the tables in ARCHITECTURE.md and docs/ up to date
	$(PYTHON) deploy/describe.py

roles: .venv/test ## docs/roles.md anew: every route of the hosted site, asked as every kind of visitor
	PYTHONPATH=tests $(PYTHON) -m doors

.venv/made:
	@deploy/ready.sh venv
	@touch $@

.venv/run: .venv/made $(SETUP)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable '.[cloud]'
	@touch $@

.venv/test: .venv/made $(SETUP)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ .venv/run

# Building the package fetches the chart library, with an npm of its own if need be; a failure there is silent
# in an editable installation, so it is looked for here and the reason told.
$(VENDOR): deploy/assets/package-lock.json | .venv/run
	@test -e $@ || $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@test -e $@ || $(PYTHON) deploy/fetch_assets.py
	@touch -c $@
