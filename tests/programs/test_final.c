/* final.exe: many reads are in flight, and every byte is in its place. */
#include "../support/helpers.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define HOOKED "tests/hooked/final"
#define GIB    (G_GUINT64_CONSTANT(1) << 30)
#define MIB    (G_GUINT64_CONSTANT(1) << 20)

TestSuite(final, .init = enter_scratch, .fini = leave_scratch);

/* The output is the file from this offset on, byte for byte. */
static bool is_content(const struct run *run, const char *name, guint64 offset)
{
    char *content = NULL;
    gsize length = 0, got;
    read_file(name, &content, &length);
    offset = MIN(offset, length);
    const char *out = g_bytes_get_data(run->out, &got);
    bool same = got == length - offset &&
                (got == 0 || memcmp(out, content + offset, got) == 0);
    g_free(content);
    return same;
}

#define assert_content(run, name, offset)                                      \
    cr_assert(ended_with(run, 0) && is_content(run, name, offset),             \
              "wanted: exit status 0, and the content of %s from %u on\n"      \
              "got: exit status %d, and %u bytes\n%s\n--- stderr\n%s",         \
              name, (unsigned)(offset), (run)->status,                         \
              (unsigned)g_bytes_get_size((run)->out), (run)->command,          \
              (run)->err)

#define assert_bytes_at(out, offset, wanted, length)                           \
    cr_assert(memcmp((out) + (offset), wanted, length) == 0,                   \
              "wanted: '%s' at %d\ngot: '%.*s'", wanted, offset,               \
              (int)(length), (out) + (offset))

/* ---- Sizes, threads, depths, blocks ---- */

ParameterizedTestParameters(final, a_file_of_any_size_is_printed_byte_for_byte)
{
    static guint64 sizes[] = {0,      1,         65535,     65536,
                              65537,  2 * 65536, 4 * 65536, 4 * 65536 + 1,
                              3000001};
    return cr_make_param_array(guint64, sizes, G_N_ELEMENTS(sizes));
}

ParameterizedTest(guint64 *size, final,
                  a_file_of_any_size_is_printed_byte_for_byte)
{
    make_file("file", *size);
    struct run run = RUN("final", "--cat", "--block", "64K", "file");
    assert_content(&run, "file", 0);
    run_clear(&run);
    run = RUN("final", "--block", "64K", "file");
    char *wanted = g_strdup_printf(
        "main: reading from offset 0 in blocks of 65536 bytes, at most 4 in "
        "flight\n"
        "main: done: %" G_GUINT64_FORMAT " bytes in %" G_GUINT64_FORMAT
        " reads\n",
        *size, (*size + 65535) / 65536);
    assert_ended(&run, 0);
    assert_text(&run, wanted);
}

struct shape {
    char threads[8], depth[8], block[16];
    guint64 size;
};

ParameterizedTestParameters(final, every_shape_brings_the_same_bytes)
{
    static struct shape shapes[] = {
        {"1", "1", "65536", 3000001},
        {"1", "256", "4K", 3000001},
        {"2", "1", "4096", 300001},
        {"2", "7", "10007", 3000001},
        {"8", "8", "65536", 3000001},
        {"8", "256", "1M", 3000001},
        {"64", "64", "4096", 3000001},
        {"64", "256", "32768", 9000001},
        {"1", "8", "1", 2000},
        {"8", "256", "1", 2000},
        {"64", "1", "1", 500},
        {"2", "16", "16M", 40000001},
        {"8", "1", "16777216", 20000001},
    };
    return cr_make_param_array(struct shape, shapes, G_N_ELEMENTS(shapes));
}

ParameterizedTest(struct shape *shape, final, every_shape_brings_the_same_bytes)
{
    make_file("file", shape->size);
    struct run run =
        RUN("final", "--cat", "--threads", shape->threads, "--depth",
            shape->depth, "--block", shape->block, "file");
    assert_content(&run, "file", 0);
}

/* The hook returns waiting packets in reverse order; the output stays in
 * order. */
