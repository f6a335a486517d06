# The lab: a program once more, with lab/ linked under it. The object files are
# the same; only the names of malloc and its kin in them change (see guard.h).

SWEPT_PROBES := stream_all misdeeds
LABS := $(patsubst %,build/lab/%.exe,$(STAGES) $(PROGRAMS) $(SWEPT_PROBES))
LAB := $(patsubst %.c,build/obj/%.o,$(filter-out lab/guard/%, \
  $(wildcard lab/interpose/*.c lab/modes/*.c lab/trace/*.c lab/checker/*.c \
  lab/sweep/*.c)))
$(foreach name,$(STAGES) $(PROGRAMS),$(eval \
  build/lab/$(name).exe: $(call guarded,$(call objects,$(name)))))
# Two probes are there for the sweeps.
$(foreach probe,$(SWEPT_PROBES),$(eval build/lab/$(probe).exe: \
  $(call guarded,build/obj/tests/probes/$(probe).o $(LIBRARY))))

# A learner's directory may stand for a stage: of DIR=mine all C sources are
# taken, each time anew, since another DIR has the same names. Warnings are no
# errors there.
ifneq ($(DIR),)
DIR_SOURCES := $(if $(filter final,$(STEP)),$(filter-out \
  $(PROGRAMS:%=$(DIR)/%.c),$(wildcard $(DIR)/*.c)),$(wildcard $(DIR)/*.c))
DIR_OBJECTS := $(patsubst $(DIR)/%.c,build/obj/dir/%.o,$(DIR_SOURCES))
ifeq ($(DIR_SOURCES),)
$(error there are no C sources in DIR=$(DIR))
endif
.PHONY: dir-is-made-anew
$(DIR_OBJECTS): build/obj/dir/%.o: $(DIR)/%.c dir-is-made-anew | setup
	@mkdir -p $(@D)
	@$(CC) -std=c17 -Wall -Wextra $(CFLAGS) -c -o $@ $<
build/lab/dir.exe: $(call guarded,$(DIR_OBJECTS))
# A main instead of a wmain is linked without -municode.
DIR_LDFLAGS := $(if $(shell grep -l wmain $(DIR_SOURCES)),$(WIN_LDFLAGS),-static)
endif

# lab/interpose/caller.c knows the image base.
$(LABS) build/lab/dir.exe: $(LAB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(if $(filter %/dir.exe,$@),$(DIR_LDFLAGS),$(WIN_LDFLAGS)) \
	  -Wl,--image-base=0x140000000 -o $@ $^ $(WIN_LDLIBS)

# The programs that a command is about: DIR, or those that STEP has chosen.
LAB_CHOSEN := $(if $(DIR),build/lab/dir.exe,$(CHOSEN:%=build/lab/%.exe))

# The lab's own suites start all of them.
ifeq ($(STEP),)
test flaky check-suite: $(LABS)
endif
