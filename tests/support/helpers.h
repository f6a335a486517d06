/*
 * What every suite needs: start a Windows program through the launcher, with a
 * watchdog, and say how it ended; files to read; the READMEs' own words.
 *
 * make passes in the environment: BUILD, the absolute path of build/; CHOSEN,
 * the stages to test; LAUNCHER, the words that go before a Windows program,
 * none where the system runs it by itself.
 */
#ifndef HELPERS_H
#define HELPERS_H

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <gio/gio.h>

/* ---- Programs ---- */

enum ending {
    EXITED,  /* with a status of the contract: 0, 1, 2 or 130 */
    CRASHED, /* with any other status */
    HUNG,    /* the watchdog ended it */
};

/* A program that runs. Every call below may end the test. */
struct process;

/* What a program did, once it has ended. Freed by run_clear. */
struct run {
    char *command; /* and what the words of HOOK and IO mean */
    enum ending ending;
    int status;
    GBytes *out; /* as it was written */
    char *text;  /* the same, as lines that end in \n alone */
    char *err;   /* likewise */
};

/*
 * Starts build/PROGRAM.exe in the current directory. arguments ends with NULL.
 * After `seconds` the watchdog ends it. hook, if not NULL, is the program's
 * environment variable HOOK. out, if not -1, becomes its stdout, and is closed.
 */
struct process *start(const char *program, const char *const *arguments,
                      const char *hook, int out, unsigned seconds);

/*
 * Runs the program of all suites once more, with an option of Criterion's and,
 * unless it is NULL, the option's value. `environment` holds names and values
 * in turn, then NULL. Returns whether the run passed; *printed, which the caller
 * frees, gets both its streams.
 */
bool run_suites(const char *const *environment, const char *option,
                const char *value, char **printed);

/* The next program that is started has this descriptor as its stderr, and it is
 * closed here; what goes there is none of finish's. */
void set_next_stderr(int descriptor);

/* Sends a line to the program's stdin; an empty one is a line, too. */
void send_line(struct process *process, const char *line);

/* Closes the program's stdin. */
void send_end(struct process *process);

/* Sends it a signal: SIGINT is its Ctrl-C, SIGKILL its end. */
void send_signal(struct process *process, int signal);

/* The next line from its stdout, without the end of the line; the caller frees
 * it. NULL at the end. */
char *next_line(struct process *process);

/* Fails the test unless the next line is this one. */
void expect_line(struct process *process, const char *wanted);

/*
 * Starts the probe that feeds a pipe, and gives the pipe's name. Each line that
 * it is sent goes through the pipe as one piece; its stdin's end closes it.
 */
struct process *start_feeder(char name[64]);

/* Waits for the end, and frees the process. */
struct run finish(struct process *process);

enum { WATCHDOG = 30 };     /* seconds; a stage takes less than one */
enum { INTERRUPTED = 130 }; /* the exit status after Ctrl-C */

/* Starts a program and waits for its end. The arguments are strings. */
#define RUN(program, ...)                                                      \
    finish(start(program, (const char *const[]){__VA_ARGS__, NULL}, NULL, -1,  \
                 WATCHDOG))
#define RUN_HOOKED(program, hook, ...)                                         \
    finish(start(program, (const char *const[]){__VA_ARGS__, NULL}, hook, -1,  \
                 WATCHDOG))

void run_clear(struct run *run);

/* How it ended and all it printed, for a message; the caller frees it. */
char *describe(const struct run *run);

/* The same after what was wanted instead, which is written as for printf. */
__attribute__((format(printf, 2, 3))) char *wanted_of(const struct run *run,
                                                      const char *wanted, ...);

/* It exited with this status, and if that is 1 or 2 with one line on stderr,
 * else with none. */
bool ended_with(const struct run *run, int status);

/* It exited with 2, its one line on stderr says how to use it, and stdout is
 * empty. */
bool is_usage(const struct run *run, const char *program);

/* The one line on stderr tells this Win32 error. */
bool told_error(const struct run *run, const char *tried, unsigned error);

/*
 * The assertions about a run. A failure shows what was wanted, and then all
 * that came.
 */
#define assert_run(run, condition, ...)                                        \
    cr_assert(condition, "%s", wanted_of(run, __VA_ARGS__))
#define assert_ended(run, wanted)                                              \
    assert_run(run, ended_with(run, wanted),                                   \
               (wanted) == 1 || (wanted) == 2                                  \
                   ? "exit status %d, and one line on stderr"                  \
                   : "exit status %d, and nothing on stderr",                  \
               wanted)
#define assert_error(run, tried, error)                                        \
    assert_run(run, ended_with(run, 1) && told_error(run, tried, error),       \
               "exit status 1, and only 'cannot %s ... (error %u)' on stderr", \
               tried, (unsigned)(error))
