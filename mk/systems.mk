# The README's commands on another release of Debian, in a root of its own.

COMMAND ?= make run && make test

.PHONY: on clean-systems
on:
	@SYSTEM='$(SYSTEM)' COMMAND='$(COMMAND)' MIRROR='$(MIRROR)' tools/on.sh

# The mounts of `make on` ended with it, so only files are removed here.
clean-systems:
	@rm -rf --one-file-system build/systems
