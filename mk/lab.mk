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

# lab/interpose/caller.c knows the image base.
link_lab = $(CC) $(CFLAGS) -Wl,--image-base=0x140000000 -o $@ \
  $(filter %.o %.a,$^) $(WIN_LDLIBS)
$(LABS): $(LAB)
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(link_lab) $(WIN_LDFLAGS)

# ---- A directory of one's own ----

# DIR stands for a stage. All its C sources become one object file, made anew
# each time, since another DIR may come next. Warnings are no errors there. Like
# FILE, DIR is relative to where one types; it may have spaces in its name.
ifneq ($(DIR),)
export DIR
DIR_SOURCES := $(shell cd $(FROM) && \
  ls '$(subst ','\'',$(DIR))'/*.c 2>/dev/null | wc -l)
ifeq ($(DIR_SOURCES),0)
$(error there are no C sources in DIR='$(DIR)')
endif

# final's own programs are not part of its library, nor of final.exe.
DIR_LEFT_OUT := $(if $(filter final,$(STEP)),$(PROGRAMS:%=*/%.c |)) /
build/dir/program.o: FORCE | setup
	@mkdir -p $(@D)
	@printf 'CC\t%s\n' "$$DIR/*.c"
	$(Q)sources=(); cd $(FROM); for source in "$$DIR"/*.c; do \
	  case $$source in $(DIR_LEFT_OUT)) ;; *) sources+=("$$source") ;; esac; \
	  done; $(CC) -std=c17 -Wall -Wextra $(CFLAGS) -r -nostdlib \
	  -o '$(CURDIR)/$@' "$${sources[@]}"

# A main instead of a wmain is linked without -municode.
DIR_LDFLAGS := $(if $(shell cd $(FROM) && \
  grep -l wmain '$(subst ','\'',$(DIR))'/*.c),$(WIN_LDFLAGS),-static)
build/lab/dir.exe: $(call guarded,build/dir/program.o) $(LAB)
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(link_lab) $(DIR_LDFLAGS)
endif

# The programs that a command is about: DIR, or those that STEP has chosen.
LAB_CHOSEN := $(if $(DIR),build/lab/dir.exe,$(CHOSEN:%=build/lab/%.exe))

# ---- What the suites of the lab need ----

# Programs that are wrong, each in ways of its own, and right ones: all that the
# checker must report, and what it must not.
WRONG := $(patsubst %.c,build/%.exe,$(wildcard tests/wrong/*.c))
RIGHT := $(patsubst %.c,build/%.exe,$(wildcard tests/right/*.c))
$(foreach exe,$(WRONG) $(RIGHT),$(eval \
  $(exe): $(call guarded,$(patsubst build/%.exe,build/obj/%.o,$(exe))) $(LAB)))
$(WRONG) $(RIGHT):
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(link_lab) -static

# final's examples, with all of lab/, too.
CHECKED_EXAMPLES := $(EXAMPLES:build/tests/%=build/lab/%)
$(foreach n,1 2,$(eval build/lab/example$(n).exe: \
  $(call guarded,build/obj/tests/example$(n).o $(LIBRARY))))
$(CHECKED_EXAMPLES): $(LAB)
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(link_lab) $(WIN_LDFLAGS)

ifeq ($(STEP),)
TEST_FILES += $(LABS) $(WRONG) $(RIGHT) $(CHECKED_EXAMPLES)
endif
