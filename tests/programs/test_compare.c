/* compare.exe: five ways with one sum, and a table with true figures. */
#include "../support/helpers.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(compare, .init = enter_scratch, .fini = leave_scratch);

#define GUARDED "tests/guarded/compare"

enum { WAYS = 5 };

static const char *const ways[WAYS] = {"ReadFile", "pool", "file_stream",
                                       "BindIoCompletionCallback",
                                       "CreateThreadpoolIo"};

/* ---- What it prints ---- */

struct row {
    unsigned requests, threads, peak;
    double speed, ratio;
};

struct table {
    guint64 bytes, sum;
    char sha256[65];
    unsigned rounds, block, depth;
    struct row rows[WAYS]; /* in the order of ways */
};

/* The groups of a pattern in a line, which must match. The caller frees them.
 */
static char **match(const char *line, const char *pattern)
{
    GRegex *regex = g_regex_new(pattern, G_REGEX_ANCHORED, 0, NULL);
    GMatchInfo *found;
    cr_assert(g_regex_match(regex, line, 0, &found), "wanted %s: %s", pattern,
              line);
    char **groups = g_match_info_fetch_all(found);
    g_match_info_free(found);
    g_regex_unref(regex);
    return groups;
}

static unsigned number(const char *digits)
{
    return (unsigned)g_ascii_strtoull(digits, NULL, 10);
}

static struct row parse_row(const char *line, const char *way)
{
    char *pattern = g_strdup_printf("main: %s +(\\d+) +(\\d+) +(\\d+) "
                                    "+(\\d+\\.\\d) +(\\d+\\.\\d\\d)$",
                                    way);
    char **groups = match(line, pattern);
    struct row row = {.requests = number(groups[1]),
                      .threads = number(groups[2]),
                      .peak = number(groups[3]),
                      .speed = g_ascii_strtod(groups[4], NULL),
                      .ratio = g_ascii_strtod(groups[5], NULL)};
    g_strfreev(groups);
    g_free(pattern);
    return row;
}

/* Expects exit status 0 and this output, and parses it. */
static struct table parse(const struct run *run)
{
    struct table table = {0};
    assert_ended(run, 0);
    char **lines = g_strsplit(run->text, "\n", -1);
    assert_run(run, g_strv_length(lines) == WAYS + 5,
               "g_strv_length(lines) to be %" G_GUINT64_FORMAT,
               (guint64)(WAYS + 5));
    char **groups = match(lines[0], "main: (\\d+) bytes, SHA-256 ([0-9a-f]{64})"
                                    ", sum ([0-9a-f]{16})$");
    table.bytes = g_ascii_strtoull(groups[1], NULL, 10);
    g_strlcpy(table.sha256, groups[2], sizeof table.sha256);
    table.sum = g_ascii_strtoull(groups[3], NULL, 16);
    g_strfreev(groups);
    groups = match(lines[1], "main: median of (\\d+) rounds, blocks of (\\d+) "
                             "bytes, depth (\\d+)$");
    table.rounds = number(groups[1]);
    table.block = number(groups[2]);
    table.depth = number(groups[3]);
    g_strfreev(groups);
    for (int i = 0; i < WAYS; i++) {
        assert_run(run, strlen(lines[3 + i]) == strlen(lines[2]),
                   "strlen(lines[3 + i]) to be %" G_GUINT64_FORMAT,
                   (guint64)(strlen(lines[2])));
        table.rows[i] = parse_row(lines[3 + i], ways[i]);
    }
    assert_string(lines[WAYS + 3], "main: done: all sums are equal");
    assert_string(lines[WAYS + 4], "");
    g_strfreev(lines);
    return table;
}

static struct table parse_and_clear(struct run run)
{
    struct table table = parse(&run);
    run_clear(&run);
    return table;
}

/* ---- The right sums ---- */

/* Adds byte by byte: each byte has a place in a word, and the word has a
 * weight. */
static guint64 sum_of(const guint8 *data, gsize length)
{
    guint64 sum = 0;
    for (gsize i = 0; i < length; i++) {
        guint64 mixed = i / 8 * G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);
        guint64 weight = (mixed ^ (mixed >> 32)) | 1;
        sum += ((guint64)data[i] << (i % 8 * 8)) * weight;
    }
    return sum;
}

