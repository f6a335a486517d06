/*
 * This contender uses asio's stream_file on one io_context. As in loop.c, the
 * thread that has used a file closes it and opens the next one.
 *
 * asio opens a file overlapped, for its own use alone, and binds it to its own
 * completion port.
 */
#define ASIO_STANDALONE
#include "../asio_threads.h"
#include "job.h"

#include <asio/stream_file.hpp>

#include <future>
#include <vector>

const char contender[] = "asio";

namespace
{

struct slot {
    asio::stream_file file;
    std::promise<void> &done;
    void *buffer;
    struct item item;
};

void open_next(slot &slot)
{
    asio::error_code failed;
    if (!job_next(&slot.item))
        return;
    slot.file.open(slot.item.path, asio::file_base::read_only, failed);
    must(!failed, "open");
    slot.file.async_read_some(
        asio::buffer(slot.buffer, job.buffer),
        [&slot](asio::error_code error, std::size_t bytes) {
            must(!error, "read");
            slot.file.close(error);
            must(!error, "close");
            if (job_use(&slot.item, slot.buffer, bytes))
                slot.done.set_value();
            open_next(slot);
        });
}

} // namespace

void do_files()
{
    asio::io_context context;
    std::promise<void> done;
    std::vector<slot> slots;
    for (unsigned i = 0; i < job.depth; i++)
        slots.push_back(
            {asio::stream_file(context), done, must_allocate(job.buffer), {}});
    asio_threads threads(context, job.threads);
    measure_begin();
    for (slot &slot : slots)
        open_next(slot);
    done.get_future().wait();
    measure_end();
    threads.join();
}
