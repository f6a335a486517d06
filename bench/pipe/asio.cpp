/*
 * This contender uses asio's windows::stream_handle on one io_context. asio
 * cannot open a pipe, so the contender opens it.
 */
#define ASIO_STANDALONE
#include "../asio_threads.h"
#include "../win32.h"
#include "job.h"

#include <asio/windows/stream_handle.hpp>

#include <future>
#include <vector>

const char contender[] = "asio";

void do_pipe_reads()
{
    asio::io_context context;
    asio::windows::stream_handle pipe(context);
    asio::error_code failed;
    std::promise<void> done;
    std::vector<std::vector<char>> buffers(job.reads);
    for (std::vector<char> &buffer : buffers)
        buffer.resize(job.piece);
    pipe.assign(open_for_reading(job.pipe, FILE_FLAG_OVERLAPPED), failed);
    must(!failed, "bind");
    asio_threads threads(context, job.threads);
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
    threads.join();
}
