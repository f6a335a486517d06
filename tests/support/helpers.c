#include "helpers.h"
#include "explain.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>

const char *const stages[6] = {"step1-create",   "step2-bind",
                               "step3-callback", "step4-overlapped",
                               "step5-readfile", "final"};

struct process {
    GSubprocess *subprocess;
    GDataInputStream *out; /* NULL if stdout goes elsewhere */
    GString *lines;        /* what next_line has read */
    char *command;
    GThread *watchdog;
    GMutex lock;
    GCond ended_condition;
    GCancellable *patience; /* the watchdog cancels it: reads then end */
    gint64 deadline;
    bool ended, hung;
};

static const char *environment(const char *name)
{
    const char *value = g_getenv(name);
    cr_assert_not_null(value, "%s is not set: type make test", name);
    return value;
}

/* ---- Programs ---- */

/* Programs that are not finished. If a test fails, leave_scratch ends them; if
 * it crashes, the system does: see die_with_parent. */
static GPtrArray *running;

static void die_with_parent(gpointer unused)
{
    (void)unused;
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}

/* WATCHDOG in the environment replaces the usual time, and limits any other. */
static unsigned patience_of(unsigned seconds)
{
    const char *longest = g_getenv("WATCHDOG");
    if (longest == NULL)
        return seconds;
    unsigned chosen = (unsigned)strtoul(longest, NULL, 10);
    return seconds == WATCHDOG ? chosen : MIN(seconds, chosen);
}

/* The watchdog thread: ends the program when its time is over. */
static gpointer watch(gpointer data)
{
    struct process *process = data;
    g_mutex_lock(&process->lock);
    while (!process->ended && !process->hung)
        if (!g_cond_wait_until(&process->ended_condition, &process->lock,
                               process->deadline))
            process->hung = true;
    if (!process->ended) {
        g_subprocess_force_exit(process->subprocess);
        g_cancellable_cancel(process->patience);
    }
    g_mutex_unlock(&process->lock);
    return NULL;
}

static void append_settings(GString *command, const char *variable,
                            const char *settings)
{
    if (settings == NULL || *settings == '\0')
        return;
    char *sentences = explain_settings(variable, settings);
    g_string_append_printf(command, "\n%s", g_strchomp(sentences));
    g_free(sentences);
}

/* The command, and below it a sentence for each setting in HOOK and IO. */
static char *command_of(const GPtrArray *argv, const char *hook)
{
    char *words = g_strjoinv(" ", (char **)argv->pdata);
    GString *command = g_string_new(words);
    append_settings(command, "HOOK", hook);
    append_settings(command, "IO", g_getenv("IO"));
    g_free(words);
    return g_string_free(command, FALSE);
}

static int next_stderr = -1;

void set_next_stderr(int descriptor)
{
    next_stderr = descriptor;
}

struct process *start(const char *program, const char *const *arguments,
                      const char *hook, int out, unsigned seconds)
{
    struct process *process = g_new0(struct process, 1);
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    GError *error = NULL;
    char **launcher_words = NULL;

    /* Split as a shell does it: a path can contain a space. LAUNCHER may be
     * empty. */
    cr_assert(
        g_shell_parse_argv(environment("LAUNCHER"), NULL, &launcher_words,
                           &error) ||
            g_error_matches(error, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING),
        "LAUNCHER: %s", error ? error->message : "");
    g_clear_error(&error);
    for (char **word = launcher_words; word != NULL && *word != NULL; word++)
        g_ptr_array_add(argv, g_strdup(*word));
    g_strfreev(launcher_words);
    g_ptr_array_add(
        argv, g_strdup_printf("%s/%s.exe", environment("BUILD"), program));
    for (; *arguments != NULL; arguments++)
        g_ptr_array_add(argv, g_strdup(*arguments));
    g_ptr_array_add(argv, NULL);
    process->command = command_of(argv, hook);

    GSubprocessLauncher *launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDIN_PIPE |
        (next_stderr == -1 ? G_SUBPROCESS_FLAGS_STDERR_PIPE : 0) |
        (out == -1 ? G_SUBPROCESS_FLAGS_STDOUT_PIPE : 0));
    if (out != -1)
        g_subprocess_launcher_take_stdout_fd(launcher, out);
    if (next_stderr != -1)
        g_subprocess_launcher_take_stderr_fd(launcher, next_stderr);
    next_stderr = -1;
    if (hook != NULL)
        g_subprocess_launcher_setenv(launcher, "HOOK", hook, TRUE);
    g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL,
                                          NULL);
    process->subprocess = g_subprocess_launcher_spawnv(
        launcher, (const char *const *)argv->pdata, &error);
    cr_assert_not_null(process->subprocess, "%s: %s", process->command,
                       error ? error->message : "");
    if (running == NULL) {
        running = g_ptr_array_new();
        signal(SIGPIPE, SIG_IGN); /* writing to an ended program: no crash */
    }
    g_ptr_array_add(running, process->subprocess);
    g_object_unref(launcher);
    g_ptr_array_unref(argv);

    if (out == -1) {
        process->out = g_data_input_stream_new(
            g_subprocess_get_stdout_pipe(process->subprocess));
        g_data_input_stream_set_newline_type(process->out,
                                             G_DATA_STREAM_NEWLINE_TYPE_LF);
    }
    process->lines = g_string_new(NULL);
    process->patience = g_cancellable_new();
    process->deadline =
        g_get_monotonic_time() + patience_of(seconds) * G_TIME_SPAN_SECOND;
    process->watchdog = g_thread_new("watchdog", watch, process);
    return process;
}