static void assert_right(const struct table *table, const char *name)
{
    char *content = NULL;
    gsize length = 0;
    read_file(name, &content, &length);
    char *sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256,
                                               (const guchar *)content, length);
    assert_number(table->bytes, length);
    assert_string(table->sha256, sha256);
    assert_number(table->sum, sum_of((const guint8 *)content, length));
    g_free(sha256);
    g_free(content);
}

ParameterizedTestParameters(compare, a_file_of_any_size_has_the_right_sums)
{
    static guint64 sizes[] = {
        0, 1, 7, 8, 4095, 4096, 4097, 4096 * 8, 4096 * 8 + 1, 99999, 9 << 20};
    return cr_make_param_array(guint64, sizes, G_N_ELEMENTS(sizes));
}

ParameterizedTest(guint64 *size, compare, a_file_of_any_size_has_the_right_sums)
{
    make_file("file", *size);
    struct table table = parse_and_clear(
        RUN("compare", "--block", "4096", "--rounds", "3", "file"));
    assert_right(&table, "file");
}

struct shape {
    char threads[8], depth[8], block[16];
    guint64 size;
};

ParameterizedTestParameters(compare, every_shape_has_the_right_sums)
{
    static struct shape shapes[] = {
        {"1", "1", "65536", 3000001},   {"1", "256", "4K", 3000001},
        {"2", "7", "10007", 3000001},   {"64", "64", "4096", 3000001},
        {"64", "256", "32768", 300001}, {"8", "8", "1", 2000},
        {"8", "256", "3", 5000},        {"2", "16", "16M", 40000001},
    };
    return cr_make_param_array(struct shape, shapes, G_N_ELEMENTS(shapes));
}

ParameterizedTest(struct shape *shape, compare, every_shape_has_the_right_sums)
{
    make_file("file", shape->size);
    struct table table = parse_and_clear(
        RUN("compare", "--threads", shape->threads, "--depth", shape->depth,
            "--block", shape->block, "--rounds", "2", "file"));
    assert_right(&table, "file");
}

/* ---- What the sum notices ---- */

static guint64 sum_of_file(const char *content, gsize length)
{
    cr_assert(g_file_set_contents("file", content, (gssize)length, NULL));
    return parse_and_clear(
               RUN("compare", "--rounds", "1", "--block", "64", "file"))
        .sum;
}

#define assert_other_sum(content, sum, changed)                                \
    do {                                                                       \
        guint64 other = sum_of_file(content, SIZE);                            \
        cr_assert_neq(other, sum,                                              \
                      "wanted: another sum, since %s changed\n"                \
                      "got: %" G_GUINT64_FORMAT " again",                      \
                      changed, other);                                         \
    } while (0)

static void swap(char *left, char *right, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char kept = left[i];
        left[i] = right[i];
        right[i] = kept;
    }
}

/* Changes a byte, swaps two blocks, swaps two words, and swaps two bytes of a
 * word. */
Test(compare, a_change_changes_the_sum)
{
    enum { SIZE = 64 * 16 };
    char content[SIZE], words[8];
    fill_pattern(content, SIZE, 0);
    guint64 sum = sum_of_file(content, SIZE);
    assert_number(sum_of_file(content, SIZE), sum);
    content[SIZE - 1] ^= 1;
    assert_other_sum(content, sum, "a byte");
    content[SIZE - 1] ^= 1;
    swap(content, content + 5 * 64, 64);
    assert_other_sum(content, sum, "two blocks");
    swap(content, content + 5 * 64, 64);
    swap(content + 14, content + 15, 1);
    assert_other_sum(content, sum, "two bytes");
    swap(content + 14, content + 15, 1);
    assert_number(sum_of_file(content, SIZE), sum);
    for (size_t i = 0; i < 64; i += 8) {
        memset(words, 'a' + (int)i, 8);
        memcpy(content + i, words, 8);
        memcpy(content + 128 - 8 - i, words, 8);
    }
    sum = sum_of_file(content, SIZE);
    swap(content, content + 64, 64);
    assert_other_sum(content, sum, "blocks of the same words");
    swap(content, content + 64, 64);
    swap(content + 16, content + 24, 8);
    assert_other_sum(content, sum, "two words");
}

