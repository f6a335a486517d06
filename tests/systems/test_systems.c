/* Simulates other systems: other tools on the PATH, other line ends, another
 * make, another launcher. Each test works in a directory of its own, and leaves
 * the project's build/ alone.
 */
#include "../support/shell.h"

TestSuite(systems, .init = enter_scratch, .fini = leave_scratch);

/* Returns the path of Wine: the last word of LAUNCHER; NULL if LAUNCHER is
 * empty. The caller frees it. */
static char *wine(void)
{
    char **words = NULL, *last = NULL;
    if (g_shell_parse_argv(g_getenv("LAUNCHER"), NULL, &words, NULL))
        last = g_strdup(words[g_strv_length(words) - 1]);
    g_strfreev(words);
    return last;
}

static void needs_wine(void)
{
    if (wine() == NULL)
        cr_skip_test("this test needs Wine");
}

/* ---- Set-up ---- */

/* Makes bin/, which will be the whole PATH: a few tools, and fakes of id, uname
 * and one package manager. */
static void make_tools(const char *manager, const char *system)
{
    must("mkdir bin; for tool in sh tr sort sed awk head cat env; do "
         "ln -s \"$(command -v $tool)\" bin; done");
    write_script("bin/id", "#!/bin/sh\necho 0\n");
    char *uname = g_strdup_printf("#!/bin/sh\necho '%s'\n", system);
    write_script("bin/uname", uname);
    g_free(uname);
    char *path = g_build_filename("bin", manager, NULL);
    write_script(path, "#!/bin/sh\n"
                       "case $* in\n"
                       "*--print-uris*)\n"
                       "    echo \"'x' a.deb 1500000 SHA256:0\"\n"
                       "    echo \"'y' b.deb 500000 SHA256:0\" ;;\n"
                       "*) echo \"$0 was called: $*\" ;;\n"
                       "esac\n");
    g_free(path);
}

#define SET_UP(settings)                                                       \
    "PATH=$PWD/bin CC=no-cc CXX=no-cc HOST_CC=no-cc ASIO=/nowhere "            \
    "WINE=wine NEEDS='build run test' " settings " sh \"$TOP/tools/setup.sh\""

static void set_up_says(const char *manager, const char *system,
                        const char *command, const char *wanted,
                        const char *unwanted)
{
    make_tools(manager, system);
    struct said said = shell(command);
    cr_assert_neq(said.status, 0, "%s", said.text);
    assert_says(said, wanted);
    if (unwanted != NULL)
        assert_not_says(said, unwanted);
    said_clear(&said);
    must("rm -r bin");
}

Test(systems, set_up_names_only_packages_that_exist)
{
    set_up_says("dnf", "Linux x86_64", SET_UP(""), "dnf install ",
                "criterion-devel");
    set_up_says("dnf", "Linux x86_64", SET_UP(""),
                "Fedora has no package of Criterion", NULL);
    set_up_says("zypper", "Linux x86_64", SET_UP(""),
                "openSUSE Leap 16.0 has no official package", NULL);
    set_up_says("pacman", "Linux x86_64", SET_UP(""), "criterion", NULL);
    set_up_says("brew", "Darwin arm64", SET_UP(""), "export WINE='/Appl",
                "wine-stable");
}

Test(systems, set_up_names_the_packages_of_the_open_msys2_shell)
{
    set_up_says("pacman", "MINGW64_NT-10.0 x86_64",
                SET_UP("MSYSTEM=MINGW64 NEEDS='build python' "
                       "MINGW_PACKAGE_PREFIX=mingw-w64-x86_64"),
                "pacman -S mingw-w64-x86_64-gcc mingw-w64-x86_64-python\n",
                "ucrt");
    set_up_says("pacman", "MSYS_NT-10.0 x86_64", SET_UP("MSYSTEM=MSYS"),
                "Open 'MSYS2 UCRT64'", "pacman");
    set_up_says("pacman", "MINGW64_NT-10.0 x86_64", SET_UP("MSYSTEM=UCRT64"),
                "run the tests from WSL", NULL);
}

Test(systems, set_up_refuses_arm64_linux)
{
    set_up_says("apt-get", "Linux aarch64", SET_UP(""),
                "Wine on arm64 Linux cannot run x86-64 programs", "called");
}

