# The learner's commands. A learner writes a step in mine/; `make try` judges it. See
# tools/learn/README.md.

LEARNER := start try hint solution catchup reset watch
ifneq ($(filter $(LEARNER),$(MAKECMDGOALS)),)
ifeq ($(filter 1 2 3 4 5,$(STEP)),)
$(error make $(firstword $(filter $(LEARNER),$(MAKECMDGOALS))) needs a step: \
  STEP=1 to STEP=5)
endif
endif

LEARN_ENV = $(BUILD_TOOLS) LAUNCHER='$(LAUNCHER)' TOP=$(or $(UP),.)
LEARN = $(LEARN_ENV) python3 -B $(UP)tools/learn/learn.py

.PHONY: $(LEARNER) progress
start solution catchup reset:
	@cd $(FROM) && $(LEARN) $@ $(STEP)

progress:
	@cd $(FROM) && $(LEARN) progress

# With ALL=1, an attempt that is right goes through all tests of its step. `check`
# would refuse ALL, so it gets only the settings. NEXT is its line `next:`.
TRY_ALL = $(if $(ALL),&& NEXT="$$(cd $(FROM) && $(LEARN) after $(STEP))" \
  MAKEFLAGS= $(THIS_MAKE) --no-print-directory check \
  STEP=$(STEP) DIR=mine/$(CHOSEN) $(foreach name,$(SETTINGS),$(if $(filter \
    command,$(firstword $(origin $(name)))),$(name)='$($(name))')))
try hint watch: $(LAB_OBJECTS) build/tests/feeder.exe build/sample.txt $(WINE_READY)
	@$(stay) (cd $(FROM) && ALL='$(ALL)' $(LEARN) $@ $(STEP)) $(TRY_ALL)

# Writes the generated parts of the steps' READMEs: see tools/docs.py.
.PHONY: docs
docs:
	@python3 -B tools/docs.py
	@python3 -B tools/strip.py

# Judges all recorded attempts: see tests/learn/run.py. They read windows.h from a
# precompiled header, because there are many of them.
LEARN_H := build/learn/windows.h
$(LEARN_H).gch: | setup
	@mkdir -p $(@D)
	$(call says,CC,$@)
	@echo '#include <windows.h>' >$(LEARN_H)
	$(Q)$(CC) -Wall $(CFLAGS) -x c-header -o $@ $(LEARN_H)

# The tests of all stages have a few of the attempts among them.
ifeq ($(STEP),)
TEST_FILES += $(LEARN_H).gch
endif

.PHONY: test-learn
test-learn: private CFLAGS := $(CFLAGS) -include $(LEARN_H)
test-learn: $(LEARN_H).gch $(LAB_OBJECTS) build/tests/feeder.exe \
  build/sample.txt $(WINE_READY)
	@$(stay) $(LEARN_ENV) STRICT='$(STRICT)' python3 -B tests/learn/run.py \
	  $(STEP:%=--step %) $(if $(NAME),--name '$(NAME)')
