/*
 * Opening files, and making a file that gets its name only when it is
 * complete.
 *
 * A replacement is written under a temporary name in its target's directory. It
 * is marked for deletion immediately after it was made, so the system removes
 * it if the process ends before the rename. When the replacement is complete,
 * the program removes the mark, and then renames the file to the target in one
 * step. So at each moment the target's name has either the complete old file
 * (or none, if there was none), or the complete new one. If the process is
 * killed between two of these steps, the temporary file stays. The flag
 * FILE_FLAG_DELETE_ON_CLOSE would mark it from the first moment, but only some
 * systems can take this flag back.
 *
 * Functions return a Win32 error, 0 for success.
 */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

/*
 * Opens an existing file for overlapped reads; other programs may read, write
 * and delete it meanwhile. The caller owns the handle. After a failure it is
 * INVALID_HANDLE_VALUE, not NULL, and GetLastError has the error.
 */
HANDLE open_overlapped(const wchar_t *path);

/* Whether a path names this open file; false if the path names no file. */
bool is_same_file(HANDLE file, const wchar_t *path);

/* Sets the length, in bytes, of a file that is open for writing. */
DWORD set_length(HANDLE file, uint64_t length);

struct replacement {
    const wchar_t *target; /* owned by the caller */
    bool replaces;         /* the target may exist */
    bool stays; /* the system refused to mark the file for deletion again */
    wchar_t temporary[(1 << 15) + 64]; /* longer than any target */
};

/*
 * Makes an empty file for overlapped writes, which becomes the target later.
 * The caller owns the handle. Until replacement_keep is called, closing the
 * handle deletes the file. ERROR_FILE_EXISTS if the target exists and
 * `replaces` is false.
 */
DWORD replacement_create(struct replacement *replacement, const wchar_t *target,
                         bool replaces, HANDLE *file);

/*
 * Renames the file to its target, through its handle: no other program can open
 * the file before it has its name. Call it when all bytes are written and
 * flushed to the disk. Afterwards closing the handle keeps the file. After an
 * error, closing the handle deletes the file, or replacement_remove does.
 * ERROR_ALREADY_EXISTS if another program has made the target meanwhile and
 * `replaces` is false.
 */
DWORD replacement_keep(struct replacement *replacement, HANDLE file);

/* After an error, call it when the handle is closed: deletes the file if the
 * close could not. Returns 0 or the error of DeleteFileW. */
DWORD replacement_remove(const struct replacement *replacement);

#endif
