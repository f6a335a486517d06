#!/bin/sh
# Prepares a machine for a workshop: installs the tools, makes Wine's directory,
# builds everything, and runs step 1. The last line is "ready", or "not ready" and
# the reason.
#
#   MAKE   the make that started this script
#   FILES  the files to build
#
# Other variables: see tools/setup.sh.
set -u

not_ready() {
    echo "not ready: $*" >&2
    exit 1
}

echo '== Tools'
if missing=$(LIST=1 tools/setup.sh); then
    echo 'Nothing to download.'
elif [ -z "$missing" ] || ! tools/setup.sh; then
    # Some of the tools may be installed now.
    missing=$(LIST=1 tools/setup.sh 2>/dev/null)
    not_ready "${missing:+missing: }${missing:-the lines above show why}"
fi

echo '== Versions'
version() {
    name=$1
    shift
    line=$("$@" 2>/dev/null | head -n 1)
    printf '%-10s %s\n' "$name" "${line:-none}"
}
version make "$MAKE" --version
# shellcheck disable=SC2086 # CC may be several words
version compiler $CC --version
# shellcheck disable=SC2086
version linker "$($CC -print-prog-name=ld)" --version
[ -z "$WINE" ] || version Wine "$WINE" --version
version Criterion pkg-config --modversion criterion
version python python3 --version
version patch patch --version
version git git --version
printf '%-10s %s\n' 'free disk' "$(df -Ph . | awk 'NR == 2 { print $4 }')"

again() {
    "$MAKE" --no-print-directory "$@"
}
echo '== Step 1'
again run STEP=1 || not_ready 'make run STEP=1 fails; the lines above show why'
echo '== Everything else'
# shellcheck disable=SC2086 # words
again $FILES || not_ready 'a file cannot be built; the lines above show why'

except='the commands of .NET, make on, make lint and make lint-workflows'
[ -z "${MSYSTEM:-}" ] || except='make test, bench, dotnet, coverage and lint'
echo "ready: without a network everything works except $except"
