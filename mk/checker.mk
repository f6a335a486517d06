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

# Twice: see is_its_turn in lab/checker/requests.c.
.PHONY: check check-suite check-program
check: check-program
check-program: $(LAB_CHOSEN) build/sample.txt $(WINE_READY)
	@cd $(FROM); for program in $(LAB_CHOSEN); do for turn in 1 2; do \
	  CHECK=$$turn $(if $(IO),IO='$(IO)') $(LAUNCHER) $(UP)$$program \
	    "$${FILE:-$(UP)build/sample.txt}" $$ARGS 2>&1 >/dev/null </dev/null | \
	    ADDR2LINE='$(ADDR2LINE)' awk -v program=$(UP)$$program \
	      -f $(UP)lab/checker/lines.awk >&2 || exit; done; \
	  echo "check: $$(basename $$program .exe): nothing to report"; done

ifneq ($(filter check,$(MAKECMDGOALS)),)
NEEDS += run
# First the suite, unless only the checker is asked for.
ifneq ($(ONLY),checker)
check-program: check-suite
NEEDS += test
endif
endif

check-suite: $(TEST_FILES)
	@$(stay) $(run_tests)
