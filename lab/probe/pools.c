/* Rows about the two thread pools of Windows itself. */
#include "rows.h"
#include "tools.h"

#include <stdlib.h>

static HANDLE called; /* an event, set by each callback */
static volatile LONG calls, calls_for_io;
static DWORD last_result;
static ULONG_PTR last_bytes;

static void note(DWORD result, ULONG_PTR bytes, const void *overlapped)
{
    last_result = result;
    last_bytes = bytes;
    if (overlapped == &io)
        InterlockedIncrement(&calls_for_io);
    InterlockedIncrement(&calls);
    SetEvent(called);
}

static void CALLBACK on_io(PTP_CALLBACK_INSTANCE instance, void *context,
                           void *overlapped, ULONG result, ULONG_PTR bytes,
                           PTP_IO tp_io)
{
    (void)instance;
    (void)context;
    (void)tp_io;
    note(result, bytes, overlapped);
}

static void WINAPI on_completion(DWORD result, DWORD bytes,
                                 OVERLAPPED *overlapped)
{
    note(result, bytes, overlapped);
}

static void saw_callback(DWORD milliseconds)
{
    if (WaitForSingleObject(called, milliseconds) != WAIT_OBJECT_0)
        saw("no callback");
    else
        saw("callback %lu n=%llu", last_result, last_bytes);
}

static HANDLE make_called_file(void)
{
    called = CreateEventW(NULL, FALSE, FALSE, NULL);
    need(called != NULL, "make an event");
    return make_file(FILE_FLAG_OVERLAPPED);
}

/* ---- CreateThreadpoolIo ---- */

static PTP_IO make_tp_io(HANDLE *file)
{
    *file = make_called_file();
    PTP_IO tp_io = CreateThreadpoolIo(*file, on_io, NULL, NULL);
    need(tp_io != NULL, "make a pool");
    return tp_io;
}

static DWORD WINAPI wait_for_callbacks(void *tp_io)
{
    WaitForThreadpoolIoCallbacks(tp_io, FALSE);
    return 0;
}

static void saw_wait(PTP_IO tp_io)
{
    HANDLE thread = CreateThread(NULL, 0, wait_for_callbacks, tp_io, 0, NULL);
    need(thread != NULL, "start a thread");
    saw(WaitForSingleObject(thread, NEVER) == WAIT_OBJECT_0
            ? "the wait returns"
            : "the wait does not return");
}

static void tp_read_at(uint64_t offset)
{
    HANDLE file;
    PTP_IO tp_io = make_tp_io(&file);
    StartThreadpoolIo(tp_io);
    if (!read_at(file, offset, BLOCK))
        CancelThreadpoolIo(tp_io);
    saw_callback(LIMIT);
    saw_wait(tp_io);
}

static void tp_read(void)
{
    tp_read_at(0);
}

static void tp_read_at_the_end(void)
{
    tp_read_at(FILE_SIZE);
}

/* Under Wine a callback may come before the cancel: about one in twelve did. */
static void tp_negative_offset(void)
{
    tp_read_at(1ULL << 63);
}

/* Wine's callback for the failed read comes before the cancel. */
static void tp_negative_offset_cancelled_late(void)
{
    HANDLE file;
    PTP_IO tp_io = make_tp_io(&file);
    StartThreadpoolIo(tp_io);
    read_at(file, 1ULL << 63, BLOCK);
    saw_callback(LIMIT);
    CancelThreadpoolIo(tp_io);
    saw_wait(tp_io);
}

static void tp_write_null_then_read(void)
{
    static OVERLAPPED failing;
    HANDLE file;
    PTP_IO tp_io = make_tp_io(&file);
    StartThreadpoolIo(tp_io);
    SAW_BOOL(WriteFile(file, NULL, BLOCK, NULL, &failing));
    CancelThreadpoolIo(tp_io);
    StartThreadpoolIo(tp_io);
    read_at(file, 0, BLOCK);
    while (WaitForSingleObject(called, NEVER) == WAIT_OBJECT_0)
        ;
    saw("callbacks: %ld for the write, %ld for the read", calls - calls_for_io,
        calls_for_io);
}

