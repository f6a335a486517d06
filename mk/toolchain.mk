# The tools, and how a Windows program is started.

# .SHELLFLAGS came with "oneshell", in 3.82. Without it a failure in a pipe would
# pass, as with macOS's own make.
ifeq ($(filter oneshell,$(.FEATURES)),)
$(error make $(MAKE_VERSION) overlooks failures: on macOS type \
  "brew install make", and then gmake instead of make)
endif

empty :=
space := $(empty) $(empty)
comma := ,

# pipefail: a program's exit status survives the pipe behind it.
SHELL := bash
.SHELLFLAGS := -o pipefail -c
.DELETE_ON_ERROR:
# As many at once as there are processors; but not for `make clean all`, nor if
# another make has called this one, and decides.
ifeq ($(MAKELEVEL)$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN)
endif
.SUFFIXES:

# On Windows itself (MSYS2) neither a cross compiler nor Wine is needed.
UNAME := $(shell uname -s)
ifneq ($(filter MINGW% MSYS% UCRT% CLANG%,$(UNAME)),)
CROSS ?=
WINE ?=
endif

# CC and CXX make Windows programs; HOST_CC makes the tests, which start them.
CROSS ?= x86_64-w64-mingw32-
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(CROSS)gcc
endif
# Debian has two; std::thread is only in the one with POSIX threads.
ifneq ($(filter default undefined,$(origin CXX)),)
CXX = $(or $(shell command -v $(CROSS)g++-posix),$(CROSS)g++)
endif
WINDRES ?= $(CROSS)windres
WINAR ?= $(CROSS)ar
OBJCOPY ?= $(CROSS)objcopy
GCOV ?= $(CROSS)gcov
ADDR2LINE ?= $(CROSS)addr2line
export ADDR2LINE
HOST_CC ?= cc

CFLAGS ?= -O2 -g
# WERROR= lets warnings pass while you try something.
WERROR ?= -Werror
STRICT := -std=c17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow $(WERROR)
# wmain; no DLL beside the system's; NtSetIoCompletion, SHA-256, WaitOnAddress.
WIN_LDFLAGS := -municode -static
WIN_LDLIBS := -lntdll -lbcrypt -lsynchronization

# The launcher. Empty: an .exe is run as it is (WSL, Windows).
WINE ?= wine
ifneq ($(WINE),)
export WINEPREFIX := $(CURDIR)/build/wine
export WINEDEBUG := -all
# No debugger after a crash, no desktop entries, no offers to download.
export WINEDLLOVERRIDES := winedbg.exe,winemenubuilder.exe,mscoree,mshtml=d
# Wine reads file names in the locale's encoding.
export LC_ALL := $(if $(filter Darwin,$(UNAME)),en_US.UTF-8,C.UTF-8)
unexport DISPLAY WAYLAND_DISPLAY
# Where it is allowed, addresses are not randomized: otherwise one start in some
# 6,000 fails without a word, when the heap lands where Wine 8 wants its page of
# shared data (Linux 6.18, Wine 8.0; seen with WINEDEBUG=err+virtual).
NO_ASLR := $(shell setarch -R true 2>/dev/null && echo setarch -R)
# When a process ends itself, Wine ends its other threads with SIGQUIT. A thread
# that is just leaving has already been subtracted from the number of threads;
# the signal makes it subtract itself again. At 0, Wine takes that thread for
# the last one and ends the process with this thread's status, 0, before the
# status that the program chose (Wine 10.0: dlls/ntdll/unix/thread.c, exit_thread
# and abort_thread; tests/support/leaving.c). With SIGQUIT blocked, the other
# threads end with the process. env on macOS cannot block a signal.
QUIT_BLOCKED := $(shell env --block-signal=QUIT true 2>/dev/null && \
  echo env --block-signal=QUIT)
