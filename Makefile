# Every command. `make` prints the main ones, `make help-all` all of them.
.DEFAULT_GOAL := help

include mk/toolchain.mk
include mk/commands.mk
include mk/output.mk
include mk/stages.mk
include mk/tests.mk
include mk/lab.mk
include mk/probe.mk
include mk/modes.mk
include mk/sweep.mk
include mk/pitfalls.mk
include mk/checker.mk
include mk/trace.mk
include mk/lint.mk
include mk/workflows.mk
include mk/debug.mk
include mk/bench.mk
include mk/dotnet.mk
include mk/systems.mk
include mk/doctor.mk

# All that the suites need is known now.
test flaky test-io $(if $(CHECK_SUITES),check): $(TEST_FILES)

# What each object file was made from, as the compiler has written it down.
-include $(shell find build/obj -name '*.d' 2>/dev/null)

.PHONY: help help-all all setup clean
help:
	@cat mk/help.txt

help-all:
	@cat mk/help-all.txt

all: $(EXES)

# Runs first: says what is missing, and installs it where it can.
setup:
	@NEEDS='$(NEEDS)' CC='$(CC)' CXX='$(CXX)' HOST_CC='$(HOST_CC)' \
	  ASIO='$(ASIO)' WINE='$(WINE)' NO_INSTALL='$(NO_INSTALL)' tools/setup.sh

# The Windows programs of our Wine prefix are ended, no others. Roots of other
# systems stay: see clean-systems.
clean:
	@[ ! -d build/wine ] || PATH="$$(dirname "$$(command -v $(subst \
	  $(space),\$(space),$(WINE)))"):$$PATH" wineserver -k 2>/dev/null || :
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name systems \
	  -exec rm -rf {} +
