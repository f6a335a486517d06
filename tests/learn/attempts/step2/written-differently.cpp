/* Verdict: right: all */
#include <windows.h>

#include <iostream>

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::cerr << "usage: step2 FILE\n";
        return 2;
    }
    HANDLE file = CreateFileA(argv[1], GENERIC_READ, FILE_SHARE_READ, nullptr,
                              OPEN_EXISTING, FILE_FLAG_OVERLAPPED, nullptr);
    if (file == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();
        std::cerr << "cannot open '" << argv[1] << "': (error " << error
                  << ")\n";
        return 1;
    }
    /* One call creates the port and binds the file. */
    HANDLE port = CreateIoCompletionPort(file, nullptr, 5, 1);
    if (CreateIoCompletionPort(file, port, 5, 1) == nullptr) {
        DWORD error = GetLastError();
        std::cout << "main: bound; a second bind fails (error " << error
                  << ")\n";
    }
    OVERLAPPED_ENTRY entry[3] = {};
    ULONG count = 0;
    if (!GetQueuedCompletionStatusEx(port, entry, 3, &count, 0, FALSE)) {
        DWORD error = GetLastError();
        std::cout << "main: the port is empty: no packet (error " << error
                  << ")\n";
    }
    std::cout << "main: posting a packet: 42 bytes\n";
    static OVERLAPPED mine;
    PostQueuedCompletionStatus(port, 42, 5, &mine);
    GetQueuedCompletionStatusEx(port, entry, 3, &count, INFINITE, FALSE);
    std::cout << "main: took out a packet: "
              << entry[0].dwNumberOfBytesTransferred << " bytes, "
              << (entry[0].lpOverlapped == &mine ? "the same" : "another")
              << " OVERLAPPED\n";
    CloseHandle(file);
    CloseHandle(port);
    std::cout << "main: done\n";
    return 0;
}
