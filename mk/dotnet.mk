# The programs in C# (bench/dotnet): built, and run on the real .NET.
#
# DOTNET chooses the version. Versions 8 to 10 come from an installed SDK: it makes
# Windows programs with the runtime beside them, and fetches this runtime from NuGet
# once. Version 3.1 comes from npm, with a compiler of its own that runs under Wine.
# No version is needed by other commands.

# Under Wine 8, .NET 8 hangs at its first exception: see bench/dotnet/README.md.
DOTNET_PUBLISHED := 10 9 $(if $(WINE),,8)
DOTNET_SDK ?= dotnet

# Without DOTNET, the newest version that the SDK knows; without an SDK, 3.1.
define newest_dotnet
sdk=$$($(DOTNET_SDK) --version 2>/dev/null) || sdk=3; \
for version in $(DOTNET_PUBLISHED) 3.1; do \
  [ "$${sdk%%.*}" -lt "$${version%.*}" ] || { echo $$version; break; }; done
endef

ifneq ($(filter dotnet test-dotnet bench-dotnet bench-targets bench-warm-up, \
  $(MAKECMDGOALS)),)
ifeq ($(DOTNET),)
DOTNET := $(shell $(newest_dotnet))
endif
ifneq ($(filter-out $(DOTNET_PUBLISHED) 3.1,$(DOTNET)),)
$(error DOTNET is $(subst $(space),$(comma) ,$(strip $(DOTNET_PUBLISHED))) or 3.1, \
  not '$(DOTNET)')
endif
endif

# $(call dotnet_made,PROGRAM,VERSION) is the file that make builds, and
# $(call dotnet_start,PROGRAM,VERSION) the words that start the program.
DOTNET_3.1 := build/dotnet/3.1
dotnet_made = $(if $(filter 3.1,$(2)),$(DOTNET_3.1)/$(1).dll,$\
  build/dotnet/$(2)/$(1)/$(1).exe)
dotnet_start = $(LAUNCHER) $(if $(filter 3.1,$(2)),$(DOTNET_3.1)/dotnet.exe )$\
  $(call dotnet_made,$(1),$(2))
dotnet_sources = $(wildcard bench/dotnet/$(1)/*.cs bench/dotnet/$(1)/*/*.cs)

# ---- Versions 8 to 10 ----

# The SDK reports nothing to its maker, leaves no process running, and keeps its
# packages in build/.
DOTNET_PUBLISH := DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 \
  DOTNET_GENERATE_ASPNET_CERTIFICATE=false $(DOTNET_SDK) publish -nologo \
  -v:quiet -tl:off -nodeReuse:false -p:UseSharedCompilation=false -c Release

# $(call publish,PROGRAM,VERSION)
define publish
$(call dotnet_made,$(1),$(2)): $(call dotnet_sources,$(1)) \
  bench/dotnet/$(1)/$(1).csproj bench/dotnet/Directory.Build.props | setup
	$$(call says,C#,bench/dotnet/$(1))
	@[ -d build/dotnet/obj/net$(2).0 ] || echo 'Fetching the runtime of' \
	  '.NET $(2) from NuGet into build/dotnet (once) ...'
	$$(Q)$(DOTNET_PUBLISH) -p:DOTNET=$(2) \
	  -o $$(@D) bench/dotnet/$(1)/$(1).csproj
	@touch $$@
endef
$(foreach version,$(DOTNET_PUBLISHED),$(foreach name,steps contenders, \
  $(eval $(call publish,$(name),$(version)))))

# ---- Version 3.1 ----

$(DOTNET_3.1)/dotnet.exe: | setup
	@tools/dotnet.sh $(@D)

# Calls only the compiler, which takes 2 s.
DOTNET_DLLS := $(foreach name,steps contenders,$(call dotnet_made,$(name),3.1))
$(foreach name,steps contenders,$(eval \
  $(call dotnet_made,$(name),3.1): $(call dotnet_sources,$(name))))
$(DOTNET_DLLS): %.dll: $(DOTNET_3.1)/references %.runtimeconfig.json \
  | $(WINE_READY)
	$(call says,C#,bench/dotnet/$(*F))
	$(Q)$(LAUNCHER) $(DOTNET_3.1)/dotnet.exe exec \
	  $(DOTNET_3.1)/sdk/3.1.102/Roslyn/bincore/csc.dll -nologo \
	  -langversion:8.0 -nullable:enable -unsafe -warnaserror -o+ \
	  -deterministic -out:$@ @$< $(filter %.cs,$^)

$(DOTNET_3.1)/references: | $(DOTNET_3.1)/dotnet.exe
	@printf -- '-r:%s\n' \
	  $(DOTNET_3.1)/packs/Microsoft.NETCore.App.Ref/3.1.0/ref/*/*.dll >$@

$(DOTNET_DLLS:.dll=.runtimeconfig.json): | $(DOTNET_3.1)/dotnet.exe
	@echo '{"runtimeOptions": {"tfm": "netcoreapp3.1", "framework":' \
	  '{"name": "Microsoft.NETCore.App", "version": "3.1.0"}}}' >$@

# ---- The commands ----

# Like `make run`, runs one step, or all that are short.
DOTNET_PROGRAMS := 1 2 3 4 5 final stream threads loop cases
DOTNET_STEPS := $(or $(STEP),$(filter-out loop cases,$(DOTNET_PROGRAMS)))
ifneq ($(if $(filter dotnet,$(MAKECMDGOALS)),$(filter-out $(DOTNET_PROGRAMS), \
  $(STEP))),)
$(error STEP is one of $(DOTNET_PROGRAMS), not '$(STEP)')
endif

.PHONY: dotnet
dotnet: $(call dotnet_made,steps,$(DOTNET)) build/sample.txt $(WINE_READY)
	@$(stay) for step in $(DOTNET_STEPS); do \
	  $(if $(STEP),,echo "== $$step";) \
	  $(call plainly,$(call dotnet_start,steps,$(DOTNET)) $$step \
	    "$${FILE:-build/sample.txt}" $$ARGS) || exit; done

# For tests/programs/test_dotnet.c: the version that was chosen, and all that are
# there. make test fetches none, and skips most of the suite if none is there.
DOTNET_THERE := $(if $(wildcard $(DOTNET_3.1)/dotnet.exe),3.1) \
  $(foreach version,$(DOTNET_PUBLISHED), \
    $(if $(wildcard $(call dotnet_made,steps,$(version))),$(version)))
DOTNET_TESTED := $(foreach version,$(sort $(DOTNET_THERE) \
  $(if $(filter test-dotnet,$(MAKECMDGOALS)),$(DOTNET))), \
  $(call dotnet_made,steps,$(version)))
ifeq ($(STEP),)
TEST_FILES += $(DOTNET_TESTED)
endif

.PHONY: test-dotnet
test-dotnet: FILTER := --filter 'dotnet/*'
test-dotnet: $(SUITES) build/sample.txt $(EXES) $(EXAMPLES) \
  build/tests/feeder.exe build/tests/holder.exe build/tests/stream_cases.exe \
  $(DOTNET_TESTED) $(WINE_READY)
	@$(stay) $(run_tests)
