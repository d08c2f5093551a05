# `make` lists the verbs. Each works alone on a fresh clone with Python 3.11 or newer, pip and make.

PORT ?= 8080
DYNAMODB_PORT ?= 8000
APPLE_PORT ?= 8700
FILE ?= retention.yaml
MINUTES ?= 1
BIN := .venv/bin
# -I: these programs ignore the shell's PYTHONPATH, PYTHONHOME, PYTHONWARNINGS …
PYTHON_ALONE := $(BIN)/python -I
SAM_BIN := .venv-sam/bin
REQUIREMENTS := requirements/dev.txt layers/dependencies/requirements.txt
export SAM_CLI_TELEMETRY := 0

# The shell's variables for Python would change what is installed and built. Of pip's variables, scripts/install.py keeps
# those that name the package index and its certificates.
unexport $(filter-out PYTHON,$(filter PYTHON% __PYVENV_%,$(.VARIABLES))) VIRTUAL_ENV SOURCE_DATE_EPOCH

# $(call given,NAME): the value typed after make. The shell's own ENV (sh's startup file) and ARCH are ignored.
given = $(call quoted,$(if $(filter command,$(origin $(1))),$($(1))))
# $(call quoted,TEXT): one word for the shell, blanks and quotes included
quoted = '$(subst ','\'',$(1))'

# $(call environment,FOLDER,REQUIREMENTS): a new virtual environment; pip checks each package's hash and writes to a log.
# No path in a recipe is absolute, so that the path of a checkout may have blanks in it.
define environment
@scripts/check-path
@python=$$(scripts/find-python) || exit 1; echo "Preparing $(1) with $$("$$python" -V)"; \
"$$python" -m venv --clear $(1) && $(1)/bin/python -Es scripts/install.py $(2) > $(1)/pip.log 2>&1 \
  || { grep ERROR $(1)/pip.log; echo "$(1) could not be made: see $(1)/pip.log." >&2; exit 1; }
@touch $@
endef

.DEFAULT_GOAL := help
.PHONY: help setup run serve sandbox test e2e prove fuzz check lint template build deploy bench events pictures clean pins

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed .venv-sam/.made ## make the virtual environments that the other verbs use

run: .venv/.installed ## answer every sample event, and print the last answer in full
	@$(PYTHON_ALONE) -m console.local.demo

# with ENVIRONMENTS the artefact is built first, which needs SAM
serve: .venv/.installed $(if $(ENVIRONMENTS),.venv-sam/.made) ## answer requests over HTTP on PORT (8080; 0 takes a free one); ENVIRONMENTS=N runs the built artefact as Lambda does
	@exec $(PYTHON_ALONE) -m console.local.serve --port $(PORT) --dynamodb-port $(DYNAMODB_PORT) \
	  $(if $(ENVIRONMENTS),--environments $(ENVIRONMENTS)) $(if $(TRUST_ANCHOR),--trust-anchor $(call quoted,$(TRUST_ANCHOR)))

sandbox: .venv/.installed ## try FILE (retention.yaml) with a stack, an endpoint and an App Store simulator on this machine
	@exec $(PYTHON_ALONE) -m console.local.sandbox --file $(call quoted,$(FILE)) --port $(PORT) --aws-port $(DYNAMODB_PORT) --apple-port $(APPLE_PORT)

# uses all cores; the tests of one file stay together, because they share servers
test: .venv/.installed ## run the quick tests, in about two minutes; they need nothing but Python (PYTEST= adds options of pytest)
	@$(PYTHON_ALONE) -m pytest -n auto --dist loadfile $(PYTEST)

e2e: .venv/.installed .venv/.analysis .venv-sam/.made .venv-ministack/.made ## build, deploy, call, update and roll back on a local emulation of AWS, in about three minutes
	@REQUIRE_REAL_PARTS=1 $(PYTHON_ALONE) -m pytest tests/e2e $(PYTEST)

prove: .venv/.installed .venv-sam/.made .venv-fuzz/.made .venv-ministack/.made .venv/.analysis ## run attacks, faults, kills and load at full size, in about 40 minutes; writes docs/reliability.md and docs/evidence.md
	@rm -rf .evidence
	@PROVE=1 REQUIRE_REAL_PARTS=1 $(PYTHON_ALONE) -m pytest tests/reliability $(PYTEST)
	@$(PYTHON_ALONE) -m tests.support.reliability_page
	@$(PYTHON_ALONE) -m tests.support.evidence_page

fuzz: .venv-fuzz/.made ## fuzz the endpoint, guided by coverage, for MINUTES (1); writes what it finds to .fuzz
	@PYTHONPATH=.:handler .venv-fuzz/bin/python -m tests.fuzz --minutes "$(MINUTES)"

