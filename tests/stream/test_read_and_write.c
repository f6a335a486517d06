/* The promises of final/file_stream.h: reading and writing. */
#include "script.h"

Test(stream, each_read_at_the_end_returns_0_bytes_and_no_error)
{
    put("a", "hello");
    put("b", "");
    for (guint i = 0; i < KINDS; i++) {
        SCRIPT("a", kinds[i], "read 4 -> 'hell'", "read 1 -> 'o'",
               "read 1 -> 0 bytes", "read 1000000 -> 0 bytes",
               "read 1 -> 0 bytes", "start 0 read 9", "wait 0 -> 0 bytes",
               "start 0 read 1000000", "wait 0 -> 0 bytes", "position -> 5",
               "seek 1000 begin -> at 1000", "read 1 -> 0 bytes",
               "start 0 read 9", "wait 0 -> 0 bytes", "position -> 1000");
        SCRIPT("b", kinds[i], "read 4 -> 0 bytes", "start 0 read 9",
               "wait 0 -> 0 bytes", "position -> 0");
    }
}

Test(stream, a_call_of_0_bytes_succeeds_without_a_system_call)
{
    put("a", "hello");
    for (guint i = 0; i < KINDS; i++)
        SCRIPT("a", kinds[i], "read 0 -> 0 bytes", "write", "start 0 read 0",
               "wait 0 -> 0 bytes", "position -> 0", "seek 3 end -> at 8",
               "read 0 -> 0 bytes", "write", "length -> 5",
               "system-calls -> reads: 0, writes: 0");
    assert_file("a", "hello");
}

Test(stream, a_short_read_is_not_the_end)
{
    put("a", "hello, world");
    for (guint i = 0; i < KINDS; i++)
        SCRIPT("a", kinds[i], "limit 5", "read-all 12 -> 12 bytes",
               "seek 0 begin -> at 0", "read-all 2 -> 12 bytes",
               "position -> 12");
}

Test(stream, a_synchronous_read_returns_what_one_system_call_has_brought)
{
    put("a", "hello, world");
    for (guint i = 2; i < 4; i++) /* without a buffer */
        SCRIPT("a", kinds[i], "limit 5", "read 12 -> 'hello'",
               "system-calls -> reads: 1, writes: 0", "read-at 12 7 -> 'world'",
               "read-at 12 0 -> 'hello'", "position -> 5");
}

Test(stream, an_asynchronous_read_continues_after_a_short_read)
{
    put("a", "hello, world");
    for (guint i = 0; i < KINDS; i++)
        SCRIPT("a", kinds[i], "limit 1", "start 0 read 5", "start 1 read 2",
               "start 2 read 100", "wait 2 -> 'world'", "wait 1 -> ', '",
               "wait 0 -> 'hello'", "position -> 12");
}

Test(stream, a_write_continues_after_a_short_write)
{
    for (guint i = 0; i < KINDS; i++) {
        put("a", "");
        SCRIPT("a", kinds[i], "limit 1", "write hello", "start 0 write , wor",
               "start 1 write ld", "wait 0 -> 5 bytes", "wait 1 -> 2 bytes",
               "position -> 12");
        assert_file("a", "hello, world");
    }
}

Test(stream, the_first_of_ten_concurrent_reads_gets_the_whole_file)
{
    put("a", "hello");
    for (guint i = 0; i < KINDS; i++)
        SCRIPT("a", kinds[i], "start 0 read 10", "start 1 read 100",
               "start 2 read 1000", "start 3 read 10", "start 4 read 10",
               "start 5 read 10", "start 6 read 10", "start 7 read 10",
               "start 8 read 10", "start 9 read 10", "wait 0 -> 'hello'",
               "wait 1 -> 0 bytes", "wait 2 -> 0 bytes", "wait 3 -> 0 bytes",
               "wait 4 -> 0 bytes", "wait 5 -> 0 bytes", "wait 6 -> 0 bytes",
               "wait 7 -> 0 bytes", "wait 8 -> 0 bytes", "wait 9 -> 0 bytes",
               "position -> 5", "read 1 -> 0 bytes");
}