/* After the first line the right sums are known, and 5000 runs are left. */
Test(compare, a_file_that_changes_meanwhile_is_an_error)
{
    make_file("file", 1000000);
    struct process *process = start(
        "compare", (const char *const[]){"--rounds", "1000", "file", NULL},
        NULL, -1, WATCHDOG);
    g_free(next_line(process));
    FILE *file = fopen("file", "r+b");
    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, 123456, SEEK_SET), 0);
    cr_assert_eq(fputc('!', file), '!');
    cr_assert_eq(fclose(file), 0);
    struct run run = finish(process);
    assert_run(&run,
               ended_with(&run, 1) &&
                   g_str_has_prefix(run.err, "compare: cannot read with ") &&
                   g_str_has_suffix(run.err, "(error 23)\n"),
               "exit status 1, and only 'compare: cannot read with ... (error "
               "23)' on stderr");
}

/* ---- The table ---- */

/* The quotient of two numbers, each rounded to the nearest tenth. */
static void assert_ratio(double ratio, double speed, double synchronous)
{
    double least = (speed - 0.051) / (synchronous + 0.051) - 0.0051;
    double most = (speed + 0.051) / (synchronous - 0.051) + 0.0051;
    cr_assert(ratio >= least && (synchronous < 0.1 || ratio <= most),
              "wanted: the ratio %f / %f\ngot: %f", speed, synchronous, ratio);
}

Test(compare, the_ratio_is_that_of_the_speeds)
{
    make_file("file", 9000001);
    struct table table = parse_and_clear(RUN("compare", "file"));
    cr_assert_eq(table.rows[0].ratio, 1.0);
    for (int i = 0; i < WAYS; i++) {
        cr_assert_gt(table.rows[i].speed, 0.0,
                     "wanted: a speed of %s above 0\ngot: %f", ways[i],
                     table.rows[i].speed);
        assert_ratio(table.rows[i].ratio, table.rows[i].speed,
                     table.rows[0].speed);
    }
}

/* A way that waits for each read needs no request, and one thread. */
static void assert_counts(const struct table *table, unsigned threads)
{
    for (int i = 0; i < WAYS; i++) {
        const struct row *row = &table->rows[i];
        bool waits = i == 0 || i == 2;
        cr_assert_eq(row->requests, waits ? 0 : table->depth,
                     "wanted: %u requests of %s\ngot: %u",
                     waits ? 0 : table->depth, ways[i], row->requests);
        cr_assert(row->peak >= 1 && row->peak <= (waits ? 1 : table->depth),
                  "wanted: a peak of %s from 1 to %u\ngot: %u", ways[i],
                  waits ? 1 : table->depth, row->peak);
        cr_assert(row->threads >= 1 && (!waits || row->threads == 1) &&
                      (i != 1 || row->threads <= threads),
                  "wanted: threads of %s from 1 to %u\ngot: %u", ways[i],
                  waits    ? 1
                  : i == 1 ? threads
                           : UINT_MAX,
                  row->threads);
    }
}

static void assert_shape(const struct table *table, unsigned depth,
                         unsigned block, unsigned rounds)
{
    cr_assert(table->depth == depth && table->block == block &&
                  table->rounds == rounds,
              "wanted: depth %u, blocks of %u, %u rounds\n"
              "got: depth %u, blocks of %u, %u rounds",
              depth, block, rounds, table->depth, table->block, table->rounds);
}

/* An empty file has no speed, but reading it takes some time. */
Test(compare, an_empty_file_has_ratios)
{
    make_file("file", 0);
    struct table table = parse_and_clear(RUN("compare", "file"));
    for (int i = 0; i < WAYS; i++)
        cr_assert(table.rows[i].speed == 0.0 && table.rows[i].ratio >= 0.0,
                  "wanted: of %s a speed of 0 and a ratio of 0 or more\ngot: "
                  "%f and %f",
                  ways[i], table.rows[i].speed, table.rows[i].ratio);
    assert_counts(&table, 256);
}

Test(compare, requests_threads_and_peak_are_within_bounds)
{
    make_file("file", 3000001);
    struct table table =
        parse_and_clear(RUN("compare", "--depth", "5", "--threads", "3",
                            "--block", "4K", "--rounds", "4", "file"));
    assert_shape(&table, 5, 4096, 4);
    assert_counts(&table, 3);
    table = parse_and_clear(RUN("compare", "--depth", "1", "--threads", "1",
                                "--rounds", "1", "file"));
    assert_shape(&table, 1, 65536, 1);
    assert_counts(&table, 1);
    table = parse_and_clear(RUN("compare", "file"));
    assert_shape(&table, 8, table.block, 5);
    assert_counts(&table, 256);
}

