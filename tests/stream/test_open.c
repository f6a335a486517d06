/* The promises of final/file_stream.h: how a file is opened. */
#include "script.h"

#include <glib/gstdio.h>

/* ---- Open -------------------------------------------------------------- */

Test(stream, open_opens_an_existing_file_only)
{
    put("a", "hello");
    SCRIPT("a", "open both", "length -> 5", "position -> 0", "close");
    SCRIPT("b", "open both -> error 2");
    assert_exists("b", false);
}

Test(stream, open_or_create_keeps_an_existing_file_and_creates_a_missing_one)
{
    put("a", "hello");
    SCRIPT("a", "open open-or-create both", "length -> 5");
    SCRIPT("b", "open open-or-create both", "length -> 0");
    assert_exists("b", true);
    SCRIPT("c", "open open-or-create read", "read 5 -> 0 bytes");
}

Test(stream, create_empties_an_existing_file)
{
    put("a", "hello");
    SCRIPT("a", "open create write", "length -> 0");
    assert_file("a", "");
    SCRIPT("b", "open create write", "length -> 0");
    assert_file("b", "");
}

Test(stream, create_new_fails_with_80_if_the_file_exists)
{
    put("a", "hello");
    SCRIPT("a", "open create-new write -> error 80");
    assert_file("a", "hello");
    SCRIPT("b", "open create-new write", "write x");
    assert_file("b", "x");
}

Test(stream, truncate_empties_an_existing_file_and_creates_none)
{
    put("a", "hello");
    SCRIPT("a", "open truncate write", "length -> 0");
    assert_file("a", "");
    SCRIPT("b", "open truncate write -> error 2");
    assert_exists("b", false);
}

Test(stream, append_creates_a_missing_file_and_starts_at_the_end)
{
    put("a", "hello");
    SCRIPT("a", "open append write", "position -> 5", "write , world");
    assert_file("a", "hello, world");
    SCRIPT("b", "open append write", "write x");
    assert_file("b", "x");
}

Test(stream, options_that_contradict_each_other_fail_with_87)
{
    put("a", "hello");
    SCRIPT("a", "open no-access -> error 87", "open truncate read -> error 87",
           "open create read -> error 87", "open create-new read -> error 87",
           "open append read -> error 87", "open append both -> error 87",
           "open mode=6 both -> error 87",
           "open preallocate=1 both -> error 87",
           "open open-or-create preallocate=1 both -> error 87",
           "open truncate preallocate=1 both -> error 87",
           "open append preallocate=1 write -> error 87",
           "open create write preallocate=9223372036854775808 -> error 87",
           "open buffer=4294967296 -> error 87",
           "open asynchronous no-pool -> error 87");
    assert_file("a", "hello");
}

Test(stream, a_missing_directory_fails_with_3_and_a_directory_with_5)
{
    cr_assert_eq(g_mkdir("d", 0777), 0);
    SCRIPT("missing/a", "open -> error 3", "open create write -> error 3");
    SCRIPT("d", "open -> error 5", "open create write -> error 5");
}

Test(stream, the_device_nul_is_always_at_its_end)
{
    SCRIPT("NUL", "open both", "read 9 -> 0 bytes", "start 0 read 9",
           "wait 0 -> 0 bytes", "write hello", "length -> error 132", "flush",
           "close", "open both asynchronous", "read 9 -> 0 bytes",
           "start 0 read 9", "wait 0 -> 0 bytes", "write hello");
}

Test(stream, a_file_name_may_have_any_characters)
{
    static const char *const names[] = {"with spaces", "Größe", "文件",
                                        "\xf0\x9f\x98\x80",
                                        "e\xcc\x81 combined"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        SCRIPT(names[i], "open create-new both asynchronous", "write hello",
               "close", "open", "read 9 -> 'hello'");
        assert_file(names[i], "hello");
    }
}

Test(stream, a_call_without_the_access_right_fails_with_5)
{
    put("a", "hello");
    SCRIPT("a", "open read", "write x -> error 5", "start 0 write x -> error 5",
           "set-length 1 -> error 5", "read 9 -> 'hello'", "close",
           "open write", "read 1 -> error 5, 0 bytes",
           "start 0 read 1 -> error 5", "write J", "close");
    assert_file("a", "Jello");
}

Test(stream, opening_a_file_that_is_not_shared_fails_with_32)
{
    put("a", "hello");
    /* 1: reading, 2: writing, 4: deleting */
    SCRIPT("a", "open read", "stream 1 open read",
           "stream 2 open write share=7 -> error 32", "close", "stream 1 close",
           "open read share=0", "stream 1 open read share=7 -> error 32",
           "close", "open both share=3", "stream 1 open both share=3",
           "stream 2 open read share=1 -> error 32",
           "stream 2 open read share=3 delete-on-close -> error 32");
}

Test(stream, delete_on_close_deletes_the_file_at_close)
{
    SCRIPT("a", "open create both delete-on-close share=7", "write hello",
           "flush", "content -> 'hello'", "close", "content -> error 2");
    assert_exists("a", false);
}

Test(stream, hints_and_write_through_change_no_byte)
{
    SCRIPT("a", "open create both share=7 write-through", "write hello",
           "flush", "close", "open both random asynchronous",
           "read 9 -> 'hello'", "close",
           "open both sequential asynchronous write-through",
           "read 9 -> 'hello'", "write !");
    assert_file("a", "hello!");
}

/* ---- Preallocation ----------------------------------------------------- */

Test(stream, preallocation_reserves_space_or_reports_why_not)
{
    SCRIPT("a", "open create-new both preallocate=100000",
           "preallocation -> ok or error 120", "length -> 0", "write hello",
           "close", "open", "preallocation", "length -> 5");
}

Test(stream, preallocation_on_a_full_disk_deletes_the_new_file)
{
    SCRIPT("a", "fail SetFileInformationByHandle 1 112",
           "open create-new both preallocate=100000 -> error 112",
           "content -> error 2", "fail SetFileInformationByHandle 1 112",
           "open create-new both asynchronous preallocate=100000 -> error 112",
           "content -> error 2");
    assert_exists("a", false);
}

Test(stream, preallocation_beyond_the_largest_file_deletes_the_new_file)
{
    SCRIPT("a", "fail SetFileInformationByHandle 1 223",
           "open create-new both preallocate=100000 -> error 223",
           "content -> error 2");
}

Test(stream, after_any_other_preallocation_error_the_stream_works)
{
    SCRIPT("a", "fail SetFileInformationByHandle 1 50",
           "open create-new both preallocate=100000",
           "preallocation -> error 50", "write hello");
    assert_file("a", "hello");
}

/* ---- Without a pool ---------------------------------------------------- */

Test(stream, a_synchronous_stream_needs_no_pool)
{
    SCRIPT("a", "open create both no-pool", "write hello",
           "seek 0 begin -> at 0", "read 9 -> 'hello'",
           "start 0 read 1 -> error 87", "start 0 write x -> error 87",
           "cancel", "close");
    assert_file("a", "hello");
}
