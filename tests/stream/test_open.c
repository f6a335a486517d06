/* The promises of final/file_stream.h: all that commands can show. */
#include "script.h"

#include <glib/gstdio.h>

/* ---- Open -------------------------------------------------------------- */

Test(stream, open_opens_what_is_there)
{
    put("a", "hello");
    TALK("a", {"open both", "ok"}, {"length", "ok, 5"}, {"position", "ok, 0"},
         {"close", "ok"});
    TALK("b", {"open both", "error 2"});
    assert_exists("b", false);
}

Test(stream, open_or_create_leaves_what_is_there_and_makes_what_is_not)
{
    put("a", "hello");
    TALK("a", {"open open-or-create both", "ok"}, {"length", "ok, 5"});
    TALK("b", {"open open-or-create both", "ok"}, {"length", "ok, 0"});
    assert_exists("b", true);
    TALK("c", {"open open-or-create read", "ok"}, {"read 5", "ok, 0 bytes"});
}

Test(stream, create_empties_what_is_there)
{
    put("a", "hello");
    TALK("a", {"open create write", "ok"}, {"length", "ok, 0"});
    assert_file("a", "");
    TALK("b", {"open create write", "ok"}, {"length", "ok, 0"});
    assert_file("b", "");
}

Test(stream, create_new_refuses_what_is_there)
{
    put("a", "hello");
    TALK("a", {"open create-new write", "error 80"});
    assert_file("a", "hello");
    TALK("b", {"open create-new write", "ok"}, {"write x", "ok"});
    assert_file("b", "x");
}

Test(stream, truncate_empties_what_is_there_and_makes_nothing)
{
    put("a", "hello");
    TALK("a", {"open truncate write", "ok"}, {"length", "ok, 0"});
    assert_file("a", "");
    TALK("b", {"open truncate write", "error 2"});
    assert_exists("b", false);
}

Test(stream, append_makes_what_is_missing_and_begins_at_the_end)
{
    put("a", "hello");
    TALK("a", {"open append write", "ok"}, {"position", "ok, 5"},
         {"write , world", "ok"});
    assert_file("a", "hello, world");
    TALK("b", {"open append write", "ok"}, {"write x", "ok"});
    assert_file("b", "x");
}

Test(stream, options_that_do_not_go_together_are_error_87)
{
    put("a", "hello");
    TALK("a", {"open neither", "error 87"}, {"open truncate read", "error 87"},
         {"open create read", "error 87"}, {"open create-new read", "error 87"},
         {"open append read", "error 87"}, {"open append both", "error 87"},
         {"open mode=6 both", "error 87"}, {"open room=1 both", "error 87"},
         {"open open-or-create room=1 both", "error 87"},
         {"open truncate room=1 both", "error 87"},
         {"open append room=1 write", "error 87"},
         {"open create write room=9223372036854775808", "error 87"},
         {"open buffer=4294967296", "error 87"},
         {"open asynchronous no-pool", "error 87"});
    assert_file("a", "hello");
}

Test(stream, a_missing_directory_is_error_3_and_a_directory_error_5)
{
    cr_assert_eq(g_mkdir("d", 0777), 0);
    TALK("missing/a", {"open", "error 3"}, {"open create write", "error 3"});
    TALK("d", {"open", "error 5"}, {"open create write", "error 5"});
}

Test(stream, a_device_that_has_nothing_is_at_its_end)
{
    TALK("NUL", {"open both", "ok"}, {"read 9", "ok, 0 bytes"},
         {"start 0 read 9", "ok"}, {"wait 0", "ok, 0 bytes"},
         {"write hello", "ok"}, {"length", "error 132"}, {"flush", "ok"},
         {"close", "ok"}, {"open both asynchronous", "ok"},
         {"read 9", "ok, 0 bytes"}, {"start 0 read 9", "ok"},
         {"wait 0", "ok, 0 bytes"}, {"write hello", "ok"});
}

Test(stream, names_may_have_any_characters)
{
    static const char *const names[] = {"with spaces", "Größe", "文件",
                                        "\xf0\x9f\x98\x80",
                                        "e\xcc\x81 combined"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        TALK(names[i], {"open create-new both asynchronous", "ok"},
             {"write hello", "ok"}, {"close", "ok"}, {"open", "ok"},
             {"read 9", "ok, 5 bytes: hello"});
        assert_file(names[i], "hello");
    }
}

