/* Verdict: right: all */
#include <windows.h>

#include <cstdlib>
#include <iostream>

static void must(bool ok, const char *what)
{
    DWORD error = GetLastError();
    if (ok)
        return;
    std::cerr << "cannot " << what << " (error " << error << ")\n";
    std::exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::cerr << "usage: step2 FILE\n";
        return 2;
    }
    HANDLE file = CreateFileA(argv[1], GENERIC_READ, FILE_SHARE_READ, nullptr,
                              OPEN_EXISTING, FILE_FLAG_OVERLAPPED, nullptr);
    must(file != INVALID_HANDLE_VALUE, "open the file");
    /* One call creates the port and binds the file. */
    HANDLE port = CreateIoCompletionPort(file, nullptr, 5, 1);
    must(port != nullptr, "create a port");
    must(CreateIoCompletionPort(file, port, 5, 1) == nullptr &&
             GetLastError() == ERROR_INVALID_PARAMETER,
         "get the error 87");
    std::cout << "main: bound; a second bind fails (error 87)\n";
    OVERLAPPED_ENTRY entry[3] = {};
    ULONG count = 0;
    must(!GetQueuedCompletionStatusEx(port, entry, 3, &count, 0, FALSE) &&
             GetLastError() == WAIT_TIMEOUT,
         "get the error 258");
    std::cout << "main: the port is empty: no packet (error 258)\n";
    std::cout << "main: posting a packet: 42 bytes\n";
    static OVERLAPPED mine;
    must(PostQueuedCompletionStatus(port, 42, 5, &mine), "post a packet");
    must(GetQueuedCompletionStatusEx(port, entry, 3, &count, INFINITE, FALSE),
         "take out the packet");
    std::cout << "main: took out a packet: "
              << entry[0].dwNumberOfBytesTransferred << " bytes, "
              << (entry[0].lpOverlapped == &mine ? "the same" : "another")
              << " OVERLAPPED\n";
    CloseHandle(file);
    CloseHandle(port);
    std::cout << "main: done\n";
    return 0;
}
