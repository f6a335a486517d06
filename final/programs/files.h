/*
 * Opening files, and making one that appears whole or not at all.
 *
 * A replacement is written under a temporary name in the directory of its
 * target. It is marked for deletion from its first moment on, so that whatever
 * ends this process takes it away. When it is whole the mark is taken off, and
 * then it gets the target's name, in one step: under that name there is, at any
 * moment, all of the old file (or none, if there was none) or all of the new.
 *
 * Functions return a Win32 error, 0 for success.
 */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

/*
 * Opens what is there for overlapped reads; others may do with it what they
 * want. INVALID_HANDLE_VALUE, not NULL, is its failure: see GetLastError.
 */
HANDLE open_overlapped(const wchar_t *path);

/* Whether a path leads to a file that is open; false if it leads nowhere. */
bool is_same_file(HANDLE file, const wchar_t *path);

/* Changes where a file that is open for writing ends. */
DWORD set_length(HANDLE file, uint64_t length);

struct replacement {
    const wchar_t *target;             /* the caller's */
    bool replaces;                     /* a file that has this name already */
    wchar_t temporary[(1 << 15) + 64]; /* longer than any target */
};

/*
 * Makes an empty file for overlapped writes, which becomes the target later.
 * The handle is the caller's; as long as the replacement is not kept, to close
 * it deletes the file. ERROR_FILE_EXISTS if there is a target already and it is
 * not to be replaced.
 */
DWORD replacement_create(struct replacement *replacement, const wchar_t *target,
                         bool replaces, HANDLE *file);

/* Takes off the mark, once all is written and flushed to the disk. */
DWORD replacement_keep(HANDLE file);

/* Gives it its name, after its handle was closed, or else deletes it:
 * ERROR_ALREADY_EXISTS if somebody has made a target meanwhile that is not to
 * be replaced. */
DWORD replacement_rename(const struct replacement *replacement);

#endif
