# All that a workshop needs, in one go.

# Without Criterion (MSYS2) everything except the suites.
WORKSHOP = $(filter-out $(if $(MSYSTEM),$(SUITES)),$(EXES) $(TEST_FILES))

ifneq ($(filter doctor,$(MAKECMDGOALS)),)
NEEDS += run patch python $(if $(MSYSTEM),,test git)
# The benchmark runs only on Linux.
NEEDS += coverage lint $(if $(filter Linux,$(UNAME)),asio gnuplot)
endif

# With -n, make runs a line that names MAKE or begins with +, and this one would
# install. So it has another name for MAKE, and + only without -n: + lets the
# makes in it work in parallel.
THIS_MAKE = $(MAKE)

.PHONY: doctor
doctor:
	$(if $(findstring n,$(firstword -$(MAKEFLAGS))),,+@)NEEDS='$(NEEDS)' \
	  CC='$(CC)' CXX='$(CXX)' HOST_CC='$(HOST_CC)' ASIO='$(ASIO)' \
	  WINE='$(WINE)' NO_INSTALL='$(NO_INSTALL)' MAKE='$(THIS_MAKE)' \
	  FILES='$(WORKSHOP)' tools/doctor.sh
