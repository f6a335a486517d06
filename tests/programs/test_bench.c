/* The benchmark's program for the pool's own cost: see bench/own. Its times
 * depend on the machine; the number of locks does not. */
#include "../support/helpers.h"

TestSuite(bench, .init = enter_scratch, .fini = leave_scratch);

Test(bench, an_io_through_the_pool_acquires_two_locks)
{
    struct run run = RUN("bench/own/own", "rounds=1", "ios=10000");
    assert_ended(&run, 0);
    assert_shows(&run, "| locks that one I/O acquires | 2.0");
    assert_shows(&run, "while `main` waits in `pool_wait_idle` | 2.0");
    run_clear(&run);
}
