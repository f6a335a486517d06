# The gallery of broken programs: each patch in lab/pitfalls, on its stage.

PATCHES := $(wildcard lab/pitfalls/*/*.patch)
PITFALLS := $(basename $(notdir $(PATCHES)))
patch_of = $(filter %/$(1).patch,$(PATCHES))
stage_of = $(notdir $(patsubst %/,%,$(dir $(patch_of))))

# All of the patched program in one object file.
$(foreach name,$(PITFALLS),$(eval build/pitfalls/$(name)/program.o: \
  $(call patch_of,$(name)) $(wildcard $(call stage_of,$(name))/*.[ch])))
$(PITFALLS:%=build/pitfalls/%/program.o): build/pitfalls/%/program.o: \
  $(WINDOWS_H).gch
	@rm -rf $(@D) && mkdir -p $(@D)
	@cp $(call stage_of,$*)/*.[ch] $(@D)
	@rm -f $(PROGRAMS:%=$(@D)/%.c)
	$(Q)patch -s -f -F0 -p0 -d $(@D) <$(call patch_of,$*)
	$(Q)$(call one_object,$(@D))

# It is linked as the stage is, and under the stage's name: with the lab; and if
# a test of the stage is to find the mistake, as that test wants it.
in_pitfall = build/pitfalls/$(1)/$(2)/$(call stage_of,$(1)).exe
plain_pitfall = build/pitfalls/$(1)/program.o
guarded_pitfall = $(call guarded,$(plain_pitfall))
PITFALL_PROGRAMS := $(foreach name,$(PITFALLS),$(call in_pitfall,$(name),lab))
$(foreach name,$(PITFALLS),$(eval $(call in_pitfall,$(name),lab): \
  $(call guarded_pitfall,$(name)) $(LAB)))

PITFALL_TESTED := $(basename $(notdir $(shell grep -l '^Reported: test' /dev/null \
  $(PATCHES))))
$(foreach name,$(PITFALL_TESTED),$(eval $(call in_pitfall,$(name),.): \
  $(call plain_pitfall,$(name))))
$(foreach name,$(PITFALL_TESTED),$(eval $(call in_pitfall,$(name),tests/hooked): \
  $(call plain_pitfall,$(name)) $(HOOKS)))
$(foreach name,$(PITFALL_TESTED),$(eval $(call in_pitfall,$(name),tests/guarded): \
  $(call guarded_pitfall,$(name)) $(HOOKS)))
PITFALL_PROGRAMS += $(foreach name,$(PITFALL_TESTED),$(call in_pitfall,$(name),.) \
  $(call in_pitfall,$(name),tests/$(if $(filter final, \
    $(call stage_of,$(name))),guarded,hooked)))

$(PITFALL_PROGRAMS):
	@mkdir -p $(@D)
	$(if $(filter %/lab,$(@D)),$(call says,LD,$@))
	$(Q)$(link_lab) $(WIN_LDFLAGS)

.PHONY: pitfalls pitfall
pitfalls:
	@awk -v form=list -f lab/pitfalls/headers.awk $(PATCHES)

ifneq ($(filter pitfall,$(MAKECMDGOALS)),)
NEEDS += run patch
ifneq ($(words $(NAME)):$(words $(call patch_of,$(NAME))),1:1)
$(error NAME is one of those that make pitfalls lists, not '$(NAME)')
endif
endif
pitfall: $(call in_pitfall,$(NAME),lab) build/sample.txt $(WINE_READY)
	@$(stay) LAUNCHER='$(LAUNCHER)' ADDR2LINE='$(ADDR2LINE)' \
	  lab/pitfalls/show.sh $< $(call patch_of,$(NAME))

# The table in the README is made of what the patches say.
build/pitfalls/README.md: lab/pitfalls/README.md lab/pitfalls/headers.awk \
  $(PATCHES)
	@mkdir -p $(@D)
	@sed '/^| stage | name /,$$d' $< >$@
	@awk -v form=table -f lab/pitfalls/headers.awk $(PATCHES) >>$@

.PHONY: pitfalls-table
pitfalls-table: build/pitfalls/README.md
	@cp $< lab/pitfalls/README.md

# The tests of all stages have the gallery's among them; those of one have not.
ifeq ($(STEP),)
TEST_FILES += $(PITFALL_PROGRAMS) build/pitfalls/README.md
endif
