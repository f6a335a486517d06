/*
 * This contender uses asio's random_access_file on one io_context.
 *
 * asio opens the file overlapped and binds it to its own completion port. It
 * does not limit the reads: each is one ReadFile, as in loop.c. (Only
 * asio::async_read_at would cut a block into pieces of 64 KiB.) If a packet
 * arrives before its ReadFile has returned, asio posts it once more.
 */
#define ASIO_STANDALONE
#include "../asio_threads.h"
#include "job.h"

#include <asio/random_access_file.hpp>

#include <future>
#include <vector>

const char contender[] = "asio";

namespace
{

struct read {
    asio::random_access_file *file;
    std::promise<void> *done;
    struct item item;
    void *buffer;
};

void read_next(struct read &read)
{
    if (!job_next(&read.item))
        return;
    read.file->async_read_some_at(
        read.item.offset, asio::buffer(read.buffer, job.block),
        [&read](const asio::error_code &error, std::size_t bytes) {
            must(!error, "read");
            if (job_use(&read.item, read.buffer, bytes))
                read.done->set_value();
            read_next(read);
        });
}

} // namespace

void do_reads()
{
    asio::io_context context;
    asio::random_access_file file(context);
    asio::error_code error;
    std::promise<void> done;
    std::vector<struct read> reads(job.depth);
    for (struct read &read : reads)
        read = {&file, &done, {}, must_allocate(job.block)};
    file.open(job.file, asio::file_base::read_only, error);
    must(!error, "open");
    asio_threads threads(context, job.threads);
    measure_begin();
    for (struct read &read : reads)
        read_next(read);
    done.get_future().wait();
    measure_end();
    threads.join();
}