ParameterizedTestParameters(final,
                            the_bytes_are_right_however_each_read_completes)
{
    static char hooks[][16] = {"reverse", "sync-eof", "ntfs-cached", "warning",
                               "short"};
    return cr_make_param_array(char[16], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char hook[16], final,
                  the_bytes_are_right_however_each_read_completes)
{
    make_file("file", 3000001);
    struct run run = RUN_HOOKED(HOOKED, hook, "--cat", "--block", "10000",
                                "--depth", "64", "--threads", "4", "file");
    assert_content(&run, "file", 0);
}

Test(final, the_same_file_can_be_read_twice_concurrently)
{
    make_file("file", 9000001);
    const char *const arguments[] = {"--cat", "--block", "4096", "file", NULL};
    struct process *one = start("final", arguments, NULL, -1, WATCHDOG);
    struct process *two = start("final", arguments, NULL, -1, WATCHDOG);
    struct run first = finish(one), second = finish(two);
    assert_content(&first, "file", 0);
    assert_content(&second, "file", 0);
}

/* The pool has no global state: each pool has its own port and threads, and
 * stopping one does not change the other. */
Test(final, one_process_can_have_two_pools)
{
    g_file_set_contents("file", "abcdefgh", 8, NULL);
    struct run run = RUN("tests/two_pools", "file");
    assert_ended(&run, 0);
    assert_text(&run, "main: second: 8 bytes, abc\n"
                      "main: first: 8 bytes, abc\n"
                      "main: second, alone: 8 bytes, abc\n");
}

/* ---- Offsets ---- */

ParameterizedTestParameters(final, reading_starts_at_the_given_offset)
{
    static char offsets[][24] = {"0",     "1",      "65536",
                                 "99999", "100000", "100001"};
    return cr_make_param_array(char[24], offsets, G_N_ELEMENTS(offsets));
}

ParameterizedTest(char offset[24], final, reading_starts_at_the_given_offset)
{
    make_file("file", 100000);
    struct run run =
        RUN("final", "--cat", "--offset", offset, "--block", "1000", "file");
    assert_content(&run, "file", g_ascii_strtoull(offset, NULL, 10));
}

/* A program that uses only the low half of an offset reads the wrong marks. */
Test(final, a_file_beyond_4_gib_is_read_at_the_right_place)
{
    FILE *file = fopen("sparse", "wb");
    cr_assert_not_null(file);
    fputs("low", file);
    cr_assert_eq(fseeko(file, (off_t)(4 * GIB - 65536), SEEK_SET), 0);
    fputs("below", file);
    cr_assert_eq(fseeko(file, (off_t)(4 * GIB), SEEK_SET), 0);
    fputs("at", file);
    cr_assert_eq(fseeko(file, (off_t)(4 * GIB + 65536), SEEK_SET), 0);
    fputs("above", file);
    cr_assert_eq(fclose(file), 0);
    struct run run = RUN("final", "--cat", "--block", "64K", "--offset",
                         "4294901760", "sparse");
    assert_ended(&run, 0);
    gsize length;
    const char *out = g_bytes_get_data(run.out, &length);
    assert_number(length, 2 * 65536 + 5);
    assert_bytes_at(out, 0, "below", 6);
    assert_bytes_at(out, 65536, "at", 3);
    assert_bytes_at(out, 2 * 65536, "above", 5);
}

Test(final, a_read_beyond_the_largest_offset_is_error_87)
{
    make_file("file", 100);
    /* The hook would let ReadFile fail with 5, if the program called it. */
    struct run run = RUN_HOOKED(HOOKED, "fail:1:5", "--offset",
                                "9223372036854775807", "file");
    assert_error(&run, "read", 87);
    run = RUN("final", "--depth", "1", "--block", "1", "--offset",
              "9223372036854775806", "file");
    assert_ended(&run, 0);
}

/* ---- The command line ---- */

struct arguments {
    char words[5][24];
};

ParameterizedTestParameters(final, an_unknown_option_is_wrong_usage)
{
    static struct arguments arguments[] = {
        {{"--what", "file"}},
        {{"--cat"}},
        {{"file", "--depth"}},
        {{"--threads", "0", "file"}},
        {{"--threads", "257", "file"}},
        {{"--depth", "0", "file"}},
        {{"--depth", "257", "file"}},
        {{"--depth", "", "file"}},
        {{"--block", "0", "file"}},
        {{"--block", "17M", "file"}},
        {{"--block", "1KB", "file"}},
        {{"--block", "K", "file"}},
        {{"--block", "1M", "--depth", "256K", "file"}},
        {{"--block", "2M", "--depth", "129", "file"}},
        {{"--offset", "-1", "file"}},
        {{"--offset", "x", "file"}},
        {{"--offset", "9223372036854775808", "file"}},
        {{"--offset", "18446744073709551616", "file"}},
        {{"--offset", "9223372036854775807K", "file"}},
        {{"--offset", "18014398509481984K", "file"}}, /* 2^64 */
        {{"--offset", "-18446744073709551615", "file"}},
        {{"--offset", "+1", "file"}},
        {{"--offset", " 1", "file"}},
        {{"--offset", "K", "file"}},
        {{"--offset", "0x10", "file"}},
        {{"--block", "4k", "file"}},
        {{"--what"}},
        {{"--timeout", "0", "file"}},
        {{"--timeout", "4294967295", "file"}}, /* INFINITE */
        {{"file", "--timeout"}},
        {{"--cat", "--sha256", "file"}},
        {{"--stats"}},
    };
    return cr_make_param_array(struct arguments, arguments,
                               G_N_ELEMENTS(arguments));
}

ParameterizedTest(struct arguments *arguments, final,
                  an_unknown_option_is_wrong_usage)
{
    const char *words[6] = {NULL};
    make_file("file", 100);
    for (size_t i = 0; i < 5; i++)
        /* "" ends the list, except before another argument. */
        if (*arguments->words[i] != '\0' ||
            (i + 1 < 5 && *arguments->words[i + 1] != '\0'))
            words[i] = arguments->words[i];
    struct run run = finish(start("final", words, NULL, -1, WATCHDOG));
    assert_usage(&run, "final");
}

/* Numbers are decimal. They may end in K, M or G. */
static void assert_shown(const char *option, const char *number,
                         const char *wanted)
{
    make_file("file", 100);
    struct run run = RUN("final", option, number, "file");
    assert_ended(&run, 0);
    assert_run(&run, g_str_has_prefix(run.text, wanted), "%s", wanted);
    run_clear(&run);
}

Test(final, numbers_may_have_suffixes)
{
    assert_shown(
        "--block", "4K",
        "main: reading from offset 0 in blocks of 4096 bytes, at most 4");
    assert_shown(
        "--block", "1M",
        "main: reading from offset 0 in blocks of 1048576 bytes, at most 4");
    assert_shown("--offset", "1G", "main: reading from offset 1073741824 in");
    assert_shown("--offset", "010", "main: reading from offset 10 in");
    assert_shown(
        "--depth", "256",
        "main: reading from offset 0 in blocks of 1048576 bytes, at most 256");
    assert_shown("--threads", "256", "main: reading from offset 0");
}

/* ---- Several files ---- */

Test(final, several_files_are_printed_one_after_the_other)
{
    char *content = NULL;
    gsize length = 0, got;
    make_file("one", 300001);
    make_file("two", 0);
    make_file("three", 70000);
    struct run run =
        RUN("final", "--cat", "--block", "10000", "three", "one", "two", "one");
    assert_ended(&run, 0);
    GByteArray *wanted = g_byte_array_new();
    const char *names[] = {"three", "one", "two", "one"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        read_file(names[i], &content, &length);
        g_byte_array_append(wanted, (guint8 *)content, (guint)length);
        g_free(content);
    }
    const char *out = g_bytes_get_data(run.out, &got);
    cr_assert(
        got == wanted->len && memcmp(out, wanted->data, got) == 0,
        "wanted: the content of the four files, %u bytes\ngot: other bytes, %u",
        wanted->len, (unsigned)got);
    g_byte_array_unref(wanted);
}

Test(final, several_files_are_counted_together)
{
    make_file("one", 100001);
    make_file("two", 50000);
    struct run run = RUN("final", "--stats", "--block", "10000", "one", "two");
    take_counters(&run);
    assert_ended(&run, 0);
    assert_text(&run, "main: reading from offset 0 in blocks of 10000 bytes, "
                      "at most 4 in flight\n"
                      "main: reading from offset 0 in blocks of 10000 bytes, "
                      "at most 4 in flight\n"
                      "main: done: 150001 bytes in 16 reads\n");
}

/* The first failure ends the program: later files are not read. */
Test(final, no_file_is_read_after_the_first_failure)
{
    make_file("one", 100);
    make_file("two", 200);
    struct run run = RUN("final", "--cat", "one", "missing", "two");
    assert_error(&run, "open", 2);
    assert_number(g_bytes_get_size(run.out), 100);
    /* The failure is in the first of two files. */
    run = RUN_HOOKED(HOOKED, "fail:1:5", "--cat", "one", "two");
    assert_error(&run, "read", 5);
    assert_number(g_bytes_get_size(run.out), 0);
}

Test(final, the_offset_holds_for_each_file)
{
    char wanted[1000];
    make_file("one", 10500);
    make_file("two", 10500);
    fill_pattern(wanted, 500, 10000);
    fill_pattern(wanted + 500, 500, 10000);
    struct run run = RUN("final", "--cat", "--offset", "10000", "one", "two");
    gsize length;
    const char *out = g_bytes_get_data(run.out, &length);
    assert_run(
        &run,
        ended_with(&run, 0) && length == sizeof wanted &&
            memcmp(out, wanted, length) == 0,
        "exit status 0, and on stdout the bytes of both files from 10000 on");
}

/* A pipe has one read in flight; the file after it has many again. */
Test(final, a_file_may_follow_a_pipe)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    make_file("file", 100000);
    struct process *reader = start(
        "final", (const char *const[]){"--block", "1000", name, "file", NULL},
        NULL, -1, WATCHDOG);
    send_line(feeder, "hello");
    send_end(feeder);
    assert_done(feeder);
    struct run run = finish(reader);
    assert_ended(&run, 0);
    assert_text(&run, "main: reading from offset 0 in blocks of 1000 bytes, "
                      "at most 1 in flight\n"
                      "main: reading from offset 0 in blocks of 1000 bytes, "
                      "at most 4 in flight\n"
                      "main: done: 100005 bytes in 101 reads\n");
}

