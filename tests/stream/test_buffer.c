/* The promises of final/file_stream.h: the buffer. */
#include "script.h"

Test(stream, small_writes_are_buffered_and_large_ones_bypass_the_buffer)
{
    SCRIPT("a", "open create both buffer=10 share=7", "write-times 3 abc",
           "system-calls -> reads: 0, writes: 0", "content -> 0 bytes",
           "write d", "system-calls -> reads: 0, writes: 0", "write e",
           "system-calls -> reads: 0, writes: 1", "content -> 'abcabcabcd'",
           "write 0123456789", "system-calls -> reads: 0, writes: 2",
           "content -> 'abcabcabcde0123456789'", "write-times 100 a",
           "system-calls -> reads: 0, writes: 9", "flush",
           "system-calls -> reads: 0, writes: 1", "flush",
           "system-calls -> reads: 0, writes: 0");
}

Test(stream, small_reads_come_from_the_buffer_and_large_ones_bypass_it)
{
    make_file("a", 4096);
    SCRIPT("a", "open both buffer=1000", "read 1 -> '0'",
           "system-calls -> reads: 1, writes: 0", "read 10 -> '0000000000'",
           "system-calls -> reads: 0, writes: 0", "seek 0 begin -> at 0",
           "read 999 -> 999 bytes", "system-calls -> reads: 0, writes: 0",
           "read 2 -> 'll'", "seek 1000 begin -> at 1000", "read 1 -> 'l'",
           "system-calls -> reads: 1, writes: 0", "seek 3 begin -> at 3",
           "read 1000 -> 1000 bytes", "system-calls -> reads: 1, writes: 0");
}

/* A read that continues the last one asks for four times as much. */
Test(stream, the_buffer_grows_while_reads_are_sequential)
{
    make_file("a", 1 << 20);
    SCRIPT("a", "open buffer=1000", "read 1000 -> 1000 bytes", "read 1 -> 'l'",
           "system-calls -> reads: 2, writes: 0",
           "read-all 500 -> 1047575 bytes",
           "system-calls -> reads: 20, writes: 0");
    SCRIPT("a", "open buffer=1000 asynchronous", "read 1000 -> 1000 bytes",
           "read 1 -> 'l'", "system-calls -> reads: 2, writes: 0",
           "read-all 500 -> 1047575 bytes",
           "system-calls -> reads: 9, writes: 0");
    SCRIPT("a", "open buffer=500000", "read-all 500 -> 1048576 bytes",
           "system-calls -> reads: 5, writes: 0");
    SCRIPT("a", "open buffer=1000 random", "read-all 500 -> 1048576 bytes",
           "system-calls -> reads: 1051, writes: 0");
    SCRIPT("a", "open buffer=1000", "read 999 -> 999 bytes",
           "read 999 -> 999 bytes", "system-calls -> reads: 2, writes: 0",
           "seek 0 begin -> at 0", "read 999 -> 999 bytes",
           "read 999 -> 999 bytes", "system-calls -> reads: 2, writes: 0");
}

Test(stream, without_a_buffer_each_call_is_a_system_call)
{
    SCRIPT("a", "open create both buffer=0 share=7", "write a",
           "content -> 'a'", "write-times 9 a",
           "system-calls -> reads: 0, writes: 10", "seek 0 begin -> at 0",
           "read 1 -> 'a'", "read 1 -> 'a'",
           "system-calls -> reads: 2, writes: 0");
}

Test(stream, a_read_returns_bytes_that_are_still_buffered)
{
    SCRIPT("a", "open create both share=7", "write hello",
           "seek 1 begin -> at 1", "system-calls -> reads: 0, writes: 0",
           "read 2 -> 'el'", "write LO", "seek 0 begin -> at 0",
           "start 0 read 9", "wait 0 -> 'helLO'", "seek 0 begin -> at 0",
           "write J", "start 0 write E", "wait 0 -> 1 byte",
           "content -> 'helLO'", "start 0 flush", "wait 0 -> 0 bytes",
           "content -> 'JElLO'");
}

/* The buffer has one range of the file: a write after a gap starts another. */
Test(stream, buffered_writes_go_to_their_own_offsets)
{
    put("a", "0123456789");
    SCRIPT("a", "open both share=7", "write AB", "seek 5 begin -> at 5",
           "write CD", "seek 3 begin -> at 3", "write E",
           "system-calls -> reads: 0, writes: 2", "close",
           "content -> 'AB2E4CD789'");
}

Test(stream, a_write_replaces_bytes_in_the_read_buffer)
{
    for (guint i = 0; i < KINDS; i++) {
        put("a", "hello, world");
        SCRIPT("a", kinds[i], "read 1 -> 'h'", "write E",
               "seek 0 begin -> at 0", "read 2 -> 'hE'", "seek 3 begin -> at 3",
               "start 0 write L", "wait 0 -> 1 byte", "seek 2 begin -> at 2",
               "read 2 -> 'lL'", "seek 2 begin -> at 2", "start 0 read 2",
               "wait 0 -> 'lL'", "set-length 5", "set-length 6",
               "seek 3 begin -> at 3", "read 2 -> 'Lo'", "read 1 -> 1 byte");
    }
}

Test(stream, an_asynchronous_read_from_the_buffer_completes_immediately)
{
    put("a", "hello, world");
    SCRIPT("a", "open both asynchronous", "read 1 -> 'h'",
           "system-calls -> reads: 1, writes: 0", "start 0 read 4",
           "completions -> 0 by callback, 1 immediately",
           "system-calls -> reads: 0, writes: 0", "wait 0 -> 'ello'",
           "position -> 5");
}

Test(stream, an_asynchronous_read_fills_the_buffer_for_the_next_read)
{
    make_file("a", 4096);
    SCRIPT("a", "open both asynchronous buffer=1000", "start 0 read 3",
           "wait 0 -> '000'", "system-calls -> reads: 1, writes: 0",
           "read 900 -> 900 bytes", "system-calls -> reads: 0, writes: 0");
}
