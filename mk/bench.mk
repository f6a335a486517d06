# The benchmark: the same reads done by the pool and by others, side by side.

# Each is bench/NAME.c; native.c is no Windows program.
CONTENDERS := pool loop threadpool_io sync stream stdio
BENCHES := $(CONTENDERS:%=build/bench/%.exe) build/bench/native

# Every allocation is counted: see bench/job.c.
COUNTED := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

build/bench/pool.exe build/bench/stream.exe: $(LIBRARY)
$(CONTENDERS:%=build/bench/%.exe): build/bench/%.exe: build/obj/bench/%.o \
  build/obj/bench/job.o
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -static $(COUNTED) -o $@ $^ $(WIN_LDLIBS)

build/bench/native: bench/native.c bench/job.c bench/job.h | setup
	@mkdir -p $(@D)
	$(HOST_CC) $(STRICT) $(CFLAGS) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	  $(COUNTED) -o $@ $(filter %.c,$^)

# 256 MiB in lines of 16 bytes that all differ.
build/bench/data:
	@mkdir -p $(@D)
	seq 100000000000000 100000016777215 >$@

# 6 GiB, nearly all of it a hole.
build/bench/sparse: build/bench/data
	head -c 1M $< >$@
	truncate -s 6G $@

.PHONY: bench bench-quick
bench: build/bench/sparse
bench bench-quick: $(BENCHES) build/bench/data build/final.exe \
  build/tests/holder.exe $(WINE_READY)
	@$(stay) LAUNCHER='$(LAUNCHER)' WINE='$(WINE)' CC='$(CC)' \
	  HOST_CC='$(HOST_CC)' bench/run.sh $(if $(filter bench,$@),full,quick)

ifneq ($(filter bench%,$(MAKECMDGOALS)),)
NEEDS += run
endif

# make lint looks at them, too.
WINDOWS_C += $(CONTENDERS:%=bench/%.c) bench/job.c
HEADERS += bench/job.h

.PHONY: lint-native
lint: lint-native
lint-native: | setup
	clang-format --dry-run -Werror bench/native.c
	clang-tidy --quiet bench/native.c -- $(TEST_CFLAGS) 2>/dev/null
	cppcheck -q --std=c11 --enable=warning,style,performance,portability \
	  --error-exitcode=1 bench/native.c