void send_line(struct process *process, const char *line)
{
    GOutputStream *in = g_subprocess_get_stdin_pipe(process->subprocess);
    g_output_stream_write_all(in, line, strlen(line), NULL, NULL, NULL);
    g_output_stream_write_all(in, "\n", 1, NULL, NULL, NULL);
    /* If the line cannot be written, the program has ended: finish reports it.
     */
}

void send_end(struct process *process)
{
    g_output_stream_close(g_subprocess_get_stdin_pipe(process->subprocess),
                          NULL, NULL);
}

void send_signal(struct process *process, int signal)
{
    g_subprocess_send_signal(process->subprocess, signal);
}

char *next_line(struct process *process)
{
    char *line = g_data_input_stream_read_line(process->out, NULL,
                                               process->patience, NULL);
    if (line != NULL) {
        g_string_append_printf(process->lines, "%s\n", line);
        if (g_str_has_suffix(line, "\r"))
            line[strlen(line) - 1] = '\0';
    }
    return line;
}

void expect_line(struct process *process, const char *wanted)
{
    char *line = next_line(process);
    if (g_strcmp0(line, wanted) != 0)
        cr_assert_fail("wanted: the line '%s'\ngot: %s\n%s\n--- stdout\n%s",
                       wanted, line ? line : "the end (or it hung)",
                       process->command, process->lines->str);
    g_free(line);
}

bool run_suites(const char *const *environment, const char *option,
                const char *value, char **printed)
{
    char *suites = g_build_filename(g_getenv("BUILD"), "tests/suites", NULL);
    GSubprocessLauncher *launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
    /* With these variables the inner run would be a worker of the outer run. */
    char **names = g_listenv();
    for (char **name = names; *name != NULL; name++)
        if (g_str_has_prefix(*name, "BXFI_"))
            g_subprocess_launcher_unsetenv(launcher, *name);
    g_strfreev(names);
    g_subprocess_launcher_unsetenv(launcher, "DIR");
    for (; *environment != NULL; environment += 2)
        g_subprocess_launcher_setenv(launcher, environment[0], environment[1],
                                     TRUE);
    GSubprocess *run = g_subprocess_launcher_spawn(launcher, NULL, suites,
                                                   option, value, NULL);
    cr_assert(run != NULL && g_subprocess_communicate_utf8(run, NULL, NULL,
                                                           printed, NULL, NULL),
              "wanted: %s runs\ngot: it does not", suites);
    bool passed = g_subprocess_get_successful(run);
    g_object_unref(run);
    g_object_unref(launcher);
    g_free(suites);
    return passed;
}

struct process *start_feeder(char name[64])
{
    static int count;
    g_snprintf(name, 64, "\\\\.\\pipe\\test-%d-%d", (int)getpid(), ++count);
    struct process *feeder = start(
        "tests/feeder", (const char *const[]){name, NULL}, NULL, -1, WATCHDOG);
    expect_line(feeder, "ready");
    return feeder;
}

