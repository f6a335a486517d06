/* copy.exe: the target is a complete copy, or it does not exist. */
#include "../support/helpers.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOOKED "tests/guarded/copy"
#define MIB    (G_GUINT64_CONSTANT(1) << 20)

TestSuite(copy, .init = enter_scratch, .fini = leave_scratch);

/* ---- What is there ---- */

/* The number of files here, without those that the tests make. */
static unsigned others(void)
{
    unsigned count = 0;
    GDir *dir = g_dir_open(".", 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        count += strcmp(name, "source") != 0;
    g_dir_close(dir);
    return count;
}

static gboolean look_again(gpointer unused)
{
    (void)unused;
    return G_SOURCE_CONTINUE;
}

/* Waits until at most this many files are left: the system deletes the files
 * that a process had open, perhaps a moment after its end. Looks when the
 * directory has changed, and every so often where the system does not report
 * that. */
static void assert_others(unsigned wanted)
{
    GFile *here = g_file_new_for_path(".");
    GFileMonitor *monitor =
        g_file_monitor_directory(here, G_FILE_MONITOR_NONE, NULL, NULL);
    guint timer = g_timeout_add(100, look_again, NULL);
    gint64 end = g_get_monotonic_time() + WATCHDOG * G_TIME_SPAN_SECOND;
    while (others() > wanted && g_get_monotonic_time() < end)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
    if (monitor != NULL)
        g_object_unref(monitor);
    g_object_unref(here);
    assert_number(others(), wanted);
}

static void assert_nothing_made(void)
{
    assert_others(0);
}

static bool is_same(const char *one, const char *other)
{
    char *a = NULL, *b = NULL;
    gsize length_a = 0, length_b = 0;
    bool same = g_file_get_contents(one, &a, &length_a, NULL) &&
                g_file_get_contents(other, &b, &length_b, NULL) &&
                length_a == length_b && memcmp(a, b, length_a) == 0;
    g_free(a);
    g_free(b);
    return same;
}

/* Expects the line about the copy, and the copy itself. */
static void assert_copied(struct run *run, const char *source,
                          const char *target)
{
    GStatBuf status;
    cr_assert_eq(g_stat(source, &status), 0);
    char *done = g_strdup_printf("main: done: %" G_GUINT64_FORMAT " bytes\n",
                                 (guint64)status.st_size);
    assert_run(run,
               ended_with(run, 0) && g_str_has_suffix(run->text, done) &&
                   is_same(source, target),
               "exit status 0, %s with the content of %s, and at the end of "
               "stdout\n%s",
               target, source, done);
    g_free(done);
}

/* ---- Sizes and shapes ---- */

ParameterizedTestParameters(copy, a_file_of_any_size_is_copied)
{
    static guint64 sizes[] = {0,      1,         65535,     65536,
                              65537,  2 * 65536, 4 * 65536, 4 * 65536 + 1,
                              3000001};
    return cr_make_param_array(guint64, sizes, G_N_ELEMENTS(sizes));
}

ParameterizedTest(guint64 *size, copy, a_file_of_any_size_is_copied)
{
    make_file("source", *size);
    struct run run = RUN("copy", "--stats", "--block", "64K", "source", "new");
    struct counters counters = take_counters(&run);
    assert_copied(&run, "source", "new");
    assert_others(1);
    /* Each block has one read and one write; each buffer has at most one read
     * after the end. */
    guint64 blocks = (*size + 65535) / 65536;
    cr_assert(counters.bytes == 2 * *size && counters.issued > 2 * blocks &&
                  counters.issued <= 2 * blocks + 4 + 1 && counters.peak <= 4,
              "wanted: %" G_GUINT64_FORMAT " bytes, %" G_GUINT64_FORMAT
              " to %" G_GUINT64_FORMAT
              " issued, at most 4 in flight\ngot: %" G_GUINT64_FORMAT
              " bytes, %" G_GUINT64_FORMAT " issued, %" G_GUINT64_FORMAT
              " in flight",
              2 * *size, 2 * blocks + 1, 2 * blocks + 5, counters.bytes,
              counters.issued, counters.peak);
    char *wanted = g_strdup_printf(
        "main: copying in blocks of 65536 bytes, at most 4 in flight\n"
        "main: done: %" G_GUINT64_FORMAT " bytes\n",
        *size);
    assert_text(&run, wanted);
}

struct shape {
    char threads[8], depth[8], block[16], hook[24];
};

/* The program continues short reads and writes. The order of packets does not
 * matter, nor whether ReadFile and WriteFile return TRUE or "pending". */
ParameterizedTestParameters(copy, every_shape_copies_the_same_bytes)
{
    static struct shape shapes[] = {
        {"1", "1", "65536", "none"},
        {"1", "256", "4K", "none"},
        {"2", "7", "10007", "none"},
        {"8", "8", "16M", "none"},
        {"64", "64", "4096", "none"},
        {"2", "4", "10007", "short"},
        {"2", "4", "10007", "short-write"},
        {"4", "8", "64K", "short,short-write"},
        {"4", "8", "64K", "reverse"},
        {"4", "8", "64K", "sync-eof"},
        {"4", "8", "64K", "ntfs-cached"},
        {"4", "8", "64K", "warning"},
        {"4", "8", "64K", "late"},
    };
    return cr_make_param_array(struct shape, shapes, G_N_ELEMENTS(shapes));
}

ParameterizedTest(struct shape *shape, copy, every_shape_copies_the_same_bytes)
{
    make_file("source", 1000001);
    struct run run = RUN_HOOKED(HOOKED, shape->hook, "--stats", "--threads",
                                shape->threads, "--depth", shape->depth,
                                "--block", shape->block, "source", "new");
    take_counters(&run);
    assert_copied(&run, "source", "new");
    assert_others(1);
}

/* The hook holds the first write back until a third read has started. A program
 * that finishes each write before the next read would wait for ever. */
Test(copy, reads_and_writes_run_concurrently)
{
    make_file("source", 1000000);
    struct run run =
        RUN_HOOKED(HOOKED, "hold-write:3", "--stats", "--threads", "2",
                   "--depth", "2", "--block", "10000", "source", "new");
    struct counters counters = take_counters(&run);
    assert_copied(&run, "source", "new");
    assert_number(counters.peak, 2);
}

/* The program allocates everything before the first read. */
static char *guard_line(const char *size)
{
    make_file("source", g_ascii_strtoull(size, NULL, 10));
    struct run run = RUN_HOOKED(HOOKED, "allocations", "--force", "--block",
                                "1000", "source", "new");
    assert_run(&run,
               run.status == 0 && strstr(run.err, ", 0 not freed\n") != NULL,
               "exit status 0, and ', 0 not freed' on stderr");
    char *line = g_strdup(run.err);
    run_clear(&run);
    return line;
}

Test(copy, no_memory_is_allocated_for_a_read_or_write)
{
    assert_string(guard_line("10"), guard_line("1000000"));
}

/* ---- Beyond 4 GiB ---- */

static void mark(const char *name, guint64 offset, const char *text)
{
    FILE *file = fopen(name, "r+b");
    cr_assert_not_null(file);
    cr_assert_eq(fseeko(file, (off_t)offset, SEEK_SET), 0);
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}

static bool is_marked(const char *name, guint64 offset, const char *text)
{
    char got[64] = "";
    FILE *file = fopen(name, "rb");
    cr_assert_not_null(file);
    cr_assert_eq(fseeko(file, (off_t)offset, SEEK_SET), 0);
    size_t length = fread(got, 1, strlen(text), file);
    fclose(file);
    return length == strlen(text) && memcmp(got, text, length) == 0;
}

#define assert_marked(name, offset, text)                                      \
    cr_assert(is_marked(name, offset, text),                                   \
              "wanted: '%s' in %s at %" G_GUINT64_FORMAT "\ngot: other bytes", \
              text, name, (guint64)(offset))

static void assert_copies_4_gib(const char *hook)
{
    const guint64 gib4 = 4096 * MIB, size = gib4 + MIB + 5;
    /* A program that does not find the end must not fill the disk. */
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){size + 64 * MIB, RLIM_INFINITY});
    cr_assert(g_file_set_contents("source", "low", 3, NULL));
    mark("source", gib4 - 5, "below");
    mark("source", gib4, "at");
    mark("source", size - 5, "above");
    struct run run = finish(start(
        HOOKED, (const char *const[]){"--block", "4M", "source", "new", NULL},
        hook, -1, 10 * WATCHDOG));
    assert_ended(&run, 0);
    assert_shows(&run, "main: done: 4296015877 bytes\n");
    GStatBuf status;
    cr_assert_eq(g_stat("new", &status), 0);
    assert_number((guint64)status.st_size, size);
    assert_marked("new", 0, "low");
    assert_marked("new", gib4 - 5, "below");
    assert_marked("new", gib4, "at");
    assert_marked("new", size - 5, "above");
}

