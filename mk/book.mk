# The book: runs that a page can play, and the pages.

# ---- Programs in deep mode ----

# A program once more, for lab/trace's deep mode: without optimization, and with a
# call of the recorder at the start of each piece of code that runs as a whole.
DEEP_FLAGS := -O0 -g -fsanitize-coverage=trace-pc

build/deep/obj/%.o: private CFLAGS := $(DEEP_FLAGS)
build/deep/obj/%.o: private says :=
build/deep/obj/%.o: %.c | setup
	$(compile)

# The object files of a stage, a program of bridge, or a pitfall.
deep_sources = $(if $(filter $(BRIDGE),$(1)),bridge/$(1).c,$(call debug_sources,$(1)))
deep_objects = $(patsubst %.c,build/deep/obj/%.o,$(call deep_sources,$(1)))
$(foreach name,$(STAGES) $(BRIDGE),$(eval build/deep/$(name).exe: \
  $(call in_lab,$(call deep_objects,$(name)))))

# A pitfall's program is compiled from its patched sources, which program.o leaves in
# its directory.
deep_pitfall = build/deep/pitfalls/$(1)/$(call stage_of,$(1)).exe
$(foreach name,$(PITFALLS),$(eval $(call deep_pitfall,$(name)): \
  build/deep/pitfalls/$(name)/plan.json $(LAB_OBJECTS)))
build/deep/pitfalls/%/plan.json: private CFLAGS := $(DEEP_FLAGS)
build/deep/pitfalls/%/plan.json: build/pitfalls/%/program.o
	$(Q)$(BUILD_SOURCES) compile $(<D) $@ >/dev/null
$(foreach name,$(PITFALLS),$(call deep_pitfall,$(name))):
	$(Q)$(link_sources) --guarded --flag=$(LAB_BASE) >/dev/null

build/deep/%.exe: private LDFLAGS = $(WIN_LDFLAGS) $(LAB_BASE)
# record.py reads them, so make must keep them: see `named` in mk/tests.mk.
named: $(foreach name,$(STAGES) $(BRIDGE),$(call deep_objects,$(name))) \
  build/deep/obj/tests/lab/recorded.o