static void tp_not_started(void)
{
    HANDLE file;
    make_tp_io(&file);
    read_at(file, 0, BLOCK);
    saw_callback(NEVER);
}

/* ---- BindIoCompletionCallback ---- */

static void bind_callback(void)
{
    HANDLE file = make_called_file();
    SAW_BOOL(BindIoCompletionCallback(file, on_completion, 0));
    read_at(file, 0, BLOCK);
    saw_callback(LIMIT);
}

static void bind_callback_end(void)
{
    HANDLE file = make_called_file();
    SAW_BOOL(BindIoCompletionCallback(file, on_completion, 0));
    read_at(file, FILE_SIZE, BLOCK);
    saw_callback(LIMIT);
}

static void bind_callback_twice(void)
{
    HANDLE file = make_called_file();
    SAW_BOOL(BindIoCompletionCallback(file, on_completion, 0));
    SAW_BOOL(BindIoCompletionCallback(file, on_completion, 0));
}

#define TP_IO_TEST "Wine's dlls/ntdll/tests/threadpool.c, test_kernel32_tp_io"
#define CALLED     "callback 0 n=4096"

const struct row pool_rows[] = {
    {"tp", "CreateThreadpoolIo: ReadFile", tp_read,
     "FALSE/997, " CALLED ", the wait returns",
     "TRUE, " CALLED ", the wait returns; or FALSE/997, " CALLED
     ", the wait returns",
     TP_IO_TEST},
    {"tp-end", "CreateThreadpoolIo: ReadFile at the end", tp_read_at_the_end,
     "FALSE/997, callback 38 n=0, the wait returns",
     "FALSE/997, callback 38 n=0, the wait returns; or FALSE/38, no callback, "
     "the wait returns",
     "documentation of ReadFile and StartThreadpoolIo"},
    {"tp-negative",
     "ReadFile at a negative offset, CancelThreadpoolIo, "
     "WaitForThreadpoolIoCallbacks",
     tp_negative_offset,
     "FALSE/87, no callback, the wait returns" OR
     "FALSE/87, callback 87 n=0, the wait does not return",
     "FALSE/87, no callback, the wait returns",
     TP_IO_TEST ", with a read into NULL"},
    {"tp-negative-late",
     "ReadFile at a negative offset, CancelThreadpoolIo some time later, "
     "WaitForThreadpoolIoCallbacks",
     tp_negative_offset_cancelled_late,
     "FALSE/87, callback 87 n=0, the wait does not return",
     "FALSE/87, no callback, the wait returns",
     TP_IO_TEST ", with a read into NULL"},
    {"tp-write-null",
     "WriteFile from NULL, CancelThreadpoolIo, then a ReadFile",
     tp_write_null_then_read,
     "FALSE/1784, FALSE/997, callbacks: 1 for the write, 0 for the read", NULL,
     NULL},
    {"tp-not-started", "ReadFile without StartThreadpoolIo", tp_not_started,
     "FALSE/997, no callback", "TRUE, no callback; or FALSE/997, no callback",
     "documentation of StartThreadpoolIo; it also warns of corrupt memory"},
    {"bind-callback", "BindIoCompletionCallback: ReadFile", bind_callback,
     "TRUE, FALSE/997, " CALLED,
     "TRUE, TRUE, " CALLED "; or TRUE, FALSE/997, " CALLED,
     "documentation of BindIoCompletionCallback"},
    {"bind-callback-end", "BindIoCompletionCallback: ReadFile at the end",
     bind_callback_end, "TRUE, FALSE/997, callback 38 n=0", NULL, NULL},
    {"bind-callback-twice", "BindIoCompletionCallback, twice",
     bind_callback_twice, "TRUE, FALSE/87", NULL, NULL},
    {.name = NULL},
};
