/*
 * Lets ReadFile and WriteFile fail also without an OVERLAPPED. lab/modes counts
 * and fails only calls that have one, so that output of a program does not
 * count. A sweep fails every call.
 */
#include "../interpose/interpose.h"
#include "../interpose/settings.h"

static struct imports next;

static BOOL read_file(HANDLE file, void *buffer, DWORD length, DWORD *bytes,
                      OVERLAPPED *overlapped)
{
    if (overlapped == NULL && must_fail("ReadFile"))
        return FALSE;
    return next.ReadFile(file, buffer, length, bytes, overlapped);
}

static BOOL write_file(HANDLE file, const void *buffer, DWORD length,
                       DWORD *bytes, OVERLAPPED *overlapped)
{
    if (overlapped == NULL && must_fail("WriteFile"))
        return FALSE;
    return next.WriteFile(file, buffer, length, bytes, overlapped);
}

/* Above lab/modes, below the ledger. */
__attribute__((constructor(160))) static void begin(void)
{
    if (GetEnvironmentVariableA("LEDGER", NULL, 0) == 0)
        return;
    next = imports_now();
    __imp_ReadFile = read_file;
    __imp_WriteFile = write_file;
}
