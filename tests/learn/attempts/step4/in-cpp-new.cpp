/* Verdict: right: all */
#include <cstdint>
#include <cstdio>
#include <future>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <windows.h>

struct op : OVERLAPPED {
    std::string name, text;
    std::promise<void> done;
    void (*call)(op *, DWORD, DWORD);
};

static int freed;

static void shown(op *raw, DWORD error, DWORD bytes)
{
    std::unique_ptr<op> self(raw);
    std::printf("worker: %s: error %lu, %lu bytes in '%s', high half %lu, low "
                "half %lu\n",
                self->name.c_str(), error, bytes, self->text.c_str(),
                self->OffsetHigh, self->Offset);
    std::fflush(stdout);
    std::promise<void> done = std::move(self->done);
    self.reset();
    freed++;
    done.set_value();
}

static op *pack(const char *name, const char *text, std::uint64_t offset)
{
    std::printf("main: packing offset %llu with '%s'\n",
                (unsigned long long)offset, text);
    std::fflush(stdout);
    op *made = new op{};
    made->name = name;
    made->text = text;
    made->call = shown;
    made->Offset = static_cast<DWORD>(offset);
    made->OffsetHigh = static_cast<DWORD>(offset >> 32);
    return made;
}

static void fail(const char *what, DWORD error)
{
    std::fprintf(stderr, "four: cannot %s (error %lu)\n", what, error);
    std::fflush(stderr);
    TerminateProcess(GetCurrentProcess(), 1);
}

static void post(HANDLE port, op *one)
{
    std::printf("main: posting the packet of '%s'\n", one->text.c_str());
    std::fflush(stdout);
    auto future = one->done.get_future();
    if (!PostQueuedCompletionStatus(port, (DWORD)one->text.size(), 1, one))
        fail("post", GetLastError());
    future.wait();
}

static void work(HANDLE port)
{
    for (;;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *o = nullptr;
        BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &o, INFINITE);
        DWORD error = ok ? 0 : GetLastError();
        if (!ok && !o)
            fail("take", error);
        if (!o)
            return;
        auto *one = static_cast<op *>(o);
        one->call(one, error, bytes);
    }
}

int main(int argc, char **argv)
try {
    if (argc != 2) {
        std::fputs("usage: four FILE\n", stderr);
        return 2;
    }
    HANDLE file = CreateFileA(argv[1], GENERIC_READ, FILE_SHARE_READ, nullptr,
                              OPEN_EXISTING, FILE_FLAG_OVERLAPPED, nullptr);
    if (file == INVALID_HANDLE_VALUE)
        return std::fprintf(stderr, "four: cannot open (error %lu)\n",
                            GetLastError()),
               1;
    HANDLE port = CreateIoCompletionPort(file, nullptr, 1, 0);
    if (!port)
        return std::fprintf(stderr, "four: cannot bind (error %lu)\n",
                            GetLastError()),
               1;
    std::thread one(work, port), two(work, port);
    op *first = nullptr, *second = nullptr;
    bool failed = false;
    try {
        first = pack("on_first", "first buffer", 64);
        second = pack("on_second", "second buffer", (4ULL << 30) + 64);
        post(port, second);
        post(port, first);
        std::printf("main: packed 2, freed %d\n", freed);
        std::fflush(stdout);
    } catch (const std::bad_alloc &) {
        delete first;
        delete second;
        failed = true;
    }
    for (int i = 0; i < 2; i++)
        PostQueuedCompletionStatus(port, 0, 0, nullptr);
    one.join();
    two.join();
    CloseHandle(file);
    CloseHandle(port);
    if (failed)
        return std::fprintf(stderr, "four: cannot pack (error 8)\n"), 1;
    std::puts("main: done");
    return 0;
} catch (const std::bad_alloc &) {
    std::fputs("four: cannot allocate (error 8)\n", stderr);
    return 1;
}
