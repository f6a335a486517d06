#include "pipes.h"

#include "files.h"
#include "model.h"
#include "timeline.h"
#include "verdict.h"

#include <string.h>

enum { MOST_PIPES = 4, MOST_CLIENTS = 4, MOST_NAME = 64, ROOM = 4096 };

struct pipe_end {
    struct pipe *pipe;
    struct pipe_end *other; /* of the server: its last client, or the next */
    struct object *object;  /* NULL: it was not opened yet */
    bool is_disconnected;
    char data[ROOM]; /* that this end can read */
    DWORD bytes;
};

struct pipe {
    wchar_t name[MOST_NAME];
    struct pipe_end server, clients[MOST_CLIENTS];
    unsigned client_count;
};

static struct pipe pipes[MOST_PIPES];
static unsigned count;

void reset_pipes(void)
{
    count = 0;
}

/* ---- Make and open ------------------------------------------------------ */

static const wchar_t PREFIX[] = L"\\\\.\\pipe\\";

bool is_pipe_name(const wchar_t *path)
{
    return wcsncmp(path, PREFIX, wcslen(PREFIX)) == 0;
}

static HANDLE open_end(struct pipe_end *end, DWORD access, DWORD flags)
{
    HANDLE handle;
    struct object *object = new_object(PIPE_OBJECT, &handle);
    object->end = end;
    object->access = access;
    object->is_synchronous = !(flags & FILE_FLAG_OVERLAPPED);
    end->object = object;
    tell("opens %s", name_of_object(object));
    return handle;
}

static struct pipe *find_pipe(const wchar_t *name)
{
    for (unsigned i = 0; i < count; i++)
        if (wcscmp(pipes[i].name, name) == 0)
            return &pipes[i];
    return NULL;
}

/* The server waits for its next client. */
static void expect_client(struct pipe *pipe)
{
    if (pipe->client_count == MOST_CLIENTS)
        refuse("more than %d clients of a pipe", MOST_CLIENTS);
    struct pipe_end *client = &pipe->clients[pipe->client_count++];
    *client = (struct pipe_end){.pipe = pipe, .other = &pipe->server};
    pipe->server.other = client;
    pipe->server.is_disconnected = false;
}

static struct pipe *make_pipe(const wchar_t *name)
{
    if (count == MOST_PIPES || wcslen(name) >= MOST_NAME)
        refuse("more than %d pipes, or a long name", MOST_PIPES);
    struct pipe *pipe = &pipes[count++];
    *pipe = (struct pipe){.server.pipe = pipe};
    wcscpy(pipe->name, name);
    expect_client(pipe);
    return pipe;
}

/* A name that was used in this order is refused: only one instance of a pipe is
 * modelled. The sizes of the buffers do not matter. */
HANDLE WINAPI model_CreateNamedPipeW(const wchar_t *name, DWORD mode,
                                     DWORD type, DWORD most, DWORD out,
                                     DWORD in, DWORD timeout,
                                     LPSECURITY_ATTRIBUTES security)
{
    (void)most, (void)out, (void)in, (void)timeout, (void)security;
    enter("CreateNamedPipeW");
    if (type & (PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_NOWAIT))
        refuse("CreateNamedPipeW with this type");
    if (find_pipe(name) != NULL)
        refuse("CreateNamedPipeW: a further instance of a pipe");
    DWORD access = 0;
    if (mode & PIPE_ACCESS_INBOUND)
        access |= GENERIC_READ;
    if (mode & PIPE_ACCESS_OUTBOUND)
        access |= GENERIC_WRITE;
    return open_end(&make_pipe(name)->server, access, mode);
}

static HANDLE let_in(struct pipe *pipe, DWORD access, DWORD flags)
{
    HANDLE handle = open_end(pipe->server.other, access, flags);
    const struct request *connect = find_waiting_connect(pipe->server.object);
    if (connect != NULL)
        complete(connect->number);
    return handle;
}

HANDLE open_pipe(const wchar_t *path, DWORD access, DWORD flags)
{
    struct pipe *pipe = find_pipe(path);
    bool exists = pipe != NULL && pipe->server.object->is_open;
    if (exists && pipe->server.other->object == NULL)
        return let_in(pipe, access, flags);
    SetLastError(exists ? ERROR_PIPE_BUSY : ERROR_FILE_NOT_FOUND);
    return INVALID_HANDLE_VALUE;
}

static bool is_connected(const struct thread *thread)
{
    const struct pipe_end *end = thread->awaited;
    return end->other->object != NULL;
}

