/* step3-callback: which error and bytes a worker passes to the callback. */
#include "../support/helpers.h"

TestSuite(step3, .init = enter_scratch, .fini = leave_scratch);

Test(step3, a_failure_with_0_bytes_reaches_the_callback_as_a_failure)
{
    make_file("file", 1);
    struct run run = RUN("step3-callback", "file");
    assert_ended(&run, 0);
    assert_text(&run, "main: posting a success with 42 bytes\n"
                      "worker: callback: success, 42 bytes\n"
                      "main: posting a failure with 0 bytes\n"
                      "worker: callback: failure (error 23), 0 bytes\n"
                      "main: done\n");
}

/* GetQueuedCompletionStatus fails and takes out a packet. The worker goes on:
 * the second callback and the end follow. */
Test(step3, a_failed_packet_does_not_end_the_worker)
{
    make_file("file", 1);
    struct run run =
        RUN_HOOKED("tests/hooked/step3-callback", "packet:1:1117:7", "file");
    assert_ended(&run, 0);
    assert_text(&run, "main: posting a success with 42 bytes\n"
                      "worker: callback: failure (error 1117), 7 bytes\n"
                      "main: posting a failure with 0 bytes\n"
                      "worker: callback: failure (error 23), 0 bytes\n"
                      "main: done\n");
}

/* The program posts one KEY_STOP packet for each worker, and each exits. */
Test(step3, each_worker_takes_one_sentinel)
{
    make_file("file", 1);
    struct run run = RUN_HOOKED("tests/hooked/step3-callback", "count", "file");
    assert_ending(&run, EXITED);
    unsigned workers = 2 * g_get_num_processors();
    char *wanted = g_strdup_printf(
        "hooks: %u threads made, %u ended, port closed\n", workers, workers);
    assert_err(&run, wanted);
    g_free(wanted);
}
