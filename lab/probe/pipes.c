/* Rows about named pipes. The server's end is overlapped and bound. */
#include "rows.h"
#include "tools.h"

static const DWORD BYTES = PIPE_TYPE_BYTE;
static const DWORD MESSAGES = PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE;

/* A pipe with a read in flight. */
static struct ends reading_pipe(void)
{
    struct ends pipe = make_pipe(BYTES);
    read_at(pipe.server, 0, BLOCK);
    return pipe;
}

static void pending_read(void)
{
    struct ends pipe = reading_pipe();
    saw_packet_within(0);
    feed(pipe.client, 10);
    saw_packet_within(LIMIT);
}

static void data_is_there(void)
{
    struct ends pipe = make_pipe(BYTES);
    feed(pipe.client, 10);
    read_at(pipe.server, 0, BLOCK);
    saw_packet();
}

static void skip_data_is_there(void)
{
    struct ends pipe = make_pipe(BYTES);
    skip_on_success(pipe.server);
    feed(pipe.client, 10);
    read_at(pipe.server, 0, BLOCK);
    saw_packet();
}

static void long_message(void)
{
    struct ends pipe = make_pipe(MESSAGES);
    feed(pipe.client, 10);
    read_at(pipe.server, 0, 4);
    saw_packet();
}

static void skip_long_message(void)
{
    struct ends pipe = make_pipe(MESSAGES);
    skip_on_success(pipe.server);
    feed(pipe.client, 10);
    read_at(pipe.server, 0, 4);
    saw_packet();
}

static void peer_closes(void)
{
    CloseHandle(reading_pipe().client);
    saw_packet();
}

static void read_broken(void)
{
    struct ends pipe = make_pipe(BYTES);
    CloseHandle(pipe.client);
    read_at(pipe.server, 0, BLOCK);
    saw_packet();
}

static void write_broken(void)
{
    struct ends pipe = make_pipe(BYTES);
    CloseHandle(pipe.client);
    write_at(pipe.server, 0, "abc", 3);
    saw_packet();
}

static void close_own(void)
{
    CloseHandle(reading_pipe().server);
    saw_packet();
}

static void cancel_ex(void)
{
    struct ends pipe = reading_pipe();
    SAW_BOOL(CancelIoEx(pipe.server, &io));
    saw_packet_within(LIMIT);
}

static DWORD WINAPI cancel_io(void *pipe)
{
    SAW_BOOL(CancelIo(pipe));
    return 0;
}

static void cancel_in_another_thread(void)
{
    struct ends pipe = reading_pipe();
    in_a_thread(cancel_io, pipe.server);
    saw_packet_within(0);
    feed(pipe.client, 10);
    saw_packet_within(LIMIT);
}

static DWORD WINAPI start_read(void *pipe)
{
    read_at(pipe, 0, BLOCK);
    return 0;
}

static void starting_thread_exits(void)
{
    struct ends pipe = make_pipe(BYTES);
    in_a_thread(start_read, pipe.server);
    saw_packet_within(0);
    feed(pipe.client, 10);
    saw_packet_within(LIMIT);
}

static void size(void)
{
    LARGE_INTEGER bytes;
    SAW_BOOL(GetFileSizeEx(make_pipe(BYTES).server, &bytes));
}

static void no_overlapped(void)
{
    DWORD bytes = 0;
    struct ends pipe = make_pipe(BYTES);
    feed(pipe.client, 10);
    SAW_BOOL(ReadFile(pipe.server, buffer, BLOCK, &bytes, NULL));
    saw("n=%lu", bytes);
}

#define IOCP_TEST "Wine's dlls/ntdll/tests/file.c, test_iocp_fileio"
#define READ_TEST "Wine's dlls/ntdll/tests/file.c, read_file_test"

const struct row pipe_rows[] = {
    {"pipe-pending", "ReadFile of an empty pipe; then 10 bytes are written",
     pending_read, "FALSE/997, no packet, packet ok n=10",
     "FALSE/997, no packet, packet ok n=10", IOCP_TEST},
    {"pipe-ready", "ReadFile of a pipe that has 10 bytes", data_is_there,
     "TRUE, packet ok n=10", "TRUE, packet ok n=10", IOCP_TEST},
    {"pipe-skip",
     "ReadFile of a pipe that has 10 bytes, after "
     "FILE_SKIP_COMPLETION_PORT_ON_SUCCESS",
     skip_data_is_there, "TRUE, no packet",
     "TRUE, no packet; or FALSE/997, packet ok n=10",
     "Wine's dlls/ntdll/tests/pipe.c, test_completion"},
    {"message", "ReadFile of 4 bytes of a message that has 10", long_message,
     "FALSE/234, packet 234 n=4", "FALSE/234, packet 234 n=4",
     "documentation of ReadFile; 234 is a warning, so a packet is queued"},
    {"message-skip",
     "ReadFile of 4 bytes of a message that has 10, after "
     "FILE_SKIP_COMPLETION_PORT_ON_SUCCESS",
     skip_long_message, "FALSE/234, no packet",
     "FALSE/234, no packet; or FALSE/997, packet 234 n=4",
     "Wine's dlls/ntdll/tests/pipe.c, test_completion"},
    {"peer-closes", "CloseHandle of the other end while a read is in flight",
     peer_closes, "FALSE/997, packet 109 n=0", "FALSE/997, packet 109 n=0",
     READ_TEST},
    {"broken-read", "ReadFile after CloseHandle of the other end", read_broken,
     "FALSE/109, no packet", "FALSE/109, no packet", READ_TEST},
    {"broken-write", "WriteFile after CloseHandle of the other end",
     write_broken, "FALSE/232, no packet", "FALSE/232, no packet",
     "Wine's dlls/kernel32/tests/pipe.c"},
    {"close-own", "CloseHandle of this end while a read is in flight",
     close_own, "FALSE/997, packet 109 n=0", "FALSE/997, packet 109 n=0",
     IOCP_TEST},
    {"cancel-pipe", "CancelIoEx of a read in flight", cancel_ex,
     "FALSE/997, TRUE, packet 995 n=0", "FALSE/997, TRUE, packet 995 n=0",
     READ_TEST},
    {"cancel-thread",
     "CancelIo in a thread that did not start the read; then 10 bytes are "
     "written",
     cancel_in_another_thread, "FALSE/997, TRUE, no packet, packet ok n=10",
     "FALSE/997, TRUE, no packet, packet ok n=10", "documentation of CancelIo"},
    {"thread-ends",
     "the thread that started a read exits; then 10 bytes are written",
     starting_thread_exits, "FALSE/997, no packet, packet ok n=10",
     "FALSE/997, no packet, packet ok n=10",
     "documentation, Asynchronous I/O and Asynchronous RPC"},
    {"pipe-size", "GetFileSizeEx", size, "FALSE/1", NULL, NULL},
    {"pipe-no-overlapped",
     "ReadFile without an OVERLAPPED of a pipe that has 10 bytes",
     no_overlapped, "TRUE, n=10", NULL, NULL},
    {.name = NULL},
};
