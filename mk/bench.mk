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
	$(CC) $(CFLAGS) -static $(COUNTED) -o $@ $(filter %.o,$^) $(LIBRARY) \
	  $(WIN_LDLIBS)

$(BENCH_NATIVE:bench/%.c=build/bench/%): build/bench/%: bench/%.c \
  bench/measure.c bench/measure.h | setup
	@mkdir -p $(@D)
	$(HOST_CC) $(STRICT) $(CFLAGS) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	  -pthread $(COUNTED) -o $@ $< $(call bench_shared,$<)