/* ---- SHA-256 ---- */

/* The output of sha256sum for these files; ours must be the same. */
static char *sha256sum(const char *const *names)
{
    GPtrArray *argv = g_ptr_array_new();
    char *out = NULL;
    int status = -1;
    g_ptr_array_add(argv, (gpointer) "sha256sum");
    while (*names != NULL)
        g_ptr_array_add(argv, (gpointer)*names++);
    g_ptr_array_add(argv, NULL);
    cr_assert(g_spawn_sync(NULL, (char **)argv->pdata, NULL,
                           G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status,
                           NULL) &&
                  status == 0,
              "no sha256sum");
    g_ptr_array_unref(argv);
    return out;
}

static void assert_hashed(const struct run *run, const char *wanted)
{
    gsize length;
    const char *out = g_bytes_get_data(run->out, &length);
    cr_assert(ended_with(run, 0) && length == strlen(wanted) &&
                  memcmp(out, wanted, length) == 0,
              "wanted:\n%s\n%s", wanted, describe(run));
}

ParameterizedTestParameters(final, sha256_prints_what_sha256sum_prints)
{
    static guint64 sizes[] = {0,     1,     55,    56,    63,      64,     65,
                              65535, 65536, 65537, 99999, 1000000, 3000001};
    return cr_make_param_array(guint64, sizes, G_N_ELEMENTS(sizes));
}