/* The hook only pretends to read and write the blocks between the first one and
 * the last one before 4 GiB. The program cannot tell. */
Test(copy, a_file_beyond_4_gib_is_copied_to_the_right_place)
{
    assert_copies_4_gib("hollow:4:4092");
}

/* Really copies all bytes, on demand: that takes time, and this space on the
 * disk. */
TestSuite(copy_big, .fini = leave_scratch);

Test(copy_big, all_of_a_file_beyond_4_gib_is_copied)
{
    if (g_getenv("BIG") == NULL)
        cr_skip_test("only with BIG=1 in the environment");
    enter_scratch();
    assert_copies_4_gib("none");
}

/* ---- Names ---- */

ParameterizedTestParameters(copy, any_name_can_be_copied_to)
{
    static char names[][64] = {"with spaces",
                               "\u00e4\u00f6\u00fc\u00df",
                               "\u6587\u4ef6 \U0001F600",
                               "./new",
                               "directory/new",
                               "directory\\new"};
    return cr_make_param_array(char[64], names, G_N_ELEMENTS(names));
}

ParameterizedTest(char name[64], copy, any_name_can_be_copied_to)
{
    make_file("source", 100000);
    cr_assert_eq(g_mkdir("directory", 0777), 0);
    struct run run = RUN("copy", "source", name);
    char *path = g_strdelimit(g_strdup(name), "\\", '/');
    assert_copied(&run, "source", path);
    cr_assert_eq(g_rename(path, "source"), 0); /* and from it */
    cr_assert_eq(g_rename("source", path), 0);
    run = RUN("copy", name, "again");
    assert_copied(&run, path, "again");
    g_free(path);
}

