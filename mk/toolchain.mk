# The tools, and how a Windows program is started.

# pipefail: a program's exit status survives the pipe behind it.
SHELL := bash
.SHELLFLAGS := -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

# On Windows itself (MSYS2) neither a cross compiler nor Wine is needed.
ifneq ($(filter MINGW% MSYS% UCRT% CLANG%,$(shell uname -s)),)
CROSS ?=
WINE ?=
endif

# CC makes Windows programs; HOST_CC makes the tests, which start them.
CROSS ?= x86_64-w64-mingw32-
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(CROSS)gcc
endif
WINDRES ?= $(CROSS)windres
HOST_CC ?= cc

CFLAGS ?= -O2 -g
STRICT := -std=c17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
# wmain; no DLL beside the system's; NtSetIoCompletion.
WIN_LDFLAGS := -municode -static
WIN_LDLIBS := -lntdll

# The launcher. Empty: an .exe is run as it is (WSL, Windows).
WINE ?= wine
ifneq ($(WINE),)
export WINEPREFIX := $(CURDIR)/build/wine
export WINEDEBUG := -all
# No debugger after a crash, no desktop entries, no offers to download.
export WINEDLLOVERRIDES := winedbg.exe,winemenubuilder.exe,mscoree,mshtml=d
# Wine reads file names in the locale's encoding.
export LC_ALL := $(if $(filter Darwin,$(shell uname -s)),en_US.UTF-8,C.UTF-8)
unexport DISPLAY WAYLAND_DISPLAY
WINE_READY := build/wine/ready
endif

# What the commands given need, for tools/setup.sh.
NEEDS := $(if $(filter-out help clean setup,$(MAKECMDGOALS)),build)
ifneq ($(filter run test flaky%,$(MAKECMDGOALS)),)
NEEDS += run
endif
ifneq ($(filter test flaky%,$(MAKECMDGOALS)),)
NEEDS += test
endif
ifneq ($(filter lint,$(MAKECMDGOALS)),)
NEEDS += test lint
endif

# Wine's own directory is made once.
build/wine/ready: | setup
	@mkdir -p build
	@echo 'Making a Wine prefix in build/wine (once) ...'
	@$(WINE) wineboot --init >build/wine.log 2>&1 </dev/null || \
	  { cat build/wine.log >&2; exit 1; }
	@touch $@
