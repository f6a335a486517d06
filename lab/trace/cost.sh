#!/usr/bin/env bash
# lab/trace/cost.sh FILE ROUNDS: measures what recording costs. Runs each program
# in turn without and with TRACE, and prints the medians.
#
#   call    one call that does next to nothing
#   final   reads the file in blocks of 4 KiB; also prints how many records it
#           makes
#
# Environment:
#   LAUNCHER   the command that starts a Windows program, quoted for a shell
set -euo pipefail
start=()
eval "start+=($LAUNCHER)"

export TRACE_RECORDS=2000000 # enough for all records
export TRACE
file=$1 rounds=$2
recording=build/trace/cost.rec
results=build/trace/cost.txt
TIMEFORMAT=%R

call() {
    "${start[@]}" build/lab/cost.exe
}

final() {
    {
        time "${start[@]}" build/lab/final.exe --block 4K "$file" >/dev/null 2>&1
    } 2>&1
}

# median PROGRAM TURN
median() {
    grep "^$1 $2 " $results | cut -d ' ' -f 3 | sort -n |
        awk '{ a[NR] = $1 } END { print (a[int((NR + 1) / 2)] + a[int(NR / 2) + 1]) / 2 }'
}

: >$results
cat "$file" >/dev/null # puts the file into the page cache
for round in $(seq "$rounds"); do
    turns='without with'
    [ $((round % 2)) = 1 ] || turns='with without'
    for program in call final; do
        for turn in $turns; do
            TRACE=
            [ "$turn" = without ] || TRACE=$recording
            echo "$program $turn $($program | tr -d '\r')" >>$results
        done
    done
done
TRACE=$recording
final >/dev/null
records=$(od -An -j 24 -N 8 -t d8 $recording | tr -d ' ')
echo "medians of $rounds rounds"
echo "one call: $(median call without) ns without, $(median call with) ns with"
echo "final: $(median final without) s without, $(median final with) s with," \
    "$records records"