/* Compares the README's figures that do not depend on the machine. */
Test(compare, the_readme_shows_its_table)
{
    char *block = readme_block("final/programs", "compare", "text");
    struct run shown = {.ending = EXITED, .text = block, .err = (char *)""};
    struct table readme = parse(&shown);
    make_file("file", 100);
    struct table table = parse_and_clear(RUN("compare", "file"));
    for (int i = 0; i < WAYS; i++) {
        assert_number(readme.rows[i].requests, table.rows[i].requests);
        assert_ratio(readme.rows[i].ratio, readme.rows[i].speed,
                     readme.rows[0].speed);
    }
    g_free(block);
}

/* ---- Usage, and what cannot be read ---- */

struct arguments {
    char words[3][24];
};

ParameterizedTestParameters(compare, an_unknown_option_is_wrong_usage)
{
    static struct arguments arguments[] = {
        {{""}},
        {{"--what", "file"}},
        {{"file", "file"}},
        {{"file", "--rounds"}},
        {{"--rounds", "0", "file"}},
        {{"--rounds", "1001", "file"}},
        {{"--depth", "257", "file"}},
        {{"--threads", "257", "file"}},
        {{"--block", "17M", "file"}},
        {{"--block", "x", "file"}},
    };
    return cr_make_param_array(struct arguments, arguments,
                               G_N_ELEMENTS(arguments));
}

ParameterizedTest(struct arguments *arguments, compare,
                  an_unknown_option_is_wrong_usage)
{
    const char *words[4] = {NULL};
    make_file("file", 100);
    for (size_t i = 0; i < 3 && *arguments->words[i] != '\0'; i++)
        words[i] = arguments->words[i];
    struct run run = finish(start("compare", words, NULL, -1, WATCHDOG));
    assert_usage(&run, "compare");
}

Test(compare, depth_times_block_is_bounded)
{
    make_file("file", 100);
    struct run run = RUN("compare", "--depth", "129", "--block", "2M", "file");
    assert_ended(&run, 2);
}

static void assert_cannot(const char *tried, const char *name, unsigned error)
{
    struct run run = RUN("compare", name);
    assert_error(&run, tried, error);
    assert_text(&run, "");
    run_clear(&run);
}

Test(compare, a_file_that_cannot_be_opened_is_reported)
{
    cr_assert_eq(g_mkdir("directory", 0777), 0);
    assert_cannot("open", "missing", 2);
    assert_cannot("open", "missing/file", 3);
    assert_cannot("open", "directory", 5);
}

Test(compare, a_file_beyond_ascii_can_be_read)
{
    make_file("f\u00fcr \u6587\u4ef6 \U0001F600", 100);
    parse_and_clear(RUN("compare", "f\u00fcr \u6587\u4ef6 \U0001F600"));
}

Test(compare, a_file_that_others_write_and_delete_can_be_read)
{
    make_file("shared", 100);
    struct process *holder =
        start("tests/holder", (const char *const[]){"shared", "share", NULL},
              NULL, -1, WATCHDOG);
    expect_line(holder, "ready");
    parse_and_clear(RUN("compare", "shared"));
    send_end(holder);
    assert_done(holder);
}

Test(compare, a_pipe_or_device_is_error_50)
{
    char name[64];
    assert_cannot("read", "NUL", 50);
    struct process *feeder = start_feeder(name);
    assert_cannot("read", name, 50);
    send_end(feeder);
    assert_done(feeder);
}

Test(compare, a_closed_stdout_is_an_error_and_no_hang)
{
    int ends[2];
    make_file("file", 1000000);
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    struct run run =
        finish(start("compare", (const char *const[]){"file", NULL}, NULL,
                     ends[1], WATCHDOG));
    assert_cannot_write(&run);
}

/* ---- Every way under the hooks ---- */

/* The file has ten blocks and a short one, read one after the other. So each
 * way with an OVERLAPPED calls ReadFile twelve times, and the last call finds
 * the end: the pool, the stream, BindIoCompletionCallback and
 * CreateThreadpoolIo. Without an OVERLAPPED the file is read twice; the first
 * time gives the right sum. */
static struct run run_hooked(const char *hook)
{
    make_file("file", 10 * 4096 + 99);
    return RUN_HOOKED(GUARDED, hook, "--depth", "1", "--threads", "1",
                      "--block", "4096", "--rounds", "1", "file");
}

