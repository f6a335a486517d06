# Formats, and what static analysis finds.

WINDOWS_C := $(wildcard step*/*.c final/*.c lab/*/*.c tests/*/*.c)
HEADERS := $(wildcard final/*.h lab/*/*.h tests/*.h)
CPPCHECK := cppcheck -q --std=c11 --enable=warning,style,performance,portability \
  --inline-suppr --error-exitcode=1

TIDY_FLAGS := --target=x86_64-w64-mingw32 -std=c17 -Wall -Wextra

SHELL_SCRIPTS := .ci/run $(wildcard tools/*.sh lab/*/*.sh)
PYTHON := $(wildcard bench/*.py lab/*/*.py tools/*.py)

# cppcheck does not know Criterion's macros, so it is spared the suites.
.PHONY: lint
lint: setup
	$(call says,FORMAT,all C sources)
	$(Q)clang-format --dry-run -Werror $(WINDOWS_C) $(TESTS_C) $(HEADERS)
	$(call says,SHELL,$(SHELL_SCRIPTS))
	$(Q)shellcheck $(SHELL_SCRIPTS)
	$(call says,PYTHON,$(PYTHON))
	$(Q)flake8 --max-line-length 88 --extend-ignore E203,W503 $(PYTHON)
	@for file in $(WINDOWS_C); do echo "clang-tidy $$file"; \
	  clang-tidy --quiet $$file -- $(TIDY_FLAGS) 2>/dev/null || exit; done
	@for file in $(TESTS_C); do echo "clang-tidy $$file"; \
	  clang-tidy --quiet $$file -- $(TEST_CFLAGS) $(PKG_CFLAGS) \
	    2>/dev/null || exit; done
	$(call says,CHECK,all C sources)
	$(Q)$(CPPCHECK) --platform=win64 $(WINDOWS_C)
	$(Q)$(CPPCHECK) --platform=unix64 --library=gtk \
	  $(filter-out tests/test_% tests/report.c,$(TESTS_C))
	@for file in $(WINDOWS_C); do echo "$(CC) -fanalyzer $$file"; \
	  $(CC) $(STRICT) -O2 -fanalyzer -c -o /dev/null $$file || exit; done
