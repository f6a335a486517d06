/* Verdict: right: all */
#include <windows.h>

#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

/* A request with a virtual function, and one worker. */
struct io : OVERLAPPED {
    io() : OVERLAPPED()
    {
    }
    virtual void completed(DWORD error, DWORD bytes) = 0;
    virtual ~io() = default;
};

struct whole_file : io {
    HANDLE file, over;
    bool has_offsets;
    unsigned long long at = 0, sum = 0, count = 0;
    DWORD failure = 0;
    char data[32768];

    void next(const char *who)
    {
        std::printf("%s: reading at offset %llu\n", who, at);
        *static_cast<OVERLAPPED *>(this) = OVERLAPPED();
        if (has_offsets) {
            Offset = static_cast<DWORD>(at);
            OffsetHigh = static_cast<DWORD>(at >> 32);
        }
        bool too_far = at > INT64_MAX - sizeof data;
        if (!too_far && ReadFile(file, data, sizeof data, nullptr, this))
            return;
        DWORD error = too_far ? ERROR_INVALID_PARAMETER : GetLastError();
        if (error != ERROR_IO_PENDING && error != ERROR_MORE_DATA)
            end(who, error);
    }

    void end(const char *who, DWORD error)
    {
        if (error == ERROR_SUCCESS || error == ERROR_HANDLE_EOF ||
            error == ERROR_BROKEN_PIPE)
            std::printf("%s: end of file\n", who);
        else
            failure = error;
        SetEvent(over);
    }

    void completed(DWORD error, DWORD bytes) override
    {
        if (bytes > 0)
            show(bytes);
        bool empty = bytes == 0 && has_offsets;
        if (error == ERROR_MORE_DATA || (error == ERROR_SUCCESS && !empty))
            next("worker");
        else
            end("worker", error);
    }

    void show(DWORD bytes)
    {
        std::string text(data, bytes < 16 ? bytes : 16);
        for (char &c : text)
            if (!std::isprint(static_cast<unsigned char>(c)))
                c = '.';
        std::printf("worker: read %lu bytes at offset %llu: %s\n", bytes, at,
                    text.c_str());
        at += bytes;
        sum += bytes;
        count++;
    }
};

static void must(bool ok, const char *what)
{
    DWORD error = GetLastError();
    if (ok)
        return;
    std::fprintf(stderr, "cannot %s (error %lu)\n", what, error);
    std::exit(1);
}

static DWORD WINAPI serve(void *port)
{
    for (;;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *overlapped = nullptr;
        BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped,
                                            INFINITE);
        must(ok || overlapped != nullptr, "take out a packet");
        if (overlapped == nullptr)
            return 0;
        static_cast<io *>(overlapped)
            ->completed(ok ? 0 : GetLastError(), bytes);
    }
}

int main(int argc, char **argv)
{
    static whole_file all;
    char *end = nullptr;
    if (argc == 3)
        all.at = std::strtoull(argv[2], &end, 10);
    if (argc < 2 || argc > 3 || (argc == 3 && *end != '\0')) {
        std::fprintf(stderr, "usage: five FILE [OFFSET]\n");
        return 2;
    }
    all.file = CreateFileA(argv[1], GENERIC_READ, 7, nullptr, OPEN_EXISTING,
                           FILE_FLAG_OVERLAPPED, nullptr);
    must(all.file != INVALID_HANDLE_VALUE, "open the file");
    all.has_offsets = GetFileType(all.file) == FILE_TYPE_DISK;
    HANDLE port = CreateIoCompletionPort(all.file, nullptr, 0, 1);
    must(port != nullptr, "create a port");
    all.over = CreateEventA(nullptr, TRUE, FALSE, nullptr);
    must(all.over != nullptr, "create an event");
    HANDLE thread = CreateThread(nullptr, 0, serve, port, 0, nullptr);
    std::printf("main: asking for the first read, then only waiting\n");
    all.next("main");
    WaitForSingleObject(all.over, INFINITE);
    PostQueuedCompletionStatus(port, 0, 0, nullptr);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(all.over);
    CloseHandle(thread);
    CloseHandle(all.file);
    CloseHandle(port);
    if (all.failure != 0) {
        std::fprintf(stderr, "cannot read (error %lu)\n", all.failure);
        return 1;
    }
    std::printf("main: done: %llu bytes in %llu reads\n", all.sum, all.count);
    return 0;
}
