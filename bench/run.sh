#!/usr/bin/env bash
# bench/run.sh full|quick: lets the contenders do each job, round by round, so
# that whatever else the machine does meets all of them alike. Each run is a
# line in build/bench/results.csv; bench/table.awk sums them up.
#
#   LAUNCHER, WINE   start a Windows program     CC, HOST_CC   for their versions
set -euo pipefail

bench=build/bench
data=$bench/data
results=$bench/results.csv
rounds=7 tries=3 share=1
if [ "$1" = quick ]; then
    rounds=5 tries=1 share=5 # a fifth of the reads
fi

# begin NAME FILE BLOCK ORDER READS DEPTH: the job for the runs that follow.
begin() {
    job=$1 file=$2 block=$3 order=$4 reads=$(($5 / share)) depth=$6
    echo "$job ..." >&2
}

# run ROUND LABEL CONTENDER THREADS [DEPTH]
run() {
    local program=$bench/$3 line
    [ "$3" = native ] || program="$LAUNCHER $program.exe"
    line=$($program "$file" "$block" "$order" "$reads" "${5:-$depth}" "$4")
    echo "$job;$1;$2;${line//,/;}" | tr -d '\r' >>$results
}

# contest LABEL:CONTENDER:THREADS[:DEPTH]...: one after the other; every second
# round begins at the other end.
contest() {
    local entry label contender threads own_depth backwards=() turns
    for entry in "$@"; do backwards=("$entry" ${backwards[@]+"${backwards[@]}"}); done
    for round in $(seq $rounds); do
        turns=("$@")
        [ $((round % 2)) = 1 ] || turns=("${backwards[@]}")
        for entry in "${turns[@]}"; do
            IFS=: read -r label contender threads own_depth <<<"$entry"
            run "$round" "$label" "$contender" "$threads" "$own_depth"
        done
    done
}

# The pools, each with its best number of threads, which round 0 finds, and with
# its default; and those who need no pool. Ours comes twice: how far the two are
# apart is the noise.
with_pools() {
    local pools='pool loop threadpool_io' pool threads best entries=()
    for _ in $(seq $tries); do
        for threads in 1 2 4 8 16 32; do
            for pool in $pools; do run 0 "$pool" "$pool" $threads; done
        done
    done
    for pool in $pools; do
        best=$(awk -v job="$job" -v best_of="$pool" -f bench/table.awk $results)
        entries+=("$pool:$pool:$best")
        [ $pool != pool ] || entries+=("pool again:pool:$best")
    done
    for pool in $pools; do entries+=("$pool, default:$pool:0"); done
    contest "${entries[@]}" sync:sync:1 native:native:1
}

# whole LABEL COMMAND: a program from start to end, and what it has written.
whole() {
    local seconds TIMEFORMAT=%3R
    rm -f $bench/copy
    seconds=$({ time eval "$2"; } 2>&1)
    cmp $data $bench/copy
    echo "$job;$round;$1;$1;;1;$(wc -c <$data | tr -d ' ');$seconds;;;" >>$results
}

# ---- All of it ----

{
    echo "$(uname -srm), $(getconf _NPROCESSORS_ONLN) processors"
    $CC --version | head -n 1
    $HOST_CC --version | head -n 1
    [ -n "$WINE" ] || echo 'without Wine'
    [ -z "$WINE" ] || echo "MEASURED UNDER WINE ($($WINE --version 2>/dev/null))," \
        'which says nothing about Windows'
} >$bench/system.txt
echo 'job;round;label;contender;threads;reads;bytes;seconds;sum;allocations;peak KiB' \
    >$results
cksum <$data >/dev/null # now it is in the page cache

begin '4 KiB at random, 32 in flight' $data 4096 random 100000 32
with_pools
begin '64 KiB at random, 32 in flight' $data 65536 random 30000 32
with_pools
begin 'the whole file by 1 MiB, 8 in flight' $data 1048576 sequential 4000 8
with_pools
begin 'the whole file by 4 KiB, through a buffer of 1 MiB' \
    $data 4096 sequential 500000 1
contest 'stream, reading ahead':stream:0:2 'the same again':stream:0:2 \
    'stream, synchronous':stream:0:1 stdio:stdio:1

begin 'a copy of the file, by the whole program' $data 0 '' 0 0
for round in $(seq $rounds); do
    whole 'final --cat' "$LAUNCHER build/final.exe --cat $data >$bench/copy"
    whole 'the same again' "$LAUNCHER build/final.exe --cat $data >$bench/copy"
    whole cp "cp $data $bench/copy"
done
rm -f $bench/copy

if [ "$1" = full ]; then
    begin '6 GiB by 1 MiB, 8 in flight' $bench/sparse 1048576 sequential 6144 8
    run 1 'pool, default' pool 0
fi
cat $bench/system.txt
awk -f bench/table.awk $results