Test(systems, set_up_prints_the_size_before_it_downloads)
{
    make_tools("apt-get", "Linux x86_64");
    struct said said = shell(SET_UP("NEEDS=build"));
    char *size = strstr(said.text, "\nTo download: 2 MB\n");
    char *install = strstr(said.text, "called: install -y");
    cr_assert(size != NULL && install != NULL && size < install, "%s",
              said.text);
    assert_says(said, "gcc-mingw-w64-x86-64-win32\n");
    assert_status(said, 0);
    said_clear(&said);

    said = shell(SET_UP("NO_INSTALL=1"));
    assert_says(said, "\nTo download: 2 MB\n");
    assert_not_says(said, "called");
    assert_status(said, 1);
    said_clear(&said);
}

/* If apt does not have a package, it cannot print a size. Then apt-get install
 * must run and report which package is missing. */
Test(systems, set_up_installs_even_if_the_size_is_unknown)
{
    make_tools("apt-get", "Linux x86_64");
    write_script("bin/apt-get", "#!/bin/sh\n"
                                "case $* in *--print-uris*) exit 100 ;; esac\n"
                                "echo \"was called: $*\"\n");
    struct said said = shell(SET_UP("NEEDS=build"));
    assert_says(said, "was called: install -y");
    said_clear(&said);
}

/* make is a fake that prints its arguments. */
Test(systems, doctor_ends_with_ready_or_with_the_reason)
{
    make_tools("apt-get", "Linux x86_64");
    write_script("bin/make", "#!/bin/sh\necho \"making $*\"\n"
                             "case $* in *$FAILS*) exit 2 ;; esac\n");
    write_script("bin/cc", "#!/bin/sh\necho x86_64-w64-mingw32\n");
    /* doctor.sh runs in the project's directory. */
    must("mkdir top; ln -s \"$TOP/tools\" top");
#define DOCTOR(settings)                                                       \
    "bin=$PWD/bin; cd top; PATH=$bin CC=cc CXX=cc HOST_CC=cc WINE= MAKE=make " \
    "NO_INSTALL=1 FAILS=nothing FILES=all NEEDS='build git' " settings         \
    " sh tools/doctor.sh"

    struct said said = shell(DOCTOR(""));
    assert_status(said, 1);
    assert_says(said, "To download: 2 MB\n");
    assert_not_says(said, "making");
    cr_assert(g_str_has_suffix(said.text, "\nnot ready: missing: git\n"), "%s",
              said.text);
    said_clear(&said);

    said = shell(DOCTOR("NEEDS=build"));
    assert_status(said, 0);
    assert_says(said, "Nothing to download.\n");
    assert_says(said, "making --no-print-directory run STEP=1\n");
    assert_says(said, "making --no-print-directory all\nready: ");
    said_clear(&said);

    said = shell(DOCTOR("NEEDS=build FAILS=STEP"));
    assert_status(said, 1);
    cr_assert_not_null(strstr(said.text, "\nnot ready: make run STEP=1 fails"),
                       "%s", said.text);
    said_clear(&said);
}

Test(systems, make_on_lists_the_systems_that_it_knows)
{
    struct said said = shell("make -C \"$TOP\" on SYSTEM=debian:11");
    assert_status(said, 2);
    assert_says(said, "SYSTEM is debian:12, debian:13 or debian:testing, not "
                      "'debian:11'\n");
    said_clear(&said);
}

/* ---- make ---- */

/* These are the .FEATURES of make 3.81. */
Test(systems, an_old_make_is_refused)
{
#define OLD                                                                    \
    "make help .FEATURES='target-specific order-only second-expansion else-if" \
    " archives jobserver check-symlink' -C \"$TOP\""
    const char *lines[] = {OLD, OLD "/step1-create"};
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        struct said said = shell(lines[i]);
        assert_status(said, 2);
        assert_says(said, "and then gmake instead of make");
        said_clear(&said);
    }
}

Test(systems, make_setup_looks_for_the_tools_of_run_and_test)
{
    must("mkdir bin");
    write_script("bin/apt-get", "#!/bin/sh\n");
    struct said said = shell("PATH=\"$PWD/bin:$PATH\" make -C \"$TOP\" setup "
                             "NO_INSTALL=1 HOST_CC=no-cc WINE=no-wine");
    assert_status(said, 2);
    assert_says(said, "Missing: cc wine\n");
    said_clear(&said);
}

