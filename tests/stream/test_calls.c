/* The promises of final/file_stream.h: calls at an offset, streams of a handle,
 * locks, NO_BUFFERING, and what makes a stream forget the bytes it has read. */
#include "script.h"

/* ---- What others write ------------------------------------------------- */

Test(stream, flush_and_a_seek_out_of_the_buffer_drop_the_bytes_that_were_read)
{
    for (guint i = 0; i < 2; i++) {
        put("a", "hello, world");
        SCRIPT("a", i == 0 ? "open both share=7" : "open share=7 asynchronous",
               "read 1 -> 'h'", "change 1 E", "read 1 -> 'e'", "flush",
               "change 2 L", "seek 0 begin -> at 0", "read 4 -> 'hELl'",
               "change 2 X", "seek 1 begin -> at 1", "read 2 -> 'EL'",
               "start 0 flush", "wait 0 -> 0 bytes", "seek 0 begin -> at 0",
               "read 4 -> 'hEXl'", "change 2 Y", "seek 99 begin -> at 99",
               "seek 0 begin -> at 0", "read 4 -> 'hEYl'", "change 2 Z",
               "seek 12 begin -> at 12", "seek 0 begin -> at 0",
               "read 4 -> 'hEYl'", "flush-to-disk", "seek 0 begin -> at 0",
               "read 4 -> 'hEZl'");
    }
}

Test(stream, a_stream_of_a_growing_file_reports_no_false_end)
{
    for (guint i = 0; i < KINDS; i++) {
        char *open = g_strconcat(kinds[i], " share=7", NULL);
        put("a", "hello");
        SCRIPT("a", open, "read 4 -> 'hell'", "change 5 , wor",
               "read-all 3 -> 6 bytes", "read 1 -> 0 bytes", "change 10 ld",
               "start 0 read 9", "wait 0 -> 'ld'", "read 9 -> 0 bytes",
               "change 12 !", "read 9 -> '!'", "position -> 13");
        g_free(open);
    }
}

/* ---- Asynchronous calls and the buffer --------------------------------- */

Test(stream, small_asynchronous_writes_are_buffered_and_complete_immediately)
{
    for (guint i = 0; i < 2; i++) {
        SCRIPT("a",
               i == 0 ? "open create both buffer=10 share=7"
                      : "open create both buffer=10 share=7 asynchronous",
               "start 0 write abc", "start 1 write def",
               "completions -> 0 by callback, 2 immediately",
               "wait 0 -> 3 bytes", "wait 1 -> 3 bytes", "position -> 6",
               "length -> 6", "system-calls -> reads: 0, writes: 0",
               "start 2 write 01234", "wait 2 -> 5 bytes",
               "system-calls -> reads: 0, writes: 1", "content -> 'abcdef'",
               "start 3 write 0123456789", "wait 3 -> 10 bytes",
               "content -> 'abcdef012340123456789'",
               "system-calls -> reads: 0, writes: 2", "position -> 21");
    }
}

Test(stream, asynchronous_reads_on_a_synchronous_handle_fill_the_buffer)
{
    make_file("a", 100000);
    SCRIPT("a", "open buffer=1000", "start 0 read 3", "wait 0 -> '000'",
           "system-calls -> reads: 1, writes: 0", "start 1 read 996",
           "completions -> 1 by callback, 1 immediately", "wait 1 -> 996 bytes",
           "read 1 -> 'l'", "system-calls -> reads: 0, writes: 0");
}

Test(stream, calls_on_a_buffered_file_take_turns)
{
    static const char *const opens[] = {"open both buffer=8",
                                        "open both buffer=8 asynchronous"};
    for (guint i = 0; i < G_N_ELEMENTS(opens); i++) {
        put("a", "0123456789");
        SCRIPT("a", opens[i], "start 0 write ABCDEFGHI", "start 1 read-at 9 0",
               "start 2 write-at 3 x", "start 3 read-at 5 0", "start 4 flush",
               "start 5 read 9", "wait 5 -> '9'", "wait 4 -> 0 bytes",
               "wait 3 -> 'ABCxE'", "wait 1 -> 'ABCDEFGHI'",
               "wait 0 -> 9 bytes", "wait 2 -> 1 byte", "position -> 10");
    }
}

