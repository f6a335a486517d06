/* The promises of final/file_stream.h: reading and writing. */
#include "script.h"

/* ---- The end ----------------------------------------------------------- */

Test(stream, at_the_end_reads_bring_0_bytes_and_no_error_again_and_again)
{
    put("a", "hello");
    put("b", "");
    FOR_EACH_KIND(kind)
    {
        TALK("a", {kind, "ok"}, {"read 4", "ok, 4 bytes: hell"},
             {"read 1", "ok, 1 bytes: o"}, {"read 1", "ok, 0 bytes"},
             {"read 1000000", "ok, 0 bytes"}, {"read 1", "ok, 0 bytes"},
             {"start 0 read 9", "ok"}, {"wait 0", "ok, 0 bytes"},
             {"start 0 read 1000000", "ok"}, {"wait 0", "ok, 0 bytes"},
             {"position", "ok, 5"}, {"seek 1000 begin", "ok, at 1000"},
             {"read 1", "ok, 0 bytes"}, {"start 0 read 9", "ok"},
             {"wait 0", "ok, 0 bytes"}, {"position", "ok, 1000"});
        TALK("b", {kind, "ok"}, {"read 4", "ok, 0 bytes"},
             {"start 0 read 9", "ok"}, {"wait 0", "ok, 0 bytes"},
             {"position", "ok, 0"});
    }
}

Test(stream, to_ask_for_nothing_brings_nothing_wherever_it_is)
{
    put("a", "hello");
    FOR_EACH_KIND(kind)
    {
        TALK("a", {kind, "ok"}, {"read 0", "ok, 0 bytes"}, {"write", "ok"},
             {"start 0 read 0", "ok"}, {"wait 0", "ok, 0 bytes"},
             {"position", "ok, 0"}, {"seek 3 end", "ok, at 8"},
             {"read 0", "ok, 0 bytes"}, {"write", "ok"}, {"length", "ok, 5"},
             {"calls", "0 reads, 0 writes"});
    }
    assert_file("a", "hello");
}

Test(stream, a_short_read_is_not_the_end)
{
    put("a", "hello, world");
    FOR_EACH_KIND(kind)
    {
        TALK("a", {kind, "ok"}, {"short 5", "ok"}, {"reads 12", "ok, 12 bytes"},
             {"seek 0 begin", "ok, at 0"}, {"reads 2", "ok, 12 bytes"},
             {"position", "ok, 12"});
    }
}

Test(stream, an_asynchronous_read_goes_on_after_short_ones_until_it_is_full)
{
    put("a", "hello, world");
    FOR_EACH_KIND(kind)
    {
        TALK("a", {kind, "ok"}, {"short 1", "ok"}, {"start 0 read 5", "ok"},
             {"start 1 read 2", "ok"}, {"start 2 read 100", "ok"},
             {"wait 2", "ok, 5 bytes: world"}, {"wait 1", "ok, 2 bytes: , "},
             {"wait 0", "ok, 5 bytes: hello"}, {"position", "ok, 12"});
    }
}

Test(stream, writes_go_on_after_short_ones_until_all_is_written)
{
    FOR_EACH_KIND(kind)
    {
        put("a", "");
        TALK("a", {kind, "ok"}, {"short 1", "ok"}, {"write hello", "ok"},
             {"start 0 write , wor", "ok"}, {"start 1 write ld", "ok"},
             {"wait 0", "ok, 5 bytes"}, {"wait 1", "ok, 2 bytes"},
             {"position", "ok, 12"});
        assert_file("a", "hello, world");
    }
}

Test(stream, of_ten_oversized_reads_at_once_one_gets_all)
{
    put("a", "hello");
    FOR_EACH_KIND(kind)
    {
        TALK("a", {kind, "ok"}, {"start 0 read 10", "ok"},
             {"start 1 read 100", "ok"}, {"start 2 read 1000", "ok"},
             {"start 3 read 10", "ok"}, {"start 4 read 10", "ok"},
             {"start 5 read 10", "ok"}, {"start 6 read 10", "ok"},
             {"start 7 read 10", "ok"}, {"start 8 read 10", "ok"},
             {"start 9 read 10", "ok"}, {"wait 0", "ok, 5 bytes: hello"},
             {"wait 1", "ok, 0 bytes"}, {"wait 2", "ok, 0 bytes"},
             {"wait 3", "ok, 0 bytes"}, {"wait 4", "ok, 0 bytes"},
             {"wait 5", "ok, 0 bytes"}, {"wait 6", "ok, 0 bytes"},
             {"wait 7", "ok, 0 bytes"}, {"wait 8", "ok, 0 bytes"},
             {"wait 9", "ok, 0 bytes"}, {"position", "ok, 5"},
             {"read 1", "ok, 0 bytes"});
    }
}