/* Reads to the end, or until the watchdog cancels: another process may have the
 * pipe open too, and never close it. */
static GByteArray *read_to_end(GInputStream *stream, GCancellable *patience)
{
    GByteArray *bytes = g_byte_array_new();
    guint8 buffer[65536];
    gssize count;
    while ((count = g_input_stream_read(stream, buffer, sizeof buffer, patience,
                                        NULL)) > 0)
        g_byte_array_append(bytes, buffer, (guint)count);
    return bytes;
}

static char *unix_lines(const char *bytes, size_t length)
{
    GString *text = g_string_new_len(bytes, (gssize)length);
    g_string_replace(text, "\r\n", "\n", 0);
    return g_string_free(text, FALSE);
}

/* Removes a line that Wine writes itself, or the beginning of one: "wine client
 * error:1f4: sendmsg: ...". Wine can do so, despite WINEDEBUG, when a process
 * ends while one of its threads is just starting. */
static char *without_wine(char *text)
{
    GRegex *own =
        g_regex_new("^wine client error:.*\n?", G_REGEX_MULTILINE, 0, NULL);
    char *rest = g_regex_replace_literal(own, text, -1, 0, "", 0, NULL);
    g_regex_unref(own);
    g_free(text);
    return rest;
}

/* stderr is read after stdout: it has few lines, so its pipe does not fill. */
struct run finish(struct process *process)
{
    struct run run = {.command = process->command};
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, (const guint8 *)process->lines->str,
                        (guint)process->lines->len);
    if (process->out != NULL) {
        GByteArray *rest =
            read_to_end(G_INPUT_STREAM(process->out), process->patience);
        g_byte_array_append(out, rest->data, rest->len);
        g_byte_array_unref(rest);
    }
    GInputStream *err_pipe = g_subprocess_get_stderr_pipe(process->subprocess);
    GByteArray *err = err_pipe != NULL
                          ? read_to_end(err_pipe, process->patience)
                          : g_byte_array_new();
    g_subprocess_wait(process->subprocess, NULL, NULL);
    g_ptr_array_remove(running, process->subprocess);

    g_mutex_lock(&process->lock);
    process->ended = true;
    g_cond_signal(&process->ended_condition);
    g_mutex_unlock(&process->lock);
    g_thread_join(process->watchdog);

    run.text = unix_lines((const char *)out->data, out->len);
    run.err = without_wine(unix_lines((const char *)err->data, err->len));
    run.out = g_byte_array_free_to_bytes(out);
    g_byte_array_unref(err);
    run.status = g_subprocess_get_if_exited(process->subprocess)
                     ? g_subprocess_get_exit_status(process->subprocess)
                     : -1;
    bool in_order =
        (run.status >= 0 && run.status <= 2) || run.status == INTERRUPTED;
    run.ending = process->hung ? HUNG : in_order ? EXITED : CRASHED;
    if (process->out != NULL)
        g_object_unref(process->out);
    g_object_unref(process->subprocess);
    g_object_unref(process->patience);
    g_string_free(process->lines, TRUE);
    g_mutex_clear(&process->lock);
    g_cond_clear(&process->ended_condition);
    g_free(process);
    return run;
}

void run_clear(struct run *run)
{
    g_free(run->command);
    g_free(run->text);
    g_free(run->err);
    g_bytes_unref(run->out);
}

/* Of a long text, the beginning and the end. */
static char *shortened(const char *text)
{
    enum { PART = 2000 };
    size_t length = strlen(text);
    if (length <= 2 * PART)
        return g_strdup(text);
    return g_strdup_printf("%.*s\n... (%zu bytes)\n%s", PART, text,
                           length - 2 * PART, text + length - PART);
}

char *describe(const struct run *run)
{
    char *ending = run->ending == HUNG ? g_strdup("it hung, and was ended")
                   : run->ending == CRASHED
                       ? g_strdup_printf("it crashed (status %d)", run->status)
                       : g_strdup_printf("exit status %d", run->status);
    char *out = shortened(run->text), *err = shortened(run->err);
    char *all = g_strdup_printf("got: %s\n%s\n--- stdout\n%s\n--- stderr\n%s",
                                ending, run->command, out, err);
    g_free(err);
    g_free(out);
    g_free(ending);
    return all;
}

