/* The promises of final/file_stream.h: failures. */
#include "script.h"

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
