#!/bin/sh
# break.sh STAGE DIRECTORY: copies a stage to the directory and makes there the
# edit that its README shows under "Break it", in the first diff block. If the
# reader has made it already, there is nothing left to do.
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
# Line numbers may have moved on since: patch looks for the lines themselves.
edit() {
    patch -s -f -d "$to" -p0 "$@" <"$to/edit.diff" >/dev/null
}
if edit --dry-run; then
    edit
elif ! edit --dry-run -R; then
    echo "The edit in $stage/README.md does not fit $stage any more;" \
        "'git checkout $stage' brings it back." >&2
    exit 1
fi