#define assert_usage(run, program)                                             \
    assert_run(run, is_usage(run, program),                                    \
               "exit status 2, one line 'usage: %s ...' on stderr, and "       \
               "nothing on stdout",                                            \
               program)
#define assert_cannot_write(run)                                               \
    assert_run(run,                                                            \
               ended_with(run, 1) &&                                           \
                   strstr((run)->err, ": cannot write to 'stdout': ") != NULL, \
               "exit status 1, and only 'cannot write to 'stdout'' on stderr")
#define assert_ending(run, wanted)                                             \
    assert_run(run, (run)->ending == (wanted), "a program that %s",            \
               (wanted) == HUNG      ? "hangs"                                 \
               : (wanted) == CRASHED ? "crashes"                               \
                                     : "exits with 0, 1, 2 or 130")

/* All of stdout; a part of it; its end; no such part. */
#define assert_text(run, wanted)                                               \
    assert_run(run, strcmp((run)->text, wanted) == 0, "on stdout\n%s", wanted)
#define assert_shows(run, wanted)                                              \
    assert_run(run, strstr((run)->text, wanted) != NULL,                       \
               "'%s' somewhere on stdout", wanted)
#define assert_shows_last(run, wanted)                                         \
    assert_run(run, g_str_has_suffix((run)->text, wanted),                     \
               "at the end of stdout\n%s", wanted)
#define assert_hides(run, unwanted)                                            \
    assert_run(run, strstr((run)->text, unwanted) == NULL,                     \
               "no '%s' on stdout", unwanted)
#define assert_block(run, block)                                               \
    assert_run(run, matches_block((run)->text, block),                         \
               "on stdout what the README shows\n%s", block)

/* All of stderr; a part of it. */
#define assert_err(run, wanted)                                                \
    assert_run(run, strcmp((run)->err, wanted) == 0, "on stderr\n%s", wanted)
#define assert_err_has(run, wanted)                                            \
    assert_run(run, strstr((run)->err, wanted) != NULL,                        \
               "'%s' somewhere on stderr", wanted)

/* And those about anything else: a number, a text. Each is asked for once. */
#define assert_number(got, wanted)                                             \
    do {                                                                       \
        gint64 number_got = (gint64)(got), number_wanted = (gint64)(wanted);   \
        cr_assert(number_got == number_wanted,                                 \
                  "wanted: %s is %" G_GINT64_FORMAT                            \
                  "\ngot: %" G_GINT64_FORMAT,                                  \
                  #got, number_wanted, number_got);                            \
    } while (0)
#define assert_string(got, wanted)                                             \
    do {                                                                       \
        const char *string_got = (got), *string_wanted = (wanted);             \
        cr_assert(g_strcmp0(string_got, string_wanted) == 0,                   \
                  "wanted:\n%s\ngot:\n%s", string_wanted,                      \
                  string_got ? string_got : "nothing");                        \
    } while (0)

/* --stats: takes the pool's counters, one line, off the end of stderr. They
 * must balance, with nothing in flight any more. */
struct counters {
    guint64 issued, completed, failed, cancelled, live, peak, bytes, stray;
};
struct counters take_counters(struct run *run);

/* Waits for the end of a program, which must be a success. */
void assert_done(struct process *process);

/* ---- Stages ---- */

extern const char *const stages[6];

/* The stages to test, as parameters of a test: char[24] each. */
struct criterion_test_params chosen_stages(void);

/* ---- Files ---- */

/* A fixture: an empty directory of the test's own is the current one. */
void enter_scratch(void);
void leave_scratch(void);

/* Writes a file of 64-byte lines that tell their offset, cut at size bytes. */
void make_file(const char *name, guint64 size);

/* Writes on at its end, until it has this size. */
void grow_file(const char *name, guint64 size);

/* The bytes that make_file writes at an offset. */
void fill_pattern(char *buffer, size_t length, guint64 offset);

/* All that is in a file, with a zero after it; none ends the test. length may
 * be NULL. The caller frees the content. */
void read_file(const char *name, char **content, gsize *length);

/* Copies the sample to where it is for who sits at the top: build/sample.txt.
 */
void copy_sample(void);

/* ---- Sources and READMEs ---- */

/* The text of a file of ours: "lab/modes/README.md". The caller frees it; none
 * ends the test. */
char *read_text(const char *path);

/*
 * The first code block after a heading that begins with these words, in a
 * stage's README. The caller frees it; none ends the test.
 */
char *readme_block(const char *stage, const char *heading, const char *kind);

/* Whether the text is what the block shows. A line "..." stands for any lines;
 * lines that begin with "$ " are commands, and left out. */
bool matches_block(const char *text, const char *block);

#endif
