/* The promises of final/file_stream.h: position and length. */
#include "script.h"

/* ---- Position and length ----------------------------------------------- */

Test(stream, the_position_moves_by_the_bytes_read_and_written)
{
    for (guint i = 0; i < KINDS; i++) {
        put("a", "hello");
        SCRIPT("a", kinds[i], "read 2 -> 'he'", "position -> 2", "write LL",
               "position -> 4", "read 9 -> 'o'", "position -> 5",
               "start 0 write ,", "position -> 6", "wait 0 -> 1 byte",
               "position -> 6", "seek -4 current -> at 2", "start 0 read 9",
               "wait 0 -> 'LLo,'", "position -> 6");
        assert_file("a", "heLLo,");
    }
}

Test(stream, a_seek_has_three_origins)
{
    put("a", "hello");
    SCRIPT("a", "open both", "seek 3 begin -> at 3", "seek -2 current -> at 1",
           "seek 1 current -> at 2", "seek 0 end -> at 5",
           "seek -5 end -> at 0", "seek 4 end -> at 9", "position -> 9",
           "seek 0 elsewhere -> error 87, at 9");
}

Test(stream, a_seek_before_the_beginning_fails_with_131_and_moves_nothing)
{
    put("a", "hello");
    SCRIPT("a", "open both", "seek 3 begin -> at 3",
           "seek -1 begin -> error 131, at 3",
           "seek -4 current -> error 131, at 3",
           "seek -6 end -> error 131, at 3",
           "seek -9223372036854775808 current -> error 131, at 3",
           "read 9 -> 'lo'");
}

Test(stream, a_call_beyond_the_last_offset_fails_with_87)
{
    put("a", "hello");
    for (guint i = 0; i < KINDS; i++)
        SCRIPT("a", kinds[i],
               "seek 9223372036854775807 begin -> at 9223372036854775807",
               "seek 1 current -> error 87, at 9223372036854775807",
               "read 1 -> error 87, 0 bytes", "write x -> error 87",
               "start 0 read 1 -> error 87", "wait 0 -> error 87, 0 bytes",
               "seek -1 current -> at 9223372036854775806", "read 1 -> 0 bytes",
               "start 0 read 1", "wait 0 -> 0 bytes",
               "position -> 9223372036854775806");
}

Test(stream, a_write_after_the_end_fills_the_gap_with_zeros)
{
    for (guint i = 0; i < KINDS; i++) {
        put("a", "hello");
        SCRIPT("a", kinds[i], "seek 2 end -> at 7", "write x", "length -> 8",
               "seek 1 end -> at 9", "start 0 write y", "wait 0 -> 1 byte",
               "length -> 10");
        assert_file("a", "hello\0\0x\0y");
    }
}

Test(stream, the_length_includes_buffered_bytes)
{
    SCRIPT("a", "open create both", "write hello", "length -> 5",
           "content -> 0 bytes", "seek 1 begin -> at 1", "length -> 5",
           "write x", "length -> 5", "seek 0 end -> at 5");
    assert_file("a", "hxllo");
}

Test(stream, set_length_cuts_or_extends_and_keeps_the_position_inside)
{
    for (guint i = 0; i < KINDS; i++) {
        put("a", "hello, world");
        SCRIPT("a", kinds[i], "read 8 -> 'hello, w'", "set-length 10",
               "position -> 8", "read 9 -> 'or'", "set-length 4",
               "position -> 4", "length -> 4", "read 9 -> 0 bytes", "write !",
               "set-length 7", "position -> 5", "length -> 7",
               "set-length 9223372036854775808 -> error 87");
        assert_file("a", "hell!\0\0");
    }
}

/* ---- Append ------------------------------------------------------------ */

Test(stream, a_stream_that_appends_does_not_change_the_old_bytes)
{
    static const char *const options[] = {"", " buffer=0", " asynchronous",
                                          " asynchronous buffer=3"};
    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        char *open = g_strconcat("open append write", options[i], NULL);
        put("a", "hello");
        SCRIPT("a", open, "position -> 5", "write , wo",
               "seek 4 begin -> error 131, at 9",
               "seek 0 begin -> error 131, at 9",
               "seek -5 current -> error 131, at 9", "set-length 4 -> error 87",
               "seek 7 begin -> at 7", "start 0 write WORLD",
               "wait 0 -> 5 bytes", "length -> 12", "set-length 5",
               "position -> 5", "write !", "read 1 -> error 5, 0 bytes");
        assert_file("a", "hello!");
        g_free(open);
    }
}
