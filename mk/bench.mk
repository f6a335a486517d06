# The benchmark: final and other contenders do the same work.

# A contender is bench/WORK/NAME.c or .cpp. native.c is not a Windows program.
BENCH_WORKS := reads files pipe copy
BENCH_C := $(filter-out %/native.c,$(wildcard $(BENCH_WORKS:%=bench/%/*.c)))
BENCH_CXX := $(wildcard $(BENCH_WORKS:%=bench/%/*.cpp))
BENCH_NATIVE := $(wildcard $(BENCH_WORKS:%=bench/%/native.c))
CONTENDERS := $(patsubst bench/%.c,%,$(filter-out %/job.c,$(BENCH_C))) \
  $(BENCH_CXX:bench/%.cpp=%)
BENCHES := $(CONTENDERS:%=build/bench/%.exe) \
  $(BENCH_NATIVE:bench/%.c=build/bench/%)

# These wrappers count every allocation: see bench/measure.c.
COUNTED := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

# The sources that contenders share: measure.c, the work's job.c, and the
# workers of those that use them. lint reads BENCH_C.
bench_shared = bench/measure.c $(wildcard $(dir $(1))job.c) \
  $(if $(filter %/workers,$(1)),bench/workers.c)
BENCH_C += bench/workers.c
$(foreach name,$(CONTENDERS),$(eval build/bench/$(name).exe: \
  $(patsubst %.c,build/obj/%.o,bench/$(name).c $(call bench_shared,bench/$(name))) \
  $(LIBRARY)))
build/bench/%.exe: private LDFLAGS := -static $(COUNTED)

# The pool's own cost: a program that has the port inside itself.
OWN_C := bench/own/own.c bench/own/port.c
BENCH_C += $(OWN_C)
build/bench/own/own.exe: $(patsubst %.c,build/obj/%.o,$(OWN_C) \
  bench/measure.c) $(LIBRARY)

# C++ has another compiler, which also links.
$(BENCH_CXX:bench/%.cpp=build/bench/%.exe): private CC = $(CXX)
CXX_FLAGS := -std=c++17 -isystem build/include

$(BENCH_CXX:%.cpp=build/obj/%.o): build/obj/%.o: %.cpp | build/include/asio.hpp
	@mkdir -p $(@D)
	$(call says,CXX,$<)
	$(Q)$(CXX) $(filter-out -std=%,$(STRICT)) $(CXX_FLAGS) $(CFLAGS) -MMD -MP \
	  -c -o $@ $<

# Links only asio's headers: the directory also has headers of this system,
# which do not fit Windows.
ASIO ?= $(or $(MINGW_PREFIX),$(HOMEBREW_PREFIX),/usr)/include
build/include/asio.hpp: | setup
	@mkdir -p $(@D)
	@ln -sfn $(ASIO)/asio $(@D)/asio
	@ln -sf $(ASIO)/asio.hpp $@

$(BENCH_NATIVE:bench/%.c=build/bench/%): build/bench/%: bench/%.c \
  bench/measure.c bench/measure.h $(wildcard bench/*/job.[ch]) | setup
	@mkdir -p $(@D)
	$(call says,CC,$<)
	$(Q)$(HOST_CC) $(STRICT) $(CFLAGS) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	  -pthread $(COUNTED) -o $@ $< $(call bench_shared,$<)

# 256 MiB: every line has 16 bytes, and no two lines are the same.
build/bench/data:
	@mkdir -p $(@D)
	@seq 100000000000000 100000016777215 >$@

# A sparse file of 6 GiB: 1 MiB of data, and a hole.
build/bench/sparse: build/bench/data
	@head -c 1M $< >$@
	@truncate -s 6G $@

# ---- The commands ----

BENCH_FLAGS ?=
.PHONY: bench bench-quick bench-dotnet
bench-dotnet: build/dotnet/contenders.dll
bench-quick: private BENCH_MODE := --quick
bench-dotnet: private BENCH_MODE := --dotnet
bench bench-dotnet: build/bench/sparse
bench bench-quick bench-dotnet: $(BENCHES) build/bench/data build/final.exe \
  build/copy.exe $(WINE_READY)
	@$(stay) LAUNCHER='$(LAUNCHER)' WINE='$(WINE)' CC='$(CC)' CXX='$(CXX)' \
	  HOST_CC='$(HOST_CC)' DOTNET='$(DOTNET)' \
	  python3 -B bench/run.py $(BENCH_MODE) $(BENCH_FLAGS)

.PHONY: bench-own
bench-own: build/bench/own/own.exe $(WINE_READY)
	@$(stay) $(LAUNCHER) $< | tr -d '\r' | tee build/bench/own.md

# Writes the tables and plots of the last runs into bench/README.md.
.PHONY: bench-readme
bench-readme:
	@python3 -B bench/report.py bench/README.md >/dev/null

# ---- .NET ----

# Builds the steps and contenders in C# (bench/dotnet), and runs them on the
# real .NET. Under Wine it fetches .NET Core 3.1 for Windows once. On Windows
# and from WSL (WINE=) it uses an installed SDK: not tried. DOTNET= names
# another .NET, which must be one for Windows.
ifneq ($(WINE),)
DOTNET ?= $(LAUNCHER) $(DOTNET_FETCHED)
ifeq ($(origin DOTNET),file)
DOTNET_FETCHED := build/dotnet/dotnet.exe
endif
endif
DOTNET ?= dotnet.exe

build/dotnet/dotnet.exe: | setup
	@tools/dotnet.sh $(@D)

DOTNET_DLLS := build/dotnet/steps.dll build/dotnet/contenders.dll
$(foreach dll,$(DOTNET_DLLS),$(eval \
  $(dll): $(wildcard $(dll:build/%.dll=bench/%/*.cs) \
    $(dll:build/%.dll=bench/%/*/*.cs))))

ifneq ($(DOTNET_FETCHED),)
# Calls only the compiler, which takes 2 s.
$(DOTNET_DLLS): %.dll: build/dotnet/references %.runtimeconfig.json \
  | $(WINE_READY)
	$(DOTNET) exec build/dotnet/sdk/3.1.102/Roslyn/bincore/csc.dll -nologo \
	  -langversion:8.0 -nullable:enable -unsafe -warnaserror -o+ \
	  -deterministic -out:$@ @$< $(filter %.cs,$^)

build/dotnet/references: | $(DOTNET_FETCHED)
	@printf -- '-r:%s\n' \
	  build/dotnet/packs/Microsoft.NETCore.App.Ref/3.1.0/ref/*/*.dll >$@

$(DOTNET_DLLS:.dll=.runtimeconfig.json): | $(DOTNET_FETCHED)
	@echo '{"runtimeOptions": {"tfm": "netcoreapp3.1", "framework":' \
	  '{"name": "Microsoft.NETCore.App", "version": "3.1.0"}}}' >$@
else
# Uses a whole SDK, and leaves no process of it running. Tried with 3.1.102
# under Wine 8.
$(DOTNET_DLLS): build/dotnet/%.dll: | setup
	$(DOTNET) build -nologo -nodeReuse:false -p:UseSharedCompilation=false \
	  -c Release -o $(@D) bench/dotnet/$*/$*.csproj
endif

# Like `make run`, runs one step or all.
DOTNET_STEPS := $(or $(STEP),1 2 3 4 5 final stream)

.PHONY: dotnet
dotnet: build/dotnet/steps.dll build/sample.txt $(WINE_READY)
	@$(stay) for step in $(DOTNET_STEPS); do \
	  $(if $(STEP),,echo "== $$step";) \
	  $(call plainly,$(DOTNET) $< $$step "$${FILE:-build/sample.txt}" $$ARGS) \
	  || exit; done

# For tests/programs/test_dotnet.c. Without .NET, make test skips most of it.
ifneq ($(filter test-dotnet,$(MAKECMDGOALS))$(wildcard $(DOTNET_FETCHED)),)
DOTNET_TESTED := build/dotnet/steps.dll
endif
ifeq ($(STEP),)
TEST_FILES += $(DOTNET_TESTED) build/bench/own/own.exe
endif

.PHONY: test-dotnet
test-dotnet: FILTER := --filter 'dotnet/*'
test-dotnet: $(SUITES) build/sample.txt $(EXES) $(EXAMPLES) \
  build/tests/feeder.exe build/tests/holder.exe $(DOTNET_TESTED) $(WINE_READY)
	@$(stay) $(run_tests)
