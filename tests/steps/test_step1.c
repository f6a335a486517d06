/* step1-create: which handle has a file position? */
#include "../support/helpers.h"

TestSuite(step1, .init = enter_scratch, .fini = leave_scratch);

/* The second read starts where the first one ended. It reads to the end. */
Test(step1, a_handle_without_the_flag_has_a_file_position)
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

Test(step1, an_empty_file_is_not_an_error)
{
    make_file("empty", 0);
    struct run run = RUN("step1-create", "empty");
    assert_ended(&run, 0);
    assert_shows(&run, "main: read 0 bytes; the file position is now 0\n");
}
