# A program's trace: what it did with files, the port and threads, as a timeline,
# a picture, and a file for Perfetto. lab/trace/README.md tells more.

export IO

# A program that fails is traced all the same; its exit status is passed on.
.PHONY: trace
trace: $(LAB_CHOSEN) build/sample.txt $(WINE_READY)
	@mkdir -p build/trace
	@$(stay) cd $(FROM); for program in $(LAB_CHOSEN); do \
	  name=$$(basename $$program .exe); \
	  recording=$(UP)build/trace/$$name.rec; \
	  rm -f $$recording; status=0; \
	  $(call plainly,TRACE=$$recording $(LAUNCHER) $(UP)$$program \
	    "$${FILE:-$(UP)build/sample.txt}" $$ARGS) || status=$$?; \
	  (cd $(UP). && python3 -B lab/trace/trace.py build/trace/$$name.rec \
	    $$program $(ADDR2LINE) build/trace) || exit; \
	  [ $$status = 0 ] || exit $$status; done

# What recording costs: the same with it and without, in turn.
build/lab/cost.exe: build/obj/lab/trace/cost/main.o $(LAB) \
  build/obj/lab/guard/guard.o
	$(call says,LD,$@)
	$(Q)$(link_lab) -static

.PHONY: trace-cost
trace-cost: build/lab/cost.exe build/lab/final.exe \
  build/bench/data $(WINE_READY)
	@mkdir -p build/trace
	@head -c 64M build/bench/data >build/trace/data
	@$(stay) LAUNCHER='$(LAUNCHER)' lab/trace/cost.sh build/trace/data 9

ifneq ($(filter trace trace-cost,$(MAKECMDGOALS)),)
NEEDS += run python
endif

# make lint looks at it, too.
WINDOWS_C += lab/trace/cost/main.c
