# The tools, and how to start a Windows program.

# make 3.82 brought .SHELLFLAGS and the feature "oneshell". An older make, such as
# macOS's own, would overlook a failure in a pipe.
ifeq ($(filter oneshell,$(.FEATURES)),)
$(error make $(MAKE_VERSION) overlooks failures: on macOS type \
  "brew install make", and then gmake instead of make)
endif

empty :=
space := $(empty) $(empty)
comma := ,

# pipefail: a pipeline fails if one of its programs fails.
SHELL := bash
.SHELLFLAGS := -o pipefail -c
.DELETE_ON_ERROR:
# One job for each processor. Not for `make clean all`, where the order matters,
# and not if another make has called this one: then that make decides.
ifeq ($(MAKELEVEL)$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN)
endif
.SUFFIXES:

# Windows itself (MSYS2) needs neither a cross compiler nor Wine.
UNAME := $(shell uname -s)
ifneq ($(filter MINGW% MSYS% UCRT% CLANG%,$(UNAME)),)
CROSS ?=
WINE ?=
endif

# CC and CXX make Windows programs. HOST_CC makes the tests, which start them.
CROSS ?= x86_64-w64-mingw32-
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(CROSS)gcc
endif
# Debian has two C++ compilers; only the one with POSIX threads has std::thread.
ifneq ($(filter default undefined,$(origin CXX)),)
CXX = $(or $(shell command -v $(CROSS)g++-posix),$(CROSS)g++)
endif
WINDRES ?= $(CROSS)windres
WINAR ?= $(CROSS)ar
OBJCOPY ?= $(CROSS)objcopy
NM ?= $(CROSS)nm
GCOV ?= $(CROSS)gcov
ADDR2LINE ?= $(CROSS)addr2line
OBJDUMP ?= $(CROSS)objdump
export ADDR2LINE OBJDUMP NM
HOST_CC ?= cc

CFLAGS ?= -O2 -g
# WERROR= turns warnings into no errors while you try something.
WERROR ?= -Werror
STRICT := -std=c17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow $(WERROR)
# -municode: wmain. -static: only the system's DLLs. The libraries have
# NtSetIoCompletion, SHA-256, WaitOnAddress and sockets.
WIN_LDFLAGS := -municode -static
WIN_LDLIBS := -lntdll -lbcrypt -lsynchronization

# The launcher. If it is empty, the system runs an .exe itself (WSL, Windows).
WINE ?= wine
ifneq ($(WINE),)
export WINEPREFIX := $(CURDIR)/build/wine
export WINEDEBUG := -all
# No debugger after a crash, no desktop entries, no offers to download. .NET 10
# needs mscoree: without it, Wine loads no file of bytecode only. But wineboot would
# offer to download more for it.
export WINEDLLOVERRIDES := winedbg.exe,winemenubuilder.exe,mshtml=d
# Wine reads file names in the locale's encoding.
export LC_ALL := $(if $(filter Darwin,$(UNAME)),en_US.UTF-8,C.UTF-8)
unexport DISPLAY WAYLAND_DISPLAY
# Where the system allows it, addresses are not randomized. Otherwise one start in
# about 6,000 fails without a message: the heap then lies where Wine 8 needs its
# page of shared data (Linux 6.18, Wine 8.0; seen with WINEDEBUG=err+virtual).
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
# WINE is the path of one program, which may contain spaces. LAUNCHER quotes them
# for a shell, and for each program that splits words as a shell does.
QUOTED_WINE := $(subst $(space),\$(space),$(WINE))
# A program inherits what PREPARED sets. So a program that starts many Windows
# programs is started with PREPARED itself.
PREPARED := $(NO_ASLR) $(QUIT_BLOCKED)
LAUNCHER := $(PREPARED) $(QUOTED_WINE)

# The variables that our Windows programs read. From WSL a Windows program gets
# only the variables that WSLENV names.
PASSED := IO HOOK LAB CHECK TRACE TRACE_RECORDS TRACE_DEEP TRACE_STDOUT TRACE_STDERR \
  LEDGER BENCH_SERVER
export WSLENV := $(subst $(space),:,$(strip \
  $(filter-out $(PASSED),$(subst :, ,$(WSLENV))) $(PASSED)))

# Wine's directory (its "prefix", with a C: drive and a registry) is made once.
# What Wine prints is shown only if it fails; a full disk is only a number there
# (112), so the free space is shown, too.
build/wine/made: | setup
	@mkdir -p build
	@echo 'Making a Wine prefix in build/wine (once) ...'
	@export WINEDEBUG=fixme-all,err+all \
	  WINEDLLOVERRIDES="$$WINEDLLOVERRIDES;mscoree=d"; \
	  $(LAUNCHER) wineboot --init >build/wine.log 2>&1 </dev/null || { \
	  $(call wine_fails,make its directory build/wine,wineboot --init); }
	@touch $@

wine_fails = { echo 'Wine cannot $(1). Tried: $(LAUNCHER) $(2)'; \
  echo 'It printed:'; grep . build/wine.log || echo '(nothing)'; \
  echo "Free space in build: $$(df -Ph build | awk 'NR == 2 { print $$4 }')"; \
  } >&2; exit 1

# Wine starts its services with the first program, and ends them after the last
# one. Both take time, and the services keep the first program's stderr open. So a
# recipe that starts programs begins with $(stay): Wine's cmd starts the services,
# and runs until its stdin, descriptor 9, is closed, which happens when the
# recipe's shell exits. cmd is ready when it has printed something.
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

# Runs before each build: prints which tools are missing, and installs them where
# it can.
.PHONY: setup doctor on clean-systems
setup:
	@$(TOOLS_ENV) tools/setup.sh

# Builds everything that a workshop needs; without Criterion (MSYS2), not the
# suites.
WORKSHOP = $(filter-out $(if $(MSYSTEM),$(SUITES)),$(EXES) $(TEST_FILES))

# With -n, make still runs a line that names MAKE or begins with +, and this line
# would install packages. So it uses another name for MAKE, and has + only without
# -n. The + lets the makes that it starts work in parallel.
THIS_MAKE = $(MAKE)
doctor:
	$(if $(findstring n,$(firstword -$(MAKEFLAGS))),,+@)$(TOOLS_ENV) \
	  MAKE='$(THIS_MAKE)' FILES='$(WORKSHOP)' tools/doctor.sh

# Runs the README's commands on another release of Debian, in a root directory of
# its own. The mounts end with `make on`, so clean-systems removes only files.
COMMAND ?= make run && make test
on:
	@SYSTEM='$(SYSTEM)' COMMAND='$(COMMAND)' MIRROR='$(MIRROR)' tools/on.sh

clean-systems:
	@rm -rf --one-file-system build/systems
