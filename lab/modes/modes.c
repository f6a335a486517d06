/*
 * Decides how each I/O completes, as the environment variable IO asks for it.
 * README.md lists the settings. This is a layer (see
 * lab/interpose/interpose.h), the one directly above the system:
 *
 *      ReadFile ---> modes.c: which way?
 *                       |            |
 *                  immediately     held.c: held, then done by a thread of
 *                       |            |     this layer, which reports as the
 *                       |            |     kernel does: OVERLAPPED, event,
 *                       |            |     packet
 *                       v            v
 *                    packets.c: the program takes the packet, or is called back
 *
 * Only I/O on disk files that were opened overlapped is held or completed
 * immediately. I/O on pipes pends by itself, and must stay in order.
 */
#include "../interpose/settings.h"
#include "../interpose/unseen.h"
#include "held.h"
#include "packets.h"
#include "summary.h"

#include <string.h>

/* ---- Which way an I/O completes --------------------------------------- */

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

/* Whether a mode may change how this I/O completes. If the system would report
 * an error, the system itself must report it. */
static bool can_be_changed(const struct io *io)
{
    bool appends = io->writes && offset_of(io) == -1;
    return (io->writes ? io->file.may_write : io->file.may_read) &&
           (offset_of(io) >= 0 || appends) &&
           (io->buffer != NULL || io->length == 0) &&
           real.GetFileType(io->file.handle) == FILE_TYPE_DISK;
}

/* On a handle with FILE_SKIP_COMPLETION_PORT_ON_SUCCESS, TRUE means that no
 * packet comes. "ntfs-cached" would send one, so it leaves such I/O alone. */
static bool completes_immediately(const struct io *io)
{
    if (find_setting("skip") != NULL)
        return true;
    bool expects_no_packet = io->file.skips && is_queued_io(io);
    return find_setting("ntfs-cached") != NULL && !expects_no_packet;
}

static BOOL complete_immediately(struct io *io, DWORD *bytes)
{
    io->skips =
        find_setting("skip") != NULL && (io->file.skips || is_silent_io(io));
    mark_started(io);
    struct answer answer = do_io(io);
    if (answer.refused || (answer.status != 0 && io->skips))
        return fail_with(error_of(answer.status));
    complete_io(io, answer);
    count_done(DONE_IMMEDIATELY);
    if (io->skips)
        count_done(DONE_WITHOUT_PACKET);
    if (answer.status != 0) /* such as the end: a packet reports it */
        return fail_with(ERROR_IO_PENDING);
    if (bytes != NULL)
        *bytes = answer.bytes;
    return TRUE;
}

static BOOL start_with_routine(const struct io *io)
{
    return io->writes ? real.WriteFileEx(io->handle, io->buffer, io->length,
                                         io->overlapped, io->routine)
                      : real.ReadFileEx(io->handle, io->buffer, io->length,
                                        io->overlapped, io->routine);
}

/* Whether the system's 997 becomes the warning 234. After both a packet comes,
 * except on a handle that skips. */
static bool becomes_a_warning(const struct io *io, DWORD error)
{
    return error == ERROR_IO_PENDING && !io->writes && !is_at_end(io) &&
           is_queued_io(io) && !io->file.skips && !io->file.pooled &&
           find_setting("warning") != NULL;
}

/* Leaves the I/O to the system. */
static BOOL pass(const struct io *io, DWORD *bytes)
{
    bool expected = is_queued_io(io) && (io->file.callback != NULL ||
                                         find_setting("packet") != NULL);
    const OVERLAPPED *overlapped = io->overlapped;
    if (expected)
        expect_completion(io);
    BOOL ok = io->routine != NULL ? start_with_routine(io)
                                  : start_io(io, bytes, io->overlapped);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    bool started = ok || error == ERROR_MORE_DATA;
    if (expected && error != ERROR_IO_PENDING && (!started || io->file.skips))
        expect_no_completion(overlapped);
    if (becomes_a_warning(io, error)) {
        count_done(READ_WARNED);
        return fail_with(ERROR_MORE_DATA);
    }
    return ok ? TRUE : fail_with(error);
}

