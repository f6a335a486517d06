# The truth table: what this system does, beside what each Wine did that was
# tried, and what is documented of Windows.

PROBE := $(patsubst %.c,build/obj/%.o,$(wildcard lab/probe/*.c))
build/probe.exe build/tests/hooked/probe.exe: $(PROBE)
build/tests/hooked/probe.exe: $(HOOKS)
build/probe.exe build/tests/hooked/probe.exe:
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(WIN_LDFLAGS) -o $@ $^ $(WIN_LDLIBS)

ifneq ($(filter probe windows-and-wine,$(MAKECMDGOALS)),)
NEEDS += run
endif

.PHONY: probe windows-and-wine
probe: build/probe.exe $(WINE_READY)
	@$(stay) $(call plainly,$(LAUNCHER) $< $(ROW))

# The same as a page, if all is as expected here.
windows-and-wine: probe
	@$(stay) $(LAUNCHER) build/probe.exe --markdown >build/windows-and-wine.md
	@cp build/windows-and-wine.md lab/

# For tests/test_probe.c.
ifeq ($(STEP),)
TEST_FILES += build/probe.exe build/tests/hooked/probe.exe
endif
