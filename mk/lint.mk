# Formats, and what static analysis finds.

# Not looked at where mistakes are made on purpose: tests/wrong.
WINDOWS_C := $(filter-out tests/wrong/%, \
  $(wildcard step*/*.c final/*.c lab/*/*.c tests/*/*.c))
HEADERS := $(wildcard final/*.h lab/*/*.h tests/*.h tests/*/*.h tests/wrong/*.c)
SHELL_SCRIPTS := .ci/run $(wildcard tools/*.sh lab/*/*.sh)
PYTHON := $(wildcard bench/*.py lab/*/*.py tools/*.py)

CPPCHECK := cppcheck -q --std=c11 --enable=warning,style,performance,portability \
  --inline-suppr --error-exitcode=1
TIDY_FLAGS := --target=x86_64-w64-mingw32 -std=c17 -Wall -Wextra

# $(call each,TOOL,FILES,OPTIONS): as many files at the same time as there are
# processors. The first that fails is the last to be named.
each = @printf '%s\n' $(2) | xargs -P $$(getconf _NPROCESSORS_ONLN) -I{} \
  bash -c 'echo "$(firstword $(1)) {}"; $(1) {} $(3) || exit 255'
TIDY := clang-tidy --quiet
ANALYZE = $(CC) $(STRICT) -O2 -fanalyzer -c -o /dev/null

# cppcheck does not know Criterion's macros, so it is spared the suites.
.PHONY: lint
lint: setup
	@echo 'clang-format, shellcheck, flake8, cppcheck'
	$(Q)clang-format --dry-run -Werror $(WINDOWS_C) $(TESTS_C) $(HEADERS)
	$(Q)shellcheck $(SHELL_SCRIPTS)
	$(Q)flake8 --max-line-length 88 --extend-ignore E203,W503 $(PYTHON)
	$(Q)$(CPPCHECK) --platform=win64 $(WINDOWS_C)
	$(Q)$(CPPCHECK) --platform=unix64 --library=gtk \
	  $(filter-out tests/test_% tests/report.c,$(TESTS_C))
	$(call each,$(TIDY),$(WINDOWS_C),-- $(TIDY_FLAGS) 2>/dev/null)
	$(call each,$(TIDY),$(TESTS_C),-- $(TEST_CFLAGS) $(PKG_CFLAGS) 2>/dev/null)
	$(call each,$(ANALYZE),$(WINDOWS_C))
