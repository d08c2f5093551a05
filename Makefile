# `make` lists the verbs. Each works alone on a fresh clone with Python 3.11 or newer, pip and make.

PORT ?= 8080
DYNAMODB_PORT ?= 8000
APPLE_PORT ?= 8700
FILE ?= retention.yaml
MINUTES ?= 1
BIN := .venv/bin
# -I: what the shell holds for Python (PYTHONPATH, PYTHONHOME, PYTHONWARNINGS …) is not for these programs
PYTHON_ALONE := $(BIN)/python -I
SAM_BIN := .venv-sam/bin
REQUIREMENTS := requirements/dev.txt layers/dependencies/requirements.txt
export SAM_CLI_TELEMETRY := 0

# What the shell sets for Python would change what is installed and built. Of pip's variables scripts/install.py takes
# those that say where packages come from.
unexport $(filter-out PYTHON,$(filter PYTHON% __PYVENV_%,$(.VARIABLES))) VIRTUAL_ENV SOURCE_DATE_EPOCH

# $(call given,NAME): what was typed after make. A shell has its own ideas of ENV (sh's startup file) and ARCH.
given = $(call quoted,$(if $(filter command,$(origin $(1))),$($(1))))
# $(call quoted,TEXT): one word for the shell, blanks and quotes included
quoted = '$(subst ','\'',$(1))'

# $(call environment,FOLDER,REQUIREMENTS): a new virtual environment, of packages held to their hashes. What pip says
# goes to a log. No path in a recipe is absolute, so that a checkout's own may have blanks in it.
define environment
@scripts/check-path
@python=$$(scripts/find-python) || exit 1; echo "Preparing $(1) with $$("$$python" -V)"; \
"$$python" -m venv --clear $(1) && $(1)/bin/python -Es scripts/install.py $(2) > $(1)/pip.log 2>&1 \
  || { grep ERROR $(1)/pip.log; echo "$(1) could not be made; $(1)/pip.log says more." >&2; exit 1; }
@touch $@
endef

.DEFAULT_GOAL := help
.PHONY: help setup run serve sandbox test e2e prove fuzz check lint template build deploy bench events clean pins

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed .venv-sam/.made ## make the virtual environments that the other verbs use

run: .venv/.installed ## answer every sample event, and show the last answer whole
	@$(PYTHON_ALONE) -m console.local.demo

# with ENVIRONMENTS, the built artefact under Lambda's runtime: that takes SAM's environment
serve: .venv/.installed $(if $(ENVIRONMENTS),.venv-sam/.made) ## the same as an HTTP endpoint on PORT (8080; 0 finds a free one); ENVIRONMENTS=N runs it as Lambda would
	@exec $(PYTHON_ALONE) -m console.local.serve --port $(PORT) --dynamodb-port $(DYNAMODB_PORT) \
	  $(if $(ENVIRONMENTS),--environments $(ENVIRONMENTS)) $(if $(TRUST_ANCHOR),--trust-anchor $(call quoted,$(TRUST_ANCHOR)))

sandbox: .venv/.installed ## try FILE (retention.yaml) with a stack, an endpoint and an App Store of its own, all on this machine
	@exec $(PYTHON_ALONE) -m console.local.sandbox --file $(call quoted,$(FILE)) --port $(PORT) --aws-port $(DYNAMODB_PORT) --apple-port $(APPLE_PORT)

# where a missing part is a failure, the parts that make can have are there
test: .venv/.installed .venv-sam/.made $(if $(REQUIRE_REAL_PARTS),.venv-checkov/.made .venv-fuzz/.made) ## all tests (PYTEST= adds options); handler/ keeps 95 % branch coverage
	@$(PYTHON_ALONE) -m pytest --cov --cov-report=term --cov-fail-under=95 $(PYTEST)

e2e: .venv/.installed .venv-sam/.made .venv-ministack/.made ## build, deploy, ask, update and roll back on a whole local AWS, in some two minutes
	@REQUIRE_REAL_PARTS=1 $(PYTHON_ALONE) -m pytest tests/e2e $(PYTEST)

prove: .venv/.installed .venv-sam/.made .venv-fuzz/.made ## attacks, faults, kills and load at full size, in some fifteen minutes; writes docs/reliability.md
	@rm -rf .evidence
	@PROVE=1 REQUIRE_REAL_PARTS=1 $(PYTHON_ALONE) -m pytest tests/reliability $(PYTEST)
	@$(PYTHON_ALONE) -m tests.support.reliability_page

fuzz: .venv-fuzz/.made ## coverage-guided fuzzing of the endpoint for MINUTES (1); what it finds stays in .fuzz
	@PYTHONPATH=.:handler .venv-fuzz/bin/python -m tests.fuzz --minutes "$(MINUTES)"

check: lint template test ## what CI runs: lint, types, template and tests

lint: .venv/.installed
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/python -m mypy

# cfn-lint with its informational rules too; checkov with the skips argued in the template, asking nobody on the network
template: .venv-sam/.made .venv-checkov/.made
	@$(SAM_BIN)/python -m samcli validate --lint
	@$(SAM_BIN)/python -c 'from cfnlint.runner import main; main()' --include-checks I -- template.yaml
	@.venv-checkov/bin/python -m checkov.main --file template.yaml --framework cloudformation --skip-download --quiet --compact

build: .venv-sam/.made ## the artefact, for the architecture in samconfig.toml; where it names none, for ARCH (arm64)
	@$(SAM_BIN)/python -Es scripts/build.py --env $(call given,ENV) --arch $(call given,ARCH)

deploy: .venv/.installed .venv-sam/.made ## build and deploy ENV (sandbox or production); SAM_ARGS= adds options of sam deploy
	@$(BIN)/python -Es scripts/deploy.py --env $(call given,ENV) --nonce $(call given,NONCE)

bench: .venv/.bench .venv-sam/.made ## measure ours and the reference, in some six minutes: table, plot, figures as JSON; BEFORE=TREE measures an older checkout too
	@$(PYTHON_ALONE) -m benchmarks $(if $(BEFORE),--before $(call quoted,$(BEFORE)))

events: .venv/.installed ## re-make the sample events and the test CA's certificates
	@$(PYTHON_ALONE) -m console.local.sample_events

pins: ## take the newest versions of all dependencies that are COOLDOWN_DAYS (7) old, with their hashes
	@scripts/pins

clean: ## remove everything that was made, virtual environments included
	rm -rf .venv .venv-* .aws-sam .parts .evidence .fuzz .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.made: $(REQUIREMENTS)
	$(call environment,.venv,requirements/dev.txt)

# the project itself, editable and without fetching anything: hatchling came with the pins
.venv/.installed: .venv/.made pyproject.toml
	@$(BIN)/python -Es scripts/install.py --project . > .venv/pip.log 2>&1 \
	  || { echo "The project could not be installed; .venv/pip.log says why." >&2; exit 1; }
	@touch $@

# the plot's library
.venv/.bench: .venv/.installed benchmarks/requirements.txt
	@$(BIN)/python -Es scripts/install.py benchmarks/requirements.txt > .venv/pip.log 2>&1 || { cat .venv/pip.log; exit 1; }
	@touch $@

.venv-sam/.made: requirements/sam.txt
	$(call environment,.venv-sam,requirements/sam.txt)

.venv-ministack/.made: requirements/ministack.txt
	$(call environment,.venv-ministack,requirements/ministack.txt)

.venv-checkov/.made: requirements/checkov.txt
	$(call environment,.venv-checkov,requirements/checkov.txt)

.venv-fuzz/.made: requirements/fuzz.txt
	$(call environment,.venv-fuzz,requirements/fuzz.txt)
