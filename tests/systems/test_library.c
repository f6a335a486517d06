/* The installed library, used by a program outside of this tree, in C and C++,
 * with pkg-config and with CMake. */
#include "../support/shell.h"

#include <string.h>

TestSuite(library, .init = enter_scratch, .fini = leave_scratch);

#define INSTALL                                                                \
    "make --no-print-directory -C \"$TOP\" install PREFIX=/usr "               \
    "DESTDIR=\"$PWD/package\"\n"                                               \
    "mv package/usr moved\n" /* the package works at any place */              \
    "cp \"$TOP\"/tests/systems/library/* .\n"

/* The helpers start programs that are in build/. */
#define KEEP(c, cpp)                                                           \
    "cp " c " \"$TOP\"/build/tests/library-c.exe\n"                            \
    "cp " cpp " \"$TOP\"/build/tests/library-cpp.exe\n"

static void assert_both_work(void)
{
    struct run c = RUN("tests/library-c", "unused");
    struct run cpp = RUN("tests/library-cpp", "unused");
    assert_ended(&c, 0);
    assert_ended(&cpp, 0);
    assert_shows(&c, "hello, version 1.");
    assert_text(&cpp, c.text);
    run_clear(&c);
    run_clear(&cpp);
}

Test(library, a_program_outside_finds_it_with_pkg_config)
{
    must(
        INSTALL
        "export PKG_CONFIG_PATH=$PWD/moved/lib/pkgconfig\n"
        "flags='-Wall -Wextra -Wpedantic -Werror'\n"
        "x86_64-w64-mingw32-gcc -std=c17 $flags -o c.exe example.c "
        "  $(pkg-config --cflags --libs filepool) -static\n"
        "x86_64-w64-mingw32-g++ -std=c++17 $flags -x c++ -o cpp.exe example.c "
        "  -x none $(pkg-config --cflags --libs filepool) -static\n"
        "pkg-config --exact-version=1.0.0 filepool\n" KEEP("c.exe", "cpp.exe"));
    assert_both_work();
}

Test(library, a_program_outside_finds_it_with_cmake)
{
    must(INSTALL "cmake -B out -DCMAKE_SYSTEM_NAME=Windows "
                 "  -DCMAKE_C_COMPILER=x86_64-w64-mingw32-gcc "
                 "  -DCMAKE_CXX_COMPILER=x86_64-w64-mingw32-g++ "
                 "  -DCMAKE_PREFIX_PATH=\"$PWD/moved\" "
                 "  -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=BOTH >cmake.log\n"
                 "cmake --build out >>cmake.log\n" KEEP("out/example.exe",
                                                        "out/example_cpp.exe"));
    assert_both_work();
}

Test(library, another_major_version_does_not_suit)
{
    must(INSTALL "sed -i 's/filepool 1.0/filepool 2.0/' CMakeLists.txt");
    struct said said = shell("cmake -B out -DCMAKE_SYSTEM_NAME=Windows "
                             "-DCMAKE_C_COMPILER=x86_64-w64-mingw32-gcc "
                             "-DCMAKE_CXX_COMPILER=x86_64-w64-mingw32-g++ "
                             "-DCMAKE_PREFIX_PATH=\"$PWD/moved\"");
    assert_says(said, "filepool");
    cr_assert_neq(said.status, 0);
    said_clear(&said);
}

/* Each header also works alone. */
Test(library, each_header_compiles_as_cpp)
{
    must(INSTALL "for header in moved/include/filepool/*.h; do\n"
                 "  printf '#include \"%s\"\\n' \"$header\" >one.cpp\n"
                 "  x86_64-w64-mingw32-g++ -std=c++11 -Wall -Wextra -Wpedantic "
                 "    -Werror -fsyntax-only one.cpp || exit\n"
                 "done");
}