/* The temporary name is not longer than a target's name may be. */
Test(copy, the_longest_name_can_be_copied_to)
{
    char *name = g_strnfill(255, 'n');
    make_file("source", 100);
    struct run run = RUN("copy", "source", name);
    assert_copied(&run, "source", name);
    g_free(name);
}

Test(copy, a_path_beyond_260_characters_can_be_copied_to)
{
    char *part = g_strnfill(100, 'd');
    char *directory = g_strjoin("/", part, part, part, NULL);
    char *name = g_strjoin("/", directory, "new", NULL);
    cr_assert_eq(g_mkdir_with_parents(directory, 0777), 0);
    make_file("source", 100);
    struct run run = RUN("copy", "source", name);
    assert_copied(&run, "source", name);
    g_free(name);
    g_free(directory);
    g_free(part);
}

/* ---- The command line ---- */

struct arguments {
    char words[5][24];
};

ParameterizedTestParameters(copy, an_unknown_option_is_wrong_usage)
{
    static struct arguments arguments[] = {
        {{"--force"}},
        {{"source"}},
        {{"source", "new", "newer"}},
        {{"--cat", "source", "new"}},
        {{"source", "new", "--depth"}},
        {{"--threads", "0", "source", "new"}},
        {{"--depth", "257", "source", "new"}},
        {{"--block", "17M", "source", "new"}},
        {{"--block", "0", "source", "new"}},
    };
    return cr_make_param_array(struct arguments, arguments,
                               G_N_ELEMENTS(arguments));
}

ParameterizedTest(struct arguments *arguments, copy,
                  an_unknown_option_is_wrong_usage)
{
    const char *words[6] = {NULL};
    make_file("source", 100);
    for (size_t i = 0; i < 5 && *arguments->words[i] != '\0'; i++)
        words[i] = arguments->words[i];
    struct run run = finish(start("copy", words, NULL, -1, WATCHDOG));
    assert_usage(&run, "copy");
    assert_nothing_made();
}

Test(copy, no_argument_is_wrong_usage)
{
    struct run run =
        finish(start("copy", (const char *const[]){NULL}, NULL, -1, WATCHDOG));
    assert_ended(&run, 2);
}

/* ---- What is refused ---- */

Test(copy, a_missing_source_is_error_2)
{
    struct run run = RUN("copy", "missing", "new");
    assert_error(&run, "open", 2);
    assert_nothing_made();
}

