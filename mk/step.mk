# Passes every command on to the top Makefile, for this step alone: `all` builds
# only this step.
.DEFAULT_GOAL := help
COMMAND_OF = $(if $(filter all,$@),build/$(STAGE).exe,$@)
help: ; @$(MAKE) --no-print-directory -C .. help STEP=$(STEP) FROM=$(STAGE)
.DEFAULT: ; @$(MAKE) --no-print-directory -C .. $(COMMAND_OF) STEP=$(STEP) \
  FROM=$(STAGE)
Makefile ../mk/step.mk: ;
