/* The promises of final/file_stream.h: how a file is opened. */
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