Test(stream, access_is_kept)
{
    put("a", "hello");
    TALK("a", {"open read", "ok"}, {"write x", "error 5"},
         {"start 0 write x", "error 5"}, {"set-length 1", "error 5"},
         {"read 9", "ok, 5 bytes: hello"}, {"close", "ok"},
         {"open write", "ok"}, {"read 1", "error 5, 0 bytes"},
         {"start 0 read 1", "error 5"}, {"write J", "ok"}, {"close", "ok"});
    assert_file("a", "Jello");
}

Test(stream, what_is_not_shared_is_error_32)
{
    put("a", "hello");
    /* 1: reading, 2: writing, 4: deleting */
    TALK("a", {"0 open read", "ok"}, {"1 open read", "ok"},
         {"2 open write share=7", "error 32"}, {"0 close", "ok"},
         {"1 close", "ok"}, {"0 open read share=0", "ok"},
         {"1 open read share=7", "error 32"}, {"0 close", "ok"},
         {"0 open both share=3", "ok"}, {"1 open both share=3", "ok"},
         {"2 open read share=1", "error 32"},
         {"2 open read share=3 delete-on-close", "error 32"});
}

Test(stream, delete_on_close_deletes_at_close)
{
    TALK("a", {"open create both delete-on-close share=7", "ok"},
         {"write hello", "ok"}, {"flush", "ok"},
         {"system", "ok, 5 bytes: hello"}, {"close", "ok"},
         {"system", "error 2"});
    assert_exists("a", false);
}

Test(stream, hints_and_write_through_are_accepted_and_change_no_byte)
{
    TALK("a", {"open create both share=7 write-through", "ok"},
         {"write hello", "ok"}, {"flush", "ok"}, {"close", "ok"},
         {"open both random asynchronous", "ok"},
         {"read 9", "ok, 5 bytes: hello"}, {"close", "ok"},
         {"open both sequential asynchronous write-through", "ok"},
         {"read 9", "ok, 5 bytes: hello"}, {"write !", "ok"});
    assert_file("a", "hello!");
}

/* ---- Preallocation ----------------------------------------------------- */

Test(stream, space_is_reserved_or_it_is_told_why_not)
{
    TALK("a", {"open create-new both room=100000", "ok"},
         {"preallocation", "ok|error 120"}, {"length", "ok, 0"},
         {"write hello", "ok"}, {"close", "ok"}, {"open", "ok"},
         {"preallocation", "ok"}, {"length", "ok, 5"});
}

Test(stream, without_room_for_it_the_new_file_is_gone)
{
    TALK("a", {"fail SetFileInformationByHandle 1 112", "ok"},
         {"open create-new both room=100000", "error 112"},
         {"system", "error 2"}, {"fail SetFileInformationByHandle 1 112", "ok"},
         {"open create-new both asynchronous room=100000", "error 112"},
         {"system", "error 2"});
    assert_exists("a", false);
}

Test(stream, a_file_larger_than_the_system_can_have_is_no_room_either)
{
    TALK("a", {"fail SetFileInformationByHandle 1 223", "ok"},
         {"open create-new both room=100000", "error 223"},
         {"system", "error 2"});
}

Test(stream, any_other_failure_to_reserve_does_no_harm)
{
    TALK("a", {"fail SetFileInformationByHandle 1 50", "ok"},
         {"open create-new both room=100000", "ok"},
         {"preallocation", "error 50"}, {"write hello", "ok"});
    assert_file("a", "hello");
}

/* ---- Without a pool ---------------------------------------------------- */

Test(stream, a_synchronous_stream_needs_no_pool)
{
    TALK("a", {"open create both no-pool", "ok"}, {"write hello", "ok"},
         {"seek 0 begin", "ok, at 0"}, {"read 9", "ok, 5 bytes: hello"},
         {"start 0 read 1", "error 87"}, {"start 0 write x", "error 87"},
         {"cancel", "ok"}, {"close", "ok"});
    assert_file("a", "hello");
}

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

/* ---- Failures ---------------------------------------------------------- */

