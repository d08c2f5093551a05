# What `sam build` runs. SAM gives make only ARTIFACTS_DIR and a copy of the resource's folder to stand in; the
# architecture comes from the Makefile that includes this one, which the template's ContextPath chooses.
# Needs python3.13 with pip on PATH (`make build` sees to it): bytecode is only read by the Python that wrote it.

PYTHON := python3.13
ROOT := $(dir $(lastword $(MAKEFILE_LIST)))..
MACHINE := $(if $(filter arm64,$(ARCH)),aarch64,x86_64)
# every glibc that Lambda's Amazon Linux 2023 (2.34) can run
PLATFORMS := $(foreach tag,manylinux_2_34 manylinux_2_28 manylinux_2_17 manylinux2014,--platform $(tag)_$(MACHINE))
# Lambda's file system is read-only: what is not compiled here is compiled again at every cold start. The hash is not
# checked at import, so no file's time matters, and the recorded path is the one inside Lambda.
COMPILE = $(PYTHON) -m compileall -qq --invalidation-mode unchecked-hash -s $(ARTIFACTS_DIR) -p

.PHONY: build-GetRetentionMessage build-SyncStates build-Dependencies

# Two functions of the same code. RELEASE: a change of parameters alone publishes no version, and the alias would keep
# the old ones. This file changes with them, and says nothing but a digest.
build-GetRetentionMessage build-SyncStates:
	mkdir -p $(ARTIFACTS_DIR)/retention
	cp *.py $(ARTIFACTS_DIR)
	cp retention/*.py retention/*.cer $(ARTIFACTS_DIR)/retention
	cat $(ROOT)/template.yaml $(ROOT)/samconfig.toml | sha256sum | cut -c 1-64 > $(ARTIFACTS_DIR)/RELEASE
	$(COMPILE) /var/task $(ARTIFACTS_DIR)
	$(PYTHON) $(ROOT)/scripts/layer.py settle $(ARTIFACTS_DIR)

build-Dependencies:
	$(PYTHON) -m pip install -q --disable-pip-version-check --no-compile --require-hashes --no-deps \
	  --only-binary :all: --implementation cp --python-version 3.13 $(PLATFORMS) \
	  --target $(ARTIFACTS_DIR)/python -r requirements.txt
	$(PYTHON) $(ROOT)/scripts/layer.py trim $(ARTIFACTS_DIR)
	$(COMPILE) /opt $(ARTIFACTS_DIR)
	$(PYTHON) $(ROOT)/scripts/layer.py settle $(ARTIFACTS_DIR)
	$(PYTHON) $(ROOT)/scripts/layer.py check $(ARTIFACTS_DIR) $(MACHINE)
