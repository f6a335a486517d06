/*
 * probe [ROW...]: tries these rows, or all, and tells what it saw beside what
 * is expected of Wine 8.0 and of Windows: see probe.h. probe --markdown: tries
 * all, and writes a page. probe --see ROW: tries it in this process, and tells
 * only what it saw.
 *
 * Exit status: 0 if each row went as expected of the system that this is, 1 if
 * some did not, 2 for wrong usage.
 */
#include "probe.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* ntdll's; GetVersionEx tells each program what it wants to hear. */
LONG NTAPI RtlGetVersion(OSVERSIONINFOW *version);

static const struct topic {
    const char *title;
    const struct row *rows;
} topics[] = {
    {"Files", file_rows},
    {"Calls that fail at once", failure_rows},
    {"Named pipes", pipe_rows},
    {"Ports", port_rows},
    {"Windows' own pools", pool_rows},
};

enum { TOPICS = sizeof topics / sizeof *topics, TEXT = 512 };

static const char *wine_version; /* NULL: this is Windows */

static void find_system(void)
{
    typedef const char *CDECL version(void);
    FARPROC function =
        GetProcAddress(GetModuleHandleW(L"ntdll"), "wine_get_version");
    if (function != NULL)
        wine_version = ((version *)(void (*)(void))function)();
}

static const struct row *find_row(const wchar_t *wanted)
{
    for (int i = 0; i < TOPICS; i++)
        for (const struct row *row = topics[i].rows; row->name != NULL; row++) {
            wchar_t name[32];
            swprintf(name, 32, L"%hs", row->name);
            if (wcscmp(name, wanted) == 0)
                return row;
        }
    return NULL;
}

/* ---- One row, in a process of its own ---- */

/* For what fails only if something is badly wrong. */
static void check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "probe: cannot %s (error %lu)\n", what, GetLastError());
        exit(EXIT_FAILURE);
    }
}

enum { ROW_HUNG = 3, LONG_PATH = 32768 };

static DWORD WINAPI watch(void *unused)
{
    (void)unused;
    Sleep(ROW_LIMIT);
    TerminateProcess(GetCurrentProcess(), ROW_HUNG);
    return 0;
}

static void run_row(const struct row *row)
{
    check(CreateThread(NULL, 0, watch, NULL, 0, NULL) != NULL,
          "start a watchdog");
    row->run();
    end_row();
}

static HANDLE start_row(const struct row *row, HANDLE out)
{
    static wchar_t program[LONG_PATH], line[LONG_PATH + 64];
    STARTUPINFOW startup = {.cb = sizeof startup,
                            .dwFlags = STARTF_USESTDHANDLES,
                            .hStdOutput = out,
                            .hStdError = GetStdHandle(STD_ERROR_HANDLE)};
    PROCESS_INFORMATION process;
    GetModuleFileNameW(NULL, program, LONG_PATH);
    swprintf(line, LONG_PATH + 64, L"\"%ls\" --see %hs", program, row->name);
    check(CreateProcessW(program, line, NULL, NULL, TRUE, 0, NULL, NULL,
                         &startup, &process),
          "start a row");
    CloseHandle(process.hThread);
    CloseHandle(out);
    return process.hProcess;
}

/* What it says is short: the pipe holds it until the row has ended. */
static void see(const struct row *row, char text[TEXT])
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited,
                                     .bInheritHandle = TRUE};
    HANDLE in, out;
    DWORD status, length = 0;
    check(CreatePipe(&in, &out, &inherited, TEXT), "make a pipe");
    HANDLE process = start_row(row, out);
    check(WaitForSingleObject(process, INFINITE) == WAIT_OBJECT_0,
          "wait for a row");
    check(GetExitCodeProcess(process, &status), "take a row's exit status");
    if (!ReadFile(in, text, TEXT / 2, &length, NULL))
        check(GetLastError() == ERROR_BROKEN_PIPE, "read what a row says");
    const char *ending = status == ROW_ENDED  ? ""
                         : status == ROW_HUNG ? ", hung"
                                              : ", crashed";
    snprintf(text + length, TEXT - length, "%s", ending);
    CloseHandle(process);
    CloseHandle(in);
}

/* ---- Judging ---- */

static const char separator[] = "; or ";

/* NULL allows everything. */
static bool is_one_of(const char *seen, const char *alternatives)
{
    size_t length = strlen(seen);
    for (const char *at = alternatives; at != NULL;) {
        const char *next = strstr(at, separator);
        size_t width = next != NULL ? (size_t)(next - at) : strlen(at);
        if (width == length && memcmp(at, seen, length) == 0)
            return true;
        at = next != NULL ? next + strlen(separator) : NULL;
    }
    return alternatives == NULL;
}

static struct {
    unsigned rows, different, unlike_windows;
} counted;

/* ---- Telling ---- */

static const char *system_name(void)
{
    static char name[64];
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    if (wine_version != NULL) {
        snprintf(name, sizeof name, "Wine %s", wine_version);
    } else {
        RtlGetVersion(&version);
        snprintf(name, sizeof name, "Windows %lu.%lu.%lu",
                 version.dwMajorVersion, version.dwMinorVersion,
                 version.dwBuildNumber);
    }
    return name;
}

