# The lab: builds a program once more, with lab/ between it and the system. The
# object files are the same; only the names of malloc and its kin in them change.

SWEPT_TESTS := stream_all sweep_errors modes outside
LABS := $(patsubst %,build/lab/%.exe,$(STAGES) $(BRIDGE) $(PROGRAMS) $(SWEPT_TESTS))
# A program may use the lab's names for its own functions and variables. So the names
# of the lab get the prefix "lab.", except those that a program's object files call:
# guard.malloc and its kin, and what GCC calls in deep mode. (To link the lab to one
# object file, with local names, would be simpler; but `ld -r` loses where functions
# begin in the unwind tables, as binutils 2.40 does, and then no stack can be walked.)
LAB_PARTS := $(patsubst %.c,build/obj/%.o,$(foreach room,interpose guard modes trace \
  checker sweep,$(wildcard lab/$(room)/*.c)))
LAB_OBJECTS := $(LAB_PARTS:build/obj/lab/%=build/lab/parts/%)
# They are many small files: they print no line.
$(LAB_PARTS): private says :=
build/lab/names: $(LAB_PARTS)
	@mkdir -p $(@D)
	$(Q)$(NM) -g --defined-only $^ | awk 'NF == 3 && \
	  $$3 !~ /^(guard\.|__sanitizer_)/ { print $$3, "lab." $$3 }' >$@
$(LAB_OBJECTS): build/lab/parts/%: build/obj/lab/% build/lab/names
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) --redefine-syms=build/lab/names $< $@
in_lab = $(patsubst build/%,build/guarded/%,$(1)) $(LAB_OBJECTS)

$(foreach name,$(STAGES) $(BRIDGE) $(PROGRAMS),$(eval \
  build/lab/$(name).exe: $(call in_lab,$(call objects,$(name)))))
# Two of the test programs are there for the sweeps.
$(foreach name,$(SWEPT_TESTS),$(eval \
  build/lab/$(name).exe: $(call in_lab,$(call test_objects,$(name)))))

# Each of these programs has printed a line before.
$(SWEPT_TESTS:%=build/lab/%.exe): private says :=

# lab/interpose/caller.c relies on this image base.
LAB_BASE := -Wl,--image-base=0x140000000
build/lab/%.exe build/pitfalls/%.exe: private LDFLAGS = $(WIN_LDFLAGS) $(LAB_BASE)

# ---- Your own directory ----

BUILD_TOOLS = CC='$(CC)' CXX='$(CXX)' NM='$(NM)' OBJCOPY='$(OBJCOPY)' \
  CFLAGS='$(CFLAGS)' WIN_LDLIBS='$(WIN_LDLIBS)' LIBS='$(LIBS)'
BUILD_SOURCES = $(BUILD_TOOLS) python3 -B '$(CURDIR)/lab/check/build.py'
link_sources = $(BUILD_SOURCES) link $< $@ $(filter %.o,$^)

# DIR replaces a stage: lab/check/build.py makes a program of all C and C++ sources in
# it and below. make calls it each time, because the next command may name another
# DIR. Like FILE, DIR is relative to the directory where you type the command; its
# name may contain spaces. With STEP=3, DIR=mine is mine/step3-callback, unless
# `make start` was never used.
ifeq ($(patsubst %/,%,$(DIR)):$(words $(filter step%,$(CHOSEN))),mine:1)
ifneq ($(wildcard mine/step*),)
override DIR := $(UP)mine/$(CHOSEN)
endif
endif
ifneq ($(DIR),)
export DIR
ifeq ($(shell cd $(FROM) && find '$(subst ','\'',$(DIR))/' -iname '*.c' \
  -o -iname '*.cc' -o -iname '*.cpp' -o -iname '*.cxx' 2>/dev/null | head -n 1),)
$(error there are no C or C++ sources in DIR='$(DIR)')
endif

# Of final, the other programs are left out.
DIR_PLAN := build/dir/plan.json
$(DIR_PLAN): FORCE | setup
	@cd $(FROM) && $(BUILD_SOURCES) compile "$$DIR" '$(CURDIR)/$@' \
	  $(if $(filter final,$(STEP)),$(PROGRAMS:%=--leave-out programs/%.c))

build/lab/dir.exe: $(DIR_PLAN) $(LAB_OBJECTS)
	@$(link_sources) --guarded --flag=$(LAB_BASE)
else ifneq ($(LIBS),)
$(error LIBS goes with DIR)
endif

# The programs of a command: that of DIR, or those that STEP chooses.
LAB_CHOSEN := $(if $(DIR),build/lab/dir.exe,$(CHOSEN:%=build/lab/%.exe))

# ---- Check ----

# make check runs a program under lab/checker, and then the tests of its stage. See
# lab/check/check.py.
ifneq ($(filter-out checker,$(ONLY)),)
$(error ONLY is checker, not '$(ONLY)')
endif

# No tests with ONLY=checker. A DIR has the tests of its STEP, if STEP is 1 to 5.
# Where Criterion is missing and cannot be installed, Python runs the main tests of a
# step.
CHECK_TESTS := $(strip $(if $(filter checker,$(ONLY)),,$(if $(DIR), \
  $(filter 1 2 3 4 5,$(STEP)),all)))
CRITERION := $(if $(filter check,$(MAKECMDGOALS)),$(shell \
  { pkg-config --exists criterion || { [ -z '$(NO_INSTALL)$(MSYSTEM)' ] && \
    command -v apt-get; }; } >/dev/null 2>&1 && echo yes))
CHECK_SUITES := $(if $(CRITERION),$(CHECK_TESTS))
CHECK_MAIN := $(if $(CRITERION)$(CHECK_SUITES),,$(if $(CHECK_TESTS), \
  $(filter 1 2 3 4 5,$(STEP))))

# For the tests, DIR's program replaces the step's, in a build directory that has
# links to everything else.
JUDGED := build
ifneq ($(and $(DIR),$(CHECK_TESTS)),)
JUDGED := build/dir/build
STAND_INS := $(foreach dir,build build/tests/hooked, \
  build/dir/$(dir)/$(CHOSEN).exe)
build/dir/build/tests/hooked/$(CHOSEN).exe: $(HOOKS)
$(STAND_INS): $(DIR_PLAN) | build/dir/links
	@$(link_sources)
build/dir/links: FORCE
	@mkdir -p build/dir/build/tests
	@ln -sfn $(CHOSEN:%=../../%) build/dir
	@ln -sfn ../../sample.txt $(if $(WINE),../../wine) build/dir/build
	@ln -sfn $(HELPERS:%=../../../tests/%.exe) ../../../tests/break \
	  build/dir/build/tests
endif
check: TESTED := $(JUDGED)
check: $(if $(CHECK_SUITES),$(STAND_INS)) \
  $(if $(CHECK_MAIN),$(JUDGED)/$(CHOSEN).exe)

# With a STEP, the suites end at the first failure. Each program of a step has 5 s.
check: export RUN_TESTS = $(if $(and $(STEP),$(CHECK_SUITES)), \
  cd '$(CURDIR)' && $(if $(filter 1 2 3 4 5,$(STEP)),WATCHDOG=5) \
  $(run_tests) --fail-fast)

.PHONY: check
check: $(LAB_CHOSEN) build/sample.txt $(WINE_READY)
	@$(stay) (cd $(FROM); status=0; for program in $(LAB_CHOSEN); do \
	  LAUNCHER='$(LAUNCHER)' SAMPLE=$(UP)build/sample.txt python3 -B \
	    $(UP)lab/check/check.py $(UP)$$program --log $(UP)build/check \
	    $(if $(STEP),--step $(STEP) --name $(CHOSEN),$(if $(DIR),,--brief)) \
	    $(if $(NO_FILE),--no-file) $(if $(CHECK_MAIN), \
	      --tests $(UP)$(JUDGED)/$(CHOSEN).exe) || { status=$$?; break; }; \
	  done; exit $$status) \
	  $(if $(STEP),,$(if $(CHECK_SUITES),&& $(run_tests)))

# ---- Trace ----

# Shows what a program did with files, the port and threads: a timeline, a picture,
# and a file for Perfetto. See lab/trace/README.md.

export IO

# A program that fails is traced, too; make reports its exit status.
.PHONY: trace
trace: $(LAB_CHOSEN) build/sample.txt $(WINE_READY)
	@mkdir -p build/trace
	@$(stay) cd $(FROM); for program in $(LAB_CHOSEN); do \
	  name=$(if $(DIR),$$(cd "$$DIR" && basename "$$PWD"),$$(basename \
	    $$program .exe)); recording="$(UP)build/trace/$$name.rec"; \
	  rm -f "$$recording"; status=0; \
	  $(call plainly,TRACE="$$recording" $(LAUNCHER) $(UP)$$program \
	    $(ARGUMENTS)) || status=$$?; \
	  (cd $(UP). && python3 -B lab/trace/trace.py "build/trace/$$name.rec" \
	    $$program $(ADDR2LINE) "build/trace/$$name") || exit; \
	  [ $$status = 0 ] || exit $$status; done

# Measures what recording costs: the same program with it and without, in turn.
build/lab/cost.exe: build/obj/lab/trace/cost/main.o $(LAB_OBJECTS)
build/lab/cost.exe: private LDFLAGS = -static $(LAB_BASE)

.PHONY: trace-cost
trace-cost: build/lab/cost.exe build/lab/final.exe \
  build/bench/data $(WINE_READY)
	@mkdir -p build/trace
	@head -c 64M build/bench/data >build/trace/data
	@$(stay) LAUNCHER='$(LAUNCHER)' lab/trace/cost.sh build/trace/data 9

# ---- I/O modes ----

# IO= chooses how each I/O completes: see lab/modes.

# With IO or DIR, make run runs the program that is linked with the lab.
run: $(RUN_CHOSEN)

# make test-io runs the suites in each mode. They start the programs in
# build/io/build instead of build. These are linked with lab/modes: for the stages
# the lab's programs, for the test programs those in build/tests/guarded. Programs
# that only help are the same. Links in build/io lead to all other files that the
# suites read. In some modes a program makes many thousands of reads; so the watchdog
# ends it later.
IO_BUILD := build/io/build
IO_PROGRAMS := $(patsubst %,$(IO_BUILD)/%.exe,$(STAGES) $(BRIDGE) $(PROGRAMS))
IO_TESTS := $(patsubst %,$(IO_BUILD)/tests/%.exe, \
  $(filter-out $(HELPERS),$(TEST_PROGRAMS)))
IO_OTHERS := $(patsubst build/%,$(IO_BUILD)/%,$(HELPERS:%=build/tests/%.exe) \
  $(HOOKED) $(GUARDED:%=build/tests/guarded/%.exe) $(BROKEN) $(EXAMPLES) \
  build/sample.txt)
IO_FILES := $(IO_PROGRAMS) $(IO_TESTS) $(IO_OTHERS)

$(IO_PROGRAMS): $(IO_BUILD)/%: build/lab/%
$(IO_TESTS): $(IO_BUILD)/tests/%: build/tests/guarded/%
$(IO_OTHERS): $(IO_BUILD)/%: build/%
$(IO_FILES):
	@mkdir -p $(@D)
	@ln -sf $(CURDIR)/$< $@

# The modes that do not change data. Choose others with make test-io MODES=pending.
MODES ?= wine pending sync-eof short:1 shuffle:1 ntfs-cached skip slow:1 \
  pending,short:2,sync-eof shuffle:2,short:3 skip,short:4,sync-eof
# lab/modes/excluded.txt lists the tests that do not fit a mode, and the reasons.

.PHONY: test-io
test-io: $(IO_FILES)
	@ln -sfn $(foreach name,$(filter-out build,$(wildcard *)),../../$(name)) \
	  build/io
	@$(stay) failed=; for mode in $(MODES); do echo "IO=$$mode"; \
	  WATCHDOG=120 IO=$$mode LAB=quiet BUILD="$$PWD/$(IO_BUILD)" CHOSEN='$(CHOSEN)' \
	  EXCLUDED="$(if $(CHOSEN_TESTS),,$$(awk -v mode=$$mode -f tools/excluded.awk \
	    lab/modes/excluded.txt))" LAUNCHER='$(QUOTED_WINE)' $(PREPARED) $(SUITES) \
	    --filter '$(or $(CHOSEN_TESTS),*)' || \
	    failed="$$failed $$mode"; done; \
	  [ -z "$$failed" ] || { echo "failed under$$failed"; exit 1; }

# ---- Sweep ----

# Lets each call of a program fail once, and judges the result.

# STEP chooses what is swept; NAME names one subject; DIR replaces a step.
SWEPT := $(or $(NAME),$(filter-out final,$(CHOSEN)) \
  $(if $(filter final,$(CHOSEN)), \
    final final-cat final-sha256 copy copy-force compare stream))

ifneq ($(filter sweep,$(MAKECMDGOALS)),)
ifneq ($(filter $(BRIDGE),$(STEP)),)
$(error make sweep has no judge for the programs of bridge)
endif
endif

SWEPT_PROGRAMS := $(if $(DIR),build/lab/dir.exe,$(LABS))

.PHONY: sweep
sweep: $(SWEPT_PROGRAMS) $(WINE_READY)
	@$(stay) BUILD="$$PWD/build" LAUNCHER='$(LAUNCHER)' \
	  python3 lab/sweep/sweep.py $(if $(POINT),--point '$(POINT)') \
	  $(if $(DIR),--program "$$PWD/build/lab/dir.exe") $(SWEPT)

# ---- Probe ----

# The truth table: what this system does, what Wine 8 and Wine 10 did, and what
# Windows documents.

PROBE := $(patsubst %.c,build/obj/%.o,$(wildcard lab/probe/*.c))
build/probe.exe build/tests/hooked/probe.exe: $(PROBE)
build/tests/hooked/probe.exe: $(HOOKS)

.PHONY: probe windows-and-wine
probe: build/probe.exe $(WINE_READY)
	@$(stay) $(call plainly,$(LAUNCHER) $< $(ROW))

# Writes the table as a page, if every row is as expected here.
windows-and-wine: probe
	@$(stay) $(LAUNCHER) build/probe.exe --markdown >build/windows-and-wine.md
	@cp build/windows-and-wine.md lab/

# ---- Pitfalls ----

# The broken programs: each patch in lab/pitfalls, applied to its stage.

PATCHES := $(sort $(wildcard lab/pitfalls/step*/*.patch)) \
  $(sort $(wildcard lab/pitfalls/final/*.patch))
PITFALLS := $(basename $(notdir $(PATCHES)))
patch_of = $(filter %/$(1).patch,$(PATCHES))
stage_of = $(notdir $(patsubst %/,%,$(dir $(patch_of))))

# The patched program, as one object file.
$(foreach name,$(PITFALLS),$(eval build/pitfalls/$(name)/program.o: \
  $(call patch_of,$(name)) $(wildcard $(call stage_of,$(name))/*.[ch] \
    $(call stage_of,$(name))/*/*.[ch])))
