# The stages: how each is built and run.

STAGES := step1-create step2-bind step3-callback step4-overlapped \
  step5-readfile final
# final's programs: main.c is final.exe, each other has its own name.
PROGRAMS := copy compare
EXES := $(STAGES:%=build/%.exe) $(PROGRAMS:%=build/%.exe)

# STEP=3 is step3-callback, STEP=final is final; no STEP is all of them.
CHOSEN := $(STAGES)
ifneq ($(STEP),)
CHOSEN := $(filter $(if $(filter final,$(STEP)),final,step$(STEP)-%),$(STAGES))
ifneq ($(words $(STEP)):$(words $(CHOSEN)),1:1)
$(error STEP is 1, 2, 3, 4, 5 or final, not '$(STEP)')
endif
endif

# ---- Build ----

# What a program is linked from; final's share a library.
LIBRARY := build/libfinal.a
objects = build/obj/$(if $(filter $(PROGRAMS),$(1)),final/$(1),$(1)/main).o \
  $(if $(filter final $(PROGRAMS),$(1)),$(LIBRARY))
$(foreach name,$(STAGES) $(PROGRAMS),$(eval \
  build/$(name).exe: $(call objects,$(name))))

$(EXES): build/obj/windows.o
	$(call says,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(WIN_LDFLAGS) -o $@ $^ $(WIN_LDLIBS)

$(LIBRARY): $(patsubst %.c,build/obj/%.o, \
  $(filter-out $(PROGRAMS:%=final/%.c) final/main.c,$(wildcard final/*.c)))
	$(call says,AR,$@)
	@rm -f $@
	$(Q)$(WINAR) rcs $@ $^

define compile
@mkdir -p $(@D)
$(call says,CC,$<)
$(Q)$(CC) $(STRICT) $(CFLAGS) $(PRECOMPILED) -MMD -MP -c -o $@ $<
endef

build/obj/%.o: %.c | setup
	$(compile)

# windows.h takes a second to read. The lab, the tests and the gallery take it as
# it was read once; the steps and final are compiled as they would be anywhere.
WINDOWS_H := build/obj/precompiled/windows.h
build/obj/lab/%.o: private PRECOMPILED := -include $(WINDOWS_H)
build/obj/tests/%.o: private PRECOMPILED := -O1 -include $(WINDOWS_H)

build/obj/lab/%.o: lab/%.c $(WINDOWS_H).gch
	$(compile)

build/obj/tests/%.o: tests/%.c $(WINDOWS_H).gch
	$(compile)

$(WINDOWS_H).gch: | setup
	@mkdir -p $(@D)
	$(call says,CC,windows.h)
	@echo '#include <windows.h>' >$(WINDOWS_H)
	$(Q)$(CC) $(STRICT) $(CFLAGS) -x c-header -o $@ $(WINDOWS_H)

# With this manifest Windows takes paths beyond 260 characters, where its policy
# LongPathsEnabled allows them.
build/obj/windows.o: mk/windows.rc mk/windows.manifest | setup
	@mkdir -p $(@D)
	$(call says,WINDRES,$<)
	$(Q)$(WINDRES) -o $@ $<

.PHONY: $(foreach n,1 2 3 4 5,step$(n)) final
$(foreach n,1 2 3 4 5,$(eval step$(n): $(filter build/step$(n)-%,$(EXES))))
final: build/final.exe

# compare.exe shows how many lines of code each of its ways has.
build/obj/final/compare_lines.c: final/compare.c tools/lines.awk
	@mkdir -p $(@D)
	@awk -f tools/lines.awk $< >$@

build/obj/final/compare_lines.o: build/obj/final/compare_lines.c | setup
	$(Q)$(CC) $(STRICT) $(CFLAGS) -c -o $@ $<

build/compare.exe build/lab/compare.exe build/tests/guarded/compare.exe: \
  build/obj/final/compare_lines.o

# ---- Run ----

build/sample.txt: tools/sample.sh
	@mkdir -p $(@D)
	@tools/sample.sh >$@

# A step's own Makefile sets FROM to its directory: FILE is relative to that.
UP := $(if $(filter .,$(FROM)),,../)
export FILE ARGS

# Wine draws on a terminal, slowly; so stdout and stderr go through a pipe each.
ifneq ($(WINE),)
plainly = { { $(1) 2>&1 >&3 | cat >&2; } 3>&1 | cat; }
else
plainly = $(1)
endif

ifneq ($(SLOW),)
ifneq ($(SLOW) $(filter 5 final,$(STEP))$(FILE)$(ARGS),1 $(or $(STEP),none))
$(error SLOW=1 goes with STEP=5 or STEP=final, and without FILE and ARGS)
endif
endif

# With IO or DIR the lab's programs are run; see mk/lab.mk.
RUN_CHOSEN = $(if $(IO)$(DIR),$(LAB_CHOSEN),$(CHOSEN:%=build/%.exe))

.PHONY: run compare
run: build/sample.txt $(WINE_READY)
ifneq ($(SLOW),)
run: build/tests/feeder.exe
	@$(stay) cd $(FROM); for program in $(RUN_CHOSEN); do \
	  for i in 1 2 3 4 5 6; do sleep 0.3; echo "piece $$i of 6"; done | \
	  $(call plainly,$(LAUNCHER) $(UP)build/tests/feeder.exe \
	    '\\.\pipe\slow-'$$$$ $(UP)$$program) || exit; done
else
	@$(stay) cd $(FROM); for program in $(RUN_CHOSEN); do \
	  $(if $(STEP)$(DIR),,echo "== $$(basename $$program .exe)";) \
	  $(call plainly,$(LAUNCHER) $(UP)$$program \
	    "$${FILE:-$(UP)build/sample.txt}" $$ARGS) || exit; done
endif

compare: build/compare.exe build/sample.txt $(WINE_READY)
	@$(stay) cd $(FROM); $(call plainly,$(LAUNCHER) $(UP)$< \
	  "$${FILE:-$(UP)build/sample.txt}" $$ARGS)
