/* The two programs that final's README begins with, built from its text. */
#include "../support/helpers.h"

TestSuite(examples, .init = enter_scratch, .fini = leave_scratch);

static void assert_counts(const char *program, guint64 size)
{
    make_file("file", size);
    struct run run = RUN(program, "file");
    char *wanted = g_strdup_printf("main: %" G_GUINT64_FORMAT " bytes\n", size);
    assert_ended(&run, 0);
    assert_text(&run, wanted);
    g_free(wanted);
    run_clear(&run);
}

static void assert_example(const char *program)
{
    static const guint64 sizes[] = {0, 1, 4095, 4096, 4097, 1000000};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
        assert_counts(program, sizes[i]);
    struct run run = RUN(program, "missing");
    assert_error(&run, "open", 2);
}

Test(examples, the_first_program_of_the_readme_counts_with_the_pool)
{
    assert_example("tests/example1");
}

Test(examples, the_second_program_of_the_readme_counts_with_a_file_stream)
{
    assert_example("tests/example2");
}
