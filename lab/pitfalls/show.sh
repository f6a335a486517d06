#!/bin/bash
# show.sh PROGRAM PATCH: the mistake, what one sees of it, and what the checker
# says. LAUNCHER: the words that go before a Windows program, quoted for a shell;
# ADDR2LINE: who knows the lines of its source.
set -u
start=()
eval "start+=($LAUNCHER)"
program=$1
patch=$2

# "Run:" has make's own words: IO=pending ARGS='--block 4096'.
FILE=build/sample.txt ARGS='' IO=''
eval "$(awk -v field=Run -f lab/pitfalls/headers.awk "$patch")"
export IO

# Long output is cut in the middle: it may well be endless.
shorten() {
    tr -d '\r' | awk '
        NR <= 12 { print }
        { last[NR % 4] = $0 }
        END {
            if (NR > 16)
                print "..."
            for (i = NR > 16 ? NR - 3 : 13; i <= NR; i++)
                print last[i % 4]
        }'
}

# Both streams, or stderr only.
run() {
    # shellcheck disable=SC2086 # words
    timeout -k 1 5 "${start[@]}" "$program" "$FILE" $ARGS \
        </dev/null 2>&1 >"$1" |
        awk -v program="$program" -f lab/checker/locate.awk | shorten
    status=${PIPESTATUS[0]}
    case $status in
    124 | 137) echo '(it hung, or had no end: ended after 5 seconds)' ;;
    *) echo "(exit status $status)" ;;
    esac
}

cat "$patch"
printf '\n== What you see: IO=%s FILE=%s ARGS="%s"\n\n' "$IO" "$FILE" "$ARGS"
run /dev/stdout
printf '\n== What the checker says: the same with CHECK=1\n\n'
CHECK=1 run /dev/null
printf '\n== Found by\n\n'
awk -v field=Reported -f lab/pitfalls/headers.awk "$patch"
