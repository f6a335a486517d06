#!/bin/sh
# Finds the tools that are missing. Installs them on Debian and Ubuntu, and prints
# the command that installs them on other systems.
#
#   NEEDS        the tasks: build, run, test, coverage, lint; or the names of
#                tools: asio, git, gnuplot, npm, patch, python
#   CC, CXX      compile Windows programs      HOST_CC  compiles the tests
#   ASIO         the directory of asio's headers
#   WINE         runs Windows programs; empty if the system itself runs them
#   NO_INSTALL   1: print what is missing, and install nothing
#   LIST         1: print only the names of the missing tools
set -u

fail() {
    echo "$*" >&2
    exit 1
}

[ "${MSYSTEM:-}" != MSYS ] || fail "This is MSYS2's plain shell, which cannot" \
    "build Windows programs. Open 'MSYS2 UCRT64' in the Start menu, and type" \
    "the command there."

# compiles COMPILER VARIABLE: fails if there is no such compiler. Ends the script
# if the compiler that the variable names does not compile for Windows.
compiles() {
    machine=$($1 -dumpmachine 2>/dev/null)
    case $machine in
    '') return 1 ;;
    *mingw* | *windows*) ;;
    *) fail "$2=$1 makes programs for $machine, not for Windows." \
        "Unset $2, or set it to a cross compiler." ;;
    esac
}

# Adds the tools that are not on the PATH to the list.
missing=
want() {
    for tool; do
        command -v "$tool" >/dev/null || missing="$missing $tool"
    done
}

for need in $NEEDS; do
    case $need in
    build)
        compiles "${CC:?}" CC || missing="$missing mingw"
        ;;
    run)
        case $WINE:$(uname -sm) in
        wine:'Linux aarch64' | wine:'Linux arm64')
            fail 'Wine on arm64 Linux cannot run x86-64 programs. Use an x86-64' \
                'computer, or set WINE to a launcher that can run them.'
            ;;
        esac
        [ -z "$WINE" ] || command -v "$WINE" >/dev/null ||
            missing="$missing wine"
        ;;
    test)
        command -v "${HOST_CC:?}" >/dev/null || missing="$missing cc"
        if ! command -v pkg-config >/dev/null; then
            missing="$missing pkg-config criterion glib json-glib"
        else
            pkg-config --exists criterion || missing="$missing criterion"
            pkg-config --exists gio-2.0 || missing="$missing glib"
            pkg-config --exists json-glib-1.0 || missing="$missing json-glib"
        fi
        ;;
    asio)
        # asio needs std::thread. Not every MinGW-w64 compiler has it.
        compiles "${CXX:?}" CXX && echo '#include <thread>
            std::thread thread;' | $CXX -x c++ -fsyntax-only - 2>/dev/null ||
            missing="$missing mingw-c++"
        [ -e "${ASIO:?}/asio.hpp" ] || missing="$missing asio"
        ;;
    python) want python3 ;;
    coverage) want python3 gcovr ;;
    lint) want clang-format clang-tidy cppcheck shellcheck flake8 ;;
    *) want "$need" ;;
    esac
done
[ -n "$missing" ] || exit 0
missing=$(echo "$missing" | tr ' ' '\n' | sort -u | tr '\n' ' ' |
    sed 's/^ //; s/ $//')
if [ "${LIST:-}" = 1 ]; then
    echo "$missing"
    exit 1
fi
echo "Missing: $missing"

# Prints the packages that have the missing tools, by the names that the package
# manager $1 has for them.
mingw=${MINGW_PACKAGE_PREFIX:-mingw-w64-ucrt-x86_64}
packages() {
    for tool in $missing; do
        case $1:$tool in
        apt:mingw) echo gcc-mingw-w64-x86-64-win32 ;;
        apt:mingw-c++) echo g++-mingw-w64-x86-64-posix ;;
        apt:gnuplot) echo gnuplot-nox ;;
        apt:asio) echo libasio-dev ;;
        apt:wine) echo wine wine64 ;;
        apt:cc) echo gcc libc6-dev ;;
        apt:criterion) echo libcriterion-dev ;;
        apt:glib) echo libglib2.0-dev ;;
        apt:json-glib) echo libjson-glib-dev ;;
        dnf:mingw) echo mingw64-gcc mingw64-winpthreads-static ;;
        dnf:mingw-c++) echo mingw64-gcc-c++ mingw64-winpthreads-static ;;
        dnf:asio) echo asio-devel ;;
        dnf:wine) echo wine-core ;;
        dnf:cc) echo gcc ;;
        dnf:glib) echo glib2-devel ;;
        dnf:json-glib) echo json-glib-devel ;;
        dnf:pkg-config) echo pkgconf-pkg-config ;;
        dnf:clang-format | dnf:clang-tidy) echo clang-tools-extra ;;
        dnf:shellcheck) echo ShellCheck ;;
        dnf:flake8) echo python3-flake8 ;;
        pacman:mingw | pacman:mingw-c++) echo mingw-w64-gcc ;;
        pacman:cc) echo gcc ;;
        pacman:glib) echo glib2 ;;
        pacman:python3) echo python ;;
        pacman:pkg-config) echo pkgconf ;;
        pacman:clang-format | pacman:clang-tidy) echo clang ;;
        pacman:flake8) echo python-flake8 ;;
        zypper:mingw) echo mingw64-cross-gcc ;;
        zypper:mingw-c++) echo mingw64-cross-gcc-c++ ;;
        zypper:asio) echo asio-devel ;;
        zypper:cc) echo gcc ;;
        zypper:criterion) echo criterion-devel ;;
        zypper:glib) echo glib2-devel ;;
        zypper:json-glib) echo json-glib-devel ;;
        zypper:clang-format | zypper:clang-tidy) echo clang-tools ;;
        brew:mingw | brew:mingw-c++) echo mingw-w64 ;;
        brew:patch) echo gpatch ;;
        brew:npm) echo node ;;
        brew:clang-format | brew:clang-tidy) echo llvm ;;
        msys:mingw | msys:mingw-c++) echo "$mingw-gcc" ;;
        msys:python3) echo "$mingw-python" ;;
        msys:asio | msys:gnuplot | msys:cppcheck) echo "$mingw-$tool" ;;
        msys:clang-format | msys:clang-tidy) echo "$mingw-clang-tools-extra" ;;
        # No package is known: see notes.
        dnf:criterion | msys:criterion | brew:wine | brew:cc) ;;
        *) echo "$tool" ;;
        esac
    done | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# Prints how to get a missing tool for which $1 has no package.
