# A fresh machine needs git, make, Python 3.11 or later and a package index; the rest comes from here.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# The two builds of ONNX Runtime overwrite each other: one or the other, never both.
HAS_GPU := $(shell nvidia-smi >/dev/null 2>&1 && echo yes)

.PHONY: demo test test-all lint format clean

demo: .venv/demo
	$(BIN)/python -m examples.demo $(if $(VIDEO),--video "$(VIDEO)")

test: .venv/test lint
	$(BIN)/python -m pytest

test-all: .venv/test lint
	$(BIN)/python -m pytest -m ""

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv demo dist

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "livematte needs Python 3.11 or later: install it, or make PYTHON=path"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/demo: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[demo$(if $(HAS_GPU),$(comma)gpu)]"
	@touch $@

.venv/test: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[test,$(if $(HAS_GPU),gpu,cpu)]"
	@touch $@

comma := ,
