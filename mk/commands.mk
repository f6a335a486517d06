# Every command: the tools that it needs, and the variables that it uses.
#
# tools/setup.sh knows the tools of each set. Every command that builds something
# also needs the set "build". A variable that a command does not use is an error:
# otherwise the command might judge another program than the one you meant.

command = $(eval NEEDS_$(1) = $(2))$(eval USES_$(1) := $(3))
tests := run test patch python git

#              command             needs                        uses
$(call command,run,                run $$(dir_needs),           STEP FILE ARGS SLOW IO DIR LIBS)
$(call command,start,              python,                      STEP)
$(call command,try,                run python,                  STEP LIBS ALL)
$(call command,hint,               run python,                  STEP LIBS)
$(call command,watch,              run python,                  STEP LIBS)
$(call command,solution,           python,                      STEP)
$(call command,reset,              python,                      STEP)
$(call command,catchup,            python,                      STEP)
$(call command,progress,           python,)
$(call command,docs,               python,)
$(call command,play,               run python $$(play_needs),   STEP DIR LIBS NAME IO FILE ARGS BESIDE CASE REPLAY)
$(call command,book,               npm,)
$(call command,book-serve,         npm python,                  PORT)
$(call command,test-book,          npm chromium python,)
$(call command,lint-book,          npm,)
$(call command,book-record,        run patch python,            NAME)
$(call command,test-learn,         run python patch,            STEP NAME)
$(call command,compare,            run,                         FILE ARGS)
$(call command,example,            run,                         NAME ARGS)
$(call command,test,               $(tests),                    STEP TESTS)
$(call command,test-build,         $(tests),)
$(call command,test-explore,       $(tests),)
$(call command,check,              $$(check_needs),             STEP DIR LIBS FILE ARGS IO ONLY TESTS)
$(call command,trace,              run python $$(dir_needs),    STEP DIR LIBS FILE ARGS IO)
$(call command,trace-cost,         run python,)
$(call command,debug-server,       run gdb,                     STEP FILE ARGS)
$(call command,pitfall,            run patch python,            NAME)
$(call command,explore-rows,       run python,)
$(call command,explore-table,      run python patch,)
$(call command,explore-picture,    run python patch,)
$(call command,explore-mutants,    $(tests),                    NAME)
$(call command,probe,              run,                         ROW)
$(call command,windows-and-wine,   run,)
$(call command,sweep,              run python $$(dir_needs),    STEP DIR LIBS NAME POINT)
$(call command,explore,            run python $$(explore_needs), STEP DIR LIBS NAME CASE PREEMPTIONS REPLAY RUNS SEED)
$(call command,test-io,            $(tests),                    STEP TESTS MODES)
$(call command,test-dotnet,        $(tests) $$(dotnet_needs),  DOTNET)
$(call command,test-sqlite,        $(tests) npm,)
$(call command,flaky,              $(tests),                    STEP TESTS RUNS)
$(call command,coverage,           $(tests) coverage,           STEP TESTS)
$(call command,stress,             run,                         SEED REQUESTS STRESS)
$(call command,dotnet,             run $$(dotnet_needs),        STEP FILE ARGS DOTNET)
$(call command,bench,              run python gnuplot asio,     BENCH_FLAGS)
$(call command,bench-quick,        run python gnuplot asio,     BENCH_FLAGS)
$(call command,bench-dotnet,       run python gnuplot asio $$(dotnet_needs),BENCH_FLAGS DOTNET)
$(call command,bench-targets,      run python gnuplot asio $$(dotnet_needs),BENCH_FLAGS DOTNET)
$(call command,bench-warm-up,      run python gnuplot asio $$(dotnet_needs),BENCH_FLAGS DOTNET)
$(call command,bench-own,          run,)
$(call command,bench-readme,       python gnuplot,)
$(call command,lint,               test lint asio npm git,)
$(call command,lint-bench,         lint asio,)
$(call command,lint-words,         npm git python,)
$(call command,lint-workflows,     npm,)
$(call command,install,            ,                            PREFIX DESTDIR)
$(call command,setup,              $(tests),)
$(call command,doctor,             $$(doctor_needs),)
$(call command,on,                 ,                            SYSTEM COMMAND MIRROR)

check_needs = run python $(if $(CHECK_SUITES),test patch git)
dir_needs = $(if $(DIR),python)
play_needs = $(if $(NAME),patch)
explore_needs = $(dir_needs) $(if $(NAME),patch)
# npm fetches .NET 3.1, once.
dotnet_needs = $(if $(filter 3.1,$(DOTNET)),$(if $(wildcard $(DOTNET_3.1)/*.exe),,npm))
# MSYS2 has no Criterion. The benchmark runs only on Linux.
doctor_needs = run patch python coverage lint $(if $(MSYSTEM),,test git) \
  $(if $(filter Linux,$(UNAME)),asio gnuplot)

# The tools that the given goals need, for setup.
NEEDS = $(sort $(foreach goal,$(MAKECMDGOALS),$(NEEDS_$(goal))) \
  $(if $(filter-out help help-all clean clean-systems on pitfalls book \
    book-serve test-book lint-book,$(MAKECMDGOALS)),build) \
  $(if $(filter $(BENCH_CXX:%.cpp=build/%.exe),$(MAKECMDGOALS)),asio))

# ---- The variables ----

# Settings go with every command.
SETTINGS := V NO_INSTALL WERROR CC CXX HOST_CC CROSS CFLAGS WIN_LDLIBS WINE \
  LAUNCHER WINDRES WINAR OBJCOPY OBJDUMP NM GCOV ADDR2LINE ASIO DOTNET_SDK

ARGUMENTS := $(sort $(foreach name,$(filter USES_%,$(.VARIABLES)),$($(name))))

# A variable of the environment with such a name is not meant for us: in WSL, NAME
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