Test(stream, an_error_of_the_system_is_told_and_the_stream_goes_on)
{
    FOR_EACH_KIND(kind)
    {
        put("a", "hello");
        TALK("a", {kind, "ok"}, {"fail ReadFile 1 1117", "ok"},
             {"read 3", "error 1117, 0 bytes"}, {"position", "ok, 0"},
             {"read 2", "ok, 2 bytes: he"});
        TALK("a", {kind, "ok"}, {"fail ReadFile 1 1117", "ok"},
             {"start 0 read 3", "ok|error 1117"},
             {"wait 0", "error 1117, 0 bytes"}, {"position", "ok, 0"},
             {"start 0 read 3", "ok"}, {"wait 0", "ok, 3 bytes: hel"},
             {"fail WriteFile 1 112", "ok"},
             {"start 0 write LO", "ok|error 112"},
             {"wait 0", "error 112, 0 bytes"}, {"close", "ok"});
        assert_file("a", "hello");
    }
}

Test(stream,
     what_could_not_be_written_from_the_buffer_is_kept_for_the_next_time)
{
    put("a", "hello");
    TALK("a", {"open both share=7", "ok"}, {"write J", "ok"},
         {"fail WriteFile 1 112", "ok"}, {"flush", "error 112"},
         {"system", "ok, 5 bytes: hello"}, {"flush", "ok"},
         {"system", "ok, 5 bytes: Jello"}, {"write E", "ok"},
         {"fail WriteFile 1 112", "ok"}, {"read 1", "error 112, 0 bytes"},
         {"position", "ok, 2"}, {"read 1", "ok, 1 bytes: l"},
         {"system", "ok, 5 bytes: JEllo"}, {"write L", "ok"},
         {"fail WriteFile 1 112", "ok"}, {"set-length 4", "error 112"},
         {"length", "ok, 5"}, {"fail WriteFile 1 112", "ok"},
         {"start 0 read 1", "error 112"}, {"wait 0", "error 112, 0 bytes"},
         {"position", "ok, 4"}, {"close", "ok"});
    assert_file("a", "JElLo");
}

Test(stream, what_came_before_an_error_is_told_with_it)
{
    put("a", "hello");
    FOR_EACH_KIND(kind)
    {
        TALK("a", {kind, "ok"}, {"short 2", "ok"},
             {"fail ReadFile 2 1117", "ok"},
             {"start 0 read 5", "ok|error 1117"},
             {"wait 0", "error 1117, 2 bytes: he"}, {"position", "ok, 2"},
             {"read 1", "ok, 1 bytes: l"}, {"seek 0 begin", "ok, at 0"},
             {"read 2", "ok, 2 bytes: he"});
    }
}

Test(stream, close_tells_that_the_buffer_could_not_be_written)
{
    put("a", "hello");
    TALK("a", {"open both share=7", "ok"}, {"write J", "ok"},
         {"fail WriteFile 1 112", "ok"}, {"close", "error 112"},
         {"system", "ok, 5 bytes: hello"}, {"open both share=0", "ok"},
         {"close", "ok"}, {"open both asynchronous", "ok"}, {"write J", "ok"},
         {"fail WriteFile 1 112", "ok"}, {"close", "error 112"},
         {"open both share=0", "ok"});
}

/* The commands are answered so, the last of them at least. */
static void assert_answered(const char *hook, const char *answer,
                            const char *const *commands)
{
    put("a", "hello");
    struct run run = finish(
        start("tests/guarded/stream_script", commands, hook, -1, WATCHDOG));
    assert_run(&run, run.ending == EXITED && strstr(run.text, answer) != NULL,
               "%s", answer);
    run_clear(&run);
}

#define ANSWERED(hook, answer, ...)                                            \
    assert_answered(hook, answer, (const char *const[]){"a", __VA_ARGS__, NULL})

Test(stream, whatever_call_of_the_system_fails_is_told)
{
    ANSWERED("fail:FlushFileBuffers:1:5", "flush-to-disk -> error 5\n",
             "open both", "flush-to-disk");
    ANSWERED("fail:GetFileSizeEx:1:5", "length -> error 5\n", "open both",
             "length");
    ANSWERED("fail:GetFileType:1:6", "open both -> error 6\n", "open both");
    ANSWERED("fail:SetFileInformationByHandle:1:5", "set-length 3 -> error 5\n",
             "open both", "set-length 3");
    ANSWERED("fail:CloseHandle:1:6", "close -> error 6\n", "open both",
             "close");
    ANSWERED("packet:1:0:0", "wait 0 -> error 29, 0 bytes\n",
             "open both asynchronous", "start 0 write hello", "wait 0");
    ANSWERED("none", "wait 0 -> error 87", "open both", "wait 0");
}

