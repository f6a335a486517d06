/*
 * Helpers for all suites: run a Windows program through the launcher, with a
 * watchdog; check how it ended and what it printed; make files; read the
 * project's own files.
 *
 * make sets these environment variables: BUILD, the absolute path of build/;
 * CHOSEN, the stages to test; LAUNCHER, the words before a Windows program,
 * empty where the system runs the program by itself.
 *
 * A helper that cannot do its work fails the test.
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

/* A running program. Every call below may end the test. */
struct process;

/* The result of a program. run_clear frees it. */
struct run {
    char *command; /* and a sentence for each setting in HOOK and IO */
    enum ending ending;
    int status;
    GBytes *out; /* stdout, unchanged */
    char *text;  /* stdout, with \n in place of \r\n */
    char *err;   /* stderr, likewise */
};

/*
 * Starts build/PROGRAM.exe in the current directory. arguments ends with NULL.
 * After `seconds` the watchdog ends the program. hook, if not NULL, is the
 * value of its environment variable HOOK. out, if not -1, is a descriptor that
 * becomes the program's stdout; start closes it in this process.
 */
struct process *start(const char *program, const char *const *arguments,
                      const char *hook, int out, unsigned seconds);

/*
 * Starts this test program, with all its suites, once more, with one of
 * Criterion's options and its value, or NULL for none. `environment` has names
 * and values in turn, then NULL. Returns whether the run passed. *printed gets
 * stdout and stderr; the caller frees it.
 */
bool run_suites(const char *const *environment, const char *option,
                const char *value, char **printed);

/* The next program that is started gets this descriptor as its stderr; start
 * closes it in this process. finish does not see what the program prints there.
 */
void set_next_stderr(int descriptor);

/* Sends a line to the program's stdin. The line may be empty. */
void send_line(struct process *process, const char *line);

/* Closes the program's stdin. */
void send_end(struct process *process);

/* Sends a signal: SIGINT acts as Ctrl-C, SIGKILL ends the program. */
void send_signal(struct process *process, int signal);

/* Waits for the next line of stdout. Returns it without its end of line, or
 * NULL at the end of stdout. The caller frees it. */
char *next_line(struct process *process);

/* Fails the test unless this is the next line. */
void expect_line(struct process *process, const char *wanted);

/*
 * Starts feeder.c, and writes the name of its pipe to `name`. The feeder writes
 * each line of its stdin to the pipe, as one piece. send_end makes it close the
 * pipe.
 */
struct process *start_feeder(char name[64]);

/* Waits for the end of the program, and frees the process. */
struct run finish(struct process *process);

enum { WATCHDOG = 30 };     /* seconds; a stage takes less than one */
enum { INTERRUPTED = 130 }; /* the exit status after Ctrl-C */

/* Start a program and wait for its end. The arguments are strings. */
#define RUN(program, ...)                                                      \
    finish(start(program, (const char *const[]){__VA_ARGS__, NULL}, NULL, -1,  \
                 WATCHDOG))
#define RUN_HOOKED(program, hook, ...)                                         \
    finish(start(program, (const char *const[]){__VA_ARGS__, NULL}, hook, -1,  \
                 WATCHDOG))

void run_clear(struct run *run);

/* How the program ended and what it printed, as text: of a long output, the
 * beginning and the end. The caller frees it. */
char *describe(const struct run *run);

/* The same, after a text that says what was wanted. The arguments are those of
 * printf. */
__attribute__((format(printf, 2, 3))) char *wanted_of(const struct run *run,
                                                      const char *wanted, ...);

/* Whether the program exited with this status, with one line on stderr if the
 * status is 1 or 2, and with none otherwise. */
bool ended_with(const struct run *run, int status);

/* Whether it exited with 2, printed one line on stderr that says how to use it,
 * and nothing on stdout. */
bool is_usage(const struct run *run, const char *program);

/* Whether stderr reports that this operation failed, with this Win32 error, and
 * stdout claims neither "done" nor "end of file". */
bool reports_error(const struct run *run, const char *tried, unsigned error);

/*
 * Assertions about a run. A failure shows what was wanted, how the program
 * ended, and what it printed.
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
    assert_run(run, ended_with(run, 1) && reports_error(run, tried, error),    \
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

/* stdout is this; has this; ends with this; does not have this; matches this
 * block of a README. */
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

/* stderr is this; has this. */
#define assert_err(run, wanted)                                                \
    assert_run(run, strcmp((run)->err, wanted) == 0, "on stderr\n%s", wanted)
#define assert_err_has(run, wanted)                                            \
    assert_run(run, strstr((run)->err, wanted) != NULL,                        \
               "'%s' somewhere on stderr", wanted)

/* Assertions about a number, and about a text. Each argument is evaluated once.
 */
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

/* With --stats the last line of stderr has the pool's counters. This removes
 * the line and returns the counters. They must add up, with nothing in flight
 * and no stray packet. */
struct counters {
    guint64 issued, completed, failed, cancelled, live, peak, bytes, stray;
};
struct counters take_counters(struct run *run);

/* Removes the checker's last line, which says what it has looked at. Fails the
 * test if there is none. */
void take_looked_at(struct run *run);

/* Waits for the end of a program, and fails the test unless it exits with 0. */
void assert_done(struct process *process);

/* ---- Stages ---- */

extern const char *const stages[6];

/* The stages to test, as parameters of a test: char[24] each. */
struct criterion_test_params chosen_stages(void);

/* ---- Files ---- */

/* A fixture: makes an empty directory for the test, and enters it. */
void enter_scratch(void);
void leave_scratch(void);

/* Writes a file of 64-byte lines, cut off at size bytes. Each line contains its
 * own offset. */
void make_file(const char *name, guint64 size);

/* Appends such lines to a file until it has this size. */
void grow_file(const char *name, guint64 size);

/* Fills the buffer with the bytes that make_file writes at this offset. */
void fill_pattern(char *buffer, size_t length, guint64 offset);

/* Reads a whole file, and adds a zero byte. length may be NULL. The caller
 * frees the content. */
void read_file(const char *name, char **content, gsize *length);

/* Copies the sample to build/sample.txt in the current directory. In the
 * project's directory the sample has the same path. */
void copy_sample(void);

/* ---- Sources and READMEs ---- */

/* Reads a file of the project, such as "lab/modes/README.md". The caller frees
 * the text. */
char *read_text(const char *path);

/*
 * Returns the first block of code of this kind after a heading that begins with
 * these words, in the README.md of a directory. The caller frees the block.
 */
char *readme_block(const char *stage, const char *heading, const char *kind);

/* Whether the text is what the block shows. A line "..." matches any lines.
 * Lines at the beginning that start with "$ " are commands: they do not count.
 */
bool matches_block(const char *text, const char *block);

#endif