/* The fifth call renames the file. The next one marks it for deletion again. */
Test(copy, nothing_stays_if_the_file_can_be_neither_renamed_nor_marked)
{
    make_file("source", 100);
    struct run run = RUN_HOOKED(
        HOOKED, "fail-from:SetFileInformationByHandle:5:5", "source", "new");
    assert_error(&run, "rename to", 5);
    assert_nothing_made();
}

Test(copy, a_new_file_that_cannot_be_deleted_is_reported)
{
    make_file("source", 100);
    struct run run = RUN_HOOKED(
        HOOKED,
        "fail-from:SetFileInformationByHandle:5:5,fail:DeleteFileW:1:32",
        "source", "new");
    /* Two operations fail, so there are two lines. */
    assert_run(&run, run.status == 1, "exit status 1");
    assert_err_has(&run, "cannot rename to 'new': ");
    assert_err_has(&run, "cannot delete '");
}

Test(copy, a_missing_directory_is_error_3)
{
    make_file("source", 100);
    struct run run = RUN("copy", "source", "missing/new");
    assert_error(&run, "create", 3);
    assert_nothing_made();
}

Test(copy, a_target_that_is_a_directory_is_error_5)
{
    make_file("source", 100);
    cr_assert_eq(g_mkdir("directory", 0777), 0);
    struct run run = RUN("copy", "source", "directory");
    assert_error(&run, "create", 5);
    run = RUN("copy", "--force", "source", "directory");
    assert_error(&run, "create", 5);
    assert_others(1);
}

/* The tests may run as root, who may write everywhere. So the hook lets the
 * third CreateFileW fail: the first two open the source and look for the
 * target. */
Test(copy, a_directory_without_write_access_is_error_5)
{
    make_file("source", 100);
    struct run run =
        RUN_HOOKED(HOOKED, "fail:CreateFileW:3:5", "source", "new");
    assert_error(&run, "create", 5);
    assert_nothing_made();
}

Test(copy, a_device_is_error_50)
{
    struct run run = RUN("copy", "NUL", "new");
    assert_error(&run, "read", 50);
    assert_nothing_made();
}

/* With the same content, the test could not see whether the file was copied. */
static void make_old_target(void)
{
    make_file("source", 100000);
    cr_assert(g_file_set_contents("new", "old", 3, NULL));
}

static bool is_old(const char *name)
{
    char *content = NULL;
    bool old = g_file_get_contents(name, &content, NULL, NULL) &&
               strcmp(content, "old") == 0;
    g_free(content);
    return old;
}

#define assert_old(name)                                                       \
    cr_assert(is_old(name),                                                    \
              "wanted: in %s what was there before\ngot: other "               \
              "content, or no file",                                           \
              name)
#define assert_replaced(name)                                                  \
    cr_assert(!is_old(name),                                                   \
              "wanted: in %s the new content\ngot: what was "                  \
              "there before",                                                  \
              name)

Test(copy, an_existing_target_is_kept_unless_forced)
{
    make_old_target();
    /* The program fails immediately: it has started no read. */
    struct run run = RUN_HOOKED(HOOKED, "none", "--stats", "source", "new");
    assert_number(take_counters(&run).issued, 0);
    assert_error(&run, "create", 80);
    assert_old("new");
    assert_others(1);
    run = RUN("copy", "--force", "source", "new");
    assert_copied(&run, "source", "new");
    assert_others(1);
}

/* The source is a pipe, so the copy waits until the test has made the
 * target. */
static struct run copy_pipe_onto(const char *option)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct process *copy =
        start("copy", (const char *const[]){name, "new", option, NULL}, NULL,
              -1, WATCHDOG);
    expect_line(
        copy, "main: copying in blocks of 1048576 bytes, at most 1 in flight");
    cr_assert(g_file_set_contents("new", "old", 3, NULL));
    send_line(feeder, "hello");
    send_end(feeder);
    assert_done(feeder);
    return finish(copy);
}

Test(copy, a_target_that_appears_meanwhile_is_kept)
{
    struct run run = copy_pipe_onto(NULL);
    assert_error(&run, "rename to", 183);
    assert_old("new");
    assert_others(1);
}

Test(copy, a_target_that_appears_meanwhile_is_replaced_if_forced)
{
    struct run run = copy_pipe_onto("--force");
    assert_ended(&run, 0);
    assert_replaced("new");
    assert_others(1);
}

