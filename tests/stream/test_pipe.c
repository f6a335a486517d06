/* The promises of final/file_stream.h: pipes. */
#include "script.h"

#define PIPE_SCRIPT(...) SCRIPT(own_pipe(), "create-pipe bytes", __VA_ARGS__)
#define MESSAGE_SCRIPT(...)                                                    \
    SCRIPT(own_pipe(), "create-pipe messages", __VA_ARGS__)

enum { PIPE_KINDS = 2 };
static const char *const pipe_kinds[PIPE_KINDS] = {"open both asynchronous",
                                                   "open both"};

Test(stream, a_pipe_read_completes_with_the_first_bytes)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        PIPE_SCRIPT(pipe_kinds[i], "server write hello", "read 100 -> 'hello'",
                    "server write world", "read 3 -> 'wor'", "start 0 read 100",
                    "wait 0 -> 'ld'", "start 0 read 100", "server write !",
                    "wait 0 -> '!'");
}

Test(stream, a_pipe_write_is_not_buffered)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        PIPE_SCRIPT(pipe_kinds[i], "write hello", "server read -> 'hello'",
                    "start 0 write world", "wait 0 -> 5 bytes",
                    "server read -> 'world'", "flush");
}

Test(stream, a_pipe_has_no_position_and_no_length)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        PIPE_SCRIPT(pipe_kinds[i], "seek 0 begin -> error 132",
                    "position -> error 132", "length -> error 132",
                    "set-length 0 -> error 132");
}

Test(stream, a_pipe_is_at_its_end_when_the_other_side_has_closed_it)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        PIPE_SCRIPT(pipe_kinds[i], "server write hello", "server close",
                    "read 4 -> 'hell'", "read 4 -> 'o'", "read 4 -> 0 bytes",
                    "read 4 -> 0 bytes", "start 0 read 4", "wait 0 -> 0 bytes",
                    "write x -> error 232 or error 109",
                    "start 0 write x -> ok or error 232 or error 109",
                    "wait 0 -> error 232, 0 bytes or error 109, 0 bytes");
}

Test(stream, pipe_reads_in_flight_return_0_bytes_when_the_other_side_closes)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        PIPE_SCRIPT(pipe_kinds[i], "start 0 read 4", "start 1 read 4",
                    "server close", "wait 0 -> 0 bytes", "wait 1 -> 0 bytes");
}

Test(stream, a_write_of_0_bytes_is_not_the_end_of_a_pipe)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        MESSAGE_SCRIPT(pipe_kinds[i], "server write", "server write",
                       "server write hello", "read 100 -> 'hello'",
                       "server write", "server write world", "start 0 read 100",
                       "wait 0 -> 'world'", "start 0 read 100", "server write",
                       "server write", "server write !", "wait 0 -> '!'");
}

Test(stream, a_message_may_be_longer_than_the_buffer)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        MESSAGE_SCRIPT(pipe_kinds[i], "server write hello",
                       "server write world", "read 3 -> 'hel'",
                       "read 9 -> 'lo' or 'loworld'", "server write !",
                       "read 9 -> 'world' or '!'");
}

Test(stream, concurrent_calls_on_a_pipe_keep_their_order)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        PIPE_SCRIPT(pipe_kinds[i], "start 0 read 2", "start 1 read 2",
                    "start 2 read 2", "start 3 read 9", "server write abcdefgh",
                    "wait 3 -> 'gh'", "wait 0 -> 'ab'", "wait 2 -> 'ef'",
                    "wait 1 -> 'cd'", "start 0 write abc", "start 1 write de",
                    "start 2 write fgh", "wait 2 -> 3 bytes",
                    "wait 0 -> 3 bytes", "wait 1 -> 2 bytes",
                    "server read -> 'abcdefgh'");
}

Test(stream, a_synchronous_pipe_read_fails_with_170_while_another_is_in_flight)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        PIPE_SCRIPT(pipe_kinds[i], "start 0 read 9",
                    "read 9 -> error 170, 0 bytes", "server write in",
                    "wait 0 -> 'in'", "server write again",
                    "read 9 -> 'again'");
}

