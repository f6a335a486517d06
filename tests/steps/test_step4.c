/* step4-overlapped: each packet reaches the callback of its request. */
#include "../support/helpers.h"

TestSuite(step4, .init = enter_scratch, .fini = leave_scratch);

Test(step4, each_packet_finds_its_own_callback_buffer_and_64_bit_offset)
{
    make_file("file", 1);
    struct run run = RUN("step4-overlapped", "file");
    assert_ended(&run, 0);
    assert_text(&run,
                "main: packing offset 64 with 'first buffer'\n"
                "main: packing offset 4294967360 with 'second buffer'\n"
                "main: posting the packet of 'second buffer'\n"
                "worker: on_second: error 0, 13 bytes in 'second buffer', "
                "high half 1, low half 64\n"
                "main: posting the packet of 'first buffer'\n"
                "worker: on_first: error 0, 12 bytes in 'first buffer', high "
                "half 0, low half 64\n"
                "main: packed 2, freed 2\n"
                "main: done\n");
}

Test(step4, a_failed_packet_finds_its_own_callback)
{
    make_file("file", 1);
    struct run run =
        RUN_HOOKED("tests/hooked/step4-overlapped", "packet:2:23:0", "file");
    assert_ended(&run, 0);
    assert_shows(&run, "worker: on_first: error 23, 0 bytes");
    assert_shows(&run, "main: packed 2, freed 2\n");
}
