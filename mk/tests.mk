# The tests: suites that run here, and the Windows programs that they start.

# ---- Windows programs ----

PROBES := $(patsubst tests/probes/%.c,build/tests/%.exe,$(wildcard tests/probes/*.c))
$(PROBES): build/tests/%.exe: build/obj/tests/probes/%.o
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(WIN_LDFLAGS) -o $@ $^ $(WIN_LDLIBS)

# These only help, and know nothing of final.
HELPERS := $(patsubst %,build/tests/%.exe,feeder holder crasher leaving)
$(filter-out $(HELPERS),$(PROBES)): $(LIBRARY)

# A test program of one source has one line in the output, when it is linked.
build/obj/tests/probes/%.o build/obj/tests/wrong/%.o build/obj/tests/right/%.o: \
  private says :=

# One of them is more than a file.
build/tests/stress.exe: $(patsubst %.c,build/obj/%.o,$(wildcard tests/stress/*.c))
build/tests/guarded/stress.exe: \
  $(patsubst %.c,build/guarded/obj/%.o,$(wildcard tests/stress/*.c))

# The stages with tests/hooks linked under them: the same object files.
HOOKS := $(patsubst %.c,build/obj/%.o,$(wildcard lab/interpose/*.c \
  lab/modes/*.c tests/hooks/*.c))
HOOKED := $(STAGES:%=build/tests/hooked/%.exe)
$(foreach stage,$(STAGES),$(eval \
  build/tests/hooked/$(stage).exe: $(call objects,$(stage))))

# final's programs and the probes, with tests/hooks and lab/guard: what they and
# final's library allocate is guarded. Only the names in the object files change.
GUARDED := $(patsubst %,build/tests/guarded/%.exe,final $(PROGRAMS)) \
  $(PROBES:build/tests/%=build/tests/guarded/%)
guarded = build/obj/lab/guard/guard.o $(patsubst build/%,build/guarded/%,$(1))
$(foreach name,final $(PROGRAMS),$(eval \
  build/tests/guarded/$(name).exe: $(call guarded,$(call objects,$(name)))))
$(foreach probe,$(PROBES:build/tests/%.exe=%),$(eval \
  build/tests/guarded/$(probe).exe: \
    $(call guarded,build/obj/tests/probes/$(probe).o $(LIBRARY))))

build/guarded/%: build/%
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) $(foreach name,malloc calloc realloc free, \
	  --redefine-sym $(name)=guard_$(name)) $< $@

$(HOOKED) $(GUARDED): $(HOOKS)
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(WIN_LDFLAGS) -o $@ $^ $(WIN_LDLIBS)

# One of each kind as newer linkers make it: the import table is read-only.
READ_ONLY := $(patsubst %,build/tests/read-only/%.exe,interposed stream_end)
$(READ_ONLY): build/tests/read-only/%: build/tests/guarded/% tools/read_only.py
	@mkdir -p $(@D)
	@tools/read_only.py $< $@

# All C sources of a directory as one object file. They may leave a warning.
one_object = $(CC) -std=c17 $(CFLAGS) -include $(WINDOWS_H) -r -nostdlib \
  -o $(1)/program.o $(1)/*.c

# The stages with the edit that their README's "Break it" shows.
BROKEN := $(STAGES:%=build/tests/break/%.exe)
$(foreach stage,$(STAGES),$(eval \
  build/tests/break/$(stage).exe: $(wildcard $(stage)/*.[ch]) $(stage)/README.md))
$(BROKEN): build/tests/break/%.exe: tools/break.sh $(WINDOWS_H).gch
	@mkdir -p $(@D)
	$(call says,LD,$@)
	@tools/break.sh $* build/tests/break/$*
	@rm -f $(PROGRAMS:%=build/tests/break/$*/%.c)
	$(Q)$(call one_object,build/tests/break/$*)
	$(Q)$(CC) $(CFLAGS) $(WIN_LDFLAGS) -o $@ build/tests/break/$*/program.o \
	  $(WIN_LDLIBS)

# The programs that final's README begins with: its first two blocks of C.
EXAMPLES := build/tests/example1.exe build/tests/example2.exe
build/tests/example%.c: final/README.md
	@mkdir -p $(@D)
	@awk '/^```c$$/ && ++block == $* { on = 1; next } /^```$$/ { on = 0 } on' \
	  $< >$@
build/obj/tests/example%.o: build/tests/example%.c | setup
	@mkdir -p $(@D)
	$(Q)$(CC) $(STRICT) $(CFLAGS) -Ifinal -MMD -MP -c -o $@ $<
$(EXAMPLES): build/tests/%.exe: build/obj/tests/%.o $(LIBRARY)
	$(call says,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(WIN_LDFLAGS) -o $@ $^ $(WIN_LDLIBS)

# ---- The suites ----

pkg = $(shell pkg-config --$(1) criterion gio-2.0 json-glib-1.0)
PKG_CFLAGS = $(eval PKG_CFLAGS := $(call pkg,cflags))$(PKG_CFLAGS)
PKG_LIBS = $(call pkg,libs)
TEST_CFLAGS := $(STRICT) -g -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64

# What all suites include is read once, too.
HELPERS_H := build/obj/host/helpers.h
$(HELPERS_H).gch: tests/helpers.h | setup
	@mkdir -p $(@D)
	$(call says,CC,$<)
	@echo '#include "../../../tests/helpers.h"' >$(HELPERS_H)
	$(Q)$(HOST_CC) $(TEST_CFLAGS) $(PKG_CFLAGS) -MMD -MP -x c-header -o $@ \
	  $(HELPERS_H)

build/obj/host/test_%.o: private PRECOMPILED := -include $(HELPERS_H)
build/obj/host/test_%.o: tests/test_%.c $(HELPERS_H).gch
	@mkdir -p $(@D)
	$(call says,CC,$<)
	$(Q)$(HOST_CC) $(TEST_CFLAGS) $(PKG_CFLAGS) $(PRECOMPILED) -MMD -MP -c \
	  -o $@ $<

build/obj/host/%.o: tests/%.c | setup
	@mkdir -p $(@D)
	$(call says,CC,$<)
	$(Q)$(HOST_CC) $(TEST_CFLAGS) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<

# A stage has its own suites, and those that every stage goes through; final has
# several. All suites together are a program of their own.
TESTS_C := $(wildcard tests/*.c)
FINAL_SUITES := final pool file_stream copy compare examples stress lab
SUITES_C := $(TESTS_C)
ifneq ($(STEP),)
SUITES_C := $(filter-out tests/test_%,$(TESTS_C)) tests/test_all_stages.c \
  $(if $(filter final,$(STEP)),$(FINAL_SUITES:%=tests/test_%.c), \
    tests/test_step$(STEP).c)
endif
SUITES := build/tests/suites$(STEP:%=-%)
$(SUITES): $(SUITES_C:tests/%.c=build/obj/host/%.o)
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(HOST_CC) -o $@ $^ $(PKG_LIBS)

# ---- What they need: for some stages, and for all ----

# The suites start these probes as they are, and all others only guarded.
PLAIN_PROBES := $(patsubst %,build/tests/%.exe,cancel_in_time interposed modes \
  stream_cost stress two_pools)
GUARDED_PROBES := $(filter-out $(HELPERS:build/tests/%=build/tests/guarded/%) \
  $(patsubst %,build/tests/guarded/%.exe,cancel_in_time misdeeds stream_all \
    stream_cost two_pools),$(GUARDED))

TEST_FILES := $(SUITES) build/sample.txt $(HELPERS) $(foreach dir,build build/tests/hooked \
    build/tests/break,$(CHOSEN:%=$(dir)/%.exe))
ifneq ($(filter final,$(CHOSEN)),)
TEST_FILES += $(PROGRAMS:%=build/%.exe) $(PLAIN_PROBES) $(GUARDED_PROBES) \
  $(EXAMPLES) $(READ_ONLY)
endif
# Further fragments add what the suites of the lab need.

# ---- The commands ----

# TESTS=pool/NAME chooses tests, in Criterion's own patterns; several words are
# several patterns.
CHOSEN_TESTS := $(if $(TESTS),@($(subst $(space),|,$(strip $(TESTS)))))
FILTER := $(if $(TESTS),--filter '$(CHOSEN_TESTS)')
TESTED := build
run_tests = IO= BUILD="$$PWD/$(TESTED)" CHOSEN='$(CHOSEN)' \
  LAUNCHER='$(QUOTED_WINE)' $(PREPARED) $(SUITES) $(FILTER)

.PHONY: test flaky
test: $(WINE_READY)
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
coverage: build/obj/tests/coverage/flush.o $(WINE_READY) | setup
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
	@tools/coverage.py $(COVERAGE)/final.json tests/uncovered.txt 90
