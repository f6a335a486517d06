/* step1-create: whose position is it? */
#include "../support/helpers.h"

TestSuite(step1, .init = enter_scratch, .fini = leave_scratch);

/* The second read goes on where the first ended, and ends at the end. */
Test(step1, a_plain_handle_has_a_position_of_its_own)
{
    make_file("file", 100);
    struct run run = RUN("step1-create", "file");
    assert_ended(&run, 0);
    assert_text(&run, "main: opened without FILE_FLAG_OVERLAPPED\n"
                      "main: read 64 bytes; the file position is now 64\n"
                      "main: read 36 bytes; the file position is now 100\n"
                      "main: opened with FILE_FLAG_OVERLAPPED\n"
                      "main: a read without an offset fails (error 87)\n"
                      "main: done\n");
}

Test(step1, an_empty_file_is_no_error)
{
    make_file("empty", 0);
    struct run run = RUN("step1-create", "empty");
    assert_ended(&run, 0);
    assert_shows(&run, "main: read 0 bytes; the file position is now 0\n");
}
