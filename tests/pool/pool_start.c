/*
 * pool_start CASE [WORKERS]: overlapped calls other than ReadFile and
 * WriteFile. See pool_probe.h.
 */
#include "pool_probe.h"

static void start(struct io *io)
{
    pack(io, 0, 0);
    io->request->buffer = NULL; /* such a call needs none */
}

/* ---- ConnectNamedPipe --------------------------------------------------- */

enum { CLIENTS = 1000 };

static wchar_t server_name[64];
static struct client {
    struct bound_file file;
    struct io io;
    HANDLE theirs;
} clients[CLIENTS];

static BOOL connect_pipe(HANDLE pipe, OVERLAPPED *overlapped, void *unused)
{
    (void)unused;
    return ConnectNamedPipe(pipe, overlapped);
}

static void listen_for(struct client *client)
{
    HANDLE server = CreateNamedPipeW(
        server_name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE,
        PIPE_UNLIMITED_INSTANCES, 64, 64, 0, NULL);
    check(server != INVALID_HANDLE_VALUE, "create", server_name);
    must(pool_bind_handle(&pool, server, 0, &client->file), "bind");
    start(&client->io);
    must_be_queued(bound_file_start(&client->file, client->io.request,
                                    connect_pipe, NULL));
}

static void listen_for_all(void)
{
    swprintf(server_name, 64, L"\\\\.\\pipe\\start-%lu", GetCurrentProcessId());
    for (int i = 0; i < CLIENTS; i++)
        listen_for(&clients[i]);
}

static void say_connects(const char *how)
{
    LONG once = 0, well = 0, cancelled = 0;
    for (int i = 0; i < CLIENTS; i++) {
        once += clients[i].io.calls == 1;
        well += clients[i].io.error == ERROR_SUCCESS;
        cancelled += clients[i].io.error == ERROR_OPERATION_ABORTED;
        unpack(&clients[i].io);
    }
    say("%s: %ld called once, %ld connected, %ld cancelled", how, once, well,
        cancelled);
}

static void on_closed(struct bound_file *file, DWORD error)
{
    (void)file;
    must(error, "close");
}

CASE(a_thousand_clients_connect_or_are_cancelled,
     "main: connect: 1000 called once, 1000 connected, 0 cancelled\n"
     "main: by ticket, and by closing: 1000 called once, 0 connected, 1000 "
     "cancelled\n"
     "main: issued 2000, completed 1000, cancelled 1000\n")
{
    begin();
    listen_for_all();
    for (int i = 0; i < CLIENTS; i++)
        clients[i].theirs =
            open_handle(server_name, GENERIC_READ | GENERIC_WRITE, 0);
    wait_idle();
    say_connects("connect");
    for (int i = 0; i < CLIENTS; i++) {
        close_object(clients[i].theirs);
        close_file(&clients[i].file);
    }
    listen_for_all();
    for (int i = 0; i < CLIENTS; i += 2)
        must(bound_file_cancel(&clients[i].file, clients[i].io.request->ticket),
             "cancel");
    wait_until_live(CLIENTS / 2);
    for (int i = 0; i < CLIENTS; i++)
        must(bound_file_close_later(&clients[i].file, on_closed), "close");
    wait_idle();
    say_connects("by ticket, and by closing");
    end();
}

/* The client comes first: the call reports that by an error. */
CASE(a_call_may_fail_immediately,
     "main: connect: failed, error 535, 0 bytes\n"
     "main: callback: not called\n"
     "main: closed: failed, error 6, 0 bytes\n"
     "main: not bound: failed, error 6, 0 bytes\n"
     "main: in flight: failed, error 170, 0 bytes\n"
     "main: not reset: failed, error 87, 0 bytes\n"
     "main: issued 2, failed 1, cancelled 1\n")
{
    struct pipe pipe;
    struct bound_file unbound = {0};
    struct io io, read;
    begin();
    open_pipe(&pipe);
    start(&io);
    say_started("connect",
                bound_file_start(&pipe.file, io.request, connect_pipe, NULL));
    say_calls("callback", &io);
    start_read(&pipe, &read);
    struct submission busy =
        bound_file_start(&pipe.file, read.request, connect_pipe, NULL);
    struct submission used =
        bound_file_start(&pipe.file, io.request, connect_pipe, NULL);
    reset(&io, 0);
    close_pipe(&pipe);
    say_started("closed",
                bound_file_start(&pipe.file, io.request, connect_pipe, NULL));
    say_started("not bound",
                bound_file_start(&unbound, io.request, connect_pipe, NULL));
    say_started("in flight", busy);
    say_started("not reset", used);
    unpack(&io);
    unpack(&read);
    end();
}

