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

# C++ has another compiler, which also links. asio starts the system's sockets in
# every program.
$(BENCH_CXX:bench/%.cpp=build/bench/%.exe): private CC = $(CXX)
$(BENCH_CXX:bench/%.cpp=build/bench/%.exe): private WIN_LDLIBS += -lws2_32
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
BENCH_DOTNET := bench-dotnet bench-targets bench-warm-up
.PHONY: bench bench-quick $(BENCH_DOTNET)
$(BENCH_DOTNET): $(call dotnet_made,contenders,$(DOTNET))
bench-quick: private BENCH_MODE := --quick
bench-dotnet: private BENCH_MODE := --dotnet
bench-targets: private BENCH_MODE := --dotnet --targets
bench-warm-up: private BENCH_MODE := --dotnet --warm-up
bench bench-dotnet: build/bench/sparse
bench bench-quick $(BENCH_DOTNET): $(BENCHES) build/bench/data build/final.exe \
  build/copy.exe $(WINE_READY)
	@$(stay) LAUNCHER='$(LAUNCHER)' WINE='$(WINE)' CC='$(CC)' CXX='$(CXX)' \
	  HOST_CC='$(HOST_CC)' \
	  DOTNET='$(call dotnet_start,contenders,$(DOTNET))' \
	  python3 -B bench/run.py $(BENCH_MODE) $(BENCH_FLAGS)

.PHONY: bench-own
bench-own: build/bench/own/own.exe $(WINE_READY)
	@$(stay) $(LAUNCHER) $< | tr -d '\r' | tee build/bench/own.md

# Writes the tables and plots of the last runs into bench/README.md.
.PHONY: bench-readme
bench-readme:
	@python3 -B bench/report.py bench/README.md >/dev/null

ifeq ($(STEP),)
TEST_FILES += build/bench/own/own.exe
endif