/* A client has come, or will come. Returns 0 or a Win32 error. */
static DWORD await_client(struct object *object, OVERLAPPED *overlapped)
{
    struct pipe_end *server = object->end;
    if (server->is_disconnected)
        expect_client(server->pipe);
    const struct object *client = server->other->object;
    if (client != NULL) /* or it has left, and what it wrote is still there */
        return client->is_open ? ERROR_PIPE_CONNECTED : ERROR_NO_DATA;
    if (object->is_synchronous || overlapped == NULL) {
        wait_until(is_connected, server, INFINITE);
        return ERROR_SUCCESS;
    }
    struct request *request = start_request(object, overlapped, NULL, 0, false);
    request->connects = true;
    tell("starts ConnectNamedPipe: request %u", request->number);
    return ERROR_IO_PENDING;
}

BOOL WINAPI model_ConnectNamedPipe(HANDLE handle, OVERLAPPED *overlapped)
{
    enter("ConnectNamedPipe");
    switch_point();
    struct object *object = find_object(handle, PIPE_OBJECT);
    if (object == NULL)
        return FALSE;
    DWORD error = await_client(object, overlapped);
    SetLastError(error);
    switch_point(); /* keeps the last error */
    return error == ERROR_SUCCESS;
}

/* ---- Data --------------------------------------------------------------- */

DWORD error_on_pipe(const struct pipe_end *end, bool writes)
{
    const struct object *other = end->other->object;
    if (end->is_disconnected)
        return ERROR_PIPE_NOT_CONNECTED;
    if (other == NULL)
        return ERROR_PIPE_LISTENING;
    if (other->is_open || (!writes && end->bytes > 0))
        return ERROR_SUCCESS;
    return writes ? ERROR_NO_DATA : ERROR_BROKEN_PIPE;
}

DWORD bytes_in_pipe(const struct pipe_end *end)
{
    return end->bytes;
}

void take_from_pipe(struct pipe_end *end, char *to, DWORD bytes)
{
    memcpy(to, end->data, bytes);
    end->bytes -= bytes;
    memmove(end->data, end->data + bytes, end->bytes);
}

void write_to_pipe(struct pipe_end *end, const char *data, DWORD bytes)
{
    struct pipe_end *reader = end->other;
    struct request *read;
    if (bytes > ROOM - reader->bytes)
        refuse("more than %d bytes in a pipe", ROOM);
    memcpy(reader->data + reader->bytes, data, bytes);
    reader->bytes += bytes;
    while (reader->bytes > 0 &&
           (read = find_waiting_read(reader->object)) != NULL) {
        read->bytes = min(read->length, reader->bytes);
        complete(read->number);
    }
}

/* ---- Disconnect, close -------------------------------------------------- */

static void fail_reads(const struct object *object, NTSTATUS status)
{
    struct request *read;
    while (object != NULL && (read = find_waiting_read(object)) != NULL) {
        read->status = status;
        complete(read->number);
    }
}

/* The bytes that were not read are lost. */
static void disconnect(struct pipe_end *end)
{
    end->is_disconnected = true;
    end->bytes = 0;
    fail_reads(end->object, STATUS_OF_DISCONNECT);
}

/* On a synchronous handle, the system would do one call after the other. */
static bool is_in_use(const struct pipe_end *end)
{
    for (unsigned i = 0; i < MOST_THREADS; i++)
        if (threads[i].is_ready != NULL && threads[i].awaited == end)
            return true;
    return false;
}

BOOL WINAPI model_DisconnectNamedPipe(HANDLE handle)
{
    enter("DisconnectNamedPipe");
    switch_point();
    const struct object *object = find_object(handle, PIPE_OBJECT);
    if (object == NULL)
        return FALSE;
    struct pipe_end *server = object->end;
    if (server != &server->pipe->server || server->other->object == NULL ||
        is_in_use(server))
        refuse("DisconnectNamedPipe of a client's end, without a client, or "
               "while a synchronous call waits");
    if (server->is_disconnected)
        return fail_with(ERROR_PIPE_NOT_CONNECTED);
    tell("disconnects %s", name_of_object(object));
    disconnect(server);
    disconnect(server->other);
    switch_point();
    return TRUE;
}

void close_pipe(struct object *object)
{
    const struct pipe_end *end = object->end;
    fail_reads(object, STATUS_OF_BREAK);
    if (!end->is_disconnected)
        fail_reads(end->other->object, STATUS_OF_BREAK);
}
