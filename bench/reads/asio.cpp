/*
 * Contends with asio's random_access_file on one io_context, which `threads`
 * threads run; if nobody says how many, as many as asio's own thread_pool has.
 *
 * asio opens the file overlapped and binds it to its own completion port, and
 * nothing in it limits the reads: each is one ReadFile, as in loop.c. Only
 * asio::async_read_at would cut a block into pieces of 64 KiB. A packet that
 * arrives before its ReadFile has returned is posted once more.
 */
#define ASIO_STANDALONE
#include "job.h"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/random_access_file.hpp>

#include <future>
#include <thread>
#include <vector>

const char contender[] = "asio";

namespace
{

struct read {
    asio::random_access_file *file;
    std::promise<void> *done;
    struct turn turn;
    void *buffer;
};

void read_next(struct read &read)
{
    if (!job_next(&read.turn))
        return;
    read.file->async_read_some_at(
        read.turn.offset, asio::buffer(read.buffer, job.block),
        [&read](const asio::error_code &error, std::size_t bytes) {
            must(!error, "read");
            if (job_use(&read.turn, read.buffer, bytes))
                read.done->set_value();
            read_next(read);
        });
}

} // namespace

void contend_reading()
{
    asio::io_context context;
    asio::random_access_file file(context);
    asio::error_code error;
    std::promise<void> done;
    std::vector<struct read> reads(job.depth);
    unsigned count = job.threads > 0 ? job.threads : 2 * processor_count();
    std::vector<std::thread> threads(count);
    for (struct read &read : reads)
        read = {&file, &done, {}, must_allocate(job.block)};
    file.open(job.file, asio::file_base::read_only, error);
    must(!error, "open");
    auto work = asio::make_work_guard(context); /* run() waits for some */
    for (std::thread &thread : threads)
        thread = std::thread([&] {
            meet(count + 1);
            context.run();
        });
    meet(count + 1);
    measure_begin();
    for (struct read &read : reads)
        read_next(read);
    done.get_future().wait();
    measure_end();
    work.reset();
    for (std::thread &thread : threads)
        thread.join();
}
