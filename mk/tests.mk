# The tests: suites that run on this system, and the Windows programs that they
# start. Both are in the room of their subject: tests/pool, tests/stream, ...

# ---- Windows programs ----

# tests/ROOM/NAME.c is build/tests/NAME.exe, unless it is a suite (test_NAME.c),
# runs here (HOST_C), or is a part of another program.
HOST_C := $(patsubst %,tests/support/%.c,helpers case explain shell runner)
PARTS_C := tests/stress/files.c tests/stress/job.c tests/support/coverage_flush.c
SUITES_C := $(wildcard tests/*/test_*.c)
PROGRAMS_C := $(filter-out $(HOST_C) $(PARTS_C) $(SUITES_C),$(wildcard tests/*/*.c))
TEST_PROGRAMS := $(basename $(notdir $(PROGRAMS_C)))
source_of = $(filter %/$(1).c,$(PROGRAMS_C))

# These only help the suites, and do not use final.
HELPERS := feeder holder crasher leaving
test_objects = $(patsubst %.c,build/obj/%.o,$(call source_of,$(1)) \
  $(if $(filter stress,$(1)),$(filter tests/stress/%,$(PARTS_C)))) \
  $(if $(filter $(HELPERS),$(1)),,$(SHARED) $(LIBRARY))
$(foreach name,$(TEST_PROGRAMS),$(eval \
  build/tests/$(name).exe: $(call test_objects,$(name))))

# A test program of one source prints one line only, when it is linked.
$(patsubst %.c,build/obj/%.o,$(PROGRAMS_C)) build/obj/tests/lab/wrong/%.o \
  build/obj/final/examples/%.o $(HOST_C:%.c=build/obj/host/%.o) \
  build/obj/tests/lab/right/%.o: private says :=

# The stages with tests/support/hooks between them and the system: the same objects.
HOOKS := $(patsubst %.c,build/obj/%.o,$(wildcard lab/interpose/*.c \
  lab/modes/*.c tests/support/hooks/*.c))
HOOKED := $(patsubst %,build/tests/hooked/%.exe,$(STAGES) $(BRIDGE))
# They are many small files, and each of these programs has printed a line before.
$(HOOKS) $(HOOKED): private says :=
$(foreach stage,$(STAGES) $(BRIDGE),$(eval \
  build/tests/hooked/$(stage).exe: $(call objects,$(stage)) $(HOOKS)))

# final's programs and the test programs once more, with the hooks and lab/guard,
# which guards all memory that they and final's library allocate. The object files
# are the same; only the names of malloc and its kin in them change.
GUARD_REPLACES := malloc calloc realloc free
guarded = build/obj/lab/guard/guard.o $(patsubst build/%,build/guarded/%,$(1))
build/guarded/%: build/%
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) $(foreach name,$(GUARD_REPLACES), \
	  --redefine-sym $(name)=guard.$(name)) $< $@

$(foreach name,final $(PROGRAMS) $(EXAMPLE_PROGRAMS),$(eval \
  build/tests/guarded/$(name).exe: $(call guarded,$(call objects,$(name))) $(HOOKS)))
$(foreach name,$(TEST_PROGRAMS),$(eval \
  build/tests/guarded/$(name).exe: \
    $(call guarded,$(call test_objects,$(name))) $(HOOKS)))

# One program of each kind as newer linkers make it: with a read-only import table.
READ_ONLY := $(patsubst %,build/tests/read-only/%.exe,interposed stream_end)
$(READ_ONLY): build/tests/read-only/%: build/tests/guarded/% tools/read_only.py
	@mkdir -p $(@D)
	@tools/read_only.py $< $@

# The stages with the edit that their README's "Break it" shows.
BROKEN := $(STAGES:%=build/tests/break/%.exe)
$(foreach stage,$(STAGES),$(eval build/tests/break/$(stage).exe: \
  build/tests/break/$(stage)/program.o)$(eval build/tests/break/$(stage)/program.o: \
  $(wildcard $(stage)/*.[ch] $(stage)/*/*.[ch]) $(stage)/README.md))
$(BROKEN:%.exe=%/program.o): build/tests/break/%/program.o: tools/break.sh \
  $(WINDOWS_H).gch
	@tools/break.sh $* $(@D)
	@rm -f $(PROGRAMS:%=$(@D)/programs/%.c)
	$(Q)$(call one_object,$(@D),$@)

