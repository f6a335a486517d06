/*
 * Contends with asio's stream_file on one io_context, which `threads` threads
 * run; if nobody says how many, as many as asio's own thread_pool has. As in
 * loop.c, who has used a file closes it, and opens the next.
 *
 * asio opens a file overlapped, binds it to its own completion port, and lets
 * nobody else open it meanwhile.
 */
#define ASIO_STANDALONE
#include "job.h"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/stream_file.hpp>

#include <future>
#include <thread>
#include <vector>

const char contender[] = "asio";

namespace
{

struct slot {
    asio::stream_file file;
    std::promise<void> &done;
    void *buffer;
    struct turn turn;
};

void open_next(slot &slot)
{
    asio::error_code failed;
    if (!job_next(&slot.turn))
        return;
    slot.file.open(slot.turn.path, asio::file_base::read_only, failed);
    must(!failed, "open");
    slot.file.async_read_some(
        asio::buffer(slot.buffer, job.buffer),
        [&slot](asio::error_code error, std::size_t bytes) {
            must(!error, "read");
            slot.file.close(error);
            must(!error, "close");
            if (job_use(&slot.turn, slot.buffer, bytes))
                slot.done.set_value();
            open_next(slot);
        });
}

} // namespace

void contend_with_files()
{
    asio::io_context context;
    std::promise<void> done;
    std::vector<slot> slots;
    unsigned count = job.threads > 0 ? job.threads : 2 * processor_count();
    std::vector<std::thread> threads(count);
    for (unsigned i = 0; i < job.depth; i++)
        slots.push_back(
            {asio::stream_file(context), done, must_allocate(job.buffer), {}});
    auto work = asio::make_work_guard(context); /* run() waits for some */
    for (std::thread &thread : threads)
        thread = std::thread([&] {
            meet(count + 1);
            context.run();
        });
    meet(count + 1);
    measure_begin();
    for (slot &slot : slots)
        open_next(slot);
    done.get_future().wait();
    measure_end();
    work.reset();
    for (std::thread &thread : threads)
        thread.join();
}