static void tell_head(void)
{
    printf("This is %s.%s\n\n", system_name(),
           wine_version != NULL
               ? " Windows' lines are documentation, or Wine's "
                 "test suite: they were not run here."
               : "");
}

static const char *judgement(const struct row *row, bool expected)
{
    if (wine_version == NULL && row->windows == NULL)
        return "nothing to compare it with";
    return expected ? "as expected" : "different";
}

static void tell_row(const struct row *row, const char *seen, bool expected)
{
    printf("%s: %s\n", row->name, row->tried);
    printf("    saw       %s: %s\n", seen, judgement(row, expected));
    printf("    Wine 8.0  %s\n", row->wine);
    printf("    Windows   %s\n", row->windows != NULL ? row->windows : "?");
    if (row->source != NULL)
        printf("              (%s)\n", row->source);
    printf("\n");
}

static void tell_count(void)
{
    printf("%u rows: %u as expected, %u different\n", counted.rows,
           counted.rows - counted.different, counted.different);
}

/* ---- The same as a page ---- */

static void write_head(void)
{
    printf(
        "# What %s does, what Windows does\n"
        "\n"
        "`make windows-and-wine` has written this page; do not edit it.\n"
        "\n"
        "Each row was tried by `lab/probe`, a program that does with "
        "overlapped I/O what the first column says and tells what it saw.\n"
        "\n"
        "- **Seen**: on %s. Where that is not what Wine 8.0 did when the row "
        "was written, it is marked *different*.\n"
        "- **Windows**: what its documentation says, or what a test asserts "
        "whose authors run it on Windows, such as Wine's own. *It was not run "
        "here.* Where a row goes otherwise than that, it begins with **!**; "
        "where we know of no source, there is a question mark.\n"
        "\n"
        "`TRUE`: the call succeeded; `FALSE/997`: it returned FALSE, and "
        "GetLastError 997, `ERROR_IO_PENDING`; `NULL/87` likewise. `packet ok "
        "n=904`: a packet of success came, 904 bytes; `packet 38 n=0`: one of "
        "failure, error 38; `no packet`: none came. Files have 5,000 bytes "
        "and reads ask for 4,096; all handles are overlapped and bound to a "
        "port, unless it says otherwise.\n",
        system_name(), system_name());
}

static void write_topic(const char *title)
{
    printf("\n## %s\n\n| | tried | seen | Windows | source |\n"
           "| --- | --- | --- | --- | --- |\n",
           title);
}

/* Each alternative as code. */
static void write_alternatives(const char *text)
{
    for (const char *next; (next = strstr(text, separator)) != NULL;
         text = next + strlen(separator))
        printf("`%.*s` or ", (int)(next - text), text);
    printf("`%s`", text);
}

static void write_row(const struct row *row, const char *seen, bool expected)
{
    printf("| %s | %s | `%s`%s | ",
           is_one_of(seen, row->windows) ? "" : "**!**", row->tried, seen,
           expected ? "" : " *different*");
    if (row->windows != NULL)
        write_alternatives(row->windows);
    else
        printf("?");
    printf(" | %s |\n", row->source != NULL ? row->source : "");
}

static void write_count(void)
{
    printf(
        "\n%u rows: %u as expected, %u different; %u otherwise than Windows' "
        "column.\n",
        counted.rows, counted.rows - counted.different, counted.different,
        counted.unlike_windows);
}

/* ---- The whole ---- */

static bool markdown;

static void try_row(const struct row *row)
{
    char seen[TEXT];
    see(row, seen);
    bool as_windows = is_one_of(seen, row->windows);
    bool expected =
        wine_version != NULL ? is_one_of(seen, row->wine) : as_windows;
    counted.rows++;
    counted.different += !expected;
    counted.unlike_windows += !as_windows;
    (markdown ? write_row : tell_row)(row, seen, expected);
    fflush(stdout);
}

static void try_all(void)
{
    for (int i = 0; i < TOPICS; i++) {
        if (markdown)
            write_topic(topics[i].title);
        for (const struct row *row = topics[i].rows; row->name != NULL; row++)
            try_row(row);
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: probe --markdown, or probe [ROW...]\n");
    return 2;
}

static int see_here(const wchar_t *name)
{
    const struct row *row = find_row(name);
    if (row == NULL)
        return usage();
    run_row(row);
    return EXIT_SUCCESS;
}

static bool are_rows(wchar_t **names)
{
    for (; *names != NULL; names++)
        if (find_row(*names) == NULL)
            return false;
    return true;
}

static void try_these(wchar_t **names)
{
    for (; *names != NULL; names++) {
        const struct row *row = find_row(*names);
        if (row != NULL)
            try_row(row);
    }
}

int wmain(int argc, wchar_t **argv)
{
    if (argc == 3 && wcscmp(argv[1], L"--see") == 0)
        return see_here(argv[2]);
    markdown = argc == 2 && wcscmp(argv[1], L"--markdown") == 0;
    if (!markdown && !are_rows(argv + 1))
        return usage();
    _setmode(_fileno(stdout), _O_BINARY); /* lines end in \n alone */
    find_system();
    (markdown ? write_head : tell_head)();
    if (markdown || argc == 1)
        try_all();
    else
        try_these(argv + 1);
    (markdown ? write_count : tell_count)();
    if (counted.different == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "probe: %u of %u rows are different\n", counted.different,
            counted.rows);
    return EXIT_FAILURE;
}
