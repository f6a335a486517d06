/* Step 1: open a file for overlapped I/O.
 * A handle opened the usual way stands somewhere in its file, and each read
 * goes on where the last one ended. With FILE_FLAG_OVERLAPPED many reads may be
 * in flight at once, so there is no such place: a read that does not say where
 * is refused. .NET: FileOptions.Asynchronous is this flag. */
#include "report.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>

const wchar_t program[] = L"step1-create";

/* INVALID_HANDLE_VALUE, not NULL, is its failure: see GetLastError. As in .NET,
 * the server of a pipe may not act in our name: SECURITY_ANONYMOUS. */
static HANDLE open_overlapped(const wchar_t *path)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const DWORD anonymous = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    return CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | anonymous, NULL);
}

/* ---- What this step shows ---- */

/* Nobody says where to read: the handle knows, and moves on. */
static int read_plainly(HANDLE file, const wchar_t *path)
{
    char buffer[64];
    DWORD bytes;
    LARGE_INTEGER zero = {.QuadPart = 0}, position;

    if (!ReadFile(file, buffer, sizeof buffer, &bytes, NULL))
        return report("read", path, GetLastError());
    if (!SetFilePointerEx(file, zero, &position, FILE_CURRENT))
        return report("ask the position of", path, GetLastError());
    say("read %lu bytes, the handle moved on to %lld", bytes,
        position.QuadPart);
    return EXIT_SUCCESS;
}

static int show_plain(const wchar_t *path)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const DWORD anonymous = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    HANDLE file = CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING,
                              anonymous, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return report("open", path, GetLastError());
    say("opened without FILE_FLAG_OVERLAPPED");
    int status = read_plainly(file, path);
    if (status == EXIT_SUCCESS)
        status = read_plainly(file, path);
    check(CloseHandle(file), "close", path);
    return status;
}

static int show_overlapped(const wchar_t *path)
{
    char buffer[64];
    DWORD bytes;

    HANDLE file = open_overlapped(path);
    if (file == INVALID_HANDLE_VALUE)
        return report("open", path, GetLastError());
    say("opened with FILE_FLAG_OVERLAPPED");
    int status = EXIT_SUCCESS;
    /* NULL, where an OVERLAPPED should say where to read. */
    BOOL ok = ReadFile(file, buffer, sizeof buffer, &bytes, NULL);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    if (ok)
        say("a read that does not say where is accepted: %lu bytes", bytes);
    else if (error == ERROR_INVALID_PARAMETER)
        say("a read that does not say where is refused (error %lu)", error);
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
