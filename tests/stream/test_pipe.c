/* The promises of final/file_stream.h: buffer, failures, pipes. */
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
