/* The version of the library, which `make install` installs as "filepool".
 * MAJOR changes when a program must be changed, MINOR when something is new. */
#ifndef FILEPOOL_VERSION_H
#define FILEPOOL_VERSION_H

#define FILEPOOL_VERSION_MAJOR 1
#define FILEPOOL_VERSION_MINOR 0
#define FILEPOOL_VERSION_PATCH 0
#define FILEPOOL_VERSION       "1.0.0"

#endif
