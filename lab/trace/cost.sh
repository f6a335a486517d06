#!/usr/bin/env bash
# lab/trace/cost.sh FILE BLOCK ROUNDS: what recording costs. final reads the file
# with the lab linked under it, in turn without and with TRACE; the medians of
# both are told, and how many records there were.
#
#   LAUNCHER   starts a Windows program
set -euo pipefail

export TRACE_RECORDS=2000000 # all shall fit
final=build/lab/final.exe
recording=build/trace/cost.rec
results=build/trace/cost.txt
TIMEFORMAT=%R

# seconds COMMAND...: how long it takes.
seconds() {
    { time "$@" >/dev/null 2>&1; } 2>&1
}

# median WORD
median() {
    awk -v word="$1" '$1 == word { print $2 }' $results | sort -n |
        awk '{ a[NR] = $1 } END { print (a[int((NR + 1) / 2)] + a[int(NR / 2) + 1]) / 2 }'
}

: >$results
cat "$1" >/dev/null # now it is in the page cache
for round in $(seq "$3"); do
    turns='without with'
    [ $((round % 2)) = 1 ] || turns='with without'
    for turn in $turns; do
        rm -f $recording
        trace=
        [ $turn = without ] || trace=$recording
        echo "$turn $(TRACE=$trace seconds $LAUNCHER $final --block "$2" "$1")" \
            >>$results
    done
done
[ -e $recording ] || TRACE=$recording seconds $LAUNCHER $final --block "$2" "$1" >/dev/null
records=$(od -An -j 24 -N 8 -t d8 $recording | tr -d ' ')
echo "without $(median without) s, with $(median with) s, $records records," \
    "medians of $3 rounds"
