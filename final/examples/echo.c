/*
 * A server of TCP that sends back what it gets, and its clients in the same
 * program:
 *
 *      echo [CLIENTS]      default 20
 *
 * A socket is a handle, so the pool serves it, too: WSARecv and WSASend are
 * started through bound_file_start. Both report their errors as ReadFile does:
 * WSAGetLastError is GetLastError.
 */
#include <winsock2.h>

#include <ws2tcpip.h>

#include "../error.h"
#include "../pool.h"
#include "../programs/report.h"

#include <stdlib.h>
#include <string.h>

const wchar_t program[] = L"echo";

enum { PIECE = 4096, PIECES = 16, ALL = PIECES * PIECE };

/* ---- The server ---------------------------------------------------------- */

struct connection {
    struct bound_file file;
    struct request *request;
    bool sending;      /* what is in flight: a send or a receive */
    WSABUF rest;       /* the bytes to send */
    char bytes[PIECE]; /* that were received */
};

static struct pool pool;
static _Atomic uint64_t echoed;
static _Atomic int status = EXIT_SUCCESS;

/* CloseHandle would leave the socket in Winsock's own table. */
static BOOL WINAPI close_socket(HANDLE handle)
{
    return closesocket((SOCKET)handle) == 0;
}

static void on_closed(struct bound_file *file, DWORD error)
{
    struct connection *connection =
        CONTAINING_RECORD(file, struct connection, file);
    check_error(error, "close", L"socket");
    overlapped_free(connection->request);
    free(connection);
}

static BOOL receive(HANDLE handle, OVERLAPPED *overlapped, void *argument)
{
    struct connection *connection = argument;
    WSABUF buffer = {PIECE, connection->bytes};
    DWORD flags = 0;
    return WSARecv((SOCKET)handle, &buffer, 1, NULL, &flags, overlapped,
                   NULL) == 0;
}

static BOOL send_rest(HANDLE handle, OVERLAPPED *overlapped, void *argument)
{
    struct connection *connection = argument;
    return WSASend((SOCKET)handle, &connection->rest, 1, NULL, 0, overlapped,
                   NULL) == 0;
}

/* A call has completed. Returns false at the end of the connection. */
static bool choose_next(struct connection *connection, DWORD error, DWORD bytes)
{
    if (error != ERROR_SUCCESS) {
        status = report("serve", L"socket", error);
        return false;
    }
    if (!connection->sending) {
        connection->rest = (WSABUF){bytes, connection->bytes};
        connection->sending = true;
        return bytes > 0; /* with 0 bytes, the client has shut down */
    }
    echoed += bytes;
    connection->rest.buf += bytes;
    connection->rest.len -= bytes;
    connection->sending = connection->rest.len > 0;
    return true;
}

static struct submission start(struct connection *connection)
{
    overlapped_reset(connection->request, 0);
    return bound_file_start(&connection->file, connection->request,
                            connection->sending ? send_rest : receive,
                            connection);
}

/* Runs until a call is in flight. Closes the socket at the end. */
static void run(struct connection *connection, struct submission started)
{
    while (started.outcome != IO_QUEUED) {
        if (!choose_next(connection, started.error, started.bytes)) {
            check_error(bound_file_close_later(&connection->file, on_closed),
                        "close", L"socket");
            return;
        }
        started = start(connection);
    }
}

static void on_packet(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    run(request->context, (struct submission){IO_DONE, error, bytes});
}

static void serve(SOCKET socket)
{
    struct connection *connection = calloc(1, sizeof *connection);
    check(connection != NULL, "allocate", L"connection");
    check_error(pool_bind_handle(&pool, (HANDLE)socket, 0, &connection->file),
                "bind", L"socket");
    /* clang-tidy does not see that check ends the program.
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    connection->file.close = close_socket;
    connection->request = overlapped_pack(on_packet, connection, NULL, 0, 0);
    check(connection->request != NULL, "pack", L"request");
    run(connection, start(connection));
}

/* ---- A client ------------------------------------------------------------ */

static SOCKET make_socket(void)
{
    SOCKET made = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    check(made != INVALID_SOCKET, "make", L"socket");
    return made;
}

/* Synchronous: sends pieces, shuts down, and compares what comes back. The
 * pieces fit into the buffers of the system, so send does not wait for ever. */
static void talk(SOCKET client)
{
    static const char all[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char piece[PIECE];
    uint64_t received = 0;
    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = all[i % 32];
    for (unsigned i = 0; i < PIECES; i++)
        check(send(client, piece, sizeof piece, 0) == sizeof piece, "send to",
              L"socket");
    check(shutdown(client, SD_SEND) == 0, "shut down", L"socket");
    for (int bytes; (bytes = recv(client, piece, sizeof piece, 0)) != 0;) {
        check(bytes > 0, "receive from", L"socket");
        for (int i = 0; i < bytes; i++)
            check_error(piece[i] == all[(received + (uint64_t)i) % 32]
                            ? ERROR_SUCCESS
                            : ERROR_INVALID_DATA,
                        "compare", L"echo");
        received += (uint64_t)bytes;
    }
    check_error(received == ALL ? ERROR_SUCCESS : ERROR_HANDLE_EOF,
                "receive all from", L"socket");
}

/* ---- The program --------------------------------------------------------- */

int wmain(int argc, wchar_t **argv)
{
    unsigned clients = argc > 1 ? (unsigned)wcstoul(argv[1], NULL, 10) : 20;
    WSADATA winsock;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int length = sizeof address; /* the port 0 lets the system choose */
    on_fatal_error(report_fatal_error);
    check_error((DWORD)WSAStartup(MAKEWORD(2, 2), &winsock), "start",
                L"Winsock");
    check_error(pool_create(&pool, 0, 0), "create", L"pool");
    SOCKET listener = make_socket();
    check(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
              listen(listener, SOMAXCONN) == 0 &&
              getsockname(listener, (struct sockaddr *)&address, &length) == 0,
          "listen on", L"socket");
    for (unsigned i = 0; i < clients; i++) {
        SOCKET client = make_socket();
        check(connect(client, (struct sockaddr *)&address, length) == 0,
              "connect", L"socket");
        SOCKET accepted = accept(listener, NULL, NULL);
        check(accepted != INVALID_SOCKET, "accept", L"socket");
        serve(accepted);
        talk(client);
        check(closesocket(client) == 0, "close", L"socket");
    }
    check(closesocket(listener) == 0, "close", L"socket");
    check_error(pool_stop(&pool, POOL_DRAIN), "stop", L"pool");
    check(WSACleanup() == 0, "stop", L"Winsock");
    say("%u clients, %llu bytes came back", clients, echoed);
    return status;
}
