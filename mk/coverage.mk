# Which lines of final/ the tests run.

# They are run once more in a directory of links to everything here: so all is
# built and done there as it is here, but with the compiler's counters in it.
COVERAGE := build/coverage
COVERAGE_FLAGS := -O0 -g --coverage -fprofile-update=atomic

.PHONY: coverage
coverage: build/obj/tests/coverage/flush.o $(WINE_READY) | setup
	@mkdir -p $(COVERAGE)/build
	@ln -sfn $(foreach name,$(filter-out build,$(wildcard *)),../../$(name)) \
	  $(COVERAGE)
	@[ -z '$(WINE)' ] || ln -sfn ../../wine $(COVERAGE)/build
	@find $(COVERAGE)/build -name '*.gcda' -delete
	@$(MAKE) --no-print-directory -C $(COVERAGE) test STEP=final \
	  CFLAGS='$(COVERAGE_FLAGS)' WIN_LDLIBS='$(CURDIR)/$< $(WIN_LDLIBS)'
	@gcovr --gcov-executable $(GCOV) --filter final/ \
	  --json $(COVERAGE)/final.json --html-details $(COVERAGE)/final.html \
	  $(COVERAGE)/build/obj/final
	@echo "Every line: $(COVERAGE)/final.html"
	@tools/coverage.py $(COVERAGE)/final.json tests/uncovered.txt 90
