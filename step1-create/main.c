/* Step 1: open a file for overlapped I/O.
 * A handle that is opened in the usual way has a file position: each read
 * starts where the last one ended. A handle with FILE_FLAG_OVERLAPPED can have
 * many reads in flight, so it has no file position: each read must pass an
 * offset, and a read without one fails. .NET: FileOptions.Asynchronous. */
#include "report.h"

const wchar_t program[] = L"step1-create";

/* Returns INVALID_HANDLE_VALUE, not NULL, if it fails. SECURITY_ANONYMOUS, as
 * in .NET: if the file is a pipe, its server cannot act as this user. */
static HANDLE open_overlapped(const wchar_t *path)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const DWORD anonymous = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    return CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | anonymous, NULL);
}

/* ---- What this step shows ---- */

/* This read has no offset: it starts at the handle's file position. */
static int read_at_position(HANDLE file, const wchar_t *path)
{
    char buffer[64];
    DWORD bytes;
    LARGE_INTEGER zero = {.QuadPart = 0}, position;

    if (!ReadFile(file, buffer, sizeof buffer, &bytes, NULL))
        return report("read", path, GetLastError());
    /* Move the position by zero bytes: the call only returns the position. */
    if (!SetFilePointerEx(file, zero, &position, FILE_CURRENT))
        return report("get the file position of", path, GetLastError());
    say("read %lu bytes; the file position is now %lld", bytes,
        position.QuadPart);
    return EXIT_SUCCESS;
}

/* The usual way: no flag, and the handle has a file position. */
static int show_plain(const wchar_t *path)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const DWORD anonymous = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    HANDLE file = CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING,
                              anonymous, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return report("open", path, GetLastError());
    say("opened without FILE_FLAG_OVERLAPPED");
    int status = read_at_position(file, path);
    if (status == EXIT_SUCCESS)
        status = read_at_position(file, path);
    check(CloseHandle(file), "close", path);
    return status;
}

/* With the flag, the same read fails. */
static int show_overlapped(const wchar_t *path)
{
    char buffer[64];
    DWORD bytes;

    HANDLE file = open_overlapped(path);
    if (file == INVALID_HANDLE_VALUE)
        return report("open", path, GetLastError());
    say("opened with FILE_FLAG_OVERLAPPED");
    int status = EXIT_SUCCESS;
    /* NULL: no OVERLAPPED, so the read has no offset. */
    BOOL ok = ReadFile(file, buffer, sizeof buffer, &bytes, NULL);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    if (ok)
        say("a read without an offset succeeds: %lu bytes", bytes);
    else if (error == ERROR_INVALID_PARAMETER)
        say("a read without an offset fails (error %lu)", error);
    else
        status = report("read", path, error);
    check(CloseHandle(file), "close", path);
    return status;
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %ls FILE\n", program);
        return 2;
    }
    int status = show_plain(argv[1]);
    if (status == EXIT_SUCCESS)
        status = show_overlapped(argv[1]);
    if (status == EXIT_SUCCESS)
        say("done");
    return status;
}
