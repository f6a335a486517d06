/* The threads of a contender that uses asio. C++. */
#ifndef ASIO_THREADS_H
#define ASIO_THREADS_H

#include "measure.h"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <thread>
#include <vector>

class asio_threads
{
  public:
    /* Starts threads that run the context, and returns when all of them have
     * begun. 0 threads: as many as asio's own thread_pool has by default. */
    asio_threads(asio::io_context &context, unsigned count)
        : work(asio::make_work_guard(context)),
          threads(count > 0 ? count : 2 * processor_count())
    {
        const auto all = static_cast<unsigned>(threads.size()) + 1;
        for (std::thread &thread : threads)
            thread = std::thread([&context, all] {
                meet(all);
                context.run();
            });
        meet(all);
    }

    /* Lets run() return, and waits for the end of the threads. */
    void join()
    {
        work.reset();
        for (std::thread &thread : threads)
            thread.join();
    }

  private:
    /* While the guard exists, run() waits for work instead of returning. */
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::vector<std::thread> threads;
};

#endif
