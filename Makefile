# Every command. `make` prints the main ones, `make help-all` all of them.
#
#   mk/toolchain.mk  the tools, how a Windows program starts, the output
#   mk/commands.mk   a table: what each command needs, and its variables
#   mk/stages.mk     the five steps and final: how they are built and run
#   mk/tests.mk      the suites, and the programs that they start
#   mk/lab.mk        the lab under a program: trace, modes, checker, sweep, ...
#   mk/book.mk       a page that plays a run; the book
#   mk/learner.mk    your own program of a step: start, try, hint, ...
#   mk/dotnet.mk     the steps and contenders in C#, on .NET
#   mk/bench.mk      the benchmark
#   mk/lint.mk       formats, static analysis, words
#   mk/install.mk    final's library for other programs
.DEFAULT_GOAL := help

include mk/toolchain.mk
include mk/commands.mk
include mk/stages.mk
include mk/tests.mk
include mk/lab.mk
include mk/learner.mk
include mk/book.mk
include mk/dotnet.mk
include mk/bench.mk
include mk/lint.mk
include mk/install.mk

# All that the suites need is known now.
test test-build test-explore flaky test-io $(if $(CHECK_SUITES),check): $(TEST_FILES)

# The headers of each object file: the compiler has written these rules.
-include $(shell find build/obj -name '*.d' 2>/dev/null)

.PHONY: help help-all all clean
help:
	@cat mk/help.txt

help-all:
	@cat mk/help-all.txt

all: $(EXES)

# Ends the Windows programs of our Wine prefix, and no others. Keeps the roots of
# other systems: see clean-systems.
clean:
	@[ ! -d build/wine ] || PATH="$$(dirname "$$(command -v $(subst \
	  $(space),\$(space),$(WINE)))"):$$PATH" wineserver -k 2>/dev/null || :
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name systems \
	  -exec rm -rf {} +
