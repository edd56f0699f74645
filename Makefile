# A fresh machine needs git, make, Python 3.11 or later and a package index; the rest comes from here.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# The two builds of ONNX Runtime overwrite each other: one or the other, never both.
HAS_GPU := $(shell nvidia-smi >/dev/null 2>&1 && echo yes)

# The page is tested in the browser that is there, under any of its names.
CHROMIUM := chromium chromium-browser google-chrome google-chrome-stable

# Servers and readers of others: for live ends, what is written, and what servers share.
BESIDE := ffmpeg redis-server gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good

.PHONY: demo test test-all lint format clean browser programs

demo: .venv/demo
	$(BIN)/python -m examples.demo $(if $(VIDEO),--video "$(VIDEO)")

test: .venv/test browser programs lint
	$(BIN)/python -m pytest

test-all: .venv/test browser programs lint
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

# Without one, and where it may not be installed, the tests of the page say why they are skipped.
browser:
	@for name in $(CHROMIUM); do command -v $$name >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing chromium for the tests of the page"; \
		{ apt-get update -qq; DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 || \
			echo "chromium cannot be installed: the tests of the page are skipped"; \
	fi

programs:
	@dpkg-query -W $(BESIDE) >/dev/null 2>&1 && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing $(BESIDE) for the tests beside them"; \
		{ apt-get update -qq; DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends $(BESIDE); } >/dev/null 2>&1 || \
			echo "they cannot be installed: the tests that need them are skipped"; \
	fi

comma := ,