ParameterizedTest(guint64 *size, final, sha256_prints_what_sha256sum_prints)
{
    make_file("file", *size);
    char *wanted = sha256sum((const char *const[]){"file", NULL});
    struct run run = RUN("final", "--sha256", "file");
    assert_hashed(&run, wanted);
    run = RUN("final", "--sha256", "--block", "1000", "--depth", "64", "file");
    assert_hashed(&run, wanted);
    g_free(wanted);
}

Test(final, sha256_prints_a_line_for_each_file)
{
    const char *const names[] = {"one",
                                 "with spaces",
                                 "\u00e4\u00f6\u00fc\u00df",
                                 "directory/\u6587\u4ef6 \U0001F600",
                                 "./one",
                                 "one",
                                 NULL};
    cr_assert_eq(g_mkdir("directory", 0777), 0);
    for (guint64 i = 0; i < 4; i++)
        make_file(names[i], 1000 * i);
    char *wanted = sha256sum(names);
    struct run run = RUN("final", "--sha256", names[0], names[1], names[2],
                         names[3], names[4], names[5]);
    assert_hashed(&run, wanted);
    g_free(wanted);
}

/* sha256sum doubles backslashes, and begins the line with one. On Linux a
 * backslash is part of a name; on Windows it separates two names. */
Test(final, sha256_prints_a_name_with_a_backslash_as_sha256sum_does)
{
    cr_assert_eq(g_mkdir("a", 0777), 0);
    make_file("a/b", 1000);
    make_file("a\\b", 1000);
    char *wanted = sha256sum((const char *const[]){"a\\b", NULL});
    struct run run = RUN("final", "--sha256", "a\\b");
    assert_hashed(&run, wanted);
    g_free(wanted);
}