/* ---- ReadDirectoryChangesW ---------------------------------------------- */

static BOOL watch_directory(HANDLE directory, OVERLAPPED *overlapped,
                            void *buffer)
{
    return ReadDirectoryChangesW(directory, buffer, 1024, FALSE,
                                 FILE_NOTIFY_CHANGE_FILE_NAME, NULL, overlapped,
                                 NULL);
}

CASE(a_directory_can_be_watched,
     "main: watch: queued\n"
     "main: watch: called once, error 0, some bytes\n"
     "main: action 1, 'new'\n"
     "main: watch: queued\n"
     "main: cancelled: called once, error 995\n"
     "main: watch: queued\n"
     "main: timeout: called once, error 1460\n"
     "main: live 0\n")
{
    static DWORD buffer[256];
    const FILE_NOTIFY_INFORMATION *change = (void *)buffer;
    struct bound_file directory;
    struct io io;
    begin();
    HANDLE handle =
        open_handle(L".", FILE_LIST_DIRECTORY,
                    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED);
    must(pool_bind_handle(&pool, handle, 0, &directory), "bind");
    start(&io);
    say_started("watch", bound_file_start(&directory, io.request,
                                          watch_directory, buffer));
    close_object(
        CreateFileW(L"new", GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL));
    wait_idle();
    say("watch: called %s, error %lu, %s bytes", times(io.calls), io.error,
        io.bytes > 0 ? "some" : "no");
    say("action %lu, '%.*ls'", change->Action,
        (int)(change->FileNameLength / sizeof(wchar_t)), change->FileName);
    reset(&io, 0);
    say_started("watch", bound_file_start(&directory, io.request,
                                          watch_directory, buffer));
    bound_file_cancel_all(&directory);
    wait_idle();
    say("cancelled: called %s, error %lu", times(io.calls), io.error);
    reset(&io, 0);
    io.request->timeout = 20;
    say_started("watch", bound_file_start(&directory, io.request,
                                          watch_directory, buffer));
    wait_idle();
    say("timeout: called %s, error %lu", times(io.calls), io.error);
    close_file(&directory);
    unpack(&io);
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    say("live %llu", pool_counters(&pool).live);
}

/* ---- DeviceIoControl and LockFileEx ------------------------------------- */

/* The pipe answers how many bytes it has, and the first of them. */
static BOOL peek_pipe(HANDLE pipe, OVERLAPPED *overlapped, void *buffer)
{
    enum { FSCTL_PIPE_PEEK = 0x11400C };
    return DeviceIoControl(pipe, FSCTL_PIPE_PEEK, NULL, 0, buffer, 64, NULL,
                           overlapped);
}

CASE(a_pipe_can_be_controlled, "main: peek: reported once, error 0, 21 bytes\n"
                               "main: the pipe has 5 bytes, 'hello'\n"
                               "main: issued 1, completed 1, bytes 21\n")
{
    static DWORD peek[16]; /* the second is the number, the fifth the data */
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    feed(&pipe, "hello");
    start(&io);
    say_result("peek", &pipe.file, &io,
               bound_file_start(&pipe.file, io.request, peek_pipe, peek));
    say("the pipe has %lu bytes, '%.5s'", peek[1], (const char *)(peek + 4));
    close_pipe(&pipe);
    unpack(&io);
    end();
}

static BOOL lock_file(HANDLE file, OVERLAPPED *overlapped, void *unused)
{
    (void)unused;
    return LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK, 0, 100, 0, overlapped);
}

/* No other lock is in the way, so the call succeeds immediately. Wine 8 then
 * queues no packet, whatever the handle says; for this handle Windows queues
 * none either. */
CASE(a_file_can_be_locked,
     "main: lock: reported once, error 0, 0 bytes\n"
     "main: another lock: 33\n"
     "main: issued 1, completed 1\n",
     .file = 1000)
{
    struct bound_file file;
    struct io io;
    OVERLAPPED range = {.Offset = 50};
    begin();
    open_named(&file, L"file", FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    start(&io);
    say_result("lock", &file, &io,
               bound_file_start(&file, io.request, lock_file, NULL));
    HANDLE other = open_handle(L"file", GENERIC_READ, 0);
    BOOL ok = LockFileEx(other, LOCKFILE_FAIL_IMMEDIATELY, 0, 10, 0, &range);
    say("another lock: %lu", ok ? 0 : GetLastError());
    close_object(other);
    close_file(&file);
    unpack(&io);
    end();
}

int wmain(int argc, wchar_t **argv)
{
    return run_pool_case(argc, argv);
}
