# I/O modes: how each I/O ends is told with IO=, by lab/modes.

# A stage with IO, and a learner's directory with or without, is run as the lab
# program. The modes are for it alone, and not for what tests start besides.
ifneq ($(IO)$(DIR),)
run: $(LAB_CHOSEN)
endif

# `make test` starts each of them once in each mode.
TEST_FILES += $(if $(STEP),,$(LABS))

# The whole matrix. The suites start in build/io what they start in build, but
# linked with lab/modes: for the stages the lab's programs, for probes those of
# tests/guarded. feeder, holder and crasher only help, and stay as they are.
IO_PROGRAMS := $(patsubst %,build/io/%.exe,$(STAGES) $(PROGRAMS))
IO_HELPERS := $(patsubst %,build/io/tests/%.exe,feeder holder crasher)
IO_PROBES := $(filter-out $(IO_HELPERS),$(PROBES:build/tests/%=build/io/tests/%))
IO_DIRECTORIES := $(patsubst %,build/io/tests/%,hooked guarded break)

$(IO_PROGRAMS): build/io/%.exe: build/lab/%.exe
$(IO_HELPERS): build/io/tests/%.exe: build/tests/%.exe
$(IO_PROBES): build/io/tests/%.exe: build/tests/guarded/%.exe
build/io/tests/hooked: $(HOOKED)
build/io/tests/guarded: $(GUARDED)
build/io/tests/break: $(BROKEN)
build/io/sample.txt: build/sample.txt
build/io/tests/example1.exe: build/tests/example1.exe
build/io/tests/example2.exe: build/tests/example2.exe
IO_FILES := $(IO_PROGRAMS) $(IO_HELPERS) $(IO_PROBES) $(IO_DIRECTORIES) \
  build/io/sample.txt $(EXAMPLES:build/%=build/io/%)
$(IO_FILES):
	@mkdir -p $(@D)
	@ln -sfn $(CURDIR)/$(or $(wildcard $(@:build/io/%=build/%)/.),$<) $@

# Those that keep data intact. Further ones: make test-io MODES=pending,short:3
MODES ?= wine pending sync-eof short:1 shuffle:1 ntfs-cached skip slow:1 \
  pending,short:2,sync-eof shuffle:2,short:3 skip,short:4,sync-eof

# What is not asked of them, and why: in lab/modes/excluded.txt.
io_filter = $(shell awk -v mode='$(1)' -f tools/excluded.awk \
  lab/modes/excluded.txt)

.PHONY: test-io
test-io: $(TEST_FILES) $(IO_FILES)
	@$(stay) $(foreach mode,$(MODES),echo "IO=$(mode)"; IO='$(mode)' \
	  BUILD="$$PWD/build/io" CHOSEN='$(CHOSEN)' LAUNCHER='$(LAUNCHER)' \
	  build/tests/suites --filter '$(call io_filter,$(mode))' || exit;)

ifneq ($(filter test-io,$(MAKECMDGOALS)),)
NEEDS += run test
endif