/* The system's pools call back only for the system's own I/O. Under Wine 8 and
 * 10 that I/O has completed when ReadFile returns 997, so 997 may be reported
 * as TRUE. */
static BOOL complete_pooled_immediately(const struct io *io, DWORD *bytes)
{
    bool at_end = is_at_end(io);
    count_done(DONE_IMMEDIATELY);
    return pass(io, bytes) || (!at_end && GetLastError() == ERROR_IO_PENDING);
}

static BOOL start(struct io *io, DWORD *bytes)
{
    note_started_io();
    if (io->file.handle != NULL && !io->file.pooled &&
        is_kth_call(find_setting("cancel"))) {
        hold_io(io, true);
        return fail_with(ERROR_IO_PENDING);
    }
    if (!can_be_changed(io))
        return pass(io, bytes);
    if (find_setting("sync-eof") && is_at_end(io)) {
        mark_started(io);
        count_done(END_REFUSED);
        return fail_with(ERROR_HANDLE_EOF);
    }
    if (find_setting("pending") || find_setting("slow") ||
        find_setting("shuffle")) {
        hold_io(io, false);
        return fail_with(ERROR_IO_PENDING);
    }
    if (!completes_immediately(io) || io->routine != NULL)
        return pass(io, bytes);
    return io->file.pooled ? complete_pooled_immediately(io, bytes)
                           : complete_immediately(io, bytes);
}