Test(final, sha256_starts_at_the_given_offset)
{
    make_file("file", 100000);
    make_file("rest", 0);
    char *content = NULL;
    read_file("file", &content, NULL);
    cr_assert(g_file_set_contents("rest", content + 777, 100000 - 777, NULL));
    char *rest = sha256sum((const char *const[]){"rest", NULL});
    char *wanted = g_strdup_printf("%.64s  file\n", rest);
    struct run run =
        RUN("final", "--sha256", "--offset", "777", "--block", "999", "file");
    assert_hashed(&run, wanted);
    g_free(wanted);
    g_free(rest);
    g_free(content);
}

/* The bytes read before the failure do not become a hash. */
Test(final, sha256_prints_nothing_for_a_file_that_fails)
{
    make_file("file", 100000);
    struct run run =
        RUN_HOOKED(HOOKED, "fail:3:5", "--sha256", "--block", "10000", "file");
    assert_error(&run, "read", 5);
    assert_number(g_bytes_get_size(run.out), 0);
}

Test(final, sha256_into_a_closed_stdout_is_an_error)
{
    int ends[2];
    make_file("file", 100);
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    struct run run =
        finish(start("final", (const char *const[]){"--sha256", "file", NULL},
                     NULL, ends[1], WATCHDOG));
    assert_cannot_write(&run);
}

/* ---- Counters, and memory ---- */

ParameterizedTestParameters(final, the_counters_balance_after_every_kind_of_end)
{
    static char hooks[][24] = {
        "none",          "fail:1:5", "fail:9:5", "packet:9:5:0",
        "packet:9:5:99", "hold:5",   "bind:6",   "fail:CreateFileW:1:5"};
    return cr_make_param_array(char[24], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char hook[24], final,
                  the_counters_balance_after_every_kind_of_end)
{
    make_file("file", 1000000);
    struct run run = RUN_HOOKED(HOOKED, hook, "--stats", "--threads", "4",
                                "--depth", "16", "--block", "10000", "file");
    bool all = strcmp(hook, "none") == 0;
    struct counters counters = take_counters(&run);
    assert_run(&run, run.ending == EXITED && run.status == (all ? 0 : 1),
               "exit status %d", all ? 0 : 1);
    cr_assert_leq(counters.peak, 16,
                  "wanted: a peak of at most 16\ngot: %" G_GUINT64_FORMAT,
                  counters.peak);
    if (all)
        assert_number(counters.bytes, 1000000);
}

Test(final, the_counters_balance_when_the_reader_of_stdout_exits)
{
    int ends[2];
    char ten[10];
    make_file("file", 3000001);
    cr_assert_eq(pipe(ends), 0);
    struct process *process =
        start("final", (const char *const[]){"--stats", "--cat", "file", NULL},
              NULL, ends[1], WATCHDOG);
    cr_assert_eq(read(ends[0], ten, sizeof ten), sizeof ten);
    close(ends[0]);
    struct run run = finish(process);
    take_counters(&run);
    assert_ended(&run, 1);
}

/* The program allocates everything before the first read. */
static char *guard_line(guint64 size, const char *option)
{
    make_file("file", size);
    struct run run = RUN_HOOKED("tests/guarded/final", "allocations", option,
                                "--block", "1000", "file", "file");
    assert_run(&run,
               run.status == 0 && strstr(run.err, ", 0 not freed\n") != NULL,
               "exit status 0, and ', 0 not freed' on stderr");
    char *line = g_strdup(run.err);
    run_clear(&run);
    return line;
}

Test(final, no_memory_is_allocated_for_a_read)
{
    assert_string(guard_line(10, "--cat"), guard_line(1000000, "--cat"));
    assert_string(guard_line(10, "--sha256"), guard_line(1000000, "--sha256"));
}

/* ---- Timeouts ---- */

Test(final, a_read_that_takes_too_long_is_error_1460)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct process *reader =
        start("final",
              (const char *const[]){"--stats", "--timeout", "50", name, NULL},
              NULL, -1, WATCHDOG);
    struct run run = finish(reader);
    struct counters counters = take_counters(&run);
    assert_error(&run, "read", 1460);
    assert_number(counters.cancelled, 1);
    send_end(feeder);
    assert_done(feeder);
}

/* Each read has its own timeout: only the last read takes too long. */
Test(final, bytes_that_came_in_time_are_printed)
{
    char name[64], five[5];
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    struct process *feeder = start_feeder(name);
    send_line(feeder, "hello");
    struct process *reader =
        start("final",
              (const char *const[]){"--cat", "--timeout", "1000", name, NULL},
              NULL, ends[1], WATCHDOG);
    cr_assert_eq(read(ends[0], five, 5), 5);
    cr_assert_eq(memcmp(five, "hello", 5), 0);
    struct run run = finish(reader);
    assert_error(&run, "read", 1460);
    close(ends[0]);
    send_end(feeder);
    assert_done(feeder);
}

