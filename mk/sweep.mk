# The sweeps: each call of a program fails once, and what comes of it is judged.

# What STEP, or none, has swept; NAME is one of them. DIR stands for a step.
SWEPT := $(or $(NAME),$(filter-out final,$(CHOSEN)) \
  $(if $(filter final,$(CHOSEN)), \
    final final-cat final-sha256 copy copy-force compare stream))

SWEPT_PROGRAMS := $(if $(DIR),build/lab/dir.exe,$(LABS))

.PHONY: sweep
sweep: $(SWEPT_PROGRAMS) $(WINE_READY)
	@$(stay) BUILD="$$PWD/build" LAUNCHER='$(LAUNCHER)' \
	  python3 lab/sweep/sweep.py $(if $(POINT),--point '$(POINT)') \
	  $(if $(DIR),--program "$$PWD/build/lab/dir.exe") $(SWEPT)

ifneq ($(filter sweep,$(MAKECMDGOALS)),)
NEEDS += run python
endif
