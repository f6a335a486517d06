/* The promises of final/file_stream.h: the buffer. */
#include "script.h"

/* ---- The buffer -------------------------------------------------------- */

Test(stream, small_writes_are_gathered_and_large_ones_pass_by)
{
    TALK("a", {"open create both buffer=10 share=7", "ok"},
         {"writes 3 abc", "ok"}, {"calls", "0 reads, 0 writes"},
         {"system", "ok, 0 bytes"}, {"write d", "ok"},
         {"calls", "0 reads, 0 writes"}, {"write e", "ok"},
         {"calls", "0 reads, 1 writes"}, {"system", "ok, 10 bytes: abcabcabcd"},
         {"write 0123456789", "ok"}, {"calls", "0 reads, 2 writes"},
         {"system", "ok, 21 bytes: abcabcabcde0123456789"},
         {"writes 100 a", "ok"}, {"calls", "0 reads, 9 writes"},
         {"flush", "ok"}, {"calls", "0 reads, 1 writes"}, {"flush", "ok"},
         {"calls", "0 reads, 0 writes"});
}

Test(stream, small_reads_come_from_the_buffer_and_large_ones_pass_by)
{
    make_file("a", 4096);
    TALK("a", {"open both buffer=1000", "ok"}, {"read 1", "ok, 1 bytes: 0"},
         {"calls", "1 reads, 0 writes"},
         {"read 10", "ok, 10 bytes: 0000000000"},
         {"calls", "0 reads, 0 writes"}, {"seek 0 begin", "ok, at 0"},
         {"read 999", "ok, 999 bytes"}, {"calls", "0 reads, 0 writes"},
         {"read 2", "ok, 2 bytes: ll"}, {"seek 1000 begin", "ok, at 1000"},
         {"read 1", "ok, 1 bytes: l"}, {"calls", "1 reads, 0 writes"},
         {"read 2000", "ok, 2000 bytes"}, {"calls", "1 reads, 0 writes"});
}

Test(stream, without_a_buffer_each_call_goes_to_the_system)
{
    TALK("a", {"open create both buffer=0 share=7", "ok"}, {"write a", "ok"},
         {"system", "ok, 1 bytes: a"}, {"writes 9 a", "ok"},
         {"calls", "0 reads, 10 writes"}, {"seek 0 begin", "ok, at 0"},
         {"read 1", "ok, 1 bytes: a"}, {"read 1", "ok, 1 bytes: a"},
         {"calls", "2 reads, 0 writes"});
}

Test(stream, whoever_reads_or_asks_sees_what_is_still_buffered)
{
    TALK("a", {"open create both share=7", "ok"}, {"write hello", "ok"},
         {"seek 1 begin", "ok, at 1"}, {"calls", "0 reads, 0 writes"},
         {"read 2", "ok, 2 bytes: el"}, {"write LO", "ok"},
         {"seek 0 begin", "ok, at 0"}, {"start 0 read 9", "ok"},
         {"wait 0", "ok, 5 bytes: helLO"}, {"seek 0 begin", "ok, at 0"},
         {"write J", "ok"}, {"start 0 write E", "ok"},
         {"wait 0", "ok, 1 bytes"}, {"system", "ok, 5 bytes: JElLO"});
}

Test(stream, a_write_overtakes_what_the_buffer_has_read)
{
    FOR_EACH_KIND(kind)
    {
        put("a", "hello, world");
        TALK("a", {kind, "ok"}, {"read 1", "ok, 1 bytes: h"}, {"write E", "ok"},
             {"seek 0 begin", "ok, at 0"}, {"read 2", "ok, 2 bytes: hE"},
             {"seek 3 begin", "ok, at 3"}, {"start 0 write L", "ok"},
             {"wait 0", "ok, 1 bytes"}, {"seek 2 begin", "ok, at 2"},
             {"read 2", "ok, 2 bytes: lL"}, {"seek 2 begin", "ok, at 2"},
             {"start 0 read 2", "ok"}, {"wait 0", "ok, 2 bytes: lL"},
             {"set-length 5", "ok"}, {"set-length 6", "ok"},
             {"seek 3 begin", "ok, at 3"}, {"read 2", "ok, 2 bytes: Lo"},
             {"read 1", "ok, 1 bytes"});
    }
}

Test(stream, an_asynchronous_read_may_be_over_at_once_from_the_buffer)
{
    put("a", "hello, world");
    TALK("a", {"open both asynchronous", "ok"}, {"read 1", "ok, 1 bytes: h"},
         {"calls", "1 reads, 0 writes"}, {"start 0 read 4", "ok"},
         {"callbacks", "0 and 1 at once"}, {"calls", "0 reads, 0 writes"},
         {"wait 0", "ok, 4 bytes: ello"}, {"position", "ok, 5"});
}

Test(stream, what_an_asynchronous_read_brought_is_there_for_the_next_call)
{
    make_file("a", 4096);
    TALK("a", {"open both asynchronous buffer=1000", "ok"},
         {"start 0 read 3", "ok"}, {"wait 0", "ok, 3 bytes: 000"},
         {"calls", "1 reads, 0 writes"}, {"read 900", "ok, 900 bytes"},
         {"calls", "0 reads, 0 writes"});
}
