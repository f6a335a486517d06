# The benchmark: the same work done by final and by others, side by side.

# Each is bench/WORK/NAME.c (or .cpp); native.c is no Windows program.
BENCH_WORKS := reads files pipe copy
BENCH_C := $(filter-out %/native.c,$(wildcard $(BENCH_WORKS:%=bench/%/*.c)))
BENCH_CXX := $(wildcard $(BENCH_WORKS:%=bench/%/*.cpp))
BENCH_NATIVE := $(wildcard $(BENCH_WORKS:%=bench/%/native.c))
CONTENDERS := $(patsubst bench/%.c,%,$(filter-out %/job.c,$(BENCH_C))) \
  $(BENCH_CXX:bench/%.cpp=%)
BENCHES := $(CONTENDERS:%=build/bench/%.exe) \
  $(BENCH_NATIVE:bench/%.c=build/bench/%)

# Every allocation is counted: see bench/measure.c.
COUNTED := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

# What the contenders of a work share: measure.c, and the work's job.c.
bench_shared = bench/measure.c $(wildcard $(dir $(1))job.c)
$(foreach name,$(CONTENDERS),$(eval build/bench/$(name).exe: \
  $(patsubst %.c,build/obj/%.o,bench/$(name).c $(call bench_shared,bench/$(name)))))

$(CONTENDERS:%=build/bench/%.exe): $(LIBRARY)
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(CC) $(CFLAGS) -static $(COUNTED) -o $@ $(filter %.o,$^) $(LIBRARY) \
	  $(WIN_LDLIBS)

# C++ differs only in who compiles and who links: asio wants sockets, too.
$(BENCH_CXX:bench/%.cpp=build/bench/%.exe): private CC = $(CXX)
$(BENCH_CXX:bench/%.cpp=build/bench/%.exe): private WIN_LDLIBS += -lws2_32
CXX_FLAGS := -std=c++17 -isystem build/include

$(BENCH_CXX:%.cpp=build/obj/%.o): build/obj/%.o: %.cpp | build/include/asio.hpp
	@mkdir -p $(@D)
	$(call says,CXX,$<)
	$(Q)$(CXX) $(filter-out -std=%,$(STRICT)) $(CXX_FLAGS) $(CFLAGS) -MMD -MP \
	  -c -o $@ $<

# asio alone: beside it are the headers of this system, which are not Windows's.
ASIO ?= $(or $(MINGW_PREFIX),$(HOMEBREW_PREFIX),/usr)/include
build/include/asio.hpp: | setup
	@mkdir -p $(@D)
	@ln -sfn $(ASIO)/asio $(@D)/asio
	@ln -sf $(ASIO)/asio.hpp $@

ifneq ($(filter bench% lint% $(BENCH_CXX:%.cpp=build/%.exe),$(MAKECMDGOALS)),)
NEEDS += asio
endif

$(BENCH_NATIVE:bench/%.c=build/bench/%): build/bench/%: bench/%.c \
  bench/measure.c bench/measure.h $(wildcard bench/*/job.[ch]) | setup
	@mkdir -p $(@D)
	$(call says,CC,$<)
	$(Q)$(HOST_CC) $(STRICT) $(CFLAGS) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	  -pthread $(COUNTED) -o $@ $< $(call bench_shared,$<)

# 256 MiB in lines of 16 bytes that all differ.
build/bench/data:
	@mkdir -p $(@D)
	@seq 100000000000000 100000016777215 >$@

# 6 GiB, nearly all of it a hole.
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

# Tables and plots of the last run, into bench/README.md.
.PHONY: bench-readme
bench-readme:
	@python3 -B bench/report.py bench/README.md >/dev/null

ifneq ($(filter bench%,$(MAKECMDGOALS)),)
NEEDS += run python gnuplot
endif

# ---- Lint ----

# make lint looks at them, too.
WINDOWS_C += bench/measure.c $(BENCH_C)
HEADERS += $(wildcard bench/*.h $(BENCH_WORKS:%=bench/%/*.h))

# clang-tidy has no C++ library for Windows, and takes the compiler's. MinGW-w64
# pastes a small l to numbers, which it would blame on asio; and it does not see
# that asio's throw_error throws.
CXX_CHECKS := -cert-dcl16-c,-readability-uppercase-literal-suffix
CXX_CHECKS := $(CXX_CHECKS),-clang-analyzer-cplusplus.NewDelete
CXX_TIDY = --target=x86_64-w64-mingw32 -Wall -Wextra $(CXX_FLAGS) \
  $(shell $(CXX) -x c++ -E -v /dev/null 2>&1 | \
    sed -n 's|^ \(/.*/c++.*\)|-isystem \1|p')

.PHONY: lint-bench
lint: lint-bench
lint-bench: $(if $(BENCH_CXX),build/include/asio.hpp) | setup
	@echo 'the benchmark: clang-format, cppcheck'
	$(Q)clang-format --dry-run -Werror $(BENCH_CXX) $(BENCH_NATIVE)
	@for file in $(BENCH_CXX); do echo "clang-tidy $$file"; \
	  clang-tidy --quiet $$file --checks=$(CXX_CHECKS) -- $(CXX_TIDY) \
	    2>/dev/null || exit; done
	@for file in $(BENCH_NATIVE); do echo "clang-tidy $$file"; \
	  clang-tidy --quiet $$file -- $(TEST_CFLAGS) 2>/dev/null || exit; done
	$(Q)cppcheck -q --std=c11 --enable=warning,style,performance,portability \
	  --inline-suppr --error-exitcode=1 $(BENCH_NATIVE)
