# The library of final for other programs. They call it "filepool".
#
#   make install PREFIX=/usr/x86_64-w64-mingw32
#   make install PREFIX=/usr/local DESTDIR=/tmp/package
#
# The installed files find each other, wherever the directory is moved to.

PREFIX ?= /usr/local
INSTALLED := $(DESTDIR)$(PREFIX)
PUBLIC_HEADERS := $(filter-out %_internal.h,$(wildcard final/*.h))
PACKAGE := lib/pkgconfig/filepool.pc lib/cmake/filepool/filepool-config.cmake \
  lib/cmake/filepool/filepool-config-version.cmake
version = $(shell sed -n 's/^\#define FILEPOOL_VERSION$(1)  *"*\([0-9.]*\)"*$$/\1/p' \
  final/version.h)

.PHONY: install
install: $(LIBRARY)
	$(call says,INSTALL,$(INSTALLED))
	@mkdir -p $(addprefix '$(INSTALLED)'/,include/filepool lib/pkgconfig \
	  lib/cmake/filepool)
	$(Q)cp $(PUBLIC_HEADERS) '$(INSTALLED)'/include/filepool
	$(Q)cp $(LIBRARY) '$(INSTALLED)'/lib/libfilepool.a
	$(Q)for file in $(PACKAGE); do \
	  sed 's/@VERSION@/$(call version,)/; s/@MAJOR@/$(call version,_MAJOR)/' \
	    "mk/package/$${file##*/}" >'$(INSTALLED)'/$$file || exit; done
