/*
 * This contender uses asio's random_access_file for both files, and a few
 * blocks. The program reads a block, writes it, and reads the next part of the
 * file into it, until the end. One thread runs the io_context, so the program
 * needs no lock.
 */
#define ASIO_STANDALONE
#include "job.h"

#include <asio/io_context.hpp>
#include <asio/random_access_file.hpp>

#include <algorithm>
#include <vector>

const char contender[] = "asio";

namespace
{

enum { BLOCKS = 4 }; /* as many as copy.exe has */

struct copier {
    asio::random_access_file source, destination;
    std::uint64_t size, next; /* next: the offset of the next block */
};

struct block {
    copier &files;
    std::vector<char> buffer;
    std::uint64_t offset;
    std::size_t length; /* in bytes; the last block may be shorter */
};

void read_next(block &block);

void write(block &block)
{
    block.files.destination.async_write_some_at(
        block.offset, asio::buffer(block.buffer, block.length),
        [&block](const asio::error_code &error, std::size_t bytes) {
            must(!error && bytes == block.length, "write");
            read_next(block);
        });
}

void read_next(block &block)
{
    copier &files = block.files;
    if (files.next >= files.size)
        return;
    block.offset = files.next;
    block.length = std::min<std::uint64_t>(files.size - files.next, JOB_BLOCK);
    files.next += block.length;
    files.source.async_read_some_at(
        block.offset, asio::buffer(block.buffer, block.length),
        [&block](const asio::error_code &error, std::size_t bytes) {
            must(!error && bytes == block.length, "read");
            write(block);
        });
}

} // namespace

void do_copy()
{
    measure_begin();
    asio::io_context context(1);
    copier files = {asio::random_access_file(context),
                    asio::random_access_file(context), 0, 0};
    asio::error_code error;
    files.source.open(job.source, asio::file_base::read_only, error);
    must(!error, "open");
    files.destination.open(job.destination,
                           asio::file_base::write_only |
                               asio::file_base::create |
                               asio::file_base::truncate,
                           error);
    must(!error, "open");
    /* Sets the length first: a write after the end of a file is synchronous. */
    files.size = files.source.size(error);
    must(!error, "ask for the size");
    files.destination.resize(files.size, error);
    must(!error, "set the length");
    std::vector<block> blocks(BLOCKS,
                              block{files, std::vector<char>(JOB_BLOCK), 0, 0});
    for (block &block : blocks)
        read_next(block);
    context.run();
    if (job.flush)
        files.destination.sync_all(error);
    must(!error, "flush");
    files.destination.close(error);
    must(!error, "close");
    files.source.close(error);
    must(!error, "close");
    measure_end();
}
