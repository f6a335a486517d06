# compare.exe: how many lines of code each of its ways has is counted here.

build/obj/final/compare_lines.c: final/compare.c tools/lines.awk
	@mkdir -p $(@D)
	awk -f tools/lines.awk $< >$@

build/obj/final/compare_lines.o: build/obj/final/compare_lines.c | setup
	$(CC) $(STRICT) $(CFLAGS) -c -o $@ $<

build/compare.exe build/tests/guarded/compare.exe build/lab/compare.exe: \
  build/obj/final/compare_lines.o

ifneq ($(filter compare,$(MAKECMDGOALS)),)
NEEDS += run
endif

.PHONY: compare
compare: build/compare.exe build/sample.txt $(WINE_READY)
	@$(call plainly,$(LAUNCHER) $< "$${FILE:-build/sample.txt}" $$ARGS)