/* Of ReadFile and WriteFile, only calls with an OVERLAPPED are counted. */
static BOOL start_or_fail(struct io *io, DWORD *bytes)
{
    if (!must_fail(io->writes ? "WriteFile" : "ReadFile"))
        return start(io, bytes);
    io->overlapped->Internal = PENDING; /* a failing call may leave this */
    return FALSE;
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

static DWORD shorten(struct setting *setting, DWORD length)
{
    if (length < 2)
        return length;
    if (setting->count == 0) /* always a third */
        return length > 3 ? length / 3 : length;
    return 1 + draw(setting, length);
}

static DWORD shortened(DWORD length)
{
    struct setting *setting = find_setting("short");
    if (setting == NULL)
        return length;
    DWORD result = shorten(setting, length);
    count_done(READ);
    if (result < length)
        count_done(READ_SHORTENED);
    return result;
}

static BOOL read_file(HANDLE file, void *buffer, DWORD length, DWORD *bytes,
                      OVERLAPPED *overlapped)
{
    if (overlapped == NULL)
        return real.ReadFile(file, buffer, shortened(length), bytes, NULL);
    struct io io = new_io(false, file, buffer, shortened(length), overlapped);
    return start_or_fail(&io, bytes);
}

static BOOL write_file(HANDLE file, const void *buffer, DWORD length,
                       DWORD *bytes, OVERLAPPED *overlapped)
{
    if (overlapped == NULL)
        return real.WriteFile(file, buffer, length, bytes, NULL);
    struct io io = new_io(true, file, (void *)buffer, length, overlapped);
    return start_or_fail(&io, bytes);
}

/* ReadFileEx and WriteFileEx report TRUE for an I/O in flight. They leave
 * hEvent to the program. The system refuses a file that is bound to a port. */
static BOOL start_for_routine(struct io io,
                              LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    if (io.file.port != NULL || io.file.pooled)
        io.file = (struct file){.handle = NULL};
    io.event = NULL;
    io.routine = routine;
    if (!start(&io, NULL) && GetLastError() != ERROR_IO_PENDING)
        return FALSE;
    SetLastError(ERROR_SUCCESS);
    return TRUE;
}

static BOOL read_file_ex(HANDLE file, void *buffer, DWORD length,
                         OVERLAPPED *overlapped,
                         LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    if (overlapped == NULL || routine == NULL)
        return real.ReadFileEx(file, buffer, length, overlapped, routine);
    return start_for_routine(
        new_io(false, file, buffer, shortened(length), overlapped), routine);
}

static BOOL write_file_ex(HANDLE file, const void *buffer, DWORD length,
                          OVERLAPPED *overlapped,
                          LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    if (overlapped == NULL || routine == NULL)
        return real.WriteFileEx(file, buffer, length, overlapped, routine);
    return start_for_routine(
        new_io(true, file, (void *)buffer, length, overlapped), routine);
}

/* ---- Every function can be made to fail ------------------------------- */

static struct imports next;

#define IMPORT(result, failure, name, parameters, arguments)                   \
    static result failing_##name parameters                                    \
    {                                                                          \
        return must_fail(#name) ? failure : next.name arguments;               \
    }
#include "../interpose/imports.h"

static void replace_all(void)
{
    next = imports_now();
#define IMPORT(result, failure, name, parameters, arguments)                   \
    __imp_##name = failing_##name;
#include "../interpose/imports.h"
}

/* ---- The settings ----------------------------------------------------- */

#define NO_NUMBER "takes no number"

struct mode {
    const char *name;
    const char *syntax;   /* printed if the numbers do not fit */
    unsigned least, most; /* how many numbers it takes */
    enum when { ANY, LATER, IMMEDIATELY } when; /* when I/O completes */
};

static const struct mode modes[] = {
    {"wine", NO_NUMBER, 0, 0, ANY},
    {"pending", NO_NUMBER, 0, 0, LATER},
    {"sync-eof", NO_NUMBER, 0, 0, ANY},
    {"short", "is written short or short:SEED", 0, 1, ANY},
    {"shuffle", "is written shuffle or shuffle:SEED", 0, 1, LATER},
    {"ntfs-cached", NO_NUMBER, 0, 0, IMMEDIATELY},
    {"skip", NO_NUMBER, 0, 0, IMMEDIATELY},
    {"warning", NO_NUMBER, 0, 0, ANY},
    {"slow", "is written slow:MS", 1, 1, LATER},
    {"fail", "is written fail:NAME:K:CODE", 2, 2, ANY},
    {"fail-from", "is written fail-from:NAME:K:CODE", 2, 2, ANY},
    {"packet", "is written packet:K:STATUS:BYTES", 3, 3, ANY},
    {"cancel", "is written cancel:K", 1, 1, ANY},
    {"expire", "is written expire:K", 1, 1, ANY},
    {"allocations", NO_NUMBER, 0, 0, ANY}, /* of lab/guard */
};

/* NULL: this is not the name of a mode. */
static const struct mode *find_mode(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    return NULL;
}

/* Refuses what is not understood. Returns whether the layer has anything to do.
 */
static bool check_settings(void)
{
    bool has_work = false;
    for (struct setting *setting = settings; setting->name != NULL; setting++) {
        const struct mode *mode = find_mode(setting->name);
        if (mode == NULL && strcmp(setting->variable, "IO") == 0)
            refuse_setting(setting, NOT_UNDERSTOOD);
        if (mode == NULL)
            continue;
        if (setting->count < mode->least || setting->count > mode->most)
            refuse_setting(setting, mode->syntax);
        setting->known = true;
        if (strcmp(setting->name, "wine") != 0 &&
            strcmp(setting->name, "allocations") != 0)
            has_work = true;
    }
    return has_work;
}

/* I/O cannot complete later and immediately. HOOK's settings come first in the
 * list. So if HOOK and IO contradict each other, HOOK's setting counts: it
 * belongs to one test, and IO to all tests. */
static void drop_contradictions(void)
{
    const char *variable = NULL; /* of the first setting that is not ANY */
    enum when when = ANY;
    for (struct setting *setting = settings; setting->name != NULL; setting++) {
        const struct mode *mode = find_mode(setting->name);
        if (mode == NULL || mode->when == ANY || mode->when == when)
            continue;
        if (when == ANY) {
            when = mode->when;
            variable = setting->variable;
        } else if (strcmp(setting->variable, variable) == 0) {
            refuse_setting(setting, "contradicts an earlier setting");
        } else {
            setting->name = "wine"; /* changes nothing */
        }
    }
}

__attribute__((constructor(150))) static void begin(void)
{
    bool has_work = check_settings();
    drop_contradictions();
    begin_summary();
    if (!has_work)
        return;
    begin_following();
    watch_packets();
    watch_files();
    __imp_ReadFileEx = read_file_ex;
    __imp_WriteFileEx = write_file_ex;
    end_following();
    replace_all();
    begin_following();
    __imp_ReadFile = read_file;
    __imp_WriteFile = write_file;
    end_following();
}