Test(copy, a_file_is_not_copied_onto_itself)
{
    make_file("source", 1000);
    cr_assert_eq(link("source", "link"), 0);
    cr_assert_eq(symlink("source", "symlink"), 0);
    const char *names[] = {"source", "./source", "SOURCE", "link", "symlink"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        struct run run = RUN("copy", "--force", "source", names[i]);
        assert_error(&run, "copy onto itself", 87);
        run_clear(&run);
        run = RUN("copy", "source", names[i]);
        assert_error(&run, "create", 80);
        run_clear(&run);
    }
    GStatBuf status;
    cr_assert_eq(g_stat("source", &status), 0);
    assert_number(status.st_size, 1000);
    assert_number(others(), 2);
}

/* ---- Failures ---- */

/* The first of ten blocks, one in the middle, and the last, one after the
 * other. On a full disk a write fails with 112. */
struct failure {
    char hook[32], tried[16];
    unsigned error;
};

ParameterizedTestParameters(copy, a_failure_leaves_no_new_file)
{
    static struct failure failures[] = {
        {"fail:ReadFile:1:5", "read", 5},
        {"fail:ReadFile:5:23", "read", 23},
        {"fail:ReadFile:10:5", "read", 5},
        {"fail:ReadFile:11:5", "read", 5}, /* which would find the end */
        {"packet:1:23:0", "read", 23},
        {"packet:9:23:77", "read", 23},
        {"packet:19:1117:0", "read", 1117},
        {"packet:21:5:0", "read", 5},
        {"fail:WriteFile:1:112", "write to", 112},
        {"fail:WriteFile:5:112", "write to", 112},
        {"fail:WriteFile:10:112", "write to", 112},
        {"fail:WriteFile:2:109", "write to",
         109}, /* which is the end only for a read */
        {"packet:4:109:0", "write to", 109},
        {"packet:2:112:0", "write to", 112},
        {"packet:10:112:77", "write to", 112},
        {"packet:20:29:0", "write to", 29},
        {"packet:20:0:0", "write to", 29}, /* it succeeds with 0 bytes */
    };
    return cr_make_param_array(struct failure, failures,
                               G_N_ELEMENTS(failures));
}

ParameterizedTest(struct failure *failure, copy, a_failure_leaves_no_new_file)
{
    make_file("source", 100000);
    struct run run =
        RUN_HOOKED(HOOKED, failure->hook, "--stats", "--threads", "1",
                   "--depth", "1", "--block", "10000", "source", "new");
    take_counters(&run);
    assert_error(&run, failure->tried, failure->error);
    assert_nothing_made();
}

struct meaning {
    char hook[32];
    gsize length; /* of the copy */
};

/* The packet belongs to the read of the last block. */
ParameterizedTestParameters(copy, the_error_of_a_packet_decides_what_it_means)
{
    static struct meaning meanings[] = {
        {"packet:19:234:10000", 100000}, /* a warning, with all bytes */
        {"packet:19:38:10000", 100000},  /* the end, after these bytes */
        {"packet:19:38:0", 90000},       {"packet:19:109:0", 90000},
        {"packet:19:0:0", 90000},
    };
    return cr_make_param_array(struct meaning, meanings,
                               G_N_ELEMENTS(meanings));
}

ParameterizedTest(struct meaning *meaning, copy,
                  the_error_of_a_packet_decides_what_it_means)
{
    char wanted[100000], *content = NULL;
    gsize length = 0;
    fill_pattern(wanted, sizeof wanted, 0);
    make_file("source", 100000);
    struct run run =
        RUN_HOOKED(HOOKED, meaning->hook, "--threads", "1", "--depth", "1",
                   "--block", "10000", "source", "new");
    assert_ended(&run, 0);
    read_file("new", &content, &length);
    assert_run(
        &run, length == meaning->length && memcmp(content, wanted, length) == 0,
        "a copy of the first %u bytes; the copy has %u bytes",
        (unsigned)meaning->length, (unsigned)length);
    g_free(content);
}

/* Many requests are in flight, and there is an old target, which must not
 * change. */