Test(stream, a_task_in_flight_cannot_start_another_call)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        PIPE_SCRIPT(
            pipe_kinds[i], "start 0 read 9", "start 0 read 9 -> error 170",
            "start 1 read 9", "start 1 write x -> error 170",
            "wait 0 0 -> error 258, 0 bytes", "wait 0 20 -> error 258, 0 bytes",
            "wait 1 1 -> error 258, 0 bytes", "server write a", "wait 0 -> 'a'",
            "start 0 read 9", "server write b", "wait 1 -> 'b'",
            "server write c", "wait 0 -> 'c'");
}

Test(stream, cancelling_one_call_leaves_the_others_in_flight)
{
    PIPE_SCRIPT("open both asynchronous", "start 0 read 9", "start 1 read 9",
                "start 2 read 9", "cancel 0", "wait 0 -> error 995, 0 bytes",
                "cancel 2", "wait 2 -> error 995, 0 bytes",
                "wait 1 0 -> error 258, 0 bytes", "server write a",
                "wait 1 -> 'a'", "cancel 1", "wait 1 -> 'a'", "server write b",
                "read 9 -> 'b'");
}

Test(stream, a_call_can_be_cancelled_while_it_waits_for_its_turn)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        PIPE_SCRIPT(pipe_kinds[i], "start 0 read 9", "start 1 read 9",
                    "start 2 read 9", "cancel 1",
                    "wait 1 -> error 995, 0 bytes",
                    "wait 0 0 -> error 258, 0 bytes", "server write a",
                    "wait 0 -> 'a'", "server write b", "wait 2 -> 'b'");
}

Test(stream, cancelling_the_stream_cancels_all_calls_in_flight)
{
    PIPE_SCRIPT("open both asynchronous", "start 0 read 9", "start 1 read 9",
                "start 2 read 9", "cancel", "wait 2 -> error 995, 0 bytes",
                "wait 0 -> error 995, 0 bytes", "wait 1 -> error 995, 0 bytes",
                "server write a", "read 9 -> 'a'", "start 0 read 9",
                "server write b", "wait 0 -> 'b'");
}

Test(stream, close_cancels_the_calls_in_flight_on_a_pipe)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        PIPE_SCRIPT(
            pipe_kinds[i], "start 0 read 9", "start 1 read 9", "start 2 read 9",
            "close", "completions -> 3 by callback, 0 immediately",
            "wait 0 -> error 995, 0 bytes", "wait 1 -> error 995, 0 bytes",
            "wait 2 -> error 995, 0 bytes",
            "server read -> error 109, 0 bytes");
}

Test(stream, each_waiting_call_completes_once_when_the_pool_stops)
{
    PIPE_SCRIPT("open both asynchronous", "start 0 read 9", "start 1 read 9",
                "start 2 read 9", "start 3 read 9", "stop-pool cancel",
                "completions -> 4 by callback, 0 immediately",
                "wait 0 -> error 995, 0 bytes", "wait 1 -> error 1115, 0 bytes",
                "wait 3 -> error 1115, 0 bytes",
                "read 9 -> error 1115, 0 bytes", "start 0 read 9 -> error 1115",
                "write x -> error 1115",
                "completions -> 4 by callback, 0 immediately", "close");
}

Test(stream, a_pipe_can_be_read_and_written_concurrently)
{
    PIPE_SCRIPT("open both asynchronous", "start 0 read 9", "write hello",
                "server read -> 'hello'", "start 1 write world",
                "wait 1 -> 5 bytes", "server read -> 'world'",
                "wait 0 0 -> error 258, 0 bytes", "server write x",
                "wait 0 -> 'x'");
}

Test(stream, a_disconnected_pipe_is_an_error_not_the_end)
{
    for (guint i = 0; i < PIPE_KINDS; i++)
        PIPE_SCRIPT(pipe_kinds[i], "server write lost", "server disconnect",
                    "read 9 -> error 233, 0 bytes",
                    "start 0 read 9 -> ok or error 233",
                    "wait 0 -> error 233, 0 bytes");
}
