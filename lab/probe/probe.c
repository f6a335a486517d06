/*
 * probe [ROW...]: tries these rows, or all. Prints what it saw, what each tried
 * Wine did, and what is documented of Windows.
 * probe --wine VERSION [ROW...]: compares with that Wine, as if it ran there.
 * probe --markdown: tries nothing, and prints all rows as a page.
 * probe --see ROW: tries the row in this process, and prints only what it saw.
 *
 * Exit status: 0 if each row is as expected of this system; 1 if a row differs,
 * or this is a Wine that was not recorded; 2 for wrong usage.
 */
#include "expected.h"
#include "page.h"
#include "tools.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* Of ntdll. GetVersionEx reports the version that the program was made for. */
LONG NTAPI RtlGetVersion(OSVERSIONINFOW *version);

static const char *wine_version; /* NULL: this is Windows */
static enum wine nearest;        /* what to compare this Wine with */
static bool recorded = true;     /* false: this Wine was not tried */
static bool pretended;           /* the version comes from --wine */

static const char *version_of_this_wine(void)
{
    typedef const char *CDECL version(void);
    FARPROC function =
        GetProcAddress(GetModuleHandleW(L"ntdll"), "wine_get_version");
    return function != NULL ? ((version *)(void (*)(void))function)() : NULL;
}

static void compare_with(const char *version)
{
    wine_version = version;
    if (version != NULL)
        nearest = nearest_wine(version, &recorded);
}

static const struct row *find_row(const wchar_t *wanted)
{
    for (const struct topic *topic = topics; topic->title != NULL; topic++)
        for (const struct row *row = topic->rows; row->name != NULL; row++) {
            wchar_t name[32];
            swprintf(name, 32, L"%hs", row->name);
            if (wcscmp(name, wanted) == 0)
                return row;
        }
    return NULL;
}

/* ---- One row, in a process of its own ---- */

/* For calls that fail only if the system is broken. */
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

/* Not by exit, which may wait for a thread that hangs. */
_Noreturn void end_row(void)
{
    TerminateProcess(GetCurrentProcess(), ROW_ENDED);
    for (;;)
        Sleep(INFINITE);
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

/* Runs the row. Its text is short, so the pipe holds it until the row ends. */
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
        check(GetLastError() == ERROR_BROKEN_PIPE, "read a row's text");
    const char *ending = ", crashed";
    if (status == ROW_ENDED)
        ending = "";
    else if (status == ROW_HUNG)
        ending = ", hung";
    snprintf(text + length, TEXT - length, "%s", ending);
    CloseHandle(process);
    CloseHandle(in);
}

/* ---- Judging ---- */

/* What this system should do; NULL: we do not know. */
static const char *expected_here(const struct row *row)
{
    return wine_version != NULL ? seen_on(nearest, row) : row->windows;
}

static struct {
    unsigned rows, different;
} counted;

/* ---- Printing what was seen ---- */

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

static void print_head(void)
{
    printf("%s %s.", pretended ? "Compared as if this were" : "This is",
           system_name());
    if (!recorded)
        printf(" It was not recorded: each row is compared with Wine %s.",
               version_of(nearest));
    printf("\n\n"
           "FALSE/997         the call returned FALSE, with error 997\n"
           "packet ok n=904   a packet of success came, with 904 bytes\n"
           "packet 38 n=0     the packet of a failed I/O came: error 38, 0 "
           "bytes\n");
    if (wine_version != NULL)
        printf("\nThe lines \"Windows\" come from documentation or from Wine's "
               "tests; they were\nnot run here.\n");
    printf("\n");
}

/* "as expected", or on a Wine that was not recorded "as Wine 10.0". */
static const char *as_expected(void)
{
    static char text[32] = "as expected";
    if (!recorded)
        snprintf(text, sizeof text, "as Wine %s", version_of(nearest));
    return text;
}

static void print_row(const struct row *row, const char *seen, bool expected)
{
    const char *verdict = expected ? as_expected() : "different";
    if (expected_here(row) == NULL)
        verdict = "nothing to compare it with";
    printf("%s: %s\n", row->name, row->tried);
    printf("    saw       %s: %s\n", seen, verdict);
    for (enum wine wine = 0; wine < WINES; wine++)
        printf("    Wine %-5s%s\n", version_of(wine), seen_on(wine, row));
    printf("    Windows   %s\n", row->windows != NULL ? row->windows : "?");
    if (row->source != NULL)
        printf("              (%s)\n", row->source);
    printf("\n");
}

static void print_count(void)
{
    printf("%u row%s: %u %s, %u different\n", counted.rows,
           counted.rows == 1 ? "" : "s", counted.rows - counted.different,
           as_expected(), counted.different);
}

/* ---- The whole ---- */

static void try_row(const struct row *row)
{
    char result[TEXT];
    see(row, result);
    bool expected = allows(expected_here(row), result);
    counted.rows++;
    counted.different += !expected;
    print_row(row, result, expected);
    fflush(stdout);
}

static void try_all(void)
{
    for (const struct topic *topic = topics; topic->title != NULL; topic++)
        for (const struct row *row = topic->rows; row->name != NULL; row++)
            try_row(row);
}

static int usage(void)
{
    fprintf(stderr, "usage: probe --markdown, or probe [--wine VERSION] "
                    "[ROW...], and each ROW is a name that probe prints\n");
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

static int judge(void)
{
    if (!recorded)
        fprintf(stderr,
                "probe: %s was not recorded; rows that differ from Wine %s: %u "
                "of %u\n",
                system_name(), version_of(nearest), counted.different,
                counted.rows);
    else if (counted.different != 0)
        fprintf(stderr, "probe: rows that differ: %u of %u\n",
                counted.different, counted.rows);
    else
        return EXIT_SUCCESS;
    return EXIT_FAILURE;
}

int wmain(int argc, wchar_t **argv)
{
    wchar_t **rows = argv + 1;
    if (argc == 3 && wcscmp(argv[1], L"--see") == 0)
        return see_here(argv[2]);
    _setmode(_fileno(stdout), _O_BINARY); /* lines end in \n alone */
    if (argc == 2 && wcscmp(argv[1], L"--markdown") == 0) {
        write_page();
        return EXIT_SUCCESS;
    }
    compare_with(version_of_this_wine());
    if (argc > 2 && wcscmp(argv[1], L"--wine") == 0) {
        static char version[32];
        snprintf(version, sizeof version, "%ls", argv[2]);
        compare_with(version);
        pretended = true;
        rows += 2;
    }
    if (!are_rows(rows))
        return usage();
    print_head();
    if (*rows == NULL)
        try_all();
    else
        try_these(rows);
    print_count();
    return judge();
}