ParameterizedTestParameters(copy,
                            a_failure_among_many_does_not_change_the_target)
{
    static char hooks[][32] = {"fail:ReadFile:20:5", "fail:WriteFile:1:5",
                               "fail:WriteFile:20:5", "packet:1:5:0",
                               "packet:30:5:0"};
    return cr_make_param_array(char[32], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char hook[32], copy,
                  a_failure_among_many_does_not_change_the_target)
{
    make_old_target();
    struct run run =
        RUN_HOOKED(HOOKED, hook, "--stats", "--force", "--threads", "4",
                   "--depth", "16", "--block", "1000", "source", "new");
    take_counters(&run);
    assert_run(&run,
               ended_with(&run, 1) && g_str_has_suffix(run.err, "(error 5)\n"),
               "exit status 1, and only one line '... (error 5)' on stderr");
    assert_old("new");
    assert_others(1);
}

/* Each of four buffers completes its block, and takes no other. */
Test(copy, after_a_failure_no_further_block_is_taken)
{
    make_file("source", 1000000);
    struct run run =
        RUN_HOOKED(HOOKED, "fail:WriteFile:1:112", "--stats", "--threads", "1",
                   "--depth", "4", "--block", "1000", "source", "new");
    guint64 issued = take_counters(&run).issued;
    cr_assert_leq(issued, 2 * 4,
                  "wanted: at most 8 issued\ngot: %" G_GUINT64_FORMAT, issued);
    assert_error(&run, "write to", 112);
}

/* Of two buffers, the read of one fails; then the write of the other fails,
 * too. */
Test(copy, only_the_first_of_two_failures_is_reported)
{
    make_file("source", 100000);
    struct run run = RUN_HOOKED(
        HOOKED, "hold-read:2,fail:ReadFile:3:5,packet:4:23:0", "--threads", "1",
        "--depth", "2", "--block", "10000", "source", "new");
    assert_error(&run, "read", 5);
    assert_nothing_made();
}

/* Each function fails in its first call, then in its second, and so on, until
 * the program makes no such call and succeeds. Each failure gives one line, no
 * target and no temporary file. */
ParameterizedTestParameters(
    copy, every_failure_is_reported_once_and_leaves_no_new_file)
{
    static char functions[][32] = {
        "CreateFileW", "CreateIoCompletionPort",     "malloc",
        "calloc",      "SetFileInformationByHandle", "ReadFile",
        "WriteFile",   "FlushFileBuffers",           "_beginthreadex"};
    return cr_make_param_array(char[32], functions, G_N_ELEMENTS(functions));
}

ParameterizedTest(char function[32], copy,
                  every_failure_is_reported_once_and_leaves_no_new_file)
{
    make_file("source", 30000);
    for (unsigned call = 1;; call++) {
        char *hook = g_strdup_printf("fail:%s:%u:5", function, call);
        struct run run = RUN_HOOKED(HOOKED, hook, "--threads", "2", "--depth",
                                    "2", "--block", "10000", "source", "new");
        g_free(hook);
        if (run.status == 0) {
            assert_copied(&run, "source", "new");
            assert_run(&run, call > 1, "a failure, since %s is called",
                       function);
            assert_others(1);
            break;
        }
        assert_ended(&run, 1);
        assert_nothing_made();
        run_clear(&run);
    }
}

/* ---- A source that changes ---- */

struct change {
    char hook[32];
    guint64 least, most; /* the lengths that the copy may have */
};

/* The source's length changes from 100,000 bytes, before the K-th read of
 * 10,000 bytes. The bytes read before belong to the copy. */
ParameterizedTestParameters(copy, a_source_that_changes_is_copied_up_to_its_end)
{
    static struct change changes[] = {
        {"resize:1:0", 0, 0},
        {"resize:1:35000", 35000, 35000},
        {"resize:5:35000", 35000, 40000},
        {"resize:9:77777", 77777, 80000},
        {"short,resize:5:0", 1, 10000}, /* the end lies within several blocks */
        {"short,resize:20:5000", 5000, 99999},
        {"resize:1:234567", 234567, 234567},
        {"resize:9:234567", 234567, 234567},
        {"resize:12:234567", 100000,
         234567}, /* before or after a read found the end */
    };
    return cr_make_param_array(struct change, changes, G_N_ELEMENTS(changes));
}

ParameterizedTest(struct change *change, copy,
                  a_source_that_changes_is_copied_up_to_its_end)
{
    char wanted[234567] = ""; /* zeros after the old end */
    char *content = NULL;
    gsize length = 0;
    fill_pattern(wanted, 100000, 0);
    make_file("source", 100000);
    struct run run =
        RUN_HOOKED(HOOKED, change->hook, "--stats", "--threads", "1", "--depth",
                   "4", "--block", "10000", "source", "new");
    take_counters(&run);
    assert_ended(&run, 0);
    read_file("new", &content, &length);
    assert_run(&run,
               length >= change->least && length <= change->most &&
                   memcmp(content, wanted, length) == 0,
               "a copy of the first %u to %u bytes; the copy has %u",
               (unsigned)change->least, (unsigned)change->most,
               (unsigned)length);
    char *done = g_strdup_printf("main: done: %u bytes\n", (unsigned)length);
    assert_shows_last(&run, done);
    assert_others(1);
    g_free(done);
    g_free(content);
}

/* ---- Pipes ---- */

/* One read at a time keeps the order. Pieces are smaller and larger than a
 * block, and one is empty. */
Test(copy, a_pipe_is_copied_in_order)
{
    char name[64], line[5001];
    GString *wanted = g_string_new(NULL);
    struct process *feeder = start_feeder(name);
    struct process *copy =
        start(HOOKED,
              (const char *const[]){"--stats", "--block", "1000", "--depth",
                                    "64", name, "new", NULL},
              "none", -1, WATCHDOG);
    expect_line(copy,
                "main: copying in blocks of 1000 bytes, at most 1 in flight");
    for (int i = 0; i <= 60; i++) {
        size_t length = (size_t)(i * 83 % 2500);
        for (size_t j = 0; j < length; j++)
            line[j] = (char)('a' + (wanted->len + j) % 23);
        line[length] = '\0';
        g_string_append(wanted, line);
        send_line(feeder, line);
    }
    send_end(feeder);
    assert_done(feeder);
    struct run run = finish(copy);
    struct counters counters = take_counters(&run);
    assert_ended(&run, 0);
    assert_number(counters.peak, 1);
    char *content = NULL;
    read_file("new", &content, NULL);
    assert_string(content, wanted->str);
    char *done =
        g_strdup_printf("main: done: %u bytes\n", (unsigned)wanted->len);
    assert_shows_last(&run, done);
    g_free(done);
    g_free(content);
    g_string_free(wanted, TRUE);
}

/* ---- Interrupted ---- */

/* Starts a copy that has written some bytes and waits, because the hook holds a
 * packet back. */
static struct process *start_held(const char *target, const char *option)
{
    make_file("source", 1000000);
    struct process *copy =
        start(HOOKED,
              (const char *const[]){"--stats", "--threads", "4", "--block",
                                    "10000", "source", target, option, NULL},
              "hold-write:1000000", -1, WATCHDOG);
    expect_line(copy,
                "main: copying in blocks of 10000 bytes, at most 4 in flight");
    expect_line(copy, "hooks: a packet is held");
    return copy;
}

static void assert_interrupted(struct run *run)
{
    take_counters(run);
    assert_ended(run, INTERRUPTED);
    assert_hides(run, "done");
}

/* In the target's directory a rename is one step. The file has its length
 * before it is written, and its name ends with .tmp. */
Test(copy, the_temporary_file_is_in_the_targets_directory)
{
    cr_assert_eq(g_mkdir("directory", 0777), 0);
    struct process *copy = start_held("directory/new", NULL);
    assert_others(1); /* the directory */
    GDir *dir = g_dir_open("directory", 0, NULL);
    char *name = g_strdup(g_dir_read_name(dir));
    cr_assert(name != NULL && g_str_has_suffix(name, ".tmp") &&
                  g_dir_read_name(dir) == NULL,
              "wanted: one file in the directory, with a name that ends with "
              ".tmp\ngot: %s",
              name ? name : "none");
    char *path = g_build_filename("directory", name, NULL);
    GStatBuf status;
    cr_assert_eq(g_stat(path, &status), 0);
    assert_number(status.st_size, 1000000);
    g_free(path);
    g_free(name);
    g_dir_close(dir);
    send_signal(copy, SIGINT);
    struct run run = finish(copy);
    assert_interrupted(&run);
    cr_assert_eq(g_rmdir("directory"), 0); /* empty */
}

Test(copy, ctrl_c_leaves_no_new_file)
{
    struct process *copy = start_held("new", NULL);
    assert_others(1); /* the temporary file */
    send_signal(copy, SIGINT);
    struct run run = finish(copy);
    assert_interrupted(&run);
    assert_nothing_made();
}

Test(copy, ctrl_c_does_not_change_an_old_target)
{
    make_old_target();
    struct process *copy = start_held("new", "--force");
    send_signal(copy, SIGINT);
    struct run run = finish(copy);
    assert_interrupted(&run);
    assert_old("new");
    assert_others(1);
}

Test(copy, ctrl_c_ends_a_copy_that_waits_for_a_pipe)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct process *copy =
        start("copy", (const char *const[]){"--stats", name, "new", NULL}, NULL,
              -1, WATCHDOG / 2); /* fewer bytes than the feeder has */
    expect_line(
        copy, "main: copying in blocks of 1048576 bytes, at most 1 in flight");
    send_line(feeder, "hello");
    send_signal(copy, SIGINT);
    struct run run = finish(copy);
    assert_interrupted(&run);
    assert_nothing_made();
    send_end(feeder);
}

