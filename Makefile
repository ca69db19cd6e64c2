# make learn: start the course.  make test: everything that CI runs.  make quick: unit tests, under a minute.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p && break; done)
BIN := .venv/bin
# Two processes share two cores. Files in the order of their names: long ones come early, so that neither process idles.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder
NBVAL := --nbval-cell-timeout 300 -p no:cacheprovider --nbval

# make peers: comparisons.
.PHONY: env learn test peers quick lint book build clean

env: .venv/for-tests

# What a learner needs, and no more; the tests bring the rest.
.venv/for-learners: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info < (3, 14)' 2>/dev/null || \
		{ echo "cnnlearn needs Python 3.11 to 3.13; say which with: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "This Python cannot make environments. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[lab]'
	@touch $@

.venv/for-tests: .venv/for-learners
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

learn: .venv/for-learners
	$(BIN)/cnnlearn learn

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# The notebooks run as a learner's would, but without touching the progress of whoever runs the tests, and without
# progress bars, which slow machines alone would show.
test: lint
	$(PYTEST) --cov --cov-report=term tests
	TQDM_DISABLE=1 CNNLEARN_PROGRESS=$$(mktemp) $(PYTEST) $(NBVAL)-lax lessons
	TQDM_DISABLE=1 CNNLEARN_PROGRESS=$$(mktemp) $(PYTEST) $(NBVAL) solutions

# The comparisons with lime, shap, xplique and tf-keras-vis, which `make test` leaves out.
peers: env
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,peers]'
	$(PYTEST) tests/test_forward.py tests/test_fills.py tests/test_gradients.py tests/test_guided.py tests/test_lime.py \
		tests/test_shapley_explainers.py

quick: env
	$(PYTEST) -q -m "not slow" tests

book: env
	$(BIN)/python -m sphinx --quiet --fail-on-warning docs dist/book
	@echo "The book is in dist/book/index.html."

build: env
	$(BIN)/cnnlearn build

clean:
	rm -rf .venv