Test(systems, the_output_of_a_failing_wine_is_shown)
{
    needs_wine();
    make_top();
    write_script("bad", "#!/bin/sh\necho 'wine: no room' >&2\nexit 3\n");
    struct said said = shell("make -C top build/wine/made WINE=\"$PWD/bad\"");
    assert_status(said, 2);
    assert_says(said, "Wine cannot make its directory build/wine. Tried: ");
    assert_says(said, "/bad wineboot --init\nIt printed:\nwine: no room\n"
                      "Free space in build: ");
    said_clear(&said);
    must("mkdir -p top/build/wine; touch top/build/wine/made");
    said = shell("make -C top run STEP=1 -o build/step1-create.exe "
                 "WINE=\"$PWD/bad\"");
    assert_status(said, 2);
    assert_says(said, "Wine cannot start a program. Tried: ");
    assert_says(said, "/bad cmd\nIt printed:\nwine: no room\n");
    said_clear(&said);
}

/* Copies the built files to another copy of the project, so that make does not
 * build them again. Both use the same Wine directory. */
static void seed(const char *top)
{
    char *lines = g_strdup_printf(
        "mkdir -p %s/build/tests && cd %s/build && ln -s \"$TOP/build/wine\" . "
        "&& (cd \"$TOP/build\" && tar -cf - --exclude=obj/dir *.exe *.a "
        "sample.txt obj guarded lab/step*.exe tests/[a-z]*.exe "
        "tests/hooked/step3* tests/break/step3* 2>&-) | "
        "tar -xf -",
        top, top);
    must(lines);
    g_free(lines);
}

/* ---- WSL, and Wine in a directory with a space in its name ---- */

/* The sources of the Windows programs name the variables that they read. */
Test(systems, wslenv_names_every_variable_that_a_windows_program_reads)
{
    struct said said =
        shell("cd \"$TOP\" && cat lab/*/*.[ch] step*/*.[ch] final/*.[ch] "
              "final/*/*.[ch] bench/*.[ch] bench/*/*.c $(ls tests/*/*.[ch] "
              "tests/*/*/*.[ch] | grep -vE "
              "'/(test_|helpers|runner|shell|explorer)') | "
              "tr -d ' \\n' | "
              "grep -oE '(getenv|GetEnvironmentVariable[AW]|read_variable)"
              "\\(L?\"[^\"]*' | sed 's/.*\"//' | sort -u");
    char **names = g_strsplit(g_strchomp(said.text), "\n", -1);
    char *passed = g_strdup_printf(":%s:", g_getenv("WSLENV"));
    cr_assert_geq(g_strv_length(names), 5, "%s", said.text);
    for (char **name = names; *name != NULL; name++) {
        char *one = g_strdup_printf(":%s:", *name);
        cr_assert_not_null(strstr(passed, one), "%s is not in %s", *name,
                           passed);
        g_free(one);
    }
    g_free(passed);
    g_strfreev(names);
    said_clear(&said);
}

Test(systems, the_users_words_stay_in_wslenv)
{
    struct said said = shell("WSLENV=MINE/p:IO make -C \"$TOP\" -s "
                             "--eval='print:;@echo \":$$WSLENV:\"' print");
    assert_says(said, ":MINE/p:");
    char *first = strstr(said.text, ":IO:");
    cr_assert(first != NULL && strstr(first + 1, ":IO:") == NULL, "%s",
              said.text);
    said_clear(&said);
}

/* Makes a launcher that passes only the variables in WSLENV, as WSL does, and
 * the ones that Wine needs. */
static void make_launcher(void)
{
    char *path = wine(), *quoted = g_shell_quote(path);
    char *lines = g_strconcat(
        "#!/bin/sh\nset -- ", quoted,
        " \"$@\"\n"
        "for name in $(echo \"$WSLENV\" | tr : ' ') PATH HOME LC_ALL \\\n"
        "    WINEPREFIX WINEDEBUG WINEDLLOVERRIDES; do\n"
        "    name=${name%%/*}\n"
        "    eval \"[ -z \\\"\\${$name+x}\\\" ] || set -- "
        "\\\"$name=\\$$name\\\" \\\"\\$@\\\"\"\n"
        "done\n"
        "exec env -i \"$@\"\n",
        NULL);
    must("mkdir 'Wine Stable.app'");
    write_script("Wine Stable.app/wine", lines);
    g_free(lines);
    g_free(quoted);
    g_free(path);
}

