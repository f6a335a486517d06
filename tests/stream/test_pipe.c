/* The promises of final/file_stream.h: pipes. */
#include "script.h"

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
