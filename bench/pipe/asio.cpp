/*
 * Contends with asio's windows::stream_handle on one io_context, which
 * `threads` threads run; if nobody says how many, as many as asio's own
 * thread_pool has. It opens no pipe, and so is given a handle.
 */
#define ASIO_STANDALONE
#include "job.h"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/windows/stream_handle.hpp>

#include <future>
#include <thread>
#include <vector>

const char contender[] = "asio";

namespace
{

void open_pipe(asio::windows::stream_handle &pipe)
{
    asio::error_code error;
    HANDLE handle = CreateFileA(job.pipe, GENERIC_READ, 0, nullptr,
                                OPEN_EXISTING, FILE_FLAG_OVERLAPPED, nullptr);
    must(handle != INVALID_HANDLE_VALUE, "open");
    pipe.assign(handle, error);
    must(!error, "bind");
}

} // namespace

void contend_waiting()
{
    asio::io_context context;
    asio::windows::stream_handle pipe(context);
    std::promise<void> done;
    std::vector<std::vector<char>> buffers(job.reads);
    unsigned count = job.threads > 0 ? job.threads : 2 * processor_count();
    std::vector<std::thread> threads(count);
    for (std::vector<char> &buffer : buffers)
        buffer.resize(job.piece);
    open_pipe(pipe);
    auto work = asio::make_work_guard(context); /* run() waits for some */
    for (std::thread &thread : threads)
        thread = std::thread([&] {
            meet(count + 1);
            context.run();
        });
    meet(count + 1);
    measure_begin();
    for (std::vector<char> &buffer : buffers)
        pipe.async_read_some(
            asio::buffer(buffer),
            [&](const asio::error_code &error, std::size_t bytes) {
                must(!error, "read");
                if (job_use(buffer.data(), bytes))
                    done.set_value();
            });
    job_all_pending();
    done.get_future().wait();
    measure_end();
    work.reset();
    for (std::thread &thread : threads)
        thread.join();
}
