/* The promises of final/file_stream.h: errors. */
#include "script.h"

/* ---- Failures ---------------------------------------------------------- */

Test(stream, a_system_error_is_reported_and_the_stream_works_afterwards)
{
    for (guint i = 0; i < KINDS; i++) {
        put("a", "hello");
        SCRIPT("a", kinds[i], "fail ReadFile 1 1117",
               "read 3 -> error 1117, 0 bytes", "position -> 0",
               "read 2 -> 'he'");
        SCRIPT("a", kinds[i], "fail ReadFile 1 1117",
               "start 0 read 3 -> ok or error 1117",
               "wait 0 -> error 1117, 0 bytes", "position -> 0",
               "start 0 read 3", "wait 0 -> 'hel'", "fail WriteFile 1 112",
               "start 0 write-at 3 LO -> ok or error 112",
               "wait 0 -> error 112, 0 bytes", "close");
        assert_file("a", "hello");
    }
}

Test(stream, buffered_bytes_are_kept_when_writing_them_fails)
{
    put("a", "hello");
    SCRIPT("a", "open both share=7", "write J", "fail WriteFile 1 112",
           "flush -> error 112", "content -> 'hello'", "flush",
           "content -> 'Jello'", "write E", "fail WriteFile 1 112",
           "read 1 -> error 112, 0 bytes", "position -> 2", "read 1 -> 'l'",
           "content -> 'JEllo'", "write L", "fail WriteFile 1 112",
           "set-length 4 -> error 112", "length -> 5", "fail WriteFile 1 112",
           "start 0 read 1", "wait 0 -> error 112, 0 bytes", "position -> 4",
           "write !", "fail WriteFile 1 112", "start 0 flush",
           "wait 0 -> error 112, 0 bytes", "start 0 write ?",
           "wait 0 -> 1 byte", "fail WriteFile 1 112", "start 0 read-at 1 0",
           "wait 0 -> error 112, 0 bytes", "close");
    assert_file("a", "JElL!?");
}

Test(stream, an_error_is_reported_with_the_bytes_read_before_it)
{
    put("a", "hello");
    for (guint i = 0; i < KINDS; i++)
        SCRIPT("a", kinds[i], "limit 2", "fail ReadFile 2 1117",
               "start 0 read 5 -> ok or error 1117",
               "wait 0 -> error 1117, 'he'", "position -> 2", "read 1 -> 'l'",
               "seek 0 begin -> at 0", "read 2 -> 'he'");
}

Test(stream, a_synchronous_read_that_fails_after_buffered_bytes_returns_them)
{
    put("a", "hello");
    for (guint i = 4; i < KINDS; i++)
        SCRIPT("a", kinds[i], "read 1 -> 'h'", "fail ReadFile 1 1117",
               "read 4 -> 'el'", "position -> 3", "read 2 -> 'lo'");
}

Test(stream, close_reports_that_the_buffer_could_not_be_written)
{
    put("a", "hello");
    SCRIPT("a", "open both share=7", "write J", "fail WriteFile 1 112",
           "close -> error 112", "content -> 'hello'", "open both share=0",
           "close", "open both asynchronous", "write J", "fail WriteFile 1 112",
           "close -> error 112", "open both share=0");
}

Test(stream, each_failing_system_call_is_reported)
{
    put("a", "hello");
    HOOKED_SCRIPT("fail:FlushFileBuffers:1:5", "a", "open both",
                  "flush-to-disk -> error 5");
    HOOKED_SCRIPT("fail:GetFileSizeEx:1:5", "a", "open both",
                  "length -> error 5");
    HOOKED_SCRIPT("fail:GetFileType:1:6", "a", "open both -> error 6");
    HOOKED_SCRIPT("fail:SetFilePointerEx:1:6", "a", "open both -> error 6");
    HOOKED_SCRIPT("fail:SetFileInformationByHandle:1:5", "a", "open both",
                  "set-length 3 -> error 5");
    HOOKED_SCRIPT("fail:CloseHandle:1:6", "a", "open both", "close -> error 6");
    HOOKED_SCRIPT("packet:1:0:0", "a", "open both asynchronous buffer=0",
                  "start 0 write hello -> ok or error 29",
                  "wait 0 -> error 29, 0 bytes");
    SCRIPT("a", "open both", "wait 0 -> error 87, 0 bytes");
}

