# What the build prints: one line a file that is made. V=1 prints the commands.

ifeq ($(V),1)
Q :=
says :=
else
Q := @
# $(call says,CC,FILE). The tab puts the names below each other.
says = $(info $(1)	$(2))
endif

# make removes a file that only pattern rules name, and the verdict would not be
# the last line. It keeps one that is named. (.SECONDARY would keep all, but then
# a program without its object files counts as made, whatever header changed.)
named: $(patsubst %.c,build/obj/%.o,$(wildcard tests/*/*.c)) \
  build/tests/example1.c build/tests/example2.c

# A target that depends on it is made anew each time.
FORCE:
.PHONY: FORCE
