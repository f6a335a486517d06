# A stage for the debugger: not optimized. gdbserver is a Windows program, too;
# gdb runs on this system and talks to it. F5 in VS Code does the same: .vscode.

GDBSERVER := /usr/share/win64/gdbserver.exe
DEBUG_PORT := 2345

DEBUGGED := $(STAGES:%=build/debug/%.exe)
$(foreach name,$(STAGES),$(eval build/debug/$(name).exe: \
  $(wildcard $(name)/*.[ch])))
$(DEBUGGED): | setup
	@mkdir -p $(@D)
	$(call says,CC,$@)
	$(Q)$(CC) $(STRICT) -O0 -g $(WIN_LDFLAGS) -o $@ \
	  $(filter-out $(PROGRAMS:%=final/%.c),$(filter %.c,$^)) $(WIN_LDLIBS)

ifneq ($(filter debug-server,$(MAKECMDGOALS)),)
NEEDS += run gdb
ifeq ($(WINE),)
$(error Windows needs no server: make build/debug/NAME.exe and start gdb on it)
endif
ifneq ($(words $(CHOSEN)),1)
$(error make debug-server needs STEP=: 1 to 5, or final)
endif
endif

# It ends with the program. The words "Listening on port" tell VS Code to go on.
.PHONY: debug-server
debug-server: build/debug/$(firstword $(CHOSEN)).exe build/sample.txt \
  $(WINE_READY)
	@echo "Now: $(CROSS)gdb $< -ex 'target remote localhost:$(DEBUG_PORT)'"
	@$(stay) cd $(FROM); $(call plainly,$(LAUNCHER) $(GDBSERVER) \
	  localhost:$(DEBUG_PORT) $(UP)$< "$${FILE:-$(UP)build/sample.txt}" $$ARGS)