char *wanted_of(const struct run *run, const char *wanted, ...)
{
    va_list arguments;
    va_start(arguments, wanted);
    char *text = g_strdup_vprintf(wanted, arguments);
    va_end(arguments);
    char *came = describe(run);
    char *all = g_strconcat("wanted: ", g_strchomp(text), "\n", came, NULL);
    g_free(came);
    g_free(text);
    return all;
}

static bool is_one_line(const char *text)
{
    const char *end = strchr(text, '\n');
    return end != NULL && end != text && end[1] == '\0';
}

bool ended_with(const struct run *run, int status)
{
    return run->ending == EXITED && run->status == status &&
           (status == 1 || status == 2 ? is_one_line(run->err)
                                       : *run->err == '\0');
}

bool is_usage(const struct run *run, const char *program)
{
    char *usage = g_strdup_printf("usage: %s ", program);
    bool shown = ended_with(run, 2) && *run->text == '\0' &&
                 g_str_has_prefix(run->err, usage);
    g_free(usage);
    return shown;
}

bool reports_error(const struct run *run, const char *tried, unsigned error)
{
    char *number = g_strdup_printf("(error %u)\n", error);
    char *what = g_strdup_printf(": cannot %s '", tried);
    bool reported = strstr(run->err, what) != NULL &&
                    g_str_has_suffix(run->err, number) &&
                    strstr(run->text, ": done") == NULL &&
                    strstr(run->text, ": end of file") == NULL;
    g_free(number);
    g_free(what);
    return reported;
}

/* The number after the word, in a line such as "pool: issued 7, ...". */
static guint64 number_after(const char *line, const char *word)
{
    const char *found = strstr(line, word);
    return found != NULL ? g_ascii_strtoull(found + strlen(word), NULL, 10)
                         : G_MAXUINT64;
}

struct counters take_counters(struct run *run)
{
    char *line = g_strrstr(run->err, "pool: issued ");
    assert_run(run, line != NULL && is_one_line(line),
               "a last line 'pool: issued ...' on stderr");
    struct counters counters = {
        .issued = number_after(line, "issued "),
        .completed = number_after(line, ", completed "),
        .failed = number_after(line, ", failed "),
        .cancelled = number_after(line, ", cancelled "),
        .live = number_after(line, ", live "),
        .peak = number_after(line, ", peak "),
        .bytes = number_after(line, ", bytes "),
        .stray = number_after(line, ", stray "),
    };
    assert_run(run,
               counters.live == 0 && counters.stray == 0 &&
                   counters.issued == counters.completed + counters.failed +
                                          counters.cancelled,
               "counters that add up, live 0, stray 0");
    *line = '\0';
    return counters;
}

void take_looked_at(struct run *run)
{
    char *line = g_strrstr(run->err, "checker: looked at ");
    assert_run(run, line != NULL && is_one_line(line),
               "a last line 'checker: looked at ...' on stderr");
    *line = '\0';
}

void assert_done(struct process *process)
{
    struct run run = finish(process);
    assert_ended(&run, 0);
    run_clear(&run);
}

/* ---- Stages ---- */

struct criterion_test_params chosen_stages(void)
{
    static char chosen[6][24];
    size_t count = 0;
    char **words = g_strsplit(environment("CHOSEN"), " ", -1);
    for (size_t i = 0; i < G_N_ELEMENTS(stages); i++)
        if (g_strv_contains((const char *const *)words, stages[i]))
            g_strlcpy(chosen[count++], stages[i], sizeof chosen[0]);
    g_strfreev(words);
    return cr_make_param_array(char[24], chosen, count);
}

/* ---- Files ---- */

static char *scratch;

void enter_scratch(void)
{
    char *tests = g_build_filename(environment("BUILD"), "tests", NULL);
    scratch = g_build_filename(tests, "scratch-XXXXXX", NULL);
    cr_assert_not_null(g_mkdtemp(scratch), "%s: %s", scratch,
                       g_strerror(errno));
    cr_assert_eq(g_chdir(scratch), 0, "%s: %s", scratch, g_strerror(errno));
    g_free(tests);
}

static void remove_tree(const char *path)
{
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK)
                    ? NULL
                    : g_dir_open(path, 0, NULL);
    if (dir != NULL) {
        const char *name;
        while ((name = g_dir_read_name(dir)) != NULL) {
            char *child = g_build_filename(path, name, NULL);
            remove_tree(child);
            g_free(child);
        }
        g_dir_close(dir);
    }
    g_remove(path);
}

