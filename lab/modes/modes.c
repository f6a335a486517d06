#include "modes.h"

#include <stdlib.h>
#include <string.h>

BOOL fail(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

ULONG NTAPI RtlNtStatusToDosError(LONG);

DWORD error_of(LONG status)
{
    return RtlNtStatusToDosError(status);
}

LONG status_of(unsigned long number)
{
    switch (number) {
    case ERROR_SUCCESS:
        return 0;
    case ERROR_HANDLE_EOF:
        return END_OF_FILE;
    case ERROR_MORE_DATA:
        return BUFFER_OVERFLOW;
    case ERROR_OPERATION_ABORTED:
        return CANCELLED;
    default: /* an NTSTATUS may carry a Win32 error within */
        return (LONG)(number > 0xFFFF ? number : 0xC0010000 | number);
    }
}

unsigned draw(struct word *word, unsigned count)
{
    /* SplitMix64 by Sebastiano Vigna: a number of its own for each step. */
    uint64_t mixed = ((uint64_t)word->numbers[0] << 32) +
                     (uint64_t)InterlockedIncrement(&word->counted);
    mixed *= 0x9E3779B97F4A7C15;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
    return (unsigned)((mixed ^ mixed >> 31) % count);
}

/* ---- An I/O ----------------------------------------------------------- */

bool is_silent(const struct io *io)
{
    return ((ULONG_PTR)io->event & 1) != 0;
}

HANDLE event_of(const struct io *io)
{
    return (HANDLE)((ULONG_PTR)io->event & ~(ULONG_PTR)1);
}

bool is_queued_io(const struct io *io)
{
    return !io->skips && !is_silent(io) &&
           (io->file.port != NULL || io->file.pooled);
}

static BOOL start(const struct io *io, DWORD *bytes, OVERLAPPED *overlapped)
{
    return io->writes ? real.WriteFile(io->handle, io->buffer, io->length,
                                       bytes, overlapped)
                      : real.ReadFile(io->handle, io->buffer, io->length, bytes,
                                      overlapped);
}

/* With an OVERLAPPED and an event of its own. */
struct answer do_io(const struct io *io)
{
    struct answer answer = {0};
    HANDLE event = real.CreateEventW(NULL, TRUE, FALSE, NULL);
    OVERLAPPED own = {.Offset = io->low,
                      .OffsetHigh = io->high,
                      .hEvent = (HANDLE)((ULONG_PTR)event | 1)};
    BOOL ok = start(io, NULL, &own);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    answer.refused = !ok && error != ERROR_IO_PENDING;
    if (answer.refused) {
        answer.status = status_of(error);
    } else {
        if (!ok)
            real.WaitForSingleObject(event, INFINITE);
        answer.status = (LONG)own.Internal;
        answer.bytes = (DWORD)own.InternalHigh;
    }
    real.CloseHandle(event);
    return answer;
}

/* ---- Which way it ends ------------------------------------------------ */

static volatile LONG started;

bool has_started(void)
{
    return started != 0;
}

static LONGLONG offset_of(const struct io *io)
{
    return (LONGLONG)((ULONGLONG)io->high << 32 | io->low);
}

static bool is_at_end(const struct io *io)
{
    LARGE_INTEGER size;
    return !io->writes && io->length > 0 &&
           real.GetFileSizeEx(io->file.handle, &size) &&
           offset_of(io) >= size.QuadPart;
}

/* What the system would refuse, it shall refuse itself. */
static bool can_be_bent(const struct io *io)
{
    bool appends = io->writes && offset_of(io) == -1;
    return (io->writes ? io->file.may_write : io->file.may_read) &&
           (offset_of(io) >= 0 || appends) &&
           (io->buffer != NULL || io->length == 0) &&
           real.GetFileType(io->file.handle) == FILE_TYPE_DISK;
}

/* Of what ends at once, TRUE tells who was granted that success skips the
 * packet that none comes. "ntfs-cached" does not do that, and so leaves alone
 * what would send one. */
static bool ends_at_once(const struct io *io)
{
    return asked("skip") != NULL || (asked("ntfs-cached") != NULL &&
                                     !(io->file.skips && is_queued_io(io)));
}

static BOOL end_at_once(struct io *io, DWORD *bytes)
{
    io->skips = asked("skip") != NULL && (io->file.skips || is_silent(io));
    begin_io(io);
    struct answer answer = do_io(io);
    if (answer.refused || (answer.status != 0 && io->skips))
        return fail(error_of(answer.status));
    tell(io, answer);
    if (answer.status != 0) /* the end: a packet tells it */
        return fail(ERROR_IO_PENDING);
    if (bytes != NULL)
        *bytes = answer.bytes;
    return TRUE;
}

/* As the system does it. */
static BOOL pass(const struct io *io, DWORD *bytes)
{
    bool expected = is_queued_io(io) &&
                    (io->file.callback != NULL || asked("packet") != NULL);
    const OVERLAPPED *overlapped = io->overlapped;
    if (expected)
        expect(io);
    BOOL ok = start(io, bytes, io->overlapped);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    bool well = ok || error == ERROR_MORE_DATA;
    if (expected && error != ERROR_IO_PENDING && (!well || io->file.skips))
        forget(overlapped);
    return ok ? TRUE : fail(error);
}

/* The system calls back for its own I/O alone. It has ended already, if "wine"
 * is to be believed. */
static BOOL end_pooled_at_once(const struct io *io, DWORD *bytes)
{
    bool at_end = is_at_end(io);
    return pass(io, bytes) || (!at_end && GetLastError() == ERROR_IO_PENDING);
}

static BOOL bend(struct io *io, DWORD *bytes)
{
    if (fails(io->writes ? "WriteFile" : "ReadFile")) {
        io->overlapped->Internal = PENDING; /* that may be left there */
        return FALSE;
    }
    started = TRUE;
    if (io->file.handle != NULL && !io->file.pooled &&
        is_due(asked("cancel"))) {
        hold(io, true);
        return fail(ERROR_IO_PENDING);
    }
    if (!can_be_bent(io))
        return pass(io, bytes);
    if (asked("sync-eof") && is_at_end(io)) {
        io->overlapped->Internal = PENDING;
        return fail(ERROR_HANDLE_EOF);
    }
    if (asked("pending") || asked("slow") || asked("shuffle")) {
        hold(io, false);
        return fail(ERROR_IO_PENDING);
    }
    if (!ends_at_once(io))
        return pass(io, bytes);
    return io->file.pooled ? end_pooled_at_once(io, bytes)
                           : end_at_once(io, bytes);
}

static struct io new_io(bool writes, HANDLE file, void *buffer, DWORD length,
                        OVERLAPPED *overlapped)
{
    return (struct io){.writes = writes,
                       .file = find_file(file),
                       .handle = file,
                       .buffer = buffer,
                       .length = length,
                       .overlapped = overlapped,
                       .low = overlapped->Offset,
                       .high = overlapped->OffsetHigh,
                       .event = overlapped->hEvent};
}

static DWORD shortened(DWORD length)
{
    struct word *word = asked("short");
    if (word == NULL || length < 2)
        return length;
    if (word->count == 0) /* always a third */
        return length > 3 ? length / 3 : length;
    return 1 + draw(word, length);
}

static BOOL read_file(HANDLE file, void *buffer, DWORD length, DWORD *bytes,
                      OVERLAPPED *overlapped)
{
    if (overlapped == NULL)
        return real.ReadFile(file, buffer, shortened(length), bytes, NULL);
    struct io io = new_io(false, file, buffer, shortened(length), overlapped);
    return bend(&io, bytes);
}

static BOOL write_file(HANDLE file, const void *buffer, DWORD length,
                       DWORD *bytes, OVERLAPPED *overlapped)
{
    if (overlapped == NULL)
        return real.WriteFile(file, buffer, length, bytes, NULL);
    struct io io = new_io(true, file, (void *)buffer, length, overlapped);
    return bend(&io, bytes);
}

/* ---- Every function can be made to fail ------------------------------- */

static struct imports next;

#define IMPORT(result, failure, name, parameters, arguments)                   \
    static result failing_##name parameters                                    \
    {                                                                          \
        return fails(#name) ? failure : next.name arguments;                   \
    }
#include "../interpose/imports.h"

static void let_fail(void)
{
    next = imports_now();
#define IMPORT(result, failure, name, parameters, arguments)                   \
    __imp_##name = failing_##name;
#include "../interpose/imports.h"
}

/* ---- The words -------------------------------------------------------- */

#define ALONE "stands without a number"

enum kind { NEITHER, HELD_BACK, AT_ONCE };

static const struct {
    const char *name, *written; /* what is told if it is not */
    unsigned least, most;       /* numbers */
    enum kind kind;             /* one excludes the other */
} modes[] = {
    {"wine", ALONE, 0, 0, NEITHER},
    {"pending", ALONE, 0, 0, HELD_BACK},
    {"sync-eof", ALONE, 0, 0, NEITHER},
    {"short", "is written short:SEED", 0, 1, NEITHER},
    {"shuffle", "is written shuffle:SEED", 0, 1, HELD_BACK},
    {"ntfs-cached", ALONE, 0, 0, AT_ONCE},
    {"skip", ALONE, 0, 0, AT_ONCE},
    {"slow", "is written slow:MS", 1, 1, HELD_BACK},
    {"fail", "is written fail:NAME:K:CODE", 2, 2, NEITHER},
    {"fail-from", "is written fail-from:NAME:K:CODE", 2, 2, NEITHER},
    {"packet", "is written packet:K:STATUS:BYTES", 3, 3, NEITHER},
    {"cancel", "is written cancel:K", 1, 1, NEITHER},
    {"allocations", ALONE, 0, 0, NEITHER}, /* lab/guard's */
};

/* Counted from 1; 0 if it is none. */
static unsigned place_of(const char *name)
{
    unsigned i = sizeof modes / sizeof *modes;
    while (i > 0 && strcmp(modes[i - 1].name, name) != 0)
        i--;
    return i;
}

/* Whether the layer has anything to do. */
static bool read_words(void)
{
    bool wanted = false;
    for (struct word *word = words; word->name != NULL; word++) {
        unsigned place = place_of(word->name);
        if (place == 0 && strcmp(word->variable, "IO") == 0)
            refuse_word(word, NOT_UNDERSTOOD);
        if (place == 0)
            continue;
        if (word->count < modes[place - 1].least ||
            word->count > modes[place - 1].most)
            refuse_word(word, modes[place - 1].written);
        word->known = true;
        wanted = wanted || (strcmp(word->name, "wine") != 0 &&
                            strcmp(word->name, "allocations") != 0);
    }
    return wanted;
}

/* What ends later does not end at once. If a test's HOOK asks for the one, and
 * IO, which is there for all tests, for the other, the test's counts. */
static void settle(void)
{
    struct word *first = NULL;
    for (struct word *word = words; word->name != NULL; word++) {
        unsigned place = place_of(word->name);
        if (place == 0 || modes[place - 1].kind == NEITHER)
            continue;
        if (first == NULL)
            first = word;
        if (modes[place_of(first->name) - 1].kind == modes[place - 1].kind)
            continue;
        if (strcmp(word->variable, first->variable) == 0)
            refuse_word(word, "does not go with what is before it");
        word->name = "wine";
    }
}

__attribute__((constructor(150))) static void begin(void)
{
    if (!read_words())
        return;
    settle();
    watch_packets();
    watch_files();
    let_fail();
    __imp_ReadFile = read_file;
    __imp_WriteFile = write_file;
}
