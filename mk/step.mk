# Passes each command on to the top Makefile, for this step alone.
.DEFAULT_GOAL := help
.PHONY: help all run test clean lint flaky stress coverage check
help all run test clean lint flaky stress coverage check:
	@$(MAKE) --no-print-directory -C .. \
	  $(if $(filter all,$@),build/$(STAGE).exe,$@) \
	  STEP=$(STEP) FROM=$(STAGE)