Test(stream, what_makes_room_in_the_buffer_may_fail)
{
    put("a", "hello");
    TALK("a", {"open both buffer=8", "ok"}, {"write JELLYFI", "ok"},
         {"fail WriteFile 1 112", "ok"}, {"write SHES", "error 112"},
         {"position", "ok, 7"}, {"write S", "ok"}, {"close", "ok"},
         {"system", "ok, 8 bytes: JELLYFIS"});
}

Test(stream, close_writes_what_is_buffered)
{
    TALK("a", {"open create write share=7", "ok"}, {"write hello", "ok"},
         {"system", "ok, 0 bytes"}, {"close", "ok"},
         {"system", "ok, 5 bytes: hello"});
}

Test(stream, flush_to_disk_is_fine_for_who_may_not_write)
{
    put("a", "hello");
    TALK("a", {"open read", "ok"}, {"flush", "ok"}, {"flush-to-disk", "ok"},
         {"close", "ok"}, {"open both share=7", "ok"}, {"write J", "ok"},
         {"flush-to-disk", "ok"}, {"system", "ok, 5 bytes: Jello"});
}

Test(stream, what_is_no_buffer_or_too_long_is_error_87)
{
    put("a", "hello");
    TALK("a", {"open both", "ok"}, {"read-nowhere 5", "error 87"},
         {"read-nowhere 0", "ok"}, {"read 5", "ok, 5 bytes: hello"});
}

Test(stream, errors_have_a_text_in_one_line)
{
    TALK("a", {"text 2", "one line"}, {"text 5", "one line"},
         {"text 32", "one line"}, {"text 80", "one line"},
         {"text 87", "one line"}, {"text 112", "one line"},
         {"text 131", "one line"}, {"text 132", "one line"},
         {"text 170", "one line"}, {"text 995", "one line"},
         {"text 1115", "one line"}, {"text 1131", "one line"});
}

/* ---- A pool that has stopped ------------------------------------------- */

Test(stream, when_the_pool_has_stopped_calls_fail_with_1115_and_close_works)
{
    put("a", "hello");
    TALK("a", {"open both asynchronous", "ok"}, {"stop cancel", "ok"},
         {"read 1", "error 1115, 0 bytes"}, {"start 0 read 1", "error 1115"},
         {"wait 0", "error 1115, 0 bytes"}, {"start 0 write x", "error 1115"},
         {"position", "ok, 0"}, {"length", "ok, 5"}, {"close", "ok"});
    TALK("a", {"open both", "ok"}, {"stop drain", "ok"},
         {"read 1", "ok, 1 bytes: h"}, {"start 0 read 99", "error 1115"},
         {"wait 0", "error 1115, 4 bytes: ello"}, {"close", "ok"});
    TALK("a", {"open both asynchronous", "ok"}, {"write J", "ok"},
         {"stop drain", "ok"}, {"close", "error 1115"},
         {"open both share=0", "ok"});
    assert_file("a", "hello");
}

/* ---- Pipes ------------------------------------------------------------- */

#define TALK_PIPE(...) TALK(own_pipe(), {"serve bytes", "ok"}, __VA_ARGS__)
#define TALK_MESSAGES(...)                                                     \
    TALK(own_pipe(), {"serve messages", "ok"}, __VA_ARGS__)

static const char *const pipe_kinds[] = {"open both asynchronous", "open both"};

#define FOR_EACH_PIPE(kind)                                                    \
    for (guint kind_index = 0; kind_index < G_N_ELEMENTS(pipe_kinds);          \
         kind_index++)                                                         \
        for (const char *kind = pipe_kinds[kind_index]; kind != NULL;          \
             kind = NULL)

Test(stream, a_read_of_a_pipe_ends_with_the_first_bytes)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_PIPE({kind, "ok"}, {"server write hello", "ok"},
                  {"read 100", "ok, 5 bytes: hello"},
                  {"server write world", "ok"}, {"read 3", "ok, 3 bytes: wor"},
                  {"start 0 read 100", "ok"}, {"wait 0", "ok, 2 bytes: ld"},
                  {"start 0 read 100", "ok"}, {"server write !", "ok"},
                  {"wait 0", "ok, 1 bytes: !"});
    }
}

Test(stream, what_is_written_to_a_pipe_goes_out_at_once)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_PIPE({kind, "ok"}, {"write hello", "ok"},
                  {"server read", "ok, 5 bytes: hello"},
                  {"start 0 write world", "ok"}, {"wait 0", "ok, 5 bytes"},
                  {"server read", "ok, 5 bytes: world"}, {"flush", "ok"});
    }
}

