# make check: the tests of a stage, and then the stage with lab/checker at work.

ifneq ($(filter-out checker,$(ONLY)),)
$(error ONLY is checker, not '$(ONLY)')
endif

# First the suites, unless only the checker is asked for. A directory has those
# of its STEP, if this is 1 to 5.
CHECK_SUITES := $(if $(filter checker,$(ONLY)),,$(if $(DIR), \
  $(filter 1 2 3 4 5,$(STEP)),all))

# In them DIR's program replaces the step's, in a build directory of links
# to everything else.
ifneq ($(and $(DIR),$(CHECK_SUITES)),)
STAND_INS := $(foreach dir,build build/tests/hooked, \
  build/dir/$(dir)/$(CHOSEN).exe)
check: TESTED := build/dir/build
check: $(STAND_INS)
build/dir/build/tests/hooked/$(CHOSEN).exe: $(HOOKS)
$(STAND_INS): build/dir/program.o
	@mkdir -p $(@D) build/dir/build/tests
	@ln -sfn $(CHOSEN:%=../../%) build/dir
	@ln -sfn ../../sample.txt $(if $(WINE),../../wine) build/dir/build
	@ln -sfn $(HELPERS:build/%=../../../%) ../../../tests/break \
	  build/dir/build/tests
	$(Q)$(CC) $(CFLAGS) $(DIR_LDFLAGS) -o $@ $(filter build/dir/%.o \
	  $(HOOKS),$^) $(WIN_LDLIBS)
endif

# Then the checker, twice, by turns: see is_its_turn in lab/checker/requests.c.
.PHONY: check
check: $(LAB_CHOSEN) build/sample.txt $(WINE_READY)
	@$(stay) $(if $(CHECK_SUITES),$(run_tests) || exit;) \
	  cd $(FROM); for program in $(LAB_CHOSEN); do for turn in 1 2; do \
	  CHECK=$$turn $(if $(IO),IO='$(IO)') $(LAUNCHER) $(UP)$$program \
	    "$${FILE:-$(UP)build/sample.txt}" $$ARGS 2>&1 >/dev/null </dev/null | \
	    awk -v program=$(UP)$$program -f $(UP)lab/checker/lines.awk >&2 || \
	    exit; done; \
	  echo "check: $$(basename $$program .exe): nothing to report"; done

ifneq ($(filter check,$(MAKECMDGOALS)),)
NEEDS += run $(if $(CHECK_SUITES),test patch python)
endif