Test(final, a_timeout_that_is_not_needed_changes_nothing)
{
    make_file("file", 3000001);
    struct run run =
        RUN("final", "--cat", "--timeout", "60000", "--block", "10000", "file");
    assert_content(&run, "file", 0);
}

/* ---- Ctrl-C ---- */

/* Every read in flight has completed, and no line says that the work is
 * done. */
static void assert_interrupted(struct run *run)
{
    take_counters(run);
    assert_ended(run, INTERRUPTED);
    assert_hides(run, "done");
}

Test(final, ctrl_c_ends_a_program_that_waits_for_a_read)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct process *reader =
        start("final", (const char *const[]){"--stats", name, NULL}, NULL, -1,
              WATCHDOG);
    g_free(next_line(reader));
    send_signal(reader, SIGINT);
    struct run run = finish(reader);
    assert_interrupted(&run);
    send_end(feeder);
}

/* The hook holds one packet back until the program cancels its read. */
Test(final, ctrl_c_waits_for_every_read_in_flight)
{
    make_file("file", 1000000);
    struct process *reader =
        start(HOOKED,
              (const char *const[]){"--stats", "--threads", "2", "--block",
                                    "10000", "file", "file", NULL},
              "hold-read:1000000", -1, WATCHDOG);
    g_free(next_line(reader));
    expect_line(reader, "hooks: a packet is held");
    send_signal(reader, SIGINT);
    struct run run = finish(reader);
    assert_interrupted(&run);
}

/* Only a part of the file went into a pipe, which has no reader any more. */
Test(final, ctrl_c_ends_a_program_whose_output_has_no_reader)
{
    int ends[2];
    char ten[10];
    make_file("file", 3000001);
    cr_assert_eq(pipe(ends), 0);
    struct process *process =
        start("final", (const char *const[]){"--stats", "--cat", "file", NULL},
              NULL, ends[1], WATCHDOG);
    cr_assert_eq(read(ends[0], ten, sizeof ten), sizeof ten);
    send_signal(process, SIGINT);
    struct run run = finish(process);
    take_counters(&run);
    assert_ended(&run, INTERRUPTED);
    close(ends[0]);
}

/* ---- Failures ---- */

/* ReadFile fails immediately, or a packet has the error; in the first block or
 * later; with and without bytes. The output has the bytes before the failure,
 * and nothing else. */