$(PITFALLS:%=build/pitfalls/%/program.o): build/pitfalls/%/program.o: \
  $(WINDOWS_H).gch
	@rm -rf $(@D) && mkdir -p $(@D)
	@cp -R $(wildcard $(call stage_of,$*)/*.[ch] $(call stage_of,$*)/programs) $(@D)
	@rm -f $(PROGRAMS:%=$(@D)/programs/%.c)
	$(Q)patch -s -f -F0 -p0 -d $(@D) <$(call patch_of,$*)
	$(Q)$(call one_object,$(@D),$@)

# The patched program has its stage's name. It is linked with the lab; if a test of
# the stage finds the mistake, it is also linked as that test needs it.
in_pitfall = build/pitfalls/$(1)/$(2)/$(call stage_of,$(1)).exe
plain_pitfall = build/pitfalls/$(1)/program.o
guarded_pitfall = $(call guarded,$(plain_pitfall))
PITFALL_PROGRAMS := $(foreach name,$(PITFALLS),$(call in_pitfall,$(name),lab))
$(foreach name,$(PITFALLS),$(eval $(call in_pitfall,$(name),lab): \
  $(call in_lab,$(call plain_pitfall,$(name)))))

PITFALL_TESTED := $(basename $(notdir $(shell grep -l '^Reported: test' /dev/null \
  $(PATCHES))))
$(foreach name,$(PITFALL_TESTED),$(eval $(call in_pitfall,$(name),.): \
  $(call plain_pitfall,$(name))))
$(foreach name,$(PITFALL_TESTED),$(eval $(call in_pitfall,$(name),tests/hooked): \
  $(call plain_pitfall,$(name)) $(HOOKS)))
$(foreach name,$(PITFALL_TESTED),$(eval $(call in_pitfall,$(name),tests/guarded): \
  $(call guarded_pitfall,$(name)) $(HOOKS)))
PITFALLS_FOR_TESTS := $(foreach name,$(PITFALL_TESTED),$(call in_pitfall,$(name),.) \
  $(call in_pitfall,$(name),tests/$(if $(filter final, \
    $(call stage_of,$(name))),guarded,hooked)))
PITFALL_PROGRAMS += $(PITFALLS_FOR_TESTS)
# Only make pitfall prints their names: all of them would be many lines.
$(if $(filter pitfall,$(MAKECMDGOALS)),$(PITFALLS_FOR_TESTS),$(PITFALL_PROGRAMS)): \
  private says :=

.PHONY: pitfalls pitfall
pitfalls:
	@awk -v form=list -f lab/pitfalls/headers.awk $(PATCHES)

ifneq ($(filter pitfall,$(MAKECMDGOALS)),)
ifneq ($(words $(NAME)):$(words $(call patch_of,$(NAME))),1:1)
$(error no pitfall is named '$(NAME)': make pitfalls prints the names)
endif
endif
pitfall: $(call in_pitfall,$(NAME),lab) build/sample.txt $(WINE_READY)
	@$(stay) LAUNCHER='$(LAUNCHER)' ADDR2LINE='$(ADDR2LINE)' \
	  lab/pitfalls/show.sh $< $(call patch_of,$(NAME))

# Makes the table in the README from the headers of the patches.
build/pitfalls/README.md: lab/pitfalls/README.md lab/pitfalls/headers.awk \
  $(PATCHES)
	@mkdir -p $(@D)
	@sed '/^| stage | name /,$$d' $< >$@
	@awk -v form=table -f lab/pitfalls/headers.awk $(PATCHES) >>$@

.PHONY: pitfalls-table
pitfalls-table: build/pitfalls/README.md
	@cp $< lab/pitfalls/README.md

# ---- Explore ----

# Tries every order of a program's threads and completions: see lab/explore/README.md.

EXPLORE_OBJECT := build/explore/explore.o
# The program's object files are linked between these two.
EXPLORE_EDGES := $(patsubst %,build/obj/lab/explore/%.o,first last)
EXPLORE_PARTS := $(filter-out $(EXPLORE_EDGES),$(patsubst %.c,build/obj/%.o, \
  $(wildcard lab/explore/*.c) lab/guard/guard.c \
  $(patsubst %,lab/interpose/%.c,interpose settings)))
$(EXPLORE_PARTS) $(EXPLORE_EDGES): private says :=
$(EXPLORE_OBJECT): $(EXPLORE_PARTS)
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(CC) -r -nostdlib -o $@ $^ && $(OBJCOPY) \
	  --set-section-flags '.rdata$$.refptr.*=alloc,load,readonly,data' --wildcard \
	  --keep-global-symbol='explore.*' --keep-global-symbol='guard.*' \
	  --keep-global-symbol=wmain $@

# What objcopy renames in the program's object files. calls.h says how.
EXPLORE_NAMES := build/explore/names
$(EXPLORE_NAMES): lab/explore/calls.h
	@mkdir -p $(@D)
	@awk -F '[()]' '/^(MODELLED|REFUSED)\(/ { \
	  print $$2 " explore." $$2; print "__imp_" $$2 " explore.imp." $$2 }' $< >$@
	@printf '%s\n' $(foreach name,$(GUARD_REPLACES),'$(name) guard.$(name)') \
	  $(foreach name,wmain __emutls_get_address,'$(name) explore.$(name)') >>$@

build/explored/%: build/% $(EXPLORE_NAMES)
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) --redefine-syms=$(EXPLORE_NAMES) $< $@
in_explorer = $(firstword $(EXPLORE_EDGES)) $(patsubst build/%,build/explored/%,$(1)) \
  $(lastword $(EXPLORE_EDGES)) $(EXPLORE_OBJECT)
build/explore/%.exe: private LDFLAGS = $(WIN_LDFLAGS) $(LAB_BASE)

# What can be explored: three steps, their pitfalls and those of final, the programs of
# bridge, scenarios of final, and a program of yours.
EXPLORED_STEPS := step3-callback step4-overlapped step5-readfile
EXPLORED := $(EXPLORED_STEPS) $(BRIDGE)
# Of final, CASE= chooses a scenario.
SCENARIO_SOURCES := $(patsubst %,lab/explore/scenarios/%.c,main pool stream)
SCENARIOS := $(SCENARIO_SOURCES:%.c=build/obj/%.o)
build/explore/final.exe: $(call in_explorer,$(SCENARIOS) $(LIBRARY))
# The rows of lab/probe, without its program.
ROWS := build/obj/lab/explore/scenarios/rows.o $(patsubst %,build/obj/lab/probe/%.o, \
  expected failures files pipes pools ports tools)
build/explore/rows.exe: $(call in_explorer,$(ROWS))
# make keeps what a rule names: see `named` in mk/tests.mk.
named: $(SCENARIOS) build/obj/lab/explore/scenarios/rows.o
$(SCENARIOS) build/obj/lab/explore/scenarios/rows.o: private says :=
EXPLORED_PITFALLS := $(basename $(notdir $(filter $(patsubst %,lab/pitfalls/%/%, \
  $(EXPLORED_STEPS) final),$(PATCHES))))
$(foreach name,$(EXPLORED),$(eval \
  build/explore/$(name).exe: $(call in_explorer,$(call objects,$(name)))))
$(foreach name,$(EXPLORED_PITFALLS),$(eval build/explore/$(name).exe: \
  $(call in_explorer,$(call plain_pitfall,$(name)))))
ifneq ($(DIR),)
build/explore/dir.exe: $(DIR_PLAN) $(EXPLORE_EDGES) $(EXPLORE_OBJECT) $(EXPLORE_NAMES)
	@$(BUILD_SOURCES) link $< $@ $(EXPLORE_EDGES) $(EXPLORE_OBJECT) \
	  --explored $(EXPLORE_NAMES) --flag=$(LAB_BASE)
endif

# ---- An order, recorded ----

# To play an order, or to draw it, the program is linked once more: with the explorer,
# and with lab/trace between the program and the model. lab/explore/recorder/recorder.c
# says how. As of LAB_PARTS, the names get the prefix "lab.".
RECORDER_LAYERS := $(patsubst %.c,build/obj/%.o,lab/interpose/caller.c \
  $(wildcard lab/trace/*.c))
RECORDER_BELOW := $(patsubst %.c,build/obj/%.o,lab/interpose/thread_locals.c \
  $(wildcard lab/explore/recorder/*.c)) \
  $(filter-out build/obj/lab/interpose/interpose.o,$(EXPLORE_PARTS))
# lab/interpose/caller.c must be the first.
RECORDER_OBJECTS := $(patsubst build/obj/lab/%,build/recorder/%, \
  $(RECORDER_LAYERS) $(RECORDER_BELOW))
$(RECORDER_BELOW): private says :=
build/recorder/names: $(RECORDER_LAYERS) $(RECORDER_BELOW)
	@mkdir -p $(@D)
	$(Q)$(NM) -g --defined-only $^ | awk 'NF == 3 && \
	  $$3 !~ /^((explore|guard|recorder)\.|__sanitizer_|wmain$$)/ { \
	  print $$3, "lab." $$3 }' | sort -u >$@
# What lab/trace stores in the import table, and a few functions that it calls.
build/recorder/layers: build/recorder/names lab/interpose/imports.h
	@{ cat $<; sed -nE -e 's/^IMPORT\([^,]*,[^,]*, *([A-Za-z_]+),.*/__imp_\1 explore.imp.\1/p' \
	  -e 's/^IMPORT_VOID\(([A-Za-z]+),.*/__imp_\1 explore.imp.\1/p' $(word 2,$^); \
	  printf '__imp_%s recorder.imp.%s\n' $(foreach name,GetCurrentThreadId \
	  QueryPerformanceCounter QueryPerformanceFrequency,$(name) $(name)); } >$@
$(RECORDER_OBJECTS): build/recorder/%: build/obj/lab/%
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) --redefine-syms=$(lastword $^) $< $@
$(RECORDER_LAYERS:build/obj/lab/%=build/recorder/%): build/recorder/layers
$(RECORDER_BELOW:build/obj/lab/%=build/recorder/%): build/recorder/names
in_recorder = $(firstword $(EXPLORE_EDGES)) $(patsubst build/%,build/explored/%,$(1)) \
  $(lastword $(EXPLORE_EDGES)) $(RECORDER_OBJECTS)

TO_EXPLORE := $(or $(if $(DIR),dir),$(NAME),$(CHOSEN))
ifneq ($(filter explore,$(MAKECMDGOALS))$(REPLAY),)
ifneq ($(words $(TO_EXPLORE)):$(filter-out dir $(EXPLORED) $(EXPLORED_PITFALLS) \
  $(if $(CASE),final),$(TO_EXPLORE)),1:)
$(error make $(firstword $(MAKECMDGOALS)) needs STEP=3, 4, 5, cancel, close or many, \
  DIR=, the NAME= of a pitfall of these steps or of final, or STEP=final and CASE=, a name in \
  lab/explore/scenarios/settings.txt)
endif
endif

# Step 5 reads 32768 bytes in one piece: this file has three of them.
EXPLORE_SAMPLE := build/explore/blocks.txt
$(EXPLORE_SAMPLE):
	@mkdir -p $(@D)
	@seq -f '%063.0f' 0 64 98303 >$@

# In bridge/many.c eight reads are in flight: not even the orders without preemption
# can all be tried.
TOO_MANY := 10000

# Two programs of bridge have no file.
EXPLORE_FILE = $(if $(filter cancel close,$(TO_EXPLORE)),,$(UP)$(EXPLORE_SAMPLE))
# What the answer repeats of the command.
EXPLORE_GIVEN = $(foreach name,STEP DIR NAME CASE,$(if $($(name)), \
  --given '$(subst ','\'',$(name)=$($(name)))'))
# With REPLAY, the order is also drawn, unless RUNS= repeats it.
DRAWS := $(if $(filter command,$(origin RUNS)),,$(REPLAY))

.PHONY: explore
explore: build/explore/$(TO_EXPLORE).exe $(EXPLORE_SAMPLE) $(WINE_READY) \
  $(if $(DRAWS),build/recorded/$(TO_EXPLORE).exe)
	@$(stay) cd $(FROM); LAUNCHER='$(LAUNCHER)' python3 -B $(UP)lab/explore/explore.py \
	  $(UP)$< --log $(UP)build/explore/$(TO_EXPLORE)$(CASE:%=-%) $(if $(CASE),,--surprises) \
	  $(EXPLORE_GIVEN) $(if $(REPLAY),--replay '$(REPLAY)') \
	  $(addprefix --random ,$(if $(filter command,$(origin RUNS)),$(RUNS), \
	    $(if $(REPLAY),,$(if $(filter many,$(TO_EXPLORE)),$(TOO_MANY))))) $(SEED:%=--seed %) \
	  --preemptions $(or $(PREEMPTIONS),2) $(if $(CASE),--case '$(CASE)' '$(CASE)') \
	  $(EXPLORE_FILE)$(if $(DRAWS),; status=$$?; \
	  $(call record_order,'$(REPLAY)') && echo 'drawn: $(REPLAY).svg'; exit $$status)

# Writes the table in the README: which pitfalls are found, and in how many orders.
.PHONY: explore-table
explore-table: $(EXPLORED_PITFALLS:%=build/explore/%.exe) $(EXPLORE_SAMPLE) $(WINE_READY)
	@$(stay) LAUNCHER='$(LAUNCHER)' python3 -B lab/explore/table.py \
	  lab/explore/README.md $(EXPLORE_SAMPLE) $(filter %.exe,$^)

# Writes the page that compares the explorer's kernel with the rows of lab/probe.
.PHONY: explore-rows
explore-rows: build/explore/rows.exe $(WINE_READY)
	@$(stay) LAUNCHER='$(LAUNCHER)' python3 -B lab/explore/conformance.py $< \
	  build/explore/rows >build/explore/rows.md
	@cp build/explore/rows.md lab/explore/rows.md

# Draws the order in the README.
EXPLORE_PICTURE := build/explore/read-after-submit.exe \
  build/recorded/read-after-submit.exe $(EXPLORE_SAMPLE)
.PHONY: explore-picture
explore-picture: $(EXPLORE_PICTURE) $(WINE_READY)
	@$(stay) LAUNCHER='$(LAUNCHER)' lab/explore/picture.sh build/explore/picture
	@cp build/explore/picture/read-after-submit.svg lab/explore/

# ---- Explore pools with mistakes ----

# final's pool with a mistake in it: each patch in tests/lab/mutants makes one. The
# object file of the source that it changes comes before the library, and replaces the
# one there.
MUTANTS := $(basename $(notdir $(sort $(wildcard tests/lab/mutants/*.patch))))
$(MUTANTS:%=build/mutants/%/changed.o): build/mutants/%/changed.o: \
  tests/lab/mutants/%.patch $(wildcard final/*.[ch]) $(WINDOWS_H).gch
	@rm -rf $(@D) && mkdir -p $(@D)
	@cp $(wildcard final/*.h) "final/$$(sed -n 's/^--- //p' $<)" $(@D)
	$(Q)patch -s -f -F0 -p0 -d $(@D) <$<
	$(Q)$(call one_object,$(@D),$@)
MUTANT_PROGRAMS := $(MUTANTS:%=build/explore/mutant-%.exe)
$(foreach name,$(MUTANTS),$(eval build/explore/mutant-$(name).exe: $(call in_explorer, \
  build/mutants/$(name)/changed.o $(SCENARIOS) $(LIBRARY))))
$(MUTANT_PROGRAMS): private says :=

ifneq ($(filter explore-mutants,$(MAKECMDGOALS)),)
ifneq ($(filter-out $(MUTANTS),$(NAME)),)
$(error no mistake is named '$(NAME)': see tests/lab/mutants)
endif
endif

# Without NAME=, the tests of the pool run, too, and the table in tests/README.md is
# written.
.PHONY: explore-mutants
explore-mutants: $(if $(NAME),$(NAME:%=build/explore/mutant-%.exe),$(MUTANT_PROGRAMS)) \
  $(EXPLORE_SAMPLE) $(WINE_READY)
	@$(stay) LAUNCHER='$(LAUNCHER)' python3 -B tests/lab/mutants.py \
	  $(if $(NAME),,--table tests/README.md) $(EXPLORE_SAMPLE) $(filter %.exe,$^)

# ---- What the suites of the lab need ----

# Wrong programs, whose mistakes the checker must report, and right ones, about which
# it must report nothing. They have a main, not a wmain.
WRONG := $(patsubst %.c,build/%.exe,$(wildcard tests/lab/wrong/*.c))
RIGHT := $(patsubst %.c,build/%.exe,$(wildcard tests/lab/right/*.c))
$(foreach exe,$(WRONG) $(RIGHT),$(eval \
  $(exe): $(call in_lab,$(patsubst build/%.exe,build/obj/%.o,$(exe)))))
$(WRONG) $(RIGHT): private LDFLAGS = -static $(LAB_BASE)

# Its calls must be in the trace.
TRACED := build/lab/traced.exe
$(TRACED): $(call in_lab,$(call test_objects,traced))

# The explorer tries these small programs, steps and pitfalls.
build/explore/small.exe: $(call in_explorer,build/obj/tests/lab/explored/small.o)
# On the system, too, those with a pipe must print what they print in the model.
build/tests/small.exe: build/obj/tests/lab/explored/small.o
build/tests/small.exe build/obj/tests/lab/explored/%.o: private says :=
EXPLORED_FOR_TESTS := $(patsubst %,build/explore/%.exe,small final rows $(EXPLORED) \
  read-after-submit no-sentinel idle-wait-in-callback freed-while-pending closed-under-io \
  advanced-by-buffer-size)
EXPLORED_FOR_TESTS += build/tests/small.exe $(EXPLORE_PICTURE)
EXPLORED_FOR_TESTS += $(patsubst %,build/explore/mutant-%.exe,cancel-not-repeated \
  sentinels-too-early submit-enters-once timer-not-woken wait-after-look)
# Only make explore prints their names: all of them would be many lines.
ifeq ($(filter explore% play,$(MAKECMDGOALS)),)
$(EXPLORED_FOR_TESTS) $(EXPLORE_OBJECT): private says :=
endif

# The examples in final's README, linked with the lab.
$(foreach n,1 2,$(eval build/lab/example$(n).exe: \
  $(call in_lab,build/obj/tests/example$(n).o $(SHARED) $(LIBRARY))))

# The tests of all stages have the lab's among them; those of one have not.
ifeq ($(STEP),)
TEST_FILES += $(LABS) $(TRACED) $(WRONG) $(RIGHT) $(EXAMPLES:build/tests/%=build/lab/%) \
  build/probe.exe build/tests/hooked/probe.exe \
  $(PITFALL_PROGRAMS) build/pitfalls/README.md $(EXPLORED_FOR_TESTS) $(EXPLORE_SAMPLE)
endif

# SQLite, which npm fetches once: a large program that others wrote, for
# tests/lab/test_check.c. Without it, make test skips these tests.
SQLITE := build/sqlite/node_modules/better-sqlite3/deps/sqlite3
$(SQLITE)/sqlite3.c: | setup
	$(call npm_install,build/sqlite,--ignore-scripts better-sqlite3@12.11.1)

build/sqlite/plan.json: private CFLAGS := -O0 -g
build/sqlite/plan.json: $(SQLITE)/sqlite3.c tests/lab/links/sqlite/program.c
	@mkdir -p $(@D)/program
	@cp $^ $(SQLITE)/sqlite3.h $(@D)/program
	@$(BUILD_SOURCES) compile $(@D)/program $@
build/lab/sqlite.exe: build/sqlite/plan.json $(LAB_OBJECTS)
	@$(link_sources) --guarded --flag=$(LAB_BASE)

.PHONY: test-sqlite
test-sqlite: FILTER := --filter 'sqlite/*'
test-sqlite: $(SUITES) build/lab/sqlite.exe $(WINE_READY)
	@$(stay) $(run_tests)