# Every test except those of `make e2e`. If a missing part is a failure, make installs the parts that it can.
check: lint template .venv/.installed .venv-sam/.made $(if $(REQUIRE_REAL_PARTS),.venv-fuzz/.made .venv-ministack/.made .venv/.analysis .venv/.browsers) ## run all that CI runs except e2e: lint, types, template, every test, branch coverage of handler/ (95 %) and console/ (90 %)
	@$(PYTHON_ALONE) -m pytest tests --ignore tests/e2e --cov --cov-report= $(PYTEST)
	@$(BIN)/coverage report --include 'handler/*' --fail-under 95
	@$(BIN)/coverage report --include 'console/*' --fail-under 90

lint: .venv/.installed
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/python -m mypy

# cfn-lint with its informational rules; checkov without the checks that the template skips with a reason, and offline.
# Checkov leaves out what the parameters' defaults leave out, so it also gets the template with notifications by default.
template: .venv-sam/.made .venv-checkov/.made
	@$(SAM_BIN)/python -m samcli validate --lint
	@$(SAM_BIN)/python -c 'from cfnlint.runner import main; main()' --include-checks I -- template.yaml
	@mkdir -p .aws-sam && sed -e '/^  Notifications:/,/^  RelayUrl:/s/Default: "off"/Default: push/' \
	  -e '/^  Analysis:/,/^  AnalysisRetentionDays:/s/Default: "off"/Default: "on"/' template.yaml > .aws-sam/push.yaml
	@.venv-checkov/bin/python -m checkov.main --file template.yaml --file .aws-sam/push.yaml --framework cloudformation \
	  --skip-download --quiet --compact

build: .venv-sam/.made ## build the artefact for the architecture in samconfig.toml; if it names none, for ARCH (arm64)
	@$(SAM_BIN)/python -Es scripts/build.py --env $(call given,ENV) --arch $(call given,ARCH)

deploy: .venv/.installed .venv-sam/.made ## build and deploy ENV (sandbox or production); SAM_ARGS= adds options of sam deploy
	@$(BIN)/python -Es scripts/deploy.py --env $(call given,ENV) --nonce $(call given,NONCE)

bench: .venv/.bench .venv-sam/.made ## measure the function and the reference, in about six minutes; prints tables and JSON, and draws a plot; BEFORE=TREE also measures an older checkout
	@$(PYTHON_ALONE) -m benchmarks $(if $(BEFORE),--before $(call quoted,$(BEFORE)))

events: .venv/.installed ## make the sample requests and notifications again, signed by the test authority
	@$(PYTHON_ALONE) -m console.local.make_samples

pictures: .venv/.browsers ## draw the README's picture of the page of `retention preview` again, in Chromium
	@$(PYTHON_ALONE) -m tests.support.pictures

pins: ## update all dependencies to their newest version that is COOLDOWN_DAYS (7) old, with hashes
	@scripts/pins

clean: ## remove everything that was made, virtual environments included
	rm -rf .venv .venv-* .aws-sam .parts .evidence .fuzz .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.made: $(REQUIREMENTS)
	$(call environment,.venv,requirements/dev.txt)

# the project itself, editable and without downloads: the pins include hatchling
.venv/.installed: .venv/.made pyproject.toml
	@$(BIN)/python -Es scripts/install.py --project . > .venv/pip.log 2>&1 \
	  || { echo "The project could not be installed: see .venv/pip.log." >&2; exit 1; }
	@touch $@

# what `retention report` and `retention power` compute with, and what tests read their SQL with
.venv/.analysis: .venv/.installed requirements/analysis.txt
	@$(BIN)/python -Es scripts/install.py requirements/analysis.txt > .venv/pip.log 2>&1 || { cat .venv/pip.log; exit 1; }
	@touch $@

# the plot's library
.venv/.bench: .venv/.installed benchmarks/requirements.txt
	@$(BIN)/python -Es scripts/install.py benchmarks/requirements.txt > .venv/pip.log 2>&1 || { cat .venv/pip.log; exit 1; }
	@touch $@

# what drives the browsers in tests; the browsers are the distribution's (CONTRIBUTING.md)
.venv/.browsers: .venv/.installed requirements/browsers.txt
	@$(BIN)/python -Es scripts/install.py requirements/browsers.txt > .venv/pip.log 2>&1 || { cat .venv/pip.log; exit 1; }
	@touch $@

.venv-sam/.made: requirements/sam.txt
	$(call environment,.venv-sam,requirements/sam.txt)

.venv-ministack/.made: requirements/ministack.txt
	$(call environment,.venv-ministack,requirements/ministack.txt)

.venv-checkov/.made: requirements/checkov.txt
	$(call environment,.venv-checkov,requirements/checkov.txt)

.venv-fuzz/.made: requirements/fuzz.txt
	$(call environment,.venv-fuzz,requirements/fuzz.txt)
