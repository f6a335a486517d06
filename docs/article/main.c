/* The loop of the article of 2008, in C, with its eight mistakes: see
 * ../article.md. BindIoCompletionCallback is what ThreadPool.BindHandle calls
 * in the system: it binds the file to the port of the system's own pool. */
#include "../../step5-readfile/report.h"

const wchar_t program[] = L"article";

static char buffer[32768];     /* 5: one buffer for all reads */
static OVERLAPPED *overlapped; /* 6: the variable that the callback captures */

static void CALLBACK on_read(DWORD error, DWORD bytes, OVERLAPPED *packet)
{
    (void)packet;
    actor = "worker";
    if (error != 0 && bytes != 0) /* 4: most errors come with 0 bytes */
        say("error %lu", error);
    else
        say("read %lu bytes", bytes);
    free(overlapped); /* 6: the request that was started last */
}

int wmain(int argc, wchar_t **argv)
{
    const wchar_t *path = argc > 1 ? argv[1] : L"";
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL,
                              OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    /* 7: neither this call nor the next one is checked */
    BindIoCompletionCallback(file, on_read, 0);
    for (unsigned long long offset = 0;; offset += sizeof buffer) { /* 8 */
        overlapped = calloc(1, sizeof *overlapped);
        overlapped->Offset = (DWORD)offset; /* 1: only the low half */
        BOOL ok = ReadFile(file, buffer, sizeof buffer, NULL, overlapped);
        if (!ok && GetLastError() == ERROR_HANDLE_EOF)
            break; /* 2: the only way out; 3: the request is lost */
    }
    say("done"); /* 7: reads are in flight, and the file is open */
    return EXIT_SUCCESS;
}
