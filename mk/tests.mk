# The tests: suites that run here, programs that run on Windows.

TESTS := $(wildcard tests/*.c)
PROBES := $(patsubst tests/probes/%.c,build/tests/%.exe,$(wildcard tests/probes/*.c))

# Windows programs that the suites start.
$(PROBES): build/tests/%.exe: build/obj/tests/probes/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WIN_LDFLAGS) -o $@ $^ $(WIN_LDLIBS)

# One of them is more than a file.
build/tests/stress.exe: $(patsubst %.c,build/obj/%.o,$(wildcard tests/stress/*.c))
build/tests/guarded/stress.exe: \
  $(patsubst %.c,build/guarded/obj/%.o,$(wildcard tests/stress/*.c))

# The stages with tests/hooks linked under them: the same object files.
HOOKS := $(patsubst %.c,build/obj/%.o,$(wildcard lab/interpose/*.c \
  lab/modes/*.c tests/hooks/*.c))
HOOKED := $(STAGES:%=build/tests/hooked/%.exe)
$(foreach stage,$(STAGES),$(eval \
  build/tests/hooked/$(stage).exe: $(call objects,$(stage))))

# final's programs and the probes, with tests/hooks and lab/guard: what they and
# final's library allocate is guarded. Only the names in the object files change.
GUARDED := $(patsubst %,build/tests/guarded/%.exe,final $(PROGRAMS)) \
  $(PROBES:build/tests/%=build/tests/guarded/%)
guarded = build/obj/lab/guard/guard.o $(patsubst build/%,build/guarded/%,$(1))
$(foreach name,final $(PROGRAMS),$(eval \
  build/tests/guarded/$(name).exe: $(call guarded,$(call objects,$(name)))))
$(foreach probe,$(PROBES:build/tests/%.exe=%),$(eval \
  build/tests/guarded/$(probe).exe: \
    $(call guarded,build/obj/tests/probes/$(probe).o $(LIBRARY))))

build/guarded/%: build/%
	@mkdir -p $(@D)
	$(OBJCOPY) $(foreach name,malloc calloc realloc free, \
	  --redefine-sym $(name)=guard_$(name)) $< $@

$(HOOKED) $(GUARDED): $(HOOKS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WIN_LDFLAGS) -o $@ $^ $(WIN_LDLIBS)

# One of each kind as newer linkers make it: the import table is read-only.
READ_ONLY := $(patsubst %,build/tests/read-only/%.exe,interposed stream_end)
$(READ_ONLY): build/tests/read-only/%: build/tests/guarded/%
	@mkdir -p $(@D)
	tools/read_only.py $< $@

# The stages with the edit that their README's "Break it" shows. An edit may
# leave a warning.
BROKEN := $(STAGES:%=build/tests/break/%.exe)
$(foreach stage,$(STAGES),$(eval \
  build/tests/break/$(stage).exe: $(wildcard $(stage)/*.[ch]) $(stage)/README.md))
$(BROKEN): build/tests/break/%.exe: tools/break.sh | setup
	@mkdir -p $(@D)
	tools/break.sh $* build/tests/break/$*
	rm -f $(PROGRAMS:%=build/tests/break/$*/%.c)
	$(CC) -std=c17 $(CFLAGS) $(WIN_LDFLAGS) -o $@ build/tests/break/$*/*.c \
	  $(WIN_LDLIBS)

# The programs that final's README begins with: its first two blocks of C.
EXAMPLES := build/tests/example1.exe build/tests/example2.exe
build/tests/example%.c: final/README.md
	@mkdir -p $(@D)
	awk '/^```c$$/ && ++block == $* { on = 1; next } /^```$$/ { on = 0 } on' \
	  $< >$@
$(EXAMPLES): %.exe: %.c $(LIBRARY) | setup
	$(CC) $(STRICT) $(CFLAGS) -Ifinal $(WIN_LDFLAGS) -o $@ $^ $(WIN_LDLIBS)

# The suites.
PKG_CFLAGS = $(shell pkg-config --cflags criterion gio-2.0 json-glib-1.0)
PKG_LIBS = $(shell pkg-config --libs criterion gio-2.0 json-glib-1.0)
TEST_CFLAGS := $(STRICT) -O1 -g -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64

build/obj/host/%.o: tests/%.c | setup
	@mkdir -p $(@D)
	$(HOST_CC) $(TEST_CFLAGS) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<

build/tests/suites: $(TESTS:tests/%.c=build/obj/host/%.o)
	@mkdir -p $(@D)
	$(HOST_CC) -o $@ $^ $(PKG_LIBS)

TEST_FILES := build/tests/suites build/sample.txt $(PROBES) $(WINE_READY) \
  $(foreach dir,build build/tests/hooked build/tests/break, \
    $(CHOSEN:%=$(dir)/%.exe)) \
  $(if $(filter final,$(CHOSEN)),$(PROGRAMS:%=build/%.exe) $(GUARDED) $(EXAMPLES)) \
  $(if $(STEP),,$(READ_ONLY))

# STEP=3 leaves out the other steps' suites, and their turns in the common one.
# final has several suites: all that are nobody else's.
SUITES := @(all_stages|step$(STEP))
ifeq ($(STEP),final)
SUITES := !(step?|ladder|helpers|modes|trace|checker|pitfalls|sweep|probe|dotnet)
endif
FILTER := $(if $(STEP),--filter '$(SUITES)/*')

TESTED := build
run_tests = IO= BUILD="$$PWD/$(TESTED)" CHOSEN='$(CHOSEN)' \
  LAUNCHER='$(LAUNCHER)' build/tests/suites $(FILTER)

# One program stays meanwhile, or Wine would end and start its services again
# and again, and they would hold on to a test's pipes. It is there when it has
# said so, and goes when descriptor 9, its stdin, is closed with the shell.
ifneq ($(WINE),)
stay := rm -f build/stays; exec 9> >(exec $(LAUNCHER) build/tests/holder.exe \
    >build/stays 2>/dev/null); \
  for i in $$(seq 600); do [ -s build/stays ] && break; sleep 0.1; done;
endif

.PHONY: test flaky
test: $(TEST_FILES)
	@$(stay) $(run_tests)

RUNS ?= 25
flaky: $(TEST_FILES)
	@$(stay) for run in $$(seq $(RUNS)); do \
	  $(run_tests) >build/flaky.log 2>&1 || { cat build/flaky.log; \
	    echo "run $$run of $(RUNS) failed"; exit 1; }; \
	  echo "run $$run of $(RUNS): $$(tail -n 1 build/flaky.log)"; done

# The program that does everything at once, as long as you like.
STRESS ?= tests/stress
REQUESTS ?= 1000000

.PHONY: stress
stress: build/$(STRESS).exe $(WINE_READY)
	@$(LAUNCHER) $< --requests $(REQUESTS) $(if $(SEED),--seed $(SEED))
