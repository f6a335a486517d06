# What the build prints: one line a file that is made. V=1 prints the commands.

ifeq ($(V),1)
Q :=
says :=
else
Q := @
# $(call says,CC,FILE). The tab puts the names below each other.
says = $(info $(1)	$(2))
endif

# Files on the way to others are kept. Otherwise make removes them, and the last
# line is not the verdict.
.SECONDARY:

# A target that depends on it is made anew each time.
FORCE:
.PHONY: FORCE