void leave_scratch(void)
{
    for (guint i = 0; running != NULL && i < running->len; i++) {
        g_subprocess_force_exit(running->pdata[i]);
        g_subprocess_wait(running->pdata[i], NULL, NULL);
    }
    if (g_chdir("..") == 0)
        remove_tree(scratch);
    g_free(scratch);
}

void fill_pattern(char *buffer, size_t length, guint64 offset)
{
    char line[65];
    guint64 shown = G_MAXUINT64;
    for (size_t i = 0; i < length; i++, offset++) {
        if (offset / 64 != shown) {
            shown = offset / 64;
            g_snprintf(line, sizeof line,
                       "%014" G_GUINT64_FORMAT
                       ": sixty-four bytes, and all of them one line. end\n",
                       shown * 64);
        }
        buffer[i] = line[offset % 64];
    }
}

void make_file(const char *name, guint64 size)
{
    cr_assert(g_file_set_contents(name, "", 0, NULL));
    grow_file(name, size);
}

void grow_file(const char *name, guint64 size)
{
    char buffer[65536];
    FILE *file = fopen(name, "ab");
    cr_assert_not_null(file, "%s: %s", name, g_strerror(errno));
    cr_assert_eq(fseeko(file, 0, SEEK_END), 0);
    for (guint64 at = (guint64)ftello(file); at < size;) {
        size_t length = MIN(sizeof buffer, size - at);
        fill_pattern(buffer, length, at);
        cr_assert_eq(fwrite(buffer, 1, length, file), length);
        at += length;
    }
    cr_assert_eq(fclose(file), 0, "%s: %s", name, g_strerror(errno));
}

void read_file(const char *name, char **content, gsize *length)
{
    cr_assert(g_file_get_contents(name, content, length, NULL),
              "wanted: a file %s\ngot: none", name);
}

void copy_sample(void)
{
    char *path = g_build_filename(environment("BUILD"), "sample.txt", NULL);
    char *content = NULL;
    gsize length = 0;
    read_file(path, &content, &length);
    cr_assert_eq(g_mkdir("build", 0777), 0);
    cr_assert(
        g_file_set_contents("build/sample.txt", content, (gssize)length, NULL));
    g_free(content);
    g_free(path);
}

/* ---- Sources and READMEs ---- */

char *read_text(const char *path)
{
    char *whole = g_build_filename(environment("BUILD"), "..", path, NULL);
    char *text = NULL;
    read_file(whole, &text, NULL);
    g_free(whole);
    return text;
}

char *readme_block(const char *stage, const char *heading, const char *kind)
{
    char *path = g_build_filename(stage, "README.md", NULL);
    char *readme = read_text(path);
    char *title = g_strdup_printf("\n## %s", heading);
    char *fence = g_strdup_printf("\n```%s\n", kind);
    char *at = strstr(readme, title);
    char *begin = at != NULL ? strstr(at + 1, fence) : NULL;
    char *end = begin != NULL ? strstr(begin + 1, "\n```\n") : NULL;
    cr_assert_not_null(end, "wanted: a block '%s' after '%s' in %s\ngot: none",
                       kind, heading, path);
    begin += strlen(fence);
    char *block = g_strndup(begin, (gsize)(end + 1 - begin));
    g_free(fence);
    g_free(title);
    g_free(readme);
    g_free(path);
    return block;
}

/* Whether the lines match; a "..." in the block takes as few as it can. */
static bool match(char **text, char **block)
{
    for (; *block != NULL; block++) {
        if (strcmp(*block, "...") == 0) {
            for (; *text != NULL; text++)
                if (match(text, block + 1))
                    return true;
            return block[1] == NULL;
        }
        if (*text == NULL || strcmp(*text, *block) != 0)
            return false;
        text++;
    }
    return *text == NULL;
}

bool matches_block(const char *text, const char *block)
{
    char **text_lines = g_strsplit(text, "\n", -1);
    char **block_lines = g_strsplit(block, "\n", -1);
    char **first = block_lines;
    while (*first != NULL && g_str_has_prefix(*first, "$ "))
        first++;
    bool same = match(text_lines, first);
    g_strfreev(text_lines);
    g_strfreev(block_lines);
    return same;
}
