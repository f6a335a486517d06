# The steps and contenders in C#, on the real .NET: bench/dotnet.

# Under Wine it is .NET Core 3.1 for Windows, which is fetched once. On Windows,
# and from WSL (WINE=), it is an SDK that is installed there: not tried. DOTNET=
# names another one; it must be one for Windows.
ifneq ($(WINE),)
DOTNET ?= $(LAUNCHER) $(DOTNET_FETCHED)
ifeq ($(origin DOTNET),file)
DOTNET_FETCHED := build/dotnet/dotnet.exe
endif
endif
DOTNET ?= dotnet.exe

ifneq ($(filter dotnet bench-dotnet test-dotnet build/dotnet/%,$(MAKECMDGOALS)),)
NEEDS += run $(if $(filter test-dotnet,$(MAKECMDGOALS)),test patch python)
ifeq ($(wildcard $(DOTNET_FETCHED)),)
NEEDS += $(if $(DOTNET_FETCHED),npm)
endif
endif

build/dotnet/dotnet.exe: | setup
	@tools/dotnet.sh $(@D)

DOTNET_DLLS := build/dotnet/steps.dll build/dotnet/contenders.dll
$(foreach dll,$(DOTNET_DLLS),$(eval \
  $(dll): $(wildcard $(dll:build/%.dll=bench/%/*.cs) \
    $(dll:build/%.dll=bench/%/*/*.cs))))

ifneq ($(DOTNET_FETCHED),)
# By the compiler alone, which takes 2 s.
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
# By all of an SDK; nothing of it stays behind. Tried with 3.1.102 under Wine 8.
$(DOTNET_DLLS): build/dotnet/%.dll: | setup
	$(DOTNET) build -nologo -nodeReuse:false -p:UseSharedCompilation=false \
	  -c Release -o $(@D) bench/dotnet/$*/$*.csproj
endif

# As `make run` runs the stages in C.
DOTNET_STEPS := $(or $(STEP),1 2 3 4 5 final stream)

.PHONY: dotnet
dotnet: build/dotnet/steps.dll build/sample.txt $(WINE_READY)
	@$(stay) for step in $(DOTNET_STEPS); do \
	  $(if $(STEP),,echo "== $$step";) \
	  $(call plainly,$(DOTNET) $< $$step "$${FILE:-build/sample.txt}" $$ARGS) \
	  || exit; done

# For tests/test_dotnet.c; without .NET make test skips most of it.
ifneq ($(filter test-dotnet,$(MAKECMDGOALS))$(wildcard $(DOTNET_FETCHED)),)
DOTNET_TESTED := build/dotnet/steps.dll
endif
ifeq ($(STEP),)
TEST_FILES += $(DOTNET_TESTED)
endif

.PHONY: test-dotnet
test-dotnet: FILTER := --filter 'dotnet/*'
test-dotnet: $(SUITES) build/sample.txt $(EXES) $(EXAMPLES) \
  build/tests/feeder.exe build/tests/holder.exe $(DOTNET_TESTED) $(WINE_READY)
	@$(stay) $(run_tests)
