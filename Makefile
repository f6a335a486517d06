# Every command. `make` alone prints them.
.DEFAULT_GOAL := help

include mk/toolchain.mk
include mk/stages.mk
include mk/compare.mk
include mk/tests.mk
include mk/lab.mk
include mk/probe.mk
include mk/modes.mk
include mk/sweep.mk
include mk/pitfalls.mk
include mk/lint.mk
include mk/checker.mk
include mk/bench.mk
include mk/dotnet.mk
include mk/trace.mk
include mk/coverage.mk

.PHONY: help all clean setup
help:
	@echo 'make run                 build every stage and run it on a sample file'
	@echo 'make run STEP=3          one stage: STEP is 1 to 5, or final'
	@echo 'make run FILE=notes.txt  on a file of yours'
	@echo 'make run STEP=5 ARGS=64  with further arguments: here an offset'
	@echo 'make run STEP=5 SLOW=1   on a pipe that is fed a piece every 300 ms'
	@echo 'make run STEP=5 IO=pending   each I/O ends as lab/modes/README.md tells'
	@echo 'make run STEP=5 DIR=mine     your own C sources in the place of a stage'
	@echo 'make all                 only build; make step1 ... step5, final: one stage'
	@echo 'make test                test every stage; STEP=3: one'
	@echo 'make test-io             the tests again, in each I/O mode; MODES=pending'
	@echo 'make check STEP=5        its tests, and then who checks its overlapped I/O'
	@echo 'make check STEP=5 DIR=mine ONLY=checker   on C sources of yours'
	@echo 'make compare FILE=big    read a file in five ways, and set them side by side'
	@echo 'make probe               what this system does, and what Windows documents'
	@echo 'make trace STEP=5        what it does, as a timeline and a picture; DIR=mine: yours'
	@echo 'make flaky RUNS=25       run the tests many times, to find one that wavers'
	@echo 'make stress SEED=7       final, everything at once; REQUESTS=1000000'
	@echo 'make sweep               let each call fail in turn; STEP=3: of one stage'
	@echo 'make coverage            which lines of final the tests run'
	@echo 'make bench-quick         the pool beside others, under 60 s; make bench: in full'
	@echo 'make dotnet STEP=5        the same in C#, on the real .NET; fetches it once (153 MB)'
	@echo 'make pitfalls            the gallery of broken programs, a line each'
	@echo 'make pitfall NAME=...    one of them: the mistake, what you see, the report'
	@echo 'make lint                format, clang-tidy, cppcheck, -fanalyzer'
	@echo 'make clean               remove build/, where everything made is kept'
	@echo 'NO_INSTALL=1             before any command: say what is missing, install nothing'

all: $(EXES)

# Runs first: says what is missing, and installs it where it can.
setup:
	@NEEDS='$(NEEDS)' CC='$(CC)' CXX='$(CXX)' HOST_CC='$(HOST_CC)' \
	  ASIO='$(ASIO)' WINE='$(WINE)' NO_INSTALL='$(NO_INSTALL)' tools/setup.sh

# The Windows programs of our Wine prefix are ended, no others.
clean:
	@[ ! -d build/wine ] || wineserver -k 2>/dev/null || :
	rm -rf build
