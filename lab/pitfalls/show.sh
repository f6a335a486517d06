#!/bin/bash
# show.sh PROGRAM PATCH: prints the patch, the output of its program, and the
# checker's report. In the environment, LAUNCHER is the command that starts a
# Windows program, quoted for a shell. ADDR2LINE is the command that finds the
# source line of an address.
set -u
start=()
eval "start+=($LAUNCHER)"
program=$1
patch=$2

field() {
    awk -v field="$1" -f lab/pitfalls/headers.awk "$patch"
}

# "Run:" has make's own words: IO=pending ARGS='--block 4096'.
FILE=build/sample.txt ARGS='' IO=''
eval "$(field Run)"
export IO

# The output of a program without an end is long: only its beginning and its end
# are shown.
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

# run FILE: stderr is shown, stdout goes to FILE.
run() {
    # shellcheck disable=SC2086 # words
    timeout -k 1 5 "${start[@]}" "$program" "$FILE" $ARGS \
        </dev/null 2>&1 >"$1" |
        python3 -B lab/check/locate.py "$program" | shorten
    status=${PIPESTATUS[0]}
    case $status in
    124 | 137) echo '(no end after 5 seconds: the program was killed)' ;;
    *) echo "(exit status $status)" ;;
    esac
}

# part HEADING, and the text on stdin.
part() {
    printf '== %s\n\n' "$1"
    cat
    echo
}

field Does | fmt -w 78 | part 'The mistake'
field 'You will see' | fmt -w 78 | part 'What you will see'
field Rule | part 'The rule in final/RULES.md'
field 'Made by' | fmt -w 78 | part 'Who made it'
sed '1,/^$/d' "$patch" | part 'The change'
run /dev/stdout | part "The program's output, with $(field Run)"
CHECK=1 run /dev/null | part "The checker's report"
field Reported | part 'What finds the mistake in make test'