ParameterizedTestParameters(final, a_read_that_fails_is_reported_once)
{
    static char hooks[][16] = {"fail:1:5", "fail:9:5", "packet:1:5:0",
                               "packet:9:5:0", "packet:9:5:99"};
    return cr_make_param_array(char[16], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char hook[16], final, a_read_that_fails_is_reported_once)
{
    make_file("file", 3000001);
    struct run run = RUN_HOOKED(HOOKED, hook, "--block", "64K", "file");
    assert_error(&run, "read", 5);
}

/* The file has nine blocks; the last one fails with 99 of its bytes. */
Test(final, only_the_bytes_before_a_failure_are_printed)
{
    char wanted[80099];
    make_file("file", 3000001);
    fill_pattern(wanted, sizeof wanted, 0);
    struct run run =
        RUN_HOOKED(HOOKED, "packet:9:5:99", "--cat", "--threads", "1",
                   "--depth", "4", "--block", "10000", "file");
    gsize length;
    const char *out = g_bytes_get_data(run.out, &length);
    assert_run(&run,
               run.status == 1 && length == sizeof wanted &&
                   memcmp(out, wanted, length) == 0,
               "exit status 1, and the first %u bytes of the file on stdout; "
               "%u bytes came",
               (unsigned)sizeof wanted, (unsigned)length);
}

/* One read is in flight at a time, so the third packet belongs to the third
 * block. */
static struct run run_third(const char *hook)
{
    make_file("file", 100000);
    return RUN_HOOKED(HOOKED, hook, "--threads", "1", "--depth", "1", "--block",
                      "10000", "file");
}

static void assert_third(const char *hook, const char *done)
{
    struct run run = run_third(hook);
    assert_ended(&run, 0);
    assert_shows_last(&run, done);
    run_clear(&run);
}

Test(final, the_error_of_a_packet_decides_what_it_means)
{
    /* A warning, with all bytes; the two errors that mean the end; no bytes and
     * no error. */
    assert_third("packet:3:234:10000",
                 "main: done: 100000 bytes in 10 reads\n");
    assert_third("packet:3:38:0", "main: done: 20000 bytes in 2 reads\n");
    assert_third("packet:3:109:0", "main: done: 20000 bytes in 2 reads\n");
    assert_third("packet:3:0:0", "main: done: 20000 bytes in 2 reads\n");
    /* A disconnected pipe has lost the bytes that were not read: this is no
     * end. */
    struct run run = run_third("packet:3:233:0");
    assert_error(&run, "read", 233);
}

Test(final, every_thread_ends_before_the_port_is_closed)
{
    make_file("file", 100000);
    struct run run = RUN_HOOKED(HOOKED, "count", "--threads", "5", "file");
    assert_err(&run, "hooks: 5 threads made, 5 ended, port closed\n");
}

/* The hook holds packets back, so that many are in flight when the first one
 * fails: main must wait for all of them before it closes the file. */
Test(final, every_read_completes_before_the_file_is_closed)
{
    make_file("file", 100000);
    struct run run = RUN_HOOKED(HOOKED, "hold:5", "--threads", "4", "--depth",
                                "16", "--block", "4096", "file");
    assert_run(&run, run.ending == EXITED && run.status == 1, "exit status 1");
    assert_err_has(&run, "hooks: 16 in flight at most, 0 at the end\n");
    assert_err_has(&run, "(error 5)\n");
}

Test(final, no_more_reads_than_the_depth_are_in_flight)
{
    make_file("file", 3000001);
    struct run run =
        RUN_HOOKED(HOOKED, "flight", "--depth", "5", "--block", "1000", "file");
    assert_run(&run, run.ending == EXITED && run.status == 0, "exit status 0");
    assert_run(
        &run,
        g_regex_match_simple("^hooks: [1-5] in flight at most, 0 at the end\n$",
                             run.err, 0, 0),
        "on stderr 1 to 5 in flight at most, and 0 at the end");
}

/* Both reads have completed before main continues; the second one found the
 * end. */
Test(final, no_read_starts_after_a_known_end)
{
    make_file("file", 1000);
    struct run run = RUN_HOOKED(HOOKED, "late", "--stats", "--depth", "2",
                                "--block", "1000", "file");
    assert_number(take_counters(&run).issued, 2);
    assert_ended(&run, 0);
    /* Here the first read finds the end immediately. */
    run = RUN_HOOKED(HOOKED, "sync-eof", "--stats", "--offset", "1000", "file");
    assert_number(take_counters(&run).issued, 1);
    assert_ended(&run, 0);
}

/* As in `--cat | head -c 10`: the reader closes the pipe while the program
 * writes. */
Test(final, a_reader_that_exits_causes_an_error_and_no_hang)
{
    int ends[2];
    char ten[10];
    make_file("file", 3000001);
    cr_assert_eq(pipe(ends), 0);
    struct process *process =
        start("final", (const char *const[]){"--cat", "file", NULL}, NULL,
              ends[1], WATCHDOG);
    cr_assert_eq(read(ends[0], ten, sizeof ten), sizeof ten);
    close(ends[0]);
    struct run run = finish(process);
    assert_cannot_write(&run);
}

/* ---- A file that changes ---- */

/* The output goes into a pipe that holds at most 64 KiB and has no reader yet.
 * So the program waits within its first two blocks; more blocks are in flight,
 * or completed. */
static void assert_content_while(void (*change)(void))
{
    int ends[2];
    char *content = NULL;
    gsize length = 0;
    make_file("file", 8 * MIB);
    cr_assert_eq(pipe(ends), 0);
    struct process *process = start(
        "final", (const char *const[]){"--cat", "--block", "64K", "file", NULL},
        NULL, ends[1], WATCHDOG);
    GByteArray *out = g_byte_array_new();
    guint8 buffer[65536];
    for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;) {
        if (out->len == 0)
            change();
        g_byte_array_append(out, buffer, (guint)count);
    }
    close(ends[0]);
    struct run run = finish(process);
    assert_ended(&run, 0);
    read_file("file", &content, &length);
    cr_assert(out->len == length && memcmp(out->data, content, length) == 0,
              "wanted: the content of the file, %u bytes\ngot: other bytes, %u",
              (unsigned)length, out->len);
    g_byte_array_unref(out);
    g_free(content);
}