/* For a read they mean the end. */
Test(stream, the_errors_38_and_109_are_failures_of_a_write)
{
    for (guint i = 0; i < 2; i++) {
        put("a", "hello");
        SCRIPT("a",
               i == 0 ? "open both buffer=0"
                      : "open both buffer=0 asynchronous",
               "fail WriteFile 1 38", "write x -> error 38",
               "fail WriteFile 1 109", "start 0 write x -> ok or error 109",
               "wait 0 -> error 109, 0 bytes", "close", "open both", "write J",
               "fail WriteFile 1 38", "flush -> error 38", "close");
        assert_file("a", "Jello");
    }
}

Test(stream, a_write_reports_that_the_full_buffer_could_not_be_written)
{
    put("a", "hello");
    SCRIPT("a", "open both buffer=8", "write JELLYFI", "fail WriteFile 1 112",
           "write SHES -> error 112", "position -> 7", "write S", "close",
           "content -> 'JELLYFIS'");
}

Test(stream, close_writes_the_buffered_bytes)
{
    SCRIPT("a", "open create write share=7", "write hello",
           "content -> 0 bytes", "close", "content -> 'hello'");
}

Test(stream, flush_to_disk_succeeds_on_a_read_only_stream)
{
    put("a", "hello");
    SCRIPT("a", "open read", "flush", "flush-to-disk", "close",
           "open both share=7", "write J", "flush-to-disk",
           "content -> 'Jello'");
}

Test(stream, a_null_buffer_fails_with_87)
{
    put("a", "hello");
    SCRIPT("a", "open both", "read-null 5 -> error 87", "read-null 0",
           "read 5 -> 'hello'");
}

Test(stream, each_error_has_a_text_of_one_line)
{
    SCRIPT("a", "error-text 2 -> one line", "error-text 5 -> one line",
           "error-text 32 -> one line", "error-text 80 -> one line",
           "error-text 87 -> one line", "error-text 112 -> one line",
           "error-text 131 -> one line", "error-text 132 -> one line",
           "error-text 170 -> one line", "error-text 995 -> one line",
           "error-text 1115 -> one line", "error-text 1131 -> one line");
}

/* ---- A pool that has stopped ------------------------------------------- */

Test(stream, after_the_pool_has_stopped_calls_fail_with_1115_and_close_works)
{
    put("a", "hello");
    SCRIPT("a", "open both asynchronous", "stop-pool cancel",
           "read 1 -> error 1115, 0 bytes", "start 0 read 1 -> error 1115",
           "wait 0 -> error 1115, 0 bytes",
           "start 0 write-at 0 x -> error 1115", "start 0 write x",
           "start 0 flush -> error 1115", "position -> 1", "length -> 5",
           "close -> error 1115");
    assert_file("a", "hello");
    SCRIPT("a", "open both", "stop-pool drain", "read 1 -> 'h'",
           "start 0 read 4", "seek 1 begin -> at 1",
           "start 0 read 99 -> error 1115", "wait 0 -> error 1115, 'ello'",
           "close");
    SCRIPT("a", "open both asynchronous", "write J", "stop-pool drain",
           "close -> error 1115", "open both share=0");
    assert_file("a", "hello");
}

/* ---- Without memory ---------------------------------------------------- */

/* One malloc after the other fails: also those that would make the buffer
 * larger. Then the stream keeps the buffer that it has. */
Test(stream, a_stream_whose_buffer_cannot_grow_reads_on)
{
    static const char *const lines[] = {
        "a", "open buffer=100", "read-all 30", "seek 0 begin", "read 30", NULL};
    unsigned complete = 0, failed = 0;
    make_file("a", 100000);
    for (unsigned call = 1; call <= 6; call++) {
        char *hook = g_strdup_printf("fail:malloc:%u:0", call);
        struct run run = finish(
            start("tests/guarded/stream_script", lines, hook, -1, WATCHDOG));
        g_free(hook);
        bool whole = strstr(run.text, "-> 100000 bytes") != NULL;
        bool refused = strstr(run.text, "-> error 8") != NULL;
        complete += whole;
        failed += refused || run.status != 0;
        assert_run(&run, whole || refused || run.status != 0,
                   "all bytes, or an error");
        run_clear(&run);
    }
    cr_assert(complete >= 3 && failed >= 1,
              "wanted: at least 3 complete, 1 failed\ngot: %u and %u", complete,
              failed);
}
