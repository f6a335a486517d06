# All that a workshop needs, in one go: after it no network is needed.

# Without Criterion (MSYS2) everything except the suites.
WORKSHOP = $(filter-out $(if $(MSYSTEM),$(SUITES)),$(EXES) $(TEST_FILES))

ifneq ($(filter doctor,$(MAKECMDGOALS)),)
NEEDS += run patch python $(if $(MSYSTEM),,test git)
# The benchmark runs only on Linux.
NEEDS += coverage lint $(if $(filter Linux,$(UNAME)),asio gnuplot)
endif

# The + lets the makes in it work in parallel; but make -n is to do nothing.
.PHONY: doctor
doctor:
	$(if $(findstring n,$(firstword -$(MAKEFLAGS))),,+@)NEEDS='$(NEEDS)' \
	  CC='$(CC)' CXX='$(CXX)' HOST_CC='$(HOST_CC)' ASIO='$(ASIO)' \
	  WINE='$(WINE)' NO_INSTALL='$(NO_INSTALL)' MAKE='$(MAKE)' \
	  FILES='$(WORKSHOP)' tools/doctor.sh
