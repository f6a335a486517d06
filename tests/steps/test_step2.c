/* step2-bind: which handle can be bound, and what the queue returns. */
#include "../support/helpers.h"

TestSuite(step2, .init = enter_scratch, .fini = leave_scratch);

Test(step2, a_second_bind_fails_and_a_posted_packet_comes_out)
{
    make_file("file", 1);
    struct run run = RUN("step2-bind", "file");
    assert_ended(&run, 0);
    assert_text(&run, "main: bound; a second bind fails (error 87)\n"
                      "main: the port is empty: no packet (error 258)\n"
                      "main: posting a packet: 42 bytes\n"
                      "main: took out a packet: 42 bytes, the same OVERLAPPED\n"
                      "main: done\n");
}

/* The README's edit removes FILE_FLAG_OVERLAPPED. */
Test(step2, a_handle_that_is_not_overlapped_cannot_be_bound)
{
    make_file("file", 1);
    struct run run = RUN("tests/break/step2-bind", "file");
    assert_error(&run, "bind", 87);
}

Test(step2, the_handle_is_bound_to_the_port_of_the_pool)
{
    make_file("file", 1);
    struct run run = RUN_HOOKED("tests/hooked/step2-bind", "none", "file");
    assert_ended(&run, 0);
}
