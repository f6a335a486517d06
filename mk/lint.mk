# Formats, and what static analysis finds.

WINDOWS_C := $(wildcard step*/*.c final/*.c lab/*/*.c tests/*/*.c)
HEADERS := $(wildcard final/*.h lab/*/*.h tests/*.h)
CPPCHECK := cppcheck -q --std=c11 --enable=warning,style,performance,portability \
  --inline-suppr --error-exitcode=1

TIDY_FLAGS := --target=x86_64-w64-mingw32 -std=c17 -Wall -Wextra

# cppcheck does not know Criterion's macros, so it is spared the suites.
.PHONY: lint
lint: setup
	$(call says,FORMAT,the C sources)
	$(Q)clang-format --dry-run -Werror $(WINDOWS_C) $(TESTS_C) $(HEADERS)
	@for file in $(WINDOWS_C); do echo "clang-tidy $$file"; \
	  clang-tidy --quiet $$file -- $(TIDY_FLAGS) 2>/dev/null || exit; done
	@for file in $(TESTS_C); do echo "clang-tidy $$file"; \
	  clang-tidy --quiet $$file -- $(TEST_CFLAGS) $(PKG_CFLAGS) \
	    2>/dev/null || exit; done
	$(Q)$(CPPCHECK) --platform=win64 $(WINDOWS_C)
	$(Q)$(CPPCHECK) --platform=unix64 --library=gtk tests/helpers.c
	@for file in $(WINDOWS_C); do echo "$(CC) -fanalyzer $$file"; \
	  $(CC) $(STRICT) -O2 -fanalyzer -c -o /dev/null $$file || exit; done
