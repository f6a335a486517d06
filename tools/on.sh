#!/usr/bin/env bash
# Runs a command in another release of Debian. The release has a root directory of
# its own. Only git and make are installed there at first.
#
#   SYSTEM   debian:12, debian:13 or debian:testing
#   COMMAND  the command to run there, in a copy of this directory
#   MIRROR   the URL of Debian's packages; default: this machine's own mirror
#
# The root stays in build/systems, with everything that the command installs and
# builds. The mounts and the processes have namespaces of their own, which end with
# this script.
set -euo pipefail

fail() {
    echo "on: $*" >&2
    exit 1
}

case ${SYSTEM:-} in
debian:12) suite=bookworm ;;
debian:13) suite=trixie ;;
debian:testing) suite=testing ;;
*) fail "SYSTEM is debian:12, debian:13 or debian:testing, not '${SYSTEM:-}'" ;;
esac
root=$PWD/build/systems/${SYSTEM/:/-}
project=$root/project

if [ "${1:-}" != inside ]; then
    [ "$(id -u)" = 0 ] || fail 'this makes device files and mounts, so it needs root'
    for tool in debootstrap unshare chroot tar; do
        command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin:/sbin
        command -v "$tool" >/dev/null || fail "there is no $tool: install it"
    done
    exec unshare --mount --pid --fork --kill-child "$0" inside
fi

# Prints the first of Debian's own repositories that apt knows.
mirror() {
    # shellcheck disable=SC2016 # these are apt's variables
    apt-get indextargets --format '$(LABEL) $(REPO_URI)' \
        'Created-By: Packages' 2>/dev/null | sed -n 's/^Debian //p' | head -n 1
}

if [ ! -e "$root/made" ]; then
    : "${MIRROR:=$(mirror)}"
    [ -n "$MIRROR" ] || fail 'apt knows no mirror of Debian: set MIRROR='
    rm -rf "$root"
    mkdir -p "$root"
    echo "Making a root of $SYSTEM in build/systems (once) ..."
    debootstrap --variant=minbase --include=git,make,ca-certificates \
        "$suite" "$root" "$MIRROR" >"$root.log" 2>&1 || {
        tail -n 5 "$root.log" >&2
        fail "debootstrap failed; its full output is in $root.log"
    }
    touch "$root/made"
fi

# Copies this directory, except the files that git ignores. The copy keeps the
# build/ of earlier runs.
git rev-parse --git-dir >/dev/null || fail 'only a git checkout can be copied'
mkdir -p "$project"
find "$project" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
cp -a .git "$project"
git ls-files -z --cached --others --exclude-standard --deduplicate |
    while IFS= read -r -d '' file; do
        [ ! -e "$file" ] || printf '%s\0' "$file"
    done | tar --null -T - -cf - | tar -xf - -C "$project"

cp /etc/resolv.conf /etc/hosts "$root/etc"
# The package lists of testing are valid for a week. A mirror's may be older.
echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/mirror"
mount -t proc proc "$root/proc"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
echo "On $SYSTEM: ${COMMAND:?}"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-dumb}" \
    LANG=C.UTF-8 ${http_proxy:+"http_proxy=$http_proxy"} \
    chroot "$root" bash -c "cd /project && $COMMAND"
