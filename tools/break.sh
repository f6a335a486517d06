#!/bin/sh
# break.sh STAGE DIRECTORY: copies a stage to the directory, and applies to the
# copy the edit that the stage's README shows under "Break it", in the first diff
# block. If the reader has made this edit already, the copy stays as it is.
set -eu
stage=$1
to=$2
rm -rf "$to"
mkdir -p "$to"
cp "$stage"/*.[ch] "$to"
[ ! -d "$stage/programs" ] || cp -R "$stage/programs" "$to"
awk '/^## / { here = /^## Break it/ }
     here && /^```$/ { exit }
     edit { print }
     here && /^```diff$/ { edit = 1 }' "$stage/README.md" >"$to/edit.diff"
# The line numbers may have changed since: patch searches for the lines.
edit() {
    patch -s -f -d "$to" -p0 "$@" <"$to/edit.diff" >/dev/null
}
if edit --dry-run; then
    edit
elif ! edit --dry-run -R; then
    echo "The edit in $stage/README.md no longer fits $stage." \
        "'git checkout $stage' restores it." >&2
    exit 1
fi