# What can be explored, linked with the recorder: see "An order, recorded" in mk/lab.mk.
explored_objects = $(if $(filter final,$(1)),$(patsubst %.c,build/deep/obj/%.o, \
  $(SCENARIO_SOURCES) $(wildcard final/*.c)),$(call deep_objects,$(1)))
$(foreach name,$(EXPLORED) final,$(eval build/recorded/$(name).exe: \
  $(call in_recorder,$(call explored_objects,$(name)))))
$(foreach name,$(EXPLORED_PITFALLS),$(eval build/recorded/$(name).exe: \
  build/deep/pitfalls/$(name)/plan.json))
build/recorded/dir.exe: build/deep/dir/plan.json
$(patsubst %,build/recorded/%.exe,$(EXPLORED_PITFALLS) dir): $(EXPLORE_EDGES) \
  $(RECORDER_OBJECTS) $(EXPLORE_NAMES)
	$(call says,LD,$@)
	$(Q)$(BUILD_SOURCES) link $(filter %/plan.json,$^) $@ $(EXPLORE_EDGES) \
	  $(RECORDER_OBJECTS) --explored $(EXPLORE_NAMES) --flag=$(LAB_BASE) >/dev/null
build/recorded/%.exe: private LDFLAGS = $(WIN_LDFLAGS) $(LAB_BASE)
named: $(call explored_objects,final)

# What tests/lab/test_record.c records.
build/deep/recorded.exe: $(call in_lab,build/deep/obj/tests/lab/recorded.o)
ifeq ($(STEP),)
TEST_FILES += build/deep/recorded.exe build/deep/step5-readfile.exe
endif
# The steps have printed a line before.
ifeq ($(filter play book-record,$(MAKECMDGOALS)),)
build/deep/recorded.exe build/deep/step5-readfile.exe: private says :=
endif

ifneq ($(DIR),)
build/deep/dir/plan.json: private CFLAGS := $(DEEP_FLAGS)
build/deep/dir/plan.json: FORCE | setup
	@cd $(FROM) && $(BUILD_SOURCES) compile "$$DIR" '$(CURDIR)/$@' \
	  $(if $(filter final,$(STEP)),$(PROGRAMS:%=--leave-out programs/%.c))
build/deep/dir.exe: build/deep/dir/plan.json $(LAB_OBJECTS)
	@$(link_sources) --guarded --flag=$(LAB_BASE)
endif

# ---- Recording ----

# A few reads are enough to see everything: of step 5 in its blocks of 32,768 bytes, and
# of final in blocks of 4,096.
build/short.txt: build/sample.txt
	@head -c 80000 $< >$@
build/shorter.txt: build/sample.txt
	@head -c 12000 $< >$@

RECORD_ENV = LAUNCHER='$(LAUNCHER)'

DEEP_STAGES := $(foreach name,$(STAGES) $(BRIDGE),$(name)=build/deep/$(name).exe)

# Records all runs of the book anew.
.PHONY: book-record
book-record: $(foreach name,$(STAGES) $(BRIDGE),build/deep/$(name).exe) \
  $(foreach name,$(PITFALLS),$(call deep_pitfall,$(name))) build/short.txt \
  build/shorter.txt $(WINE_READY)
	@$(stay) $(RECORD_ENV) STAGES='$(DEEP_STAGES)' \
	  python3 -B book/record.py book/runs $(NAME)

# ---- Play ----

# Records a run, and makes one page of it that needs nothing else. NAME: a pitfall,
# beside the stage as it should be. BESIDE=solution: your program, beside ours.
ifneq ($(filter play,$(MAKECMDGOALS)),)
ifneq ($(BESIDE),)
ifneq ($(BESIDE):$(if $(DIR),yes),solution:yes)
$(error BESIDE=solution goes with DIR=)
endif
endif
ifneq ($(NAME),)
ifneq ($(words $(call patch_of,$(NAME))),1)
$(error no pitfall is named '$(NAME)': make pitfalls prints the names)
endif
else ifneq ($(words $(STEP)),1)
$(error make play needs a STEP= or a NAME=)
endif
endif

PLAYED_STAGE := $(if $(NAME),$(call stage_of,$(NAME)),$(CHOSEN))
PLAYED := $(if $(NAME),$(call deep_pitfall,$(NAME)),build/deep/$(if \
  $(DIR),dir,$(PLAYED_STAGE)).exe)
PLAYED_FILE := build/$(if $(filter final,$(PLAYED_STAGE)),shorter,short).txt
# The right program, in the view of two runs.
PLAYED_BESIDE := $(if $(NAME)$(BESIDE),build/deep/$(PLAYED_STAGE).exe)
PLAYED_WORDS = $(if $(NAME),NAME=$(NAME),STEP=$(STEP)$(if $(DIR), DIR=$$DIR)$(if \
  $(IO), IO=$(IO))$(if $(BESIDE), BESIDE=$(BESIDE)))

# $(call played,PROGRAM,TO,OBJECTS,NAME): one recording. DIR can have spaces.
played = $(RECORD_ENV) python3 -B $(UP)lab/trace/record.py $(UP)$(1) \
  $(2).json $(3) --root $(UP). $(if $(DIR),--root "$$DIR") \
  --name $(4) --command "make play $(PLAYED_WORDS)" -- \
  $(if $(NO_FILE),,"$${FILE:-$(UP)$(PLAYED_FILE)}") $$ARGS

deep_named = $(patsubst %,--object=$(UP)%,$(call deep_objects,$(1)))
PLAYED_OBJECTS = $(if $(NAME),--plan $(UP)build/deep/pitfalls/$(NAME)/plan.json, \
  $(if $(DIR),--plan $(UP)build/deep/dir/plan.json,$(call deep_named,$(PLAYED_STAGE))))
BESIDE_OBJECTS = $(call deep_named,$(PLAYED_STAGE))
RIGHT := $(UP)build/play/beside

.PHONY: play
ifeq ($(REPLAY),)
play: $(PLAYED) $(PLAYED_BESIDE) $(PLAYED_FILE) $(WINE_READY)
	@mkdir -p build/play
	@$(stay) cd $(FROM) && export IO && $(if $(NAME),eval "$$(awk -v field=Run \
	  -f $(UP)lab/pitfalls/headers.awk $(UP)$(call patch_of,$(NAME)))" && ) \
	  to=$(UP)build/play/$(if $(NAME),$(NAME),$(if $(DIR),"$$(cd "$$DIR" && \
	    basename "$$PWD")",$(PLAYED_STAGE))) && \
	  $(call played,$(PLAYED),"$$to",$(PLAYED_OBJECTS),"$$(basename "$$to")") && \
	  $(if $(PLAYED_BESIDE),$(call played,$(PLAYED_BESIDE),$(RIGHT), \
	    $(BESIDE_OBJECTS),$(PLAYED_STAGE)) &&) \
	  python3 -B $(UP)book/play.py "$$to".json \
	    $(if $(PLAYED_BESIDE),$(RIGHT).json --titles \
	      $(if $(NAME),'the step as it is' 'with the mistake','our solution' 'yours')) \
	    $(if $(NAME),--pitfall $(UP)$(call patch_of,$(NAME))) \
	    --sources $(UP). $(if $(DIR),"$$DIR") --out "$$to".html && \
	  DISPLAY='$(DISPLAY)' WAYLAND_DISPLAY='$(WAYLAND_DISPLAY)' \
	    python3 -B $(UP)book/open.py "$$to".html "$$to".json
endif

# With REPLAY=, an order of make explore is recorded and played.
RECORDED_PLAN := $(if $(NAME),build/deep/pitfalls/$(NAME)/plan.json,$(if \
  $(DIR),build/deep/dir/plan.json))
RECORDED_OBJECTS = $(if $(RECORDED_PLAN),--plan $(UP)$(RECORDED_PLAN),$(patsubst \
  %,--object=$(UP)%,$(call explored_objects,$(TO_EXPLORE))))

# $(call record_order,TO): TO.json, TO.svg and others.
record_order = $(RECORD_ENV) python3 -B $(UP)lab/explore/play.py '$(REPLAY)' \
  $(UP)build/recorded/$(TO_EXPLORE).exe $(1).json $(RECORDED_OBJECTS) --root $(UP). \
  $(if $(CASE),--root $(UP)lab/explore/scenarios) $(if $(DIR),--root "$$DIR") \
  --name "$$(basename '$(REPLAY)')" --seconds 60 --most 4000000 \
  --command '$(subst ','\'',$(strip make play $(foreach name,STEP DIR NAME CASE REPLAY, \
    $(if $($(name)),$(name)=$($(name))))))' \
  -- $(CASE) $(EXPLORE_FILE)

ifneq ($(REPLAY),)
play: build/recorded/$(TO_EXPLORE).exe $(EXPLORE_SAMPLE) $(WINE_READY)
	@mkdir -p build/play
	@$(stay) cd $(FROM) && to=$(UP)build/play/"$$(basename '$(REPLAY)')" && \
	  $(call record_order,"$$to") && \
	  python3 -B $(UP)book/play.py "$$to".json \
	    $(if $(NAME),--pitfall $(UP)$(call patch_of,$(NAME))) \
	    --sources $(UP). $(if $(DIR),"$$DIR") --out "$$to".html && \
	  DISPLAY='$(DISPLAY)' WAYLAND_DISPLAY='$(WAYLAND_DISPLAY)' \
	    python3 -B $(UP)book/open.py "$$to".html "$$to".json
endif

# ---- Pages ----

# npm is for the pages and their tests alone. Its packages are in book/node_modules;
# book/package-lock.json has their versions.
BOOK_PACKAGES := book/node_modules/.made
$(BOOK_PACKAGES): book/package.json book/package-lock.json | setup
	@node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' || { \
	  echo "The book needs Node.js 20 or newer; this is $$(node --version)." >&2; \
	  exit 1; }
	$(call says,NPM,book)
	$(Q)cd book && npm ci --loglevel=error >/dev/null
	@touch $@

.PHONY: book book-serve lint-book test-book
book: $(BOOK_PACKAGES)
	@cd book && npm run --silent pages

PORT ?= 8000
book-serve: book
	@echo 'http://127.0.0.1:$(PORT)/   Ctrl-C ends it.'
	@python3 -m http.server $(PORT) --bind 127.0.0.1 --directory build/book

lint-book: $(BOOK_PACKAGES)
	@cd book && npm run --silent types && npm run --silent lint

# The browser tests read the pages in build/book.
test-book: lint-book book
	@cd book && npm test --silent
	@cd book && python3 -B -m unittest discover -q -s tests -p 'test_*.py'