Test(stream, a_pipe_has_no_position_and_no_length)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_PIPE({kind, "ok"}, {"seek 0 begin", "error 132"},
                  {"position", "error 132"}, {"length", "error 132"},
                  {"set-length 0", "error 132"});
    }
}

Test(stream, that_the_pipes_other_end_is_closed_is_the_end)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_PIPE({kind, "ok"}, {"server write hello", "ok"},
                  {"server close", "ok"}, {"read 4", "ok, 4 bytes: hell"},
                  {"read 4", "ok, 1 bytes: o"}, {"read 4", "ok, 0 bytes"},
                  {"read 4", "ok, 0 bytes"}, {"start 0 read 4", "ok"},
                  {"wait 0", "ok, 0 bytes"}, {"write x", "error 232|error 109"},
                  {"start 0 write x", "ok|error 232|error 109"},
                  {"wait 0", "error 232, 0 bytes|error 109, 0 bytes"});
    }
}

Test(stream, a_read_that_waits_ends_with_the_pipe)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_PIPE({kind, "ok"}, {"start 0 read 4", "ok"},
                  {"start 1 read 4", "ok"}, {"server close", "ok"},
                  {"wait 0", "ok, 0 bytes"}, {"wait 1", "ok, 0 bytes"});
    }
}

Test(stream, a_write_of_nothing_is_not_the_end_of_a_pipe)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_MESSAGES(
            {kind, "ok"}, {"server write", "ok"}, {"server write", "ok"},
            {"server write hello", "ok"}, {"read 100", "ok, 5 bytes: hello"},
            {"server write", "ok"}, {"server write world", "ok"},
            {"start 0 read 100", "ok"}, {"wait 0", "ok, 5 bytes: world"},
            {"start 0 read 100", "ok"}, {"server write", "ok"},
            {"server write", "ok"}, {"server write !", "ok"},
            {"wait 0", "ok, 1 bytes: !"});
    }
}

Test(stream, a_message_may_be_longer_than_the_buffer)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_MESSAGES({kind, "ok"}, {"server write hello", "ok"},
                      {"server write world", "ok"},
                      {"read 3", "ok, 3 bytes: hel"},
                      {"read 9", "ok, 2 bytes: lo|ok, 7 bytes: loworld"},
                      {"server write !", "ok"},
                      {"read 9", "ok, 5 bytes: world|ok, 1 bytes: !"});
    }
}

Test(stream, calls_at_once_keep_their_order_in_a_pipe)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_PIPE({kind, "ok"}, {"start 0 read 2", "ok"},
                  {"start 1 read 2", "ok"}, {"start 2 read 2", "ok"},
                  {"start 3 read 9", "ok"}, {"server write abcdefgh", "ok"},
                  {"wait 3", "ok, 2 bytes: gh"}, {"wait 0", "ok, 2 bytes: ab"},
                  {"wait 2", "ok, 2 bytes: ef"}, {"wait 1", "ok, 2 bytes: cd"},
                  {"start 0 write abc", "ok"}, {"start 1 write de", "ok"},
                  {"start 2 write fgh", "ok"}, {"wait 2", "ok, 3 bytes"},
                  {"wait 0", "ok, 3 bytes"}, {"wait 1", "ok, 2 bytes"},
                  {"server read", "ok, 8 bytes: abcdefgh"});
    }
}

Test(stream, a_synchronous_call_does_not_get_between_those_of_a_pipe)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_PIPE({kind, "ok"}, {"start 0 read 9", "ok"},
                  {"read 9", "error 170, 0 bytes"}, {"server write in", "ok"},
                  {"wait 0", "ok, 2 bytes: in"}, {"server write again", "ok"},
                  {"read 9", "ok, 5 bytes: again"});
    }
}

Test(stream, a_task_that_is_under_way_is_not_taken_again)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_PIPE({kind, "ok"}, {"start 0 read 9", "ok"},
                  {"start 0 read 9", "error 170"}, {"start 1 read 9", "ok"},
                  {"start 1 write x", "error 170"},
                  {"wait 0 0", "error 258, 0 bytes"},
                  {"wait 0 20", "error 258, 0 bytes"},
                  {"wait 1 1", "error 258, 0 bytes"}, {"server write a", "ok"},
                  {"wait 0", "ok, 1 bytes: a"}, {"start 0 read 9", "ok"},
                  {"server write b", "ok"}, {"wait 1", "ok, 1 bytes: b"},
                  {"server write c", "ok"}, {"wait 0", "ok, 1 bytes: c"});
    }
}