WINE_READY := build/wine/made
endif
# WINE is the path of one program, and may have spaces in it. In LAUNCHER they
# are quoted, for a shell and for all who take it apart as a shell does.
QUOTED_WINE := $(subst $(space),\$(space),$(WINE))
# A program inherits what PREPARED sets, so what starts many is itself prepared.
PREPARED := $(NO_ASLR) $(QUIT_BLOCKED)
LAUNCHER := $(PREPARED) $(QUOTED_WINE)

# What our Windows programs read. From WSL a Windows program gets only variables
# that WSLENV names.
PASSED := IO HOOK CHECK TRACE TRACE_RECORDS LEDGER BENCH_SERVER
export WSLENV := $(subst $(space),:,$(strip \
  $(filter-out $(PASSED),$(subst :, ,$(WSLENV))) $(PASSED)))

# Wine's own directory is made once. What Wine prints is of interest only if it
# fails.
build/wine/made: | setup
	@mkdir -p build
	@echo 'Making a Wine prefix in build/wine (once) ...'
	@export WINEDEBUG=fixme-all,err+all; \
	  $(LAUNCHER) wineboot --init >build/wine.log 2>&1 </dev/null || { \
	  $(call wine_fails,make its directory build/wine,wineboot --init); }
	@touch $@

wine_fails = { echo 'Wine cannot $(1). Tried: $(LAUNCHER) $(2)'; \
  echo 'It printed:'; grep . build/wine.log || echo '(nothing)'; } >&2; exit 1

# Wine starts its services with the first program, and ends them after the last
# one. Both take time, and the services hold the first program's stderr. So a
# recipe that starts programs begins with $(stay): cmd starts the services, and
# stays until its stdin, descriptor 9, is closed with the recipe's shell. It is
# there when it has printed something.
ifneq ($(WINE),)
stay = stays=build/stays.$$$$; \
  exec 9> >($(NO_ASLR) $(QUOTED_WINE) cmd >$$stays 2>build/wine.log || \
    echo failed >$$stays); \
  for i in $$(seq 1200); do [ -s $$stays ] && break; sleep 0.05; done; \
  state=$$(cat $$stays); rm -f $$stays; case $$state in failed | '') \
    $(call wine_fails,start a program,cmd) ;; esac;
endif

# ---- Output ----

# One line for each file that is made. V=1 prints the commands instead.
ifeq ($(V),1)
Q :=
says :=
else
Q := @
# $(call says,CC,FILE). The tab puts the names below each other.
says = $(info $(1)	$(2))
endif

# A target that depends on FORCE is made anew each time.
FORCE:
.PHONY: FORCE

# ---- This machine and others ----

# What tools/setup.sh and tools/doctor.sh read.
TOOLS_ENV = NEEDS='$(NEEDS)' CC='$(CC)' CXX='$(CXX)' HOST_CC='$(HOST_CC)' \
  ASIO='$(ASIO)' WINE='$(WINE)' NO_INSTALL='$(NO_INSTALL)'

# Runs first: prints what is missing, and installs it where it can.
.PHONY: setup doctor on clean-systems
setup:
	@$(TOOLS_ENV) tools/setup.sh

# All that a workshop needs. Without Criterion (MSYS2) everything except the
# suites.
WORKSHOP = $(filter-out $(if $(MSYSTEM),$(SUITES)),$(EXES) $(TEST_FILES))

# With -n, make runs a line that names MAKE or begins with +, and this one would
# install. So it has another name for MAKE, and + only without -n: + lets the
# makes in it work in parallel.
THIS_MAKE = $(MAKE)
doctor:
	$(if $(findstring n,$(firstword -$(MAKEFLAGS))),,+@)$(TOOLS_ENV) \
	  MAKE='$(THIS_MAKE)' FILES='$(WORKSHOP)' tools/doctor.sh

# The README's commands on another release of Debian, in a root of its own. Its
# mounts end with `make on`, so clean-systems removes only files.
COMMAND ?= make run && make test
on:
	@SYSTEM='$(SYSTEM)' COMMAND='$(COMMAND)' MIRROR='$(MIRROR)' tools/on.sh

clean-systems:
	@rm -rf --one-file-system build/systems
