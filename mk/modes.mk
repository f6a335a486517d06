# I/O modes: IO= chooses how each I/O completes. See lab/modes.

# With IO a stage is run as the lab's program; so is a directory of one's own.
run: $(RUN_CHOSEN)

# The whole matrix. The suites start in build/io/build what they start in build,
# but linked with lab/modes: for the stages the lab's programs, for probes those
# of tests/guarded. Those that only help stay as they are.
# Around it are links to everything here, for what the suites read.
IO_BUILD := build/io/build
IO_PROGRAMS := $(patsubst %,$(IO_BUILD)/%.exe,$(STAGES) $(PROGRAMS))
IO_HELPERS := $(HELPERS:build/%=$(IO_BUILD)/%)
IO_PROBES := $(filter-out $(IO_HELPERS),$(PROBES:build/%=$(IO_BUILD)/%))
IO_OTHERS := $(patsubst build/%,$(IO_BUILD)/%, \
  $(HOOKED) $(GUARDED) $(BROKEN) $(EXAMPLES) build/sample.txt)
IO_FILES := $(IO_PROGRAMS) $(IO_PROBES) $(IO_HELPERS) $(IO_OTHERS)

$(IO_PROGRAMS): $(IO_BUILD)/%: build/lab/%
$(IO_PROBES): $(IO_BUILD)/tests/%: build/tests/guarded/%
$(IO_HELPERS) $(IO_OTHERS): $(IO_BUILD)/%: build/%
$(IO_FILES):
	@mkdir -p $(@D)
	@ln -sf $(CURDIR)/$< $@

# Those that keep data intact. Fewer, or others: make test-io MODES=pending
MODES ?= wine pending sync-eof short:1 shuffle:1 ntfs-cached skip slow:1 \
  pending,short:2,sync-eof shuffle:2,short:3 skip,short:4,sync-eof
# What is not asked under a mode, and why: see lab/modes/excluded.txt.

.PHONY: test-io
test-io: $(IO_FILES)
	@ln -sfn $(foreach name,$(filter-out build,$(wildcard *)),../../$(name)) \
	  build/io
	@$(stay) failed=; for mode in $(MODES); do echo "IO=$$mode"; \
	  IO=$$mode BUILD="$$PWD/$(IO_BUILD)" CHOSEN='$(CHOSEN)' \
	  LAUNCHER='$(QUOTED_WINE)' $(PREPARED) $(SUITES) --filter "$(or $(CHOSEN_TESTS),$$( \
	    awk -v mode=$$mode -f tools/excluded.awk lab/modes/excluded.txt))" || \
	    failed="$$failed $$mode"; done; \
	  [ -z "$$failed" ] || { echo "failed under$$failed"; exit 1; }

ifneq ($(filter test-io,$(MAKECMDGOALS)),)
NEEDS += run test patch python
endif