/* ---- Killed ---- */

/* A killed process cannot clean up; the system does. */
Test(copy, a_killed_copy_leaves_no_new_file)
{
    struct process *copy = start_held("new", NULL);
    assert_others(1); /* the temporary file */
    send_signal(copy, SIGKILL);
    struct run run = finish(copy);
    assert_number(run.status, -1);
    cr_assert_not(g_file_test("new", G_FILE_TEST_EXISTS),
                  "wanted: no file new\ngot: one");
    assert_nothing_made();
}

Test(copy, a_killed_copy_does_not_change_an_old_target)
{
    make_old_target();
    struct process *copy = start_held("new", "--force");
    send_signal(copy, SIGKILL);
    finish(copy);
    assert_others(1);
    assert_old("new");
}

/* ---- What it prints ---- */

/* Reads from a terminal until this text has come. Compares only letters,
 * because control sequences may stand between them. */
static void expect_on_terminal(int terminal, const char *wanted)
{
    GString *letters = g_string_new(NULL);
    bool in_sequence = false;
    char c;
    while (strstr(letters->str, wanted) == NULL && read(terminal, &c, 1) == 1) {
        bool is_letter = g_ascii_isalpha(c);
        if (is_letter && !in_sequence)
            g_string_append_c(letters, c);
        in_sequence = c == 033 || (in_sequence && !is_letter);
    }
    cr_assert(strstr(letters->str, wanted) != NULL, "no '%s' came, but '%s'",
              wanted, letters->str);
    g_string_free(letters, TRUE);
}

