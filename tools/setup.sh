#!/bin/sh
# Says which tools are missing, and installs them where it knows how to.
#
#   NEEDS        what is about to be done: build, run, test, coverage, lint; or
#                a tool by its name: asio, gnuplot, npm, patch, python
#   CC, CXX      make Windows programs         HOST_CC  makes the tests
#   ASIO         where asio's headers are
#   WINE         runs Windows programs; empty where the system does
#   NO_INSTALL   1: only say what is missing
set -u

# A compiler, and the variable that names it. Returns whether there is one.
compiles() {
    machine=$($1 -dumpmachine 2>/dev/null)
    case $machine in
    '') return 1 ;;
    *mingw* | *windows*) ;;
    *)
        echo "$2=$1 makes programs for $machine, not for Windows." \
            "Unset $2, or set it to a cross compiler." >&2
        exit 1
        ;;
    esac
}

missing=
for need in $NEEDS; do
    case $need in
    build)
        compiles "${CC:?}" CC || missing="$missing mingw"
        ;;
    run)
        [ -z "$WINE" ] || command -v "$WINE" >/dev/null || missing="$missing wine"
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
    python)
        command -v python3 >/dev/null || missing="$missing python3"
        ;;
    npm)
        command -v npm >/dev/null || missing="$missing npm"
        ;;
    patch)
        command -v patch >/dev/null || missing="$missing patch"
        ;;
    asio)
        # A compiler without std::thread is none.
        compiles "${CXX:?}" CXX && echo '#include <thread>
            std::thread thread;' | $CXX -x c++ -fsyntax-only - 2>/dev/null ||
            missing="$missing mingw-c++"
        [ -e "${ASIO:?}/asio.hpp" ] || missing="$missing asio"
        ;;
    gnuplot)
        command -v gnuplot >/dev/null || missing="$missing gnuplot"
        ;;
    coverage)
        for tool in python3 gcovr; do
            command -v $tool >/dev/null || missing="$missing $tool"
        done
        ;;
    lint)
        for tool in clang-format clang-tidy cppcheck; do
            command -v $tool >/dev/null || missing="$missing $tool"
        done
        ;;
    esac
done
[ -n "$missing" ] || exit 0
echo "Missing:$missing"

# The packages that bring what is missing, by one system's names.
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
        dnf:criterion) echo criterion-devel ;;
        dnf:glib) echo glib2-devel ;;
        dnf:json-glib) echo json-glib-devel ;;
        dnf:pkg-config) echo pkgconf-pkg-config ;;
        dnf:clang-format | dnf:clang-tidy) echo clang-tools-extra ;;
        pacman:mingw | pacman:mingw-c++) echo mingw-w64-gcc ;;
        pacman:wine) echo wine ;;
        pacman:cc) echo gcc ;;
        pacman:criterion) echo criterion ;;
        pacman:glib) echo glib2 ;;
        pacman:python3) echo python ;;
        pacman:pkg-config) echo pkgconf ;;
        pacman:clang-format | pacman:clang-tidy) echo clang ;;
        zypper:mingw) echo mingw64-cross-gcc ;;
        zypper:mingw-c++) echo mingw64-cross-gcc-c++ ;;
        zypper:asio) echo asio-devel ;;
        zypper:wine) echo wine ;;
        zypper:cc) echo gcc ;;
        zypper:criterion) echo criterion-devel ;;
        zypper:glib) echo glib2-devel ;;
        zypper:json-glib) echo json-glib-devel ;;
        zypper:clang-format | zypper:clang-tidy) echo clang-tools ;;
        brew:mingw | brew:mingw-c++) echo mingw-w64 ;;
        brew:wine) echo wine-stable ;;
        brew:cc) echo gcc ;;
        brew:patch) echo gpatch ;;
        brew:npm) echo node ;;
        brew:clang-format | brew:clang-tidy) echo llvm ;;
        msys:mingw | msys:mingw-c++) echo mingw-w64-ucrt-x86_64-gcc ;;
        msys:asio) echo mingw-w64-ucrt-x86_64-asio ;;
        *) echo "$tool" ;;
        esac
    done | tr '\n' ' ' | sed 's/ $//'
}

root=
[ "$(id -u)" = 0 ] || root='sudo '
if command -v apt-get >/dev/null; then
    system='Debian or Ubuntu'
    command="${root}apt-get install -y --no-install-recommends $(packages apt)"
elif command -v dnf >/dev/null; then
    system=Fedora
    command="${root}dnf install $(packages dnf)"
elif [ -n "${MSYSTEM:-}" ]; then
    system=MSYS2
    case " $NEEDS " in
    *' test '*)
        echo 'MSYS2 has no package of Criterion: run the tests from WSL, with' \
            'make test WINE=' >&2
        exit 1
        ;;
    esac
    command="pacman -S $(packages msys)"
elif command -v pacman >/dev/null; then
    system=Arch
    command="${root}pacman -S $(packages pacman)"
elif command -v zypper >/dev/null; then
    system=openSUSE
    command="${root}zypper install $(packages zypper)"
elif command -v brew >/dev/null; then
    system='macOS with Homebrew'
    command="brew install $(packages brew)"
else
    echo 'There is no package manager here that this script knows.' >&2
    echo 'Please install what is missing, then type the command again.' >&2
    exit 1
fi

echo "On $system this installs it:"
echo "    $command"
if [ "${NO_INSTALL:-}" = 1 ]; then
    echo 'NO_INSTALL=1 is set, so nothing was installed.' >&2
    exit 1
fi
if [ "$system" != 'Debian or Ubuntu' ]; then
    echo 'Please type it, then the command again: this script installs only' \
        'on Debian and Ubuntu.' >&2
    exit 1
fi
if [ -n "$root" ] && ! command -v sudo >/dev/null; then
    echo 'It needs root, and there is no sudo: please type it as root.' >&2
    exit 1
fi
# The package lists may be old, or not there at all. stdin is closed: apt asks
# nothing, and does not eat what was meant for the program.
${root}apt-get update -q </dev/null &&
    ${root}env DEBIAN_FRONTEND=noninteractive ${command#"$root"} </dev/null || {
    echo 'Installing failed; the lines above say why.' >&2
    exit 1
}
