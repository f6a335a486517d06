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
    char *command;
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

/* It exited with this status, and if that is 1 or 2 with one line on stderr,
 * else with none. */
bool ended_with(const struct run *run, int status);

/* The one line on stderr tells this Win32 error. */
bool told_error(const struct run *run, const char *tried, unsigned error);

#define assert_ended(run, wanted)                                              \
    cr_assert(ended_with(run, wanted), "wanted exit status %d: %s", wanted,    \
              describe(run))
#define assert_error(run, tried, error)                                        \
    cr_assert(ended_with(run, 1) && told_error(run, tried, error),             \
              "wanted 'cannot %s ...' with error %u: %s", tried,               \
              (unsigned)(error), describe(run))
/* --stats: takes the pool's counters, one line, off the end of stderr. They
 * must balance, with nothing in flight any more. */
struct counters {
    guint64 issued, completed, failed, cancelled, live, peak, bytes, stray;
};
struct counters take_counters(struct run *run);

#define assert_text(run, wanted)                                               \
    cr_assert(strcmp((run)->text, wanted) == 0, "wanted:\n%s\n%s", wanted,     \
              describe(run))

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

/* Copies the sample to where it is for who sits at the top: build/sample.txt.
 */
void copy_sample(void);

/* ---- READMEs ---- */

/*
 * The first code block after a heading that begins with these words, in a
 * stage's README. The caller frees it; none ends the test.
 */
char *readme_block(const char *stage, const char *heading, const char *kind);

/* Whether the text is what the block shows. A line "..." stands for any lines;
 * lines that begin with "$ " are commands, and left out. */
bool matches_block(const char *text, const char *block);

#endif