static void grow(void)
{
    grow_file("file", 9 * MIB + 77);
}

static void cut(void)
{
    cr_assert_eq(truncate("file", (off_t)(4 * MIB + 77)), 0);
}

Test(final, a_file_that_grows_is_read_to_its_new_end)
{
    assert_content_while(grow);
}

Test(final, a_file_that_is_cut_is_read_to_its_new_end)
{
    assert_content_while(cut);
}

/* ---- Pipes ---- */

/* Starts final.exe with a pipe as its file and a pipe of ours as its stdout;
 * returns our end of the latter. */
static struct process *start_cat(const char *name, int *out)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    *out = ends[0];
    return start(HOOKED, (const char *const[]){"--cat", name, NULL}, "none",
                 ends[1], WATCHDOG);
}

/* Expects this piece next, and nothing else; "" is the end. */
static void expect_piece(int out, const char *wanted)
{
    char piece[64];
    ssize_t length = read(out, piece, sizeof piece);
    cr_assert(length == (ssize_t)strlen(wanted) &&
                  memcmp(piece, wanted, (size_t)length) == 0,
              "wanted: '%s'\ngot: %d bytes '%.*s'", wanted, (int)length,
              (int)MAX(length, 0), piece);
}

/* The program passes on the bytes of a pipe immediately, although the block is
 * not full. */
Test(final, a_pipe_is_printed_piece_by_piece)
{
    char name[64];
    int out;
    struct process *feeder = start_feeder(name);
    struct process *reader = start_cat(name, &out);
    send_line(feeder, "hello");
    expect_piece(out, "hello");
    send_line(feeder, "again");
    expect_piece(out, "again");
    send_end(feeder);
    expect_piece(out, "");
    close(out);
    assert_done(reader);
    assert_done(feeder);
}

/* Many pieces, smaller and larger than a block: all come, and in order. */
Test(final, a_pipe_is_printed_in_order)
{
    char name[64], line[5001];
    GString *wanted = g_string_new(NULL);
    struct process *feeder = start_feeder(name);
    struct process *reader =
        start("final",
              (const char *const[]){"--cat", "--block", "1000", "--depth", "64",
                                    name, NULL},
              NULL, -1, WATCHDOG);
    for (int i = 1; i <= 60; i++) {
        size_t length = (size_t)(i * 83);
        for (size_t j = 0; j < length; j++)
            line[j] = (char)('a' + (wanted->len + j) % 23);
        line[length] = '\0';
        g_string_append(wanted, line);
        send_line(feeder, line);
    }
    send_end(feeder);
    struct run run = finish(reader);
    assert_ended(&run, 0);
    assert_string(run.text, wanted->str);
    run = finish(feeder);
    assert_ended(&run, 0);
    g_string_free(wanted, TRUE);
}

/* The test waits for each piece, so that no read gets two of them. */
Test(final, a_write_of_0_bytes_does_not_end_a_pipe)
{
    char name[64];
    int out;
    struct process *feeder = start_feeder(name);
    struct process *reader = start_cat(name, &out);
    send_line(feeder, "abc");
    expect_piece(out, "abc");
    send_line(feeder, "");
    send_line(feeder, "def");
    expect_piece(out, "def");
    send_end(feeder);
    expect_piece(out, "");
    close(out);
    assert_done(reader);
    assert_done(feeder);
}

/* Reads of a pipe have no offset that would give their order. */
Test(final, a_pipe_has_one_read_in_flight)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct process *reader =
        start(HOOKED, (const char *const[]){"--depth", "9", name, NULL},
              "flight", -1, WATCHDOG);
    expect_line(
        reader,
        "main: reading from offset 0 in blocks of 1048576 bytes, at most 1 "
        "in flight");
    send_line(feeder, "hello");
    send_end(feeder);
    expect_line(reader, "main: done: 5 bytes in 1 reads");
    struct run run = finish(reader);
    assert_err(&run, "hooks: 1 in flight at most, 0 at the end\n");
    run = finish(feeder);
    assert_ended(&run, 0);
}

Test(final, a_device_is_error_50)
{
    struct run run = RUN("final", "NUL");
    assert_error(&run, "read", 50);
}

Test(final, an_offset_in_a_pipe_is_error_50)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct run run = RUN("final", "--offset", "1", name);
    assert_error(&run, "read", 50);
    send_end(feeder);
    run = finish(feeder);
    assert_ended(&run, 0);
}
