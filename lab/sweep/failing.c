/*
 * Of ReadFile and WriteFile lab/modes lets only calls with an OVERLAPPED fail,
 * so that what a program prints does not count. For the ledger every call
 * counts: with it, those without one count and fail, too.
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
