/* The promises of final/file_stream.h: position and length. */
#include "script.h"

/* ---- Position and length ----------------------------------------------- */

Test(stream, the_position_moves_by_what_was_read_and_written)
{
    FOR_EACH_KIND(kind)
    {
        put("a", "hello");
        TALK("a", {kind, "ok"}, {"read 2", "ok, 2 bytes: he"},
             {"position", "ok, 2"}, {"write LL", "ok"}, {"position", "ok, 4"},
             {"read 9", "ok, 1 bytes: o"}, {"position", "ok, 5"},
             {"start 0 write ,", "ok"}, {"position", "ok, 6"},
             {"wait 0", "ok, 1 bytes"}, {"position", "ok, 6"},
             {"seek -4 current", "ok, at 2"}, {"start 0 read 9", "ok"},
             {"wait 0", "ok, 4 bytes: LLo,"}, {"position", "ok, 6"});
        assert_file("a", "heLLo,");
    }
}

Test(stream, a_seek_has_three_origins)
{
    put("a", "hello");
    TALK("a", {"open both", "ok"}, {"seek 3 begin", "ok, at 3"},
         {"seek -2 current", "ok, at 1"}, {"seek 1 current", "ok, at 2"},
         {"seek 0 end", "ok, at 5"}, {"seek -5 end", "ok, at 0"},
         {"seek 4 end", "ok, at 9"}, {"position", "ok, 9"},
         {"seek 0 elsewhere", "error 87, at 9"});
}

Test(stream, a_seek_before_the_beginning_is_error_131_and_moves_nothing)
{
    put("a", "hello");
    TALK("a", {"open both", "ok"}, {"seek 3 begin", "ok, at 3"},
         {"seek -1 begin", "error 131, at 3"},
         {"seek -4 current", "error 131, at 3"},
         {"seek -6 end", "error 131, at 3"},
         {"seek -9223372036854775808 current", "error 131, at 3"},
         {"read 9", "ok, 2 bytes: lo"});
}

Test(stream, a_position_ends_where_an_offset_does)
{
    put("a", "hello");
    FOR_EACH_KIND(kind)
    {
        TALK("a", {kind, "ok"},
             {"seek 9223372036854775807 begin", "ok, at 9223372036854775807"},
             {"seek 1 current", "error 87, at 9223372036854775807"},
             {"read 1", "error 87, 0 bytes"}, {"write x", "error 87"},
             {"start 0 read 1", "error 87"}, {"wait 0", "error 87, 0 bytes"},
             {"seek -1 current", "ok, at 9223372036854775806"},
             {"read 1", "ok, 0 bytes"}, {"start 0 read 1", "ok"},
             {"wait 0", "ok, 0 bytes"},
             {"position", "ok, 9223372036854775806"});
    }
}

Test(stream, what_is_written_behind_the_end_leaves_zeros_before_it)
{
    FOR_EACH_KIND(kind)
    {
        put("a", "hello");
        TALK("a", {kind, "ok"}, {"seek 2 end", "ok, at 7"}, {"write x", "ok"},
             {"length", "ok, 8"}, {"seek 1 end", "ok, at 9"},
             {"start 0 write y", "ok"}, {"wait 0", "ok, 1 bytes"},
             {"length", "ok, 10"});
        char *content;
        gsize length;
        read_file("a", &content, &length);
        cr_assert(length == 10 && memcmp(content, "hello\0\0x\0y", 10) == 0,
                  "wanted: hello, two zeros, x, a zero, y in the file\ngot: %u "
                  "bytes '%s' ...",
                  (unsigned)length, content);
        g_free(content);
    }
}

Test(stream, the_length_has_what_is_buffered)
{
    TALK("a", {"open create both", "ok"}, {"write hello", "ok"},
         {"length", "ok, 5"}, {"system", "ok, 0 bytes"},
         {"seek 1 begin", "ok, at 1"}, {"length", "ok, 5"}, {"write x", "ok"},
         {"length", "ok, 5"}, {"seek 0 end", "ok, at 5"});
    assert_file("a", "hxllo");
}

Test(stream, set_length_cuts_and_lengthens_and_takes_the_position_along)
{
    FOR_EACH_KIND(kind)
    {
        put("a", "hello, world");
        TALK("a", {kind, "ok"}, {"read 8", "ok, 8 bytes: hello, w"},
             {"set-length 10", "ok"}, {"position", "ok, 8"},
             {"read 9", "ok, 2 bytes: or"}, {"set-length 4", "ok"},
             {"position", "ok, 4"}, {"length", "ok, 4"},
             {"read 9", "ok, 0 bytes"}, {"write !", "ok"},
             {"set-length 7", "ok"}, {"position", "ok, 5"}, {"length", "ok, 7"},
             {"set-length 9223372036854775808", "error 87"});
        char *content;
        gsize length;
        read_file("a", &content, &length);
        cr_assert(
            length == 7 && memcmp(content, "hell!\0\0", 7) == 0,
            "wanted: hell! and two zeros in the file\ngot: %u bytes '%s' ...",
            (unsigned)length, content);
        g_free(content);
    }
}

/* ---- Append ------------------------------------------------------------ */

Test(stream, a_stream_that_appends_leaves_what_was_there_alone)
{
    static const char *const options[] = {"", " buffer=0", " asynchronous",
                                          " asynchronous buffer=3"};
    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        char *open = g_strconcat("open append write", options[i], NULL);
        put("a", "hello");
        TALK("a", {open, "ok"}, {"position", "ok, 5"}, {"write , wo", "ok"},
             {"seek 4 begin", "error 131, at 9"},
             {"seek 0 begin", "error 131, at 9"},
             {"seek -5 current", "error 131, at 9"},
             {"set-length 4", "error 87"}, {"seek 7 begin", "ok, at 7"},
             {"start 0 write WORLD", "ok"}, {"wait 0", "ok, 5 bytes"},
             {"length", "ok, 12"}, {"set-length 5", "ok"},
             {"position", "ok, 5"}, {"write !", "ok"},
             {"read 1", "error 5, 0 bytes"});
        assert_file("a", "hello!");
        g_free(open);
    }
}
