# The commands, and the variables that each of them uses. A variable that is
# given to a command that does not use it is an error: to ignore it would judge
# another program than the reader meant.

USES_run := STEP FILE ARGS SLOW IO DIR
USES_test := STEP TESTS
USES_check := STEP DIR FILE ARGS IO ONLY TESTS
USES_trace := STEP DIR FILE ARGS IO
USES_debug-server := STEP FILE ARGS
USES_compare := FILE ARGS
USES_pitfall := NAME
USES_probe := ROW
USES_sweep := STEP DIR NAME POINT
USES_test-io := STEP TESTS MODES
USES_flaky := STEP TESTS RUNS
USES_coverage := STEP TESTS
USES_stress := SEED REQUESTS STRESS
USES_dotnet := STEP FILE ARGS
USES_bench := BENCH_FLAGS
USES_bench-quick := BENCH_FLAGS
USES_bench-dotnet := BENCH_FLAGS
USES_on := SYSTEM COMMAND MIRROR

# Settings go with every command.
SETTINGS := V NO_INSTALL WERROR CC CXX HOST_CC CROSS CFLAGS WIN_LDLIBS WINE \
  LAUNCHER WINDRES WINAR OBJCOPY GCOV ADDR2LINE ASIO DOTNET

ARGUMENTS := $(sort $(foreach name,$(filter USES_%,$(.VARIABLES)),$($(name))))

# What the environment has under such a name is not meant for us: in WSL, NAME
# is the computer's name.
$(foreach name,$(ARGUMENTS),$(if $(filter environment,$(firstword \
  $(origin $(name)))),$(eval undefine $(name))))

# A step's own Makefile gives FROM and STEP to every command.
ifneq ($(origin FROM),command line)
FROM := .
endif
GIVEN := $(filter-out $(SETTINGS) FROM $(if $(filter .,$(FROM)),,STEP), \
  $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword \
    $(origin $(name)))),$(name))))
UNUSED := $(filter-out $(foreach goal,$(MAKECMDGOALS),$(USES_$(goal))),$(GIVEN))
UNUSED := $(if $(filter build/%,$(MAKECMDGOALS)),,$(UNUSED))

ifneq ($(UNUSED),)
typed := make$(MAKECMDGOALS:%= %)
typed := $(subst $(space)$(space), ,$(typed))
$(foreach name,$(UNUSED),$(if $(filter $(ARGUMENTS) $(SETTINGS),$(name)),, \
  $(info '$(name)' is no variable of any command; names are in capital \
    letters, as in STEP=3: see 'make help-all')))
$(if $(filter test:DIR,$(foreach goal,$(MAKECMDGOALS),$(UNUSED:%=$(goal):%))), \
  $(info To test a program of yours: make check STEP=$(or $(STEP),5) DIR=$(DIR)))
used := $(foreach goal,$(MAKECMDGOALS),$(USES_$(goal)))
$(error '$(typed)' does not use $(subst $(space),$(comma) ,$(strip $(UNUSED))); \
  it uses $(or $(subst $(space),$(comma) ,$(strip $(used))),no variable))
endif
