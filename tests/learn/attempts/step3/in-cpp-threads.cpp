/* Verdict: right: all */
#include <condition_variable>
#include <functional>
#include <iostream>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>
#include <windows.h>
#include <winternl.h>

extern "C" NTSTATUS NTAPI NtSetIoCompletion(HANDLE, ULONG_PTR, ULONG_PTR,
                                            NTSTATUS, ULONG_PTR);

struct win_error {
    const char *what;
    DWORD code;
};
static void ensure(bool ok, const char *what)
{
    if (!ok)
        throw win_error{what, GetLastError()};
}

class handle
{
    HANDLE h;

  public:
    explicit handle(HANDLE h, const char *what) : h(h)
    {
        ensure(h != nullptr && h != INVALID_HANDLE_VALUE, what);
    }
    handle(const handle &) = delete;
    ~handle()
    {
        CloseHandle(h);
    }
    operator HANDLE() const
    {
        return h;
    }
};

class threads
{
    HANDLE port;
    std::function<void(DWORD, DWORD)> callback;
    std::vector<std::thread> all;
    void run()
    {
        for (;;) {
            OVERLAPPED_ENTRY entry{};
            ULONG n = 0;
            if (!GetQueuedCompletionStatusEx(port, &entry, 1, &n, INFINITE,
                                             FALSE)) {
                DWORD e = GetLastError();
                std::cerr << "three: cannot take a packet (error " << e
                          << ")\n";
                std::_Exit(1);
            }
            if (entry.lpOverlapped == nullptr)
                return;
            callback(RtlNtStatusToDosError((NTSTATUS)entry.Internal),
                     entry.dwNumberOfBytesTransferred);
        }
    }

  public:
    threads(HANDLE port, std::function<void(DWORD, DWORD)> callback)
        : port(port), callback(std::move(callback))
    {
        for (int i = 0; i < 3; i++)
            all.emplace_back([this] { run(); });
    }
    ~threads()
    {
        for (size_t i = 0; i < all.size(); i++)
            PostQueuedCompletionStatus(port, 0, 0, nullptr);
        for (auto &t : all)
            t.join();
    }
};

static int go(const char *path)
{
    handle port(CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 0),
                "create a port");
    handle file(CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, nullptr,
                            OPEN_EXISTING, FILE_FLAG_OVERLAPPED, nullptr),
                "open");
    ensure(CreateIoCompletionPort(file, port, 9, 0) != nullptr, "bind");
    std::mutex m;
    std::condition_variable changed;
    int seen = 0;
    threads pool(port, [&](DWORD error, DWORD bytes) {
        std::unique_lock<std::mutex> lock(m);
        if (error == 0)
            std::cout << "worker: callback: success, " << bytes << " bytes"
                      << std::endl;
        else
            std::cout << "worker: callback: failure (error " << error << "), "
                      << bytes << " bytes" << std::endl;
        seen++;
        changed.notify_all();
    });
    OVERLAPPED o{};
    auto wait = [&](int n) {
        std::unique_lock<std::mutex> lock(m);
        changed.wait(lock, [&] { return seen == n; });
    };
    std::cout << "main: posting a success with 42 bytes" << std::endl;
    ensure(PostQueuedCompletionStatus(port, 42, 9, &o), "post");
    wait(1);
    std::cout << "main: posting a failure with 0 bytes" << std::endl;
    NTSTATUS s =
        NtSetIoCompletion(port, 9, (ULONG_PTR)&o, (NTSTATUS)0xC000009C, 0);
    if (s != 0)
        throw win_error{"post", RtlNtStatusToDosError(s)};
    wait(2);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::cerr << "usage: three FILE\n";
        return 2;
    }
    try {
        go(argv[1]);
    } catch (const win_error &e) {
        std::cerr << "three: cannot " << e.what << " (error " << e.code
                  << ")\n";
        return 1;
    }
    std::cout << "main: done\n";
}
