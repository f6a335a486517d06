/*
 * A server of a named pipe, with its clients in the same program:
 *
 *      pipe_server [CLIENTS]       default 100
 *
 * Each client sends a number, and the server answers with its double. No thread
 * of the server waits for a client. ConnectNamedPipe is started through
 * bound_file_start. A connection closes its own file, with
 * bound_file_close_later.
 */
#include "../error.h"
#include "../pool.h"
#include "../programs/report.h"

#include <stdlib.h>

const wchar_t program[] = L"pipe_server";

enum { LISTENERS = 4 };

/* One instance of the pipe. */
struct connection {
    struct bound_file file;
    struct request *request;
    enum { CONNECTING, READING, WRITING } step; /* that is in flight */
    uint64_t number;
};

static struct pool pool;
static wchar_t pipe_name[64];
static _Atomic unsigned answered;
static _Atomic int status = EXIT_SUCCESS;

static void listen_for_client(void *unused);

/* ---- One connection ------------------------------------------------------ */

static void on_closed(struct bound_file *file, DWORD error)
{
    struct connection *connection =
        CONTAINING_RECORD(file, struct connection, file);
    check_error(error, "close", pipe_name);
    overlapped_free(connection->request);
    free(connection);
}

static BOOL connect_pipe(HANDLE pipe, OVERLAPPED *overlapped, void *unused)
{
    (void)unused;
    return ConnectNamedPipe(pipe, overlapped);
}

static struct submission start(struct connection *connection)
{
    struct bound_file *file = &connection->file;
    struct request *request = connection->request;
    overlapped_reset(request, 0);
    switch (connection->step) {
    case READING:
        return bound_file_read(file, request);
    case WRITING:
        return bound_file_write(file, request);
    case CONNECTING:
        break;
    }
    return bound_file_start(file, request, connect_pipe, NULL);
}

/* As work of its own: with many clients, this function would call itself
 * deeper and deeper. */
static void listen_for_next(void)
{
    DWORD error = pool_queue_work(&pool, listen_for_client, NULL);
    if (error != ERROR_SHUTDOWN_IN_PROGRESS)
        check_error(error, "listen on", pipe_name);
}

/* Reports what is neither the client's end nor that of the pool. */
static bool is_end(DWORD error)
{
    bool stops =
        error == ERROR_OPERATION_ABORTED || error == ERROR_SHUTDOWN_IN_PROGRESS;
    /* ERROR_MORE_DATA: the message is longer than a number. */
    bool leaves = is_end_of_file(error) || error == ERROR_NO_DATA ||
                  error == ERROR_MORE_DATA;
    if (error == ERROR_SUCCESS)
        return false;
    if (!stops && !leaves)
        status = report("serve", pipe_name, error);
    return true;
}

/* A step has completed: what comes next? Returns false at the end. */
static bool choose_next(struct connection *connection, DWORD error, DWORD bytes)
{
    /* The client came before ConnectNamedPipe, which then queues no packet. It
     * may have left already. */
    if (connection->step == CONNECTING &&
        (error == ERROR_PIPE_CONNECTED || error == ERROR_NO_DATA))
        error = ERROR_SUCCESS;
    if (is_end(error))
        return false;
    switch (connection->step) {
    case CONNECTING:
        listen_for_next();
        connection->step = READING;
        break;
    case READING:
        connection->number *= 2;
        connection->step = WRITING;
        return bytes == sizeof connection->number;
    case WRITING:
        answered++;
        connection->step = READING;
        break;
    }
    return true;
}

/* Goes on until a step is in flight. Then on_packet continues, perhaps on
 * another thread, before this function has returned. */
static void proceed(struct connection *connection, DWORD error, DWORD bytes)
{
    while (choose_next(connection, error, bytes)) {
        struct submission started = start(connection);
        if (started.outcome == IO_QUEUED)
            return;
        error = started.error;
        bytes = started.bytes;
    }
    check_error(bound_file_close_later(&connection->file, on_closed), "close",
                pipe_name);
}

static void on_packet(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    proceed(request->context, error, bytes);
}

/* ---- The server ---------------------------------------------------------- */

static void listen_for_client(void *unused)
{
    (void)unused;
    struct connection *connection = calloc(1, sizeof *connection);
    HANDLE pipe =
        CreateNamedPipeW(pipe_name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                         PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE,
                         PIPE_UNLIMITED_INSTANCES, 4096, 4096, 0, NULL);
    check(connection != NULL && pipe != INVALID_HANDLE_VALUE, "listen on",
          pipe_name);
    DWORD error = pool_bind_handle(&pool, pipe, 0, &connection->file);
    if (error == ERROR_SHUTDOWN_IN_PROGRESS) {
        check(CloseHandle(pipe), "close", pipe_name);
        free(connection);
        return;
    }
    check_error(error, "bind", pipe_name);
    /* clang-tidy does not see that check ends the program.
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    connection->request =
        overlapped_pack(on_packet, connection, &connection->number,
                        sizeof connection->number, 0);
    check(connection->request != NULL, "pack", pipe_name);
    struct submission started = start(connection);
    if (started.outcome != IO_QUEUED)
        proceed(connection, started.error, started.bytes);
}

/* ---- A client ------------------------------------------------------------ */

/* CallNamedPipeW connects, writes, reads and closes, synchronously. */
static void ask(uint64_t number)
{
    uint64_t answer = 0;
    DWORD bytes = 0;
    check(CallNamedPipeW(pipe_name, &number, sizeof number, &answer,
                         sizeof answer, &bytes, NMPWAIT_WAIT_FOREVER),
          "ask", pipe_name);
    check_error(answer == 2 * number ? ERROR_SUCCESS : ERROR_INVALID_DATA,
                "use the answer of", pipe_name);
}

int wmain(int argc, wchar_t **argv)
{
    unsigned clients = argc > 1 ? (unsigned)wcstoul(argv[1], NULL, 10) : 100;
    on_fatal_error(report_fatal_error);
    swprintf(pipe_name, sizeof pipe_name / sizeof *pipe_name,
             L"\\\\.\\pipe\\double-%lu", GetCurrentProcessId());
    check_error(pool_create(&pool, 0, 0), "create", L"pool");
    for (unsigned i = 0; i < LISTENERS; i++)
        listen_for_client(NULL);
    for (unsigned i = 0; i < clients; i++)
        ask(i);
    check_error(pool_stop(&pool, POOL_CANCEL), "stop", L"pool");
    say("%u clients, %u answers", clients, answered);
    return status;
}