/* ---- At an offset ------------------------------------------------------ */

Test(stream, a_call_at_an_offset_does_not_move_the_position)
{
    for (guint i = 0; i < KINDS; i++) {
        put("a", "hello, world");
        SCRIPT("a", kinds[i], "read 2 -> 'he'", "read-at 5 7 -> 'world'",
               "position -> 2", "write-at 7 W", "position -> 2", "write L",
               "read-at 3 1 -> 'eLl'", "write-at 2 l", "seek 0 begin -> at 0",
               "read 9 -> 'hello, Wo' or 'hel'", "seek 9 begin -> at 9",
               "start 0 read-at 4 0", "wait 0 -> 'hell'",
               "start 0 write-at 11 D", "wait 0 -> 1 byte",
               "start 1 read-at 99 11", "wait 1 -> 'D'", "position -> 9",
               "read-at 1 12 -> 0 bytes", "start 2 read-at 1 99",
               "wait 2 -> 0 bytes", "read-at 0 5 -> 0 bytes");
        assert_file("a", "hello, WorlD");
    }
}

Test(stream, a_read_at_an_offset_leaves_the_buffer_as_it_is)
{
    make_file("a", 4096);
    for (guint i = 0; i < 2; i++)
        SCRIPT("a", i == 0 ? "open buffer=100" : "open buffer=100 asynchronous",
               "read 1 -> '0'", "read-at 50 500 -> 50 bytes",
               "start 0 read-at 50 700", "wait 0 -> 50 bytes",
               "read 90 -> 90 bytes", "system-calls -> reads: 3, writes: 0");
}

Test(stream, a_call_at_a_wrong_offset_fails)
{
    put("a", "hello");
    SCRIPT("a", "open both",
           "read-at 1 9223372036854775807 -> error 87, 0 bytes",
           "write-at 9223372036854775808 x -> error 87",
           "start 0 read-at 1 18446744073709551615 -> error 87", "close",
           "open read", "write-at 0 x -> error 5", "close", "open write",
           "read-at 1 0 -> error 5, 0 bytes", "close", "open append write",
           "write-at 4 x -> error 87", "start 0 write-at 0 x -> error 87",
           "write-at 5 !", "position -> 5");
    assert_file("a", "hello!");
}

Test(stream, a_pipe_has_no_offsets_and_no_locks)
{
    SCRIPT(own_pipe(), "create-pipe bytes", "open both asynchronous",
           "read-at 1 0 -> error 132, 0 bytes", "write-at 0 x -> error 132",
           "start 0 read-at 1 0 -> error 132",
           "start 0 write-at 0 x -> error 132", "lock 0 1 -> error 132",
           "unlock 0 1 -> error 132", "start 0 read 9", "start 1 flush",
           "wait 1 0 -> 0 bytes", "server write x", "wait 0 -> 'x'");
}

/* ---- Streams of a handle ----------------------------------------------- */

Test(stream, a_stream_of_a_handle_starts_at_its_file_pointer)
{
    for (guint i = 0; i < 2; i++) {
        put("a", "hello");
        SCRIPT("a",
               i == 0 ? "from-handle both at=2"
                      : "from-handle both at=2 buffer=0 no-pool",
               "position -> 2", "read 2 -> 'll'", "handle -> 5", "write O",
               "close", "content -> 'hellO'");
        SCRIPT("a", "from-handle both overlapped asynchronous", "position -> 0",
               "start 0 read 2", "wait 0 -> 'he'", "handle -> 5", "write L",
               "close-async", "content -> 'heLlO'");
    }
}

/* The stream itself reads at the file pointer, to save time. */
Test(stream, a_program_can_move_the_file_pointer_of_the_handle)
{
    put("a", "hello");
    SCRIPT("a", "open both buffer=2", "read 2 -> 'he'", "handle 0 -> 5",
           "read 2 -> 'll'", "handle 0 -> 5", "write XY", "flush", "close",
           "content -> 'hellXY'", "from-handle both buffer=2", "read 2 -> 'he'",
           "handle 0 -> 6", "read 2 -> 'll'", "close");
}