#define LAUNCHED(command)                                                      \
    "make -C top " command " WINE=\"$PWD/Wine Stable.app/wine\""

/* Runs the command, asserts its exit status, and returns its output. The caller
 * frees it. If a program fails, make exits with 2. */
static char *launched(const char *command, int status)
{
    struct said said = shell(command);
    cr_assert_eq(said.status, status, "%s: exit status %d:\n%s", command,
                 said.status, said.text);
    return said.text;
}

Test(systems, every_command_uses_the_launcher_and_passes_the_variables)
{
    needs_wine();
    make_top();
    seed("top");
    make_launcher();
    char *text = launched(LAUNCHED("run STEP=5 IO=short:1"), 0);
    cr_assert(strstr(text, "main: done: 1000000 bytes") != NULL &&
                  strstr(text, "in 31 reads") == NULL, /* as without IO */
              "%s", text);
    g_free(text);
    g_free(launched(LAUNCHED("trace STEP=1") " && test -s "
                                             "top/build/trace/step1-create.svg",
                    0));
    g_free(launched(
        LAUNCHED("sweep NAME=step1-create POINT=fail:CreateFileW:1:5"), 0));
    text = launched(LAUNCHED("pitfall NAME=createfile-null"), 0);
    cr_assert_not_null(strstr(text, "checker: "), "%s", text);
    g_free(text);

    /* This program waits for ever. Only the checker can end it. */
    must("mkdir hangs");
    cr_assert(g_file_set_contents(
        "hangs/main.c",
        "#include <windows.h>\n"
        "int main(void)\n{\n"
        "    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE,\n"
        "                                         NULL, 0, 1);\n"
        "    DWORD bytes;\n    ULONG_PTR key;\n    OVERLAPPED *request;\n"
        "    return !GetQueuedCompletionStatus(port, &bytes, &key, &request,\n"
        "                                      INFINITE);\n}\n",
        -1, NULL));
    text = launched(
        "timeout 60 " LAUNCHED("check STEP=5 DIR=\"$PWD/hangs\" ONLY=checker"),
        2);
    cr_assert_not_null(strstr(text, "checker: hung: "), "%s", text);
    g_free(text);
}

Test(systems, a_test_uses_the_launcher_and_passes_the_variables)
{
    needs_wine();
    make_launcher();
    make_file("file", 100);
    g_setenv("LAUNCHER", "Wine\\ Stable.app/wine", TRUE);
    struct run run =
        RUN_HOOKED("tests/hooked/step5-readfile", "fail:1:5", "file");
    assert_error(&run, "read", 5);
    run_clear(&run);
}

/* ---- Git for Windows ---- */

/* core.autocrlf=true is the usual setting of Git for Windows. The test commits
 * the files as they are now, clones them, and copies the built files except one
 * program. */
Test(systems, a_clone_with_autocrlf_has_the_same_files_and_works)
{
    needs_wine();
    must(
        "git init -q from && cd \"$TOP\" && "
        "if [ -e .git ]; then git ls-files -z --cached --others "
        "--exclude-standard --deduplicate; "
        "else find . -path ./build -prune -o -type f -print0; fi | "
        "xargs -0 ls -d 2>&- | tar -T - -cf - | tar -xf - -C \"$OLDPWD/from\"");
    must("git -C from add -A && git -C from -c user.name=x -c user.email=x "
         "commit -qm x && git clone -q -c core.autocrlf=true from clone");
    must("! diff -rq -x .git from clone | head -n 5 | grep .");
    must("find clone -type f -exec touch -d 2000-01-01 {} +");
    seed("clone");
    must("rm clone/build/step3-callback.exe "
         "clone/build/obj/step3-callback/main.o");
    const char *const lines[] = {
        "make -C clone run STEP=3",
        "make -C clone test STEP=3",
        "make -C clone pitfall NAME=failed-packet-taken-for-none",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        struct said said = shell(lines[i]);
        assert_status(said, 0);
        said_clear(&said);
    }
}
