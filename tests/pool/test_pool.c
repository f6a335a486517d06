/* The pool and its requests: each promise of pool.h and overlapped.h. The cases
 * are in the probes, pool_*.c. */
#define SUITE pool
#include "../support/case.h"

#include <stdio.h>

TestSuite(pool, .init = enter_scratch, .fini = leave_scratch);

/* For an_offset_has_64_bits: marks at offsets whose low halves are equal. */
static void make_sparse_file(void)
{
    static const guint64 marks[] = {0, 4096, G_GUINT64_CONSTANT(1) << 31,
                                    G_GUINT64_CONSTANT(1) << 32,
                                    (G_GUINT64_CONSTANT(1) << 32) + 4096};
    FILE *file = fopen("sparse", "wb");
    cr_assert_not_null(file);
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        cr_assert_eq(fseeko(file, (off_t)marks[i], SEEK_SET), 0);
        fprintf(file, "%014" G_GUINT64_FORMAT, marks[i]);
    }
    cr_assert_eq(fclose(file), 0);
}

/* For each_write_goes_to_its_own_offset. */
static void check_the_written_bytes(void)
{
    char wanted[100], *content = NULL;
    gsize length = 0;
    fill_pattern(wanted, sizeof wanted, 0);
    memcpy(wanted, "first", 5);
    memcpy(wanted + 10, "later", 5);
    memcpy(wanted + 20, "end", 3);
    read_file("file", &content, &length);
    cr_assert(length == sizeof wanted && memcmp(content, wanted, length) == 0,
              "wanted: in the file\n%.*s\ngot:\n%.*s", (int)sizeof wanted,
              wanted, (int)length, content);
    g_free(content);
}

#include "pool.cases"

/* These also run with 1 and with 8 workers, and are expected to print the same
 * as with 2. */
static const struct expected *const with_any_workers[] = {
    &many_requests_read_a_file_to_its_end,
    &stop_cancels_the_io_in_flight,
    &a_callback_may_free_its_request,
    &a_request_serves_10000_reads_without_another_allocation,
    &cancelling_races_with_completing_reusing_and_freeing,
    &closing_races_with_reading,
};

ParameterizedTestParameters(pool, nothing_depends_on_the_number_of_workers)
{
    static int indices[G_N_ELEMENTS(with_any_workers)];
    for (size_t i = 0; i < G_N_ELEMENTS(indices); i++)
        indices[i] = (int)i;
    return cr_make_param_array(int, indices, G_N_ELEMENTS(indices));
}

ParameterizedTest(int *index, pool, nothing_depends_on_the_number_of_workers)
{
    static const char *const workers[] = {"1", "8"};
    const struct expected *expected = with_any_workers[*index];
    for (size_t i = 0; i < G_N_ELEMENTS(workers); i++) {
        struct run run = RUN_CASE(expected, workers[i]);
        assert_case(&run, expected);
        run_clear(&run);
    }
}