Test(stream, a_handle_that_does_not_match_its_options_fails_with_87)
{
    put("a", "hello");
    SCRIPT(
        "a", "from-handle overlapped -> error 87",
        "from-handle asynchronous -> error 87",
        "from-handle overlapped asynchronous bound -> error 87",
        "from-handle overlapped asynchronous no-pool -> error 87",
        "from-handle access=0 -> error 87", "from-handle access=4 -> error 87",
        "from-handle options=64 -> error 87",
        "from-handle no-buffering -> error 87", "from-handle mode=9 share=77",
        "read 9 -> 'hello'", "close", "open both share=0");
}

/* ---- Values without a meaning ------------------------------------------ */

Test(stream, values_that_have_no_meaning_fail_with_87)
{
    put("a", "hello");
    SCRIPT("a", "open no-path -> error 87", "open options=64 -> error 87",
           "open options=2147483648 -> error 87", "open access=4 -> error 87",
           "open access=7 -> error 87", "open share=8 -> error 87",
           "open share=16 -> error 87", "open no-buffering -> error 87",
           "open no-buffering buffer=1 -> error 87",
           "open access=3 share=7 options=7 mode=0 no-pool -> error 87",
           "open access=3 share=7 options=6", "read 9 -> 'hello'");
}

/* ---- Locks ------------------------------------------------------------- */

Test(stream, a_locked_range_cannot_be_locked_by_another_handle)
{
    put("a", "hello");
    for (guint i = 0; i < 2; i++) {
        const char *open =
            i == 0 ? "open both share=3" : "open both share=3 asynchronous";
        char *second = g_strconcat("stream 1 ", open, NULL);
        SCRIPT("a", open, second, "lock 4294967296 3",
               "stream 1 lock 4294967298 1 -> error 33",
               "stream 1 lock 0 4294967296", "stream 1 lock 4294967299 1",
               "unlock 4294967296 2 -> error 158 or error 33",
               "unlock 4294967296 3", "stream 1 lock 4294967298 1",
               "stream 1 close", "lock 0 9");
        g_free(second);
    }
}

/* ---- NO_BUFFERING ------------------------------------------------------ */

/* A read after a short one would start within a sector, and fail. */
Test(stream, without_system_buffering_a_read_completes_at_the_end_of_the_file)
{
    static const char *const opens[] = {
        "open both buffer=0 no-buffering",
        "open both buffer=0 no-buffering asynchronous"};
    for (guint i = 0; i < G_N_ELEMENTS(opens); i++) {
        make_file("a", 1500);
        SCRIPT("a", opens[i], "sectors 512", "start 0 read 1024",
               "wait 0 -> 1024 bytes", "start 0 read 1024",
               "wait 0 -> 476 bytes", "position -> 1500",
               "seek 512 begin -> at 512", "read 1024 -> 988 bytes",
               "seek 0 begin -> at 0", "start 0 read 2048",
               "wait 0 -> 1500 bytes", "system-calls -> reads: 4, writes: 0",
               "start 1 read 2048 -> ok or error 87",
               "wait 1 -> error 87, 0 bytes", "seek 512 begin -> at 512",
               "start 1 read-at 1024 1024", "wait 1 -> 476 bytes");
    }
}

/* ---- Close ------------------------------------------------------------- */

Test(stream, close_async_writes_the_buffer_and_reports_the_error)
{
    static const char *const opens[] = {"open both share=7",
                                        "open both share=7 asynchronous"};
    for (guint i = 0; i < G_N_ELEMENTS(opens); i++) {
        put("a", "hello");
        SCRIPT("a", opens[i], "write J", "content -> 'hello'", "close-async",
               "content -> 'Jello'", opens[i], "write H",
               "fail WriteFile 1 112", "close-async -> error 112",
               "content -> 'Jello'", "open both share=0", "close-async",
               "open both share=0 buffer=0", "close-async");
        HOOKED_SCRIPT("fail:CloseHandle:1:6", "a", opens[i],
                      "close-async -> error 6");
    }
}