/* The second copy starts later. When it shows its progress on its terminal,
 * both copies have waited for more than a second. */
Test(copy, progress_is_shown_only_on_a_terminal)
{
    char names[2][64];
    struct process *feeders[2], *copies[2];
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(terminal >= 0 && grantpt(terminal) == 0 &&
              unlockpt(terminal) == 0);
    for (int i = 0; i < 2; i++) {
        feeders[i] = start_feeder(names[i]);
        if (i == 1)
            set_next_stderr(open(ptsname(terminal), O_RDWR | O_NOCTTY));
        copies[i] = start(
            "copy", (const char *const[]){names[i], i ? "two" : "one", NULL},
            NULL, -1, WATCHDOG);
        expect_line(
            copies[i],
            "main: copying in blocks of 1048576 bytes, at most 1 in flight");
        send_line(feeders[i], "hello");
    }
    expect_on_terminal(terminal, "bytes");
    for (int i = 0; i < 2; i++) {
        send_end(feeders[i]);
        assert_done(feeders[i]);
        assert_done(copies[i]); /* and if stderr is a pipe, nothing is on it */
    }
    close(terminal);
}

Test(copy, the_readme_shows_what_it_prints)
{
    copy_sample();
    char *block = readme_block("final/programs", "Copy", "text");
    struct run run = RUN("copy", "build/sample.txt", "new");
    assert_ended(&run, 0);
    assert_block(&run, block);
    g_free(block);
}

/* stdout is a pipe without a reader, as after `| head`. */
Test(copy, a_closed_stdout_is_an_error_and_no_copy)
{
    int ends[2];
    make_file("source", 1000);
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    struct run run =
        finish(start("copy", (const char *const[]){"source", "new", NULL}, NULL,
                     ends[1], WATCHDOG));
    assert_cannot_write(&run);
    assert_nothing_made();
}