# The programs that final's README begins with: its first two blocks of C.
EXAMPLES := build/tests/example1.exe build/tests/example2.exe
build/tests/example%.c: final/README.md
	@mkdir -p $(@D)
	@awk '/^```c$$/ && ++block == $* { on = 1; next } /^```$$/ { on = 0 } on' \
	  $< >$@
build/obj/tests/example%.o: build/tests/example%.c | setup
	@mkdir -p $(@D)
	$(Q)$(CC) $(STRICT) $(CFLAGS) -Ifinal -MMD -MP -c -o $@ $<
$(foreach n,1 2,$(eval build/tests/example$(n).exe: \
  build/obj/tests/example$(n).o $(SHARED) $(LIBRARY)))

# make removes a file that only pattern rules name, and prints that after the
# verdict. It keeps a file that a rule names. (.SECONDARY would keep all of them, but
# then make would not rebuild a program whose object file is missing.)
named: $(patsubst %.c,build/obj/%.o,$(wildcard tests/lab/*/*.c)) \
  build/tests/example1.c build/tests/example2.c

# The examples can use sockets.
$(foreach dir,build build/tests/guarded,$(EXAMPLE_PROGRAMS:%=$(dir)/%.exe)): \
  private override WIN_LDLIBS += -lws2_32

# ---- The suites ----

# The headings of all cases in a room's programs, with their lines, for the room's
# suite: see tests/support/case.h.
define CASES
build/obj/host/tests/$(1)/test_$(1).o: build/tests/$(1).cases
build/tests/$(1).cases: $(filter tests/$(1)/%,$(PROGRAMS_C))
lint: build/tests/$(1).cases
endef
$(foreach room,pool stream,$(eval $(call CASES,$(room))))
build/tests/%.cases:
	@mkdir -p $(@D)
	@awk '/^CASE\(/ { print "#line " FNR " \"" FILENAME "\""; on = 1 } \
	  /^[{]/ { on = 0 } on' $^ >$@

pkg = $(shell pkg-config --$(1) criterion gio-2.0 json-glib-1.0)
PKG_CFLAGS = $(eval PKG_CFLAGS := $(call pkg,cflags))$(PKG_CFLAGS)
PKG_LIBS = $(call pkg,libs)
TEST_CFLAGS := $(STRICT) -g -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Ibuild/tests

# What all suites include is read once, too.
HELPERS_H := build/obj/host/helpers.h
$(HELPERS_H).gch: tests/support/helpers.h | setup
	@mkdir -p $(@D)
	$(call says,CC,$<)
	@echo '#include "../../../tests/support/helpers.h"' >$(HELPERS_H)
	$(Q)$(HOST_CC) $(TEST_CFLAGS) $(PKG_CFLAGS) -MMD -MP -x c-header -o $@ \
	  $(HELPERS_H)

$(patsubst %.c,build/obj/host/%.o,$(SUITES_C)): $(HELPERS_H).gch
build/obj/host/%.o: %.c | setup
	@mkdir -p $(@D)
	$(call says,CC,$<)
	$(Q)$(HOST_CC) $(TEST_CFLAGS) $(PKG_CFLAGS) $(if $(filter test_%,$(notdir $<)), \
	  -include $(HELPERS_H)) -MMD -MP -c -o $@ $<

# A stage has its own suites, and those that every stage goes through; final has
# several rooms. All suites together are a program of their own.
FINAL_SUITES := $(wildcard $(patsubst %,tests/%/test_*.c,pool stream stress)) \
  $(patsubst %,tests/programs/test_%.c,final copy compare examples)
CHOSEN_SUITES := $(SUITES_C)
ifneq ($(STEP),)
CHOSEN_SUITES := tests/steps/test_all_stages.c $(if $(filter final,$(STEP)), \
  $(FINAL_SUITES),tests/steps/test_step$(STEP).c)
CHOSEN_SUITES := $(if $(filter $(BRIDGE),$(STEP)),tests/steps/test_bridge.c, \
  $(CHOSEN_SUITES))
endif
SUITES := build/tests/suites$(STEP:%=-%)
$(SUITES): $(patsubst %.c,build/obj/host/%.o,$(HOST_C) $(CHOSEN_SUITES))
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(HOST_CC) -o $@ $^ $(PKG_LIBS)

# ---- What they need: for some stages, and for all ----

# The suites start these programs as they are, and all others only guarded.
PLAIN := $(HELPERS) cancel_in_time interposed modes stress stream_cases two_pools
GUARDED := final $(PROGRAMS) $(EXAMPLE_PROGRAMS) $(filter-out $(HELPERS) cancel_in_time \
  recorded sweep_errors stream_all stream_cases two_pools,$(TEST_PROGRAMS))

# The three programs of bridge have one suite. Their page shows no edit.
BRIDGE_TESTED := $(if $(or $(filter $(BRIDGE),$(STEP)),$(if $(STEP),,all)),$(BRIDGE))
TEST_FILES := $(SUITES) build/sample.txt $(HELPERS:%=build/tests/%.exe) \
  $(foreach dir,build build/tests/hooked,$(patsubst %,$(dir)/%.exe, \
    $(sort $(CHOSEN) $(BRIDGE_TESTED)))) \
  $(patsubst %,build/tests/break/%.exe,$(filter $(STAGES),$(CHOSEN))) \
  $(BRIDGE_TESTED:%=build/lab/%.exe)
ifneq ($(filter final,$(CHOSEN)),)
TEST_FILES += $(patsubst %,build/%.exe,$(PROGRAMS) $(EXAMPLE_PROGRAMS)) \
  $(PLAIN:%=build/tests/%.exe) $(GUARDED:%=build/tests/guarded/%.exe) $(EXAMPLES) $(READ_ONLY)
endif
# mk/lab.mk and mk/bench.mk add what the suites of the lab and of .NET need.

# ---- The commands ----

# TESTS=pool/NAME chooses tests, in Criterion's own patterns; several words are
# several patterns.
CHOSEN_TESTS = $(if $(TESTS),@($(subst $(space),|,$(strip $(TESTS)))))
FILTER = $(if $(TESTS),--filter '$(CHOSEN_TESTS)')
# These suites take long: some build many programs, the others try many orders.
BUILD_TESTS := attempts/* build/* learn/* library/* links/* systems/* \
  check/without_criterion_* trace/a_crash_in_a_directory_*
EXPLORE_TESTS := explore_answers/* model/* orders/*
EXCLUDED = $(if $(TESTS),,$(BUILD_TESTS) $(EXPLORE_TESTS))
TESTED := build
run_tests = IO= LAB=quiet BUILD="$$PWD/$(TESTED)" CHOSEN='$(CHOSEN)' \
  EXCLUDED='$(EXCLUDED)' LAUNCHER='$(QUOTED_WINE)' $(PREPARED) $(SUITES) $(FILTER)

.PHONY: test test-build test-explore flaky
test-build: TESTS := $(BUILD_TESTS)
test-explore: TESTS := $(EXPLORE_TESTS)
test test-build test-explore: $(WINE_READY)
	@$(stay) $(run_tests)

RUNS ?= 25
flaky: $(WINE_READY)
	@$(stay) for run in $$(seq $(RUNS)); do \
	  $(run_tests) >build/flaky.log 2>&1 || { cat build/flaky.log; \
	    echo "run $$run of $(RUNS) failed"; exit 1; }; \
	  echo "run $$run of $(RUNS): $$(tail -n 1 build/flaky.log)"; done

# The program that does everything at the same time, as long as you like.
STRESS ?= tests/stress
REQUESTS ?= 1000000

.PHONY: stress
stress: build/$(STRESS).exe $(WINE_READY)
	@$(stay) $(LAUNCHER) $< --requests $(REQUESTS) $(if $(SEED),--seed $(SEED))

# ---- Which lines of final/ the tests run ----

# They are run once more in a directory of links to everything here: so all is
# built and done there as it is here, but with the compiler's counters in it.
COVERAGE := build/coverage
COVERAGE_FLAGS := -O0 -g --coverage -fprofile-update=atomic

.PHONY: coverage
coverage: build/obj/tests/support/coverage_flush.o $(WINE_READY) | setup
	@mkdir -p $(COVERAGE)/build
	@ln -sfn $(foreach name,$(filter-out build,$(wildcard *)),../../$(name)) \
	  $(COVERAGE)
	@[ -z '$(WINE)' ] || ln -sfn ../../wine $(COVERAGE)/build
	@find $(COVERAGE)/build -name '*.gcda' -delete
	@$(MAKE) --no-print-directory -C $(COVERAGE) test STEP=final \
	  CFLAGS='$(COVERAGE_FLAGS)' WIN_LDLIBS='../$(<:build/%=%) $(WIN_LDLIBS)'
	@gcovr --gcov-executable $(GCOV) --filter final/ \
	  --json $(COVERAGE)/final.json --html-details $(COVERAGE)/final.html \
	  $(COVERAGE)/build/obj/final
	@echo "Every line: $(COVERAGE)/final.html"
	@tools/coverage.py $(COVERAGE)/final.json tests/support/uncovered.txt 90