notes() {
    for tool in $missing; do
        case $1:$tool in
        dnf:criterion) echo 'Fedora has no package of Criterion. Without it' \
            'make run and the lab work, but make test does not. Source code:' \
            'https://github.com/Snaipe/Criterion' ;;
        msys:criterion) echo 'MSYS2 has no package of Criterion: run the tests' \
            'from WSL, with make test WINE=' ;;
        zypper:mingw | zypper:mingw-c++) echo 'openSUSE Leap 16.0 has no' \
            'official package of MinGW-w64. The project windows:mingw:win64 on' \
            'https://build.opensuse.org has one.' ;;
        brew:cc) echo 'To install cc, type xcode-select --install' ;;
        brew:wine)
            echo 'Homebrew does not install Wine any more. Download a build:'
            echo '    https://github.com/Gcenx/macOS_Wine_builds/releases'
            echo 'Move "Wine Stable.app" to /Applications, and type'
            echo "    xattr -dr com.apple.quarantine '/Applications/Wine Stable.app'"
            echo "    export WINE='/Applications/Wine Stable.app/Contents/Resources/wine/bin/wine'"
            ;;
        esac
    done
}

root=
[ "$(id -u)" = 0 ] || root='sudo '
if command -v apt-get >/dev/null; then
    system='Debian or Ubuntu' manager=apt
    install="${root}apt-get install -y --no-install-recommends"
elif command -v dnf >/dev/null; then
    system=Fedora manager=dnf install="${root}dnf install"
elif [ -n "${MSYSTEM:-}" ]; then
    system=MSYS2 manager=msys install='pacman -S'
elif command -v pacman >/dev/null; then
    system=Arch manager=pacman install="${root}pacman -S"
elif command -v zypper >/dev/null; then
    system=openSUSE manager=zypper install="${root}zypper install"
elif command -v brew >/dev/null; then
    system='macOS with Homebrew' manager=brew install='brew install'
else
    fail 'No package manager was found that this script knows. Install the' \
        'missing tools yourself, then type the command again.'
fi

names=$(packages $manager)
if [ -n "$names" ]; then
    echo "On $system, this command installs the missing tools:"
    echo "    $install $names"
fi
notes $manager

# Prints the size of the download. Fails if apt has no package lists.
say_size() {
    # shellcheck disable=SC2086 # words
    uris=$(apt-get install --print-uris -qq -y --no-install-recommends $names \
        2>/dev/null) &&
        echo "$uris" | awk '{ bytes += $3 }
            END { printf "To download: %.0f MB\n", bytes / 1e6 }'
}

if [ "${NO_INSTALL:-}" = 1 ]; then
    [ $manager != apt ] || say_size ||
        echo 'apt knows the size of the download only after apt-get update.'
    fail 'NO_INSTALL=1 is set, so nothing was installed.'
fi
[ $manager = apt ] || fail 'This script installs only on Debian and Ubuntu.' \
    'Install the tools yourself, then type the command again.'
[ -z "$root" ] || command -v sudo >/dev/null ||
    fail 'Installing needs root, and there is no sudo. Type the command as root.'
# apt's package lists may be old or missing. Without stdin, apt asks nothing and
# does not read the input of the program that runs next.
# shellcheck disable=SC2086 # words
{
    ${root}apt-get update -q </dev/null && { say_size || :; } &&
        ${root}env DEBIAN_FRONTEND=noninteractive ${install#"$root"} $names \
            </dev/null
} || fail 'Installing failed. The lines above show why.'