Test(stream, one_call_is_cancelled_and_the_others_are_not)
{
    TALK_PIPE({"open both asynchronous", "ok"}, {"start 0 read 9", "ok"},
              {"start 1 read 9", "ok"}, {"start 2 read 9", "ok"},
              {"cancel 0", "ok"}, {"wait 0", "error 995, 0 bytes"},
              {"cancel 2", "ok"}, {"wait 2", "error 995, 0 bytes"},
              {"wait 1 0", "error 258, 0 bytes"}, {"server write a", "ok"},
              {"wait 1", "ok, 1 bytes: a"}, {"cancel 1", "ok"},
              {"wait 1", "ok, 1 bytes: a"}, {"server write b", "ok"},
              {"read 9", "ok, 1 bytes: b"});
}

Test(stream, a_call_that_waits_for_its_turn_is_cancelled_before_it_comes)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_PIPE({kind, "ok"}, {"start 0 read 9", "ok"},
                  {"start 1 read 9", "ok"}, {"start 2 read 9", "ok"},
                  {"cancel 1", "ok"}, {"wait 1", "error 995, 0 bytes"},
                  {"wait 0 0", "error 258, 0 bytes"}, {"server write a", "ok"},
                  {"wait 0", "ok, 1 bytes: a"}, {"server write b", "ok"},
                  {"wait 2", "ok, 1 bytes: b"});
    }
}

Test(stream, all_that_is_under_way_is_cancelled_together)
{
    TALK_PIPE({"open both asynchronous", "ok"}, {"start 0 read 9", "ok"},
              {"start 1 read 9", "ok"}, {"start 2 read 9", "ok"},
              {"cancel", "ok"}, {"wait 2", "error 995, 0 bytes"},
              {"wait 0", "error 995, 0 bytes"},
              {"wait 1", "error 995, 0 bytes"}, {"server write a", "ok"},
              {"read 9", "ok, 1 bytes: a"}, {"start 0 read 9", "ok"},
              {"server write b", "ok"}, {"wait 0", "ok, 1 bytes: b"});
}

Test(stream, close_ends_what_is_under_way)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_PIPE(
            {kind, "ok"}, {"start 0 read 9", "ok"}, {"start 1 read 9", "ok"},
            {"start 2 read 9", "ok"}, {"close", "ok"},
            {"callbacks", "3 and 0 at once"}, {"wait 0", "error 995, 0 bytes"},
            {"wait 1", "error 995, 0 bytes"}, {"wait 2", "error 995, 0 bytes"},
            {"server read", "error 109, 0 bytes"});
    }
}

Test(stream, when_the_pool_stops_calls_that_wait_end_once)
{
    TALK_PIPE(
        {"open both asynchronous", "ok"}, {"start 0 read 9", "ok"},
        {"start 1 read 9", "ok"}, {"start 2 read 9", "ok"},
        {"start 3 read 9", "ok"}, {"stop cancel", "ok"},
        {"callbacks", "4 and 0 at once"}, {"wait 0", "error 995, 0 bytes"},
        {"wait 1", "error 1115, 0 bytes"}, {"wait 3", "error 1115, 0 bytes"},
        {"read 9", "error 1115, 0 bytes"}, {"start 0 read 9", "error 1115"},
        {"write x", "error 1115"}, {"callbacks", "4 and 0 at once"},
        {"close", "ok"});
}

Test(stream, a_pipe_may_be_read_and_written_at_once)
{
    TALK_PIPE({"open both asynchronous", "ok"}, {"start 0 read 9", "ok"},
              {"write hello", "ok"}, {"server read", "ok, 5 bytes: hello"},
              {"start 1 write world", "ok"}, {"wait 1", "ok, 5 bytes"},
              {"server read", "ok, 5 bytes: world"},
              {"wait 0 0", "error 258, 0 bytes"}, {"server write x", "ok"},
              {"wait 0", "ok, 1 bytes: x"});
}

Test(stream, what_a_pipes_server_throws_away_is_no_end)
{
    FOR_EACH_PIPE(kind)
    {
        TALK_PIPE({kind, "ok"}, {"server write lost", "ok"},
                  {"server disconnect", "ok"}, {"read 9", "error 233, 0 bytes"},
                  {"start 0 read 9", "ok|error 233"},
                  {"wait 0", "error 233, 0 bytes"});
    }
}
