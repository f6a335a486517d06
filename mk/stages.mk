# The stages (the five steps and final): how to build and run them.

STAGES := step1-create step2-bind step3-callback step4-overlapped \
  step5-readfile final
# The programs of bridge/, between step 5 and final. Without STEP= nothing runs them.
BRIDGE := cancel close many
# final has three programs: final.exe, copy.exe and compare.exe.
PROGRAMS := copy compare
# Short programs on final's pool, to learn from: build/examples/NAME.exe.
EXAMPLE_PROGRAMS := $(patsubst final/%.c,%,$(wildcard final/examples/*.c))
EXES := $(patsubst %,build/%.exe,$(STAGES) $(BRIDGE) $(PROGRAMS) $(EXAMPLE_PROGRAMS))

# STEP=3 is step3-callback; STEP=final and STEP=cancel are what they say; no STEP is
# all stages. make dotnet has further programs: see mk/dotnet.mk.
CHOSEN := $(STAGES)
ifneq ($(if $(filter dotnet,$(MAKECMDGOALS)),,$(STEP)),)
CHOSEN := $(filter $(STEP),final $(BRIDGE)) $(filter step$(STEP)-%,$(STAGES))
ifneq ($(words $(STEP)):$(words $(CHOSEN)),1:1)
$(error STEP is 1, 2, 3, 4, 5, cancel, close, many or final, not '$(STEP)')
endif
endif
CHOSEN := $(strip $(CHOSEN))

# ---- Object files ----

define compile
@mkdir -p $(@D)
$(call says,CC,$<)
$(Q)$(CC) $(STRICT) $(CFLAGS) $(PRECOMPILED) -MMD -MP -c -o $@ $<
endef

build/obj/%.o: %.c | setup
	$(compile)

# The compiler needs a second to read windows.h. For the lab, the tests and the
# pitfalls it reads windows.h once and saves the result (a precompiled header). The
# steps and final are compiled as they would be anywhere.
WINDOWS_H := build/obj/precompiled/windows.h
# Without this, GCC makes a section .refptr.NAME of each variable of another source,
# and the linker keeps one section of each name: the lab's or the program's.
SMALL := -mcmodel=small
build/obj/lab/%.o: private PRECOMPILED := -include $(WINDOWS_H) $(SMALL)
build/obj/tests/%.o: private PRECOMPILED := -O1 -include $(WINDOWS_H)

build/obj/lab/%.o: lab/%.c $(WINDOWS_H).gch
	$(compile)

build/obj/tests/%.o: tests/%.c $(WINDOWS_H).gch
	$(compile)

$(WINDOWS_H).gch: | setup
	@mkdir -p $(@D)
	$(call says,CC,windows.h)
	@echo '#include <windows.h>' >$(WINDOWS_H)
	$(Q)$(CC) $(STRICT) $(CFLAGS) -x c-header -o $@ $(WINDOWS_H)

# With this manifest Windows accepts paths beyond 260 characters, if its policy
# LongPathsEnabled allows them.
build/obj/windows.o: mk/windows.rc mk/windows.manifest | setup
	@mkdir -p $(@D)
	$(call says,WINDRES,$<)
	$(Q)$(WINDRES) -o $@ $<

# Compiles all C sources in $(1), and below, to one object file, $(2). Warnings are
# no errors here.
one_object = $(CC) -std=c17 $(CFLAGS) -include $(WINDOWS_H) -r -nostdlib \
  -o $(2) $$(find $(1) -name '*.c')

# ---- Programs ----

# The library, and the files that final's programs share.
LIBRARY := build/libfinal.a
SHARED := build/libprograms.a
$(LIBRARY): $(patsubst %.c,build/obj/%.o,$(wildcard final/*.c))
$(SHARED): $(patsubst %.c,build/obj/%.o,$(filter-out \
  $(patsubst %,final/programs/%.c,final $(PROGRAMS)),$(wildcard final/programs/*.c)))
$(LIBRARY) $(SHARED):
	$(call says,AR,$@)
	@rm -f $@
	$(Q)$(WINAR) rcs $@ $^

# The object files and libraries of a program.
on_final = build/obj/final/$(1).o $(SHARED) $(LIBRARY)
objects = $(if $(filter final $(PROGRAMS),$(1)),$(call on_final,programs/$(1)), \
  $(if $(filter $(EXAMPLE_PROGRAMS),$(1)),$(on_final), \
  $(if $(filter $(BRIDGE),$(1)),build/obj/bridge/$(1).o,build/obj/$(1)/main.o)))
$(foreach name,$(STAGES) $(BRIDGE) $(PROGRAMS) $(EXAMPLE_PROGRAMS),$(eval \
  build/$(name).exe: $(call objects,$(name))))
$(EXES): build/obj/windows.o
# A program of bridge prints one line only, when it is linked.
$(BRIDGE:%=build/obj/bridge/%.o) $(BRIDGE:%=build/lab/%.exe): private says :=

# This rule links every Windows program. Other rules only give the prerequisites of
# each program, and flags for a few of them.
LDFLAGS = $(WIN_LDFLAGS)
build/%.exe:
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(WIN_LDLIBS)

.PHONY: $(foreach n,1 2 3 4 5,step$(n)) final
$(foreach n,1 2 3 4 5,$(eval step$(n): $(filter build/step$(n)-%,$(EXES))))
final: build/final.exe

# ---- Run ----

build/sample.txt: tools/sample.sh
	@mkdir -p $(@D)
	@tools/sample.sh >$@

# A step's own Makefile sets FROM to its directory; FILE is relative to FROM.
UP := $(if $(filter .,$(FROM)),,../)
export FILE ARGS
# The program of DIR gets no file if you type FILE= without a name. Two programs of
# bridge/ need none.
NO_FILE := $(if $(FILE),,$(or $(and $(DIR),$(filter command,$(origin FILE))), \
  $(filter cancel close,$(STEP))))
ARGUMENTS = $(if $(NO_FILE),,"$${FILE:-$(UP)build/sample.txt}") $$ARGS

# On a terminal Wine draws each character, slowly. So stdout and stderr go through
# pipes.
ifneq ($(WINE),)
plainly = { { $(1) 2>&1 >&3 | cat >&2; } 3>&1 | cat; }
else
plainly = $(1)
endif

ifneq ($(SLOW),)
ifneq ($(SLOW) $(filter 5 final,$(STEP))$(FILE)$(ARGS),1 $(or $(STEP),none))
$(error SLOW=1 goes with STEP=5 or STEP=final, and without FILE and ARGS)
endif
endif

# With IO or DIR the lab's programs are run; see mk/lab.mk. On a terminal, a program of
# DIR that makes no progress for 5 s is reported.
RUN_CHOSEN = $(if $(IO)$(DIR),$(LAB_CHOSEN),$(CHOSEN:%=build/%.exe))

.PHONY: run compare
run: build/sample.txt $(WINE_READY)
ifneq ($(SLOW),)
run: build/tests/feeder.exe
	@$(stay) cd $(FROM); for program in $(RUN_CHOSEN); do \
	  for i in 1 2 3 4 5 6; do sleep 0.3; echo "piece $$i of 6"; done | \
	  $(call plainly,$(LAUNCHER) $(UP)build/tests/feeder.exe \
	    '\\.\pipe\slow-'$$$$ $(UP)$$program) || exit; done
else
	@$(stay) cd $(FROM); for program in $(RUN_CHOSEN); do \
	  $(if $(STEP)$(DIR),,echo "== $$(basename $$program .exe)";) \
	  $(if $(DIR),if [ -t 1 ]; then LAUNCHER='$(LAUNCHER)' python3 -B \
	    $(UP)lab/check/run.py $(UP)$$program \
	    $(ARGUMENTS) || exit; continue; fi;) \
	  $(call plainly,$(LAUNCHER) $(UP)$$program $(ARGUMENTS)) || exit; done
endif

compare: build/compare.exe build/sample.txt $(WINE_READY)
	@$(stay) cd $(FROM); $(call plainly,$(LAUNCHER) $(UP)$< \
	  "$${FILE:-$(UP)build/sample.txt}" $$ARGS)

# NAME is one of final/examples; ARGS are its arguments.
ifneq ($(filter example,$(MAKECMDGOALS)),)
ifeq ($(filter examples/$(NAME),$(EXAMPLE_PROGRAMS)),)
$(error no example is named '$(NAME)'; there are: $(notdir $(EXAMPLE_PROGRAMS)))
endif
endif

.PHONY: example
example: build/examples/$(NAME).exe $(WINE_READY)
	@$(stay) cd $(FROM); $(call plainly,$(LAUNCHER) $(UP)$< $$ARGS)

# ---- Debug ----

# Builds a stage for the debugger, without optimization. gdbserver is a Windows
# program, too; gdb runs on this system and connects to it. F5 in VS Code does the
# same: see .vscode.
GDBSERVER := /usr/share/win64/gdbserver.exe
DEBUG_PORT := 2345

debug_sources = $(filter-out $(PROGRAMS:%=final/programs/%.c), \
  $(wildcard $(1)/*.c $(1)/programs/*.c))
$(foreach name,$(STAGES),$(eval build/debug/$(name).exe: \
  $(patsubst %.c,build/debug/obj/%.o,$(call debug_sources,$(name)))))
$(foreach name,$(BRIDGE),$(eval \
  build/debug/$(name).exe: build/debug/obj/bridge/$(name).o))
build/debug/obj/%.o: private CFLAGS := -O0 -g
build/debug/obj/%.o: %.c $(wildcard step*/*.h bridge/*.h final/*.h final/*/*.h) | setup
	$(compile)

ifneq ($(filter debug-server,$(MAKECMDGOALS)),)
ifeq ($(WINE),)
$(error Windows needs no server: make build/debug/NAME.exe and start gdb on it)
endif
ifneq ($(words $(CHOSEN)),1)
$(error make debug-server needs a STEP=)
endif
endif

# The server ends with the program. VS Code continues when it reads "Listening on
# port".
.PHONY: debug-server
debug-server: build/debug/$(firstword $(CHOSEN)).exe build/sample.txt \
  $(WINE_READY)
	@echo "Now: $(CROSS)gdb $< -ex 'target remote localhost:$(DEBUG_PORT)'"
	@$(stay) cd $(FROM); $(call plainly,$(LAUNCHER) $(GDBSERVER) \
	  localhost:$(DEBUG_PORT) $(UP)$< "$${FILE:-$(UP)build/sample.txt}" $$ARGS)
