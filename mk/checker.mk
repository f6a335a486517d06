# The checker: a step's suite, and then the step with lab/checker at work.

# Programs that are wrong, each in ways of its own, and right ones: all that
# the checker must tell, and what it must not.
WRONG := $(patsubst %.c,build/%.exe,$(wildcard tests/wrong/*.c))
RIGHT := $(patsubst %.c,build/%.exe,$(wildcard tests/right/*.c))
$(foreach exe,$(WRONG) $(RIGHT),$(eval \
  $(exe): $(call guarded,$(patsubst build/%.exe,build/obj/%.o,$(exe))) $(LAB)))
$(WRONG) $(RIGHT):
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -static -Wl,--image-base=0x140000000 -o $@ \
	  $(filter %.o,$^) $(WIN_LDLIBS)

# make lint does not look for mistakes where they are made on purpose.
WINDOWS_C := $(filter-out tests/wrong/%,$(WINDOWS_C))
HEADERS += $(wildcard tests/wrong/* tests/right/*.h)

# final's examples, with all of lab/, too.
CHECKED_EXAMPLES := $(EXAMPLES:build/tests/%=build/lab/%)
build/obj/tests/example%.o: build/tests/example%.c | setup
	@mkdir -p $(@D)
	$(CC) $(STRICT) $(CFLAGS) -Ifinal -c -o $@ $<
$(foreach n,1 2,$(eval build/lab/example$(n).exe: \
  $(call guarded,build/obj/tests/example$(n).o $(LIBRARY))))
$(CHECKED_EXAMPLES): $(LAB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WIN_LDFLAGS) -Wl,--image-base=0x140000000 -o $@ \
	  $^ $(WIN_LDLIBS)

ifeq ($(STEP),)
test flaky check-suite: $(WRONG) $(RIGHT) $(CHECKED_EXAMPLES)
endif

# Twice, by turns: see is_its_turn in lab/checker/requests.c.
.PHONY: check check-suite check-program
check: check-program
check-program: $(LAB_CHOSEN) build/sample.txt $(WINE_READY)
	@cd $(FROM); for program in $(LAB_CHOSEN); do for turn in 1 2; do \
	  CHECK=$$turn $(if $(IO),IO='$(IO)') $(LAUNCHER) $(UP)$$program \
	    "$${FILE:-$(UP)build/sample.txt}" $$ARGS 2>&1 >/dev/null </dev/null | \
	    awk -v program=$(UP)$$program -f $(UP)lab/checker/lines.awk >&2 || \
	    exit; done; \
	  echo "check: $$(basename $$program .exe): nothing to report"; done

ifneq ($(filter check,$(MAKECMDGOALS)),)
NEEDS += run
endif

# First the suite, unless only the checker is asked for. A directory has that of
# its STEP, if this is 1 to 5.
ifneq ($(ONLY),checker)
ifneq ($(if $(DIR),$(filter 1 2 3 4 5,$(STEP)),all),)
check-program: check-suite
ifneq ($(filter check,$(MAKECMDGOALS)),)
NEEDS += test patch python
endif
endif
endif
check-suite: $(TEST_FILES)
	@$(stay) $(run_tests)

# DIR's program stands in for the step's, in a build directory of links to
# everything else.
ifneq ($(if $(DIR),$(filter 1 2 3 4 5,$(STEP))),)
STAND_INS := $(foreach dir,build build/tests/hooked, \
  build/dir/$(dir)/$(CHOSEN).exe)
check-suite: TESTED := build/dir/build
check-suite: $(STAND_INS)
build/dir/build/tests/hooked/$(CHOSEN).exe: $(HOOKS)
$(STAND_INS): $(DIR_OBJECTS) $(TEST_FILES)
	@mkdir -p build/dir/build/tests/hooked
	@ln -sfn $(CHOSEN:%=../../%) build/dir
	@ln -sfn ../../sample.txt $(if $(WINE),../../wine) build/dir/build
	@ln -sfn $(patsubst build/%,../../../%,$(PROBES) build/tests/break) \
	  build/dir/build/tests
	@$(CC) $(CFLAGS) $(DIR_LDFLAGS) -o $@ $(filter %.o,$^) $(WIN_LDLIBS)
endif