ParameterizedTestParameters(compare,
                            the_sums_are_right_however_each_read_completes)
{
    static char hooks[][32] = {"none",
                               "ntfs-cached",
                               "short",
                               "sync-eof",
                               "short,ntfs-cached,sync-eof",
                               "reverse",
                               "warning"};
    return cr_make_param_array(char[32], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char hook[32], compare,
                  the_sums_are_right_however_each_read_completes)
{
    struct table table = parse_and_clear(run_hooked(hook));
    assert_right(&table, "file");
    assert_counts(&table, 1);
    make_file("file", 300001);
    table = parse_and_clear(
        RUN_HOOKED(GUARDED, hook, "--block", "4096", "--rounds", "2", "file"));
    assert_right(&table, "file");
    assert_counts(&table, 256);
}

struct failure {
    char hook[40];
    char tried[40];
    unsigned error;
};

/* The failure comes immediately, later, or before the first read. */
ParameterizedTestParameters(compare,
                            a_failure_is_reported_once_and_nothing_leaks)
{
    static struct failure failures[] = {
        {"plain:5:5", "read with ReadFile", 5},
        {"plain:13:5", "read with ReadFile", 5},
        {"plain:24:5", "read with ReadFile", 5},
        {"fail:1:5", "read with pool", 5},
        {"fail:12:5", "read with pool", 5},
        {"fail:13:5", "read with file_stream", 5},
        {"fail:24:5", "read with file_stream", 5},
        {"fail:25:5", "read with BindIoCompletionCallback", 5},
        {"fail:36:5", "read with BindIoCompletionCallback", 5},
        {"fail:37:5", "read with CreateThreadpoolIo", 5},
        {"fail:48:5", "read with CreateThreadpoolIo", 5},
        {"packet:1:1117:0", "read with pool", 1117},
        {"packet:12:1117:99", "read with pool", 1117},
        {"callback:1:1117", "read with BindIoCompletionCallback", 1117},
        {"callback:12:1117", "read with BindIoCompletionCallback", 1117},
        {"callback:13:1117", "read with CreateThreadpoolIo", 1117},
        {"callback:24:1117", "read with CreateThreadpoolIo", 1117},
        {"fail:CreateFileW:1:5", "open", 5},
        {"fail:CreateFileW:2:5", "read with ReadFile", 5},
        {"fail:CreateFileW:3:5", "read with ReadFile", 5},
        {"fail:CreateFileW:4:5", "read with pool", 5},
        {"fail:CreateFileW:5:5", "read with file_stream", 5},
        {"fail:CreateFileW:6:5", "read with BindIoCompletionCallback", 5},
        {"fail:CreateFileW:7:5", "read with CreateThreadpoolIo", 5},
        {"fail:CreateIoCompletionPort:1:8", "create", 8},
        {"bind:87", "read with pool", 87},
        {"fail:CreateIoCompletionPort:3:87", "read with file_stream", 87},
        {"fail:BindIoCompletionCallback:1:87",
         "read with BindIoCompletionCallback", 87},
        {"fail:CreateThreadpoolIo:1:8", "read with CreateThreadpoolIo", 8},
        {"thread:1:164", "create", 164},
        {"fail:malloc:1:0", "allocate", 8},
        {"fail:calloc:1:0", "create", 8},
        {"fail:calloc:3:0", "read with pool", 8},
        {"fail:calloc:4:0", "read with file_stream", 8},
        {"fail:malloc:2:0", "read with file_stream", 8},
        {"fail:calloc:5:0", "read with BindIoCompletionCallback", 8},
        {"fail:calloc:6:0", "read with CreateThreadpoolIo", 8},
    };
    return cr_make_param_array(struct failure, failures,
                               G_N_ELEMENTS(failures));
}

/* The line of the failure, and the lines of the hooks. */
static void assert_reported_and_clean(const struct run *run, const char *tried,
                                      unsigned error)
{
    char *wanted = g_strdup_printf("compare: cannot %s '", tried);
    char *number = g_strdup_printf("(error %u)", error);
    char **lines = g_strsplit(run->err, "\n", -1);
    assert_run(run,
               run->ending == EXITED && run->status == 1 &&
                   g_strv_length(lines) == 4,
               "exit status 1, and three lines on stderr");
    assert_run(run,
               g_str_has_prefix(lines[0], wanted) &&
                   g_str_has_suffix(lines[0], number) &&
                   strstr(run->text, ": done") == NULL,
               "'%s' and %s", wanted, number);
    assert_run(run,
               g_str_has_suffix(lines[1], ", 0 not freed") &&
                   g_str_has_suffix(lines[2], ", 0 not closed"),
               "on stderr a second line '..., 0 not freed' and a third '..., 0 "
               "not closed'");
    g_strfreev(lines);
    g_free(number);
    g_free(wanted);
}

ParameterizedTest(struct failure *failure, compare,
                  a_failure_is_reported_once_and_nothing_leaks)
{
    char *hook = g_strconcat(failure->hook, ",files,allocations", NULL);
    struct run run = run_hooked(hook);
    assert_reported_and_clean(&run, failure->tried, failure->error);
    g_free(hook);
}

/* With eight reads in flight on several threads, the test cannot know which one
 * fails. A stream that has some bytes for its caller repeats the read: so all
 * reads fail. */
ParameterizedTestParameters(compare,
                            a_failure_among_many_reads_is_reported_once)
{
    static char hooks[][32] = {
        "fail:3:5",
        "fail-from:ReadFile:80:5",
        "fail-from:ReadFile:90:5",
        "fail-from:ReadFile:170:5",
        "fail:190:5",
        "callback:9:5",
        "callback:90:5",
        "packet:9:5:0",
        "packet:70:5:1",
    };
    return cr_make_param_array(char[32], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char hook[32], compare,
                  a_failure_among_many_reads_is_reported_once)
{
    make_file("file", 300001);
    char *all = g_strconcat(hook, ",files,allocations", NULL);
    struct run run = RUN_HOOKED(GUARDED, all, "--block", "4096", "--threads",
                                "4", "--rounds", "1", "file");
    char **lines = g_strsplit(run.err, "'", 2);
    assert_run(&run, g_str_has_prefix(lines[0], "compare: cannot read with "),
               "stderr to begin with 'compare: cannot read with '");
    char *tried = g_strstrip(g_strdup(lines[0] + strlen("compare: cannot ")));
    assert_reported_and_clean(&run, tried, 5);
    g_free(tried);
    g_strfreev(lines);
    g_free(all);
}

static void assert_hooked_error(const char *hook, const char *tried,
                                unsigned error)
{
    struct run run = run_hooked(hook);
    assert_error(&run, tried, error);
    run_clear(&run);
}

Test(compare, a_file_that_cannot_be_closed_is_reported)
{
    assert_hooked_error("fail:CloseHandle:1:6", "read", 6);
    assert_hooked_error("fail:CloseHandle:2:6", "read with ReadFile", 6);
    assert_hooked_error("fail:CloseHandle:3:6", "read with ReadFile", 6);
    assert_hooked_error("fail:CloseHandle:4:6", "read with pool", 6);
}

Test(compare, a_successful_round_leaks_nothing)
{
    struct run run = run_hooked("files,allocations");
    assert_run(&run, run.ending == EXITED && run.status == 0, "exit status 0");
    assert_run(
        &run,
        g_regex_match_simple("^guard: [0-9]+ allocations, 0 not freed\nhooks: "
                             "7 files opened, 0 not closed\n$",
                             run.err, 0, 0),
        "on stderr\nguard: ... allocations, 0 not freed\nhooks: 7 files "
        "opened, 0 not closed");
}

/* For each StartThreadpoolIo the program gets a callback, or calls
 * CancelThreadpoolIo. */
static void assert_threadpool(const char *hook, const char *counts)
{
    struct run run = run_hooked(hook);
    char *wanted = g_strdup_printf("hooks: %s\n", counts);
    cr_assert(g_str_has_prefix(run.err, wanted), "wanted %s%s", wanted,
              describe(&run));
    run_clear(&run);
    g_free(wanted);
}

Test(compare, a_read_that_did_not_start_is_cancelled_in_the_threadpool)
{
    assert_threadpool("threadpool", "12 started, 0 cancelled, 12 called");
    assert_threadpool("threadpool,fail:37:5",
                      "1 started, 1 cancelled, 0 called");
    assert_threadpool("threadpool,fail:41:5",
                      "5 started, 1 cancelled, 4 called");
    assert_threadpool("threadpool,sync-eof",
                      "12 started, 1 cancelled, 11 called");
}
