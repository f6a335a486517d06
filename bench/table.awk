# Sums up results.csv: of each job and contender the median, the least and the
# most, and how it stands to the job's first contender, round by round. With
# best_of=LABEL job=JOB: only the number of threads that was best in round 0.
BEGIN { FS = ";" }

function median(list, count,    i, j, x, sorted) {
    for (i = 1; i <= count; i++) sorted[i] = list[i]
    for (i = 2; i <= count; i++) {
        x = sorted[i]
        for (j = i - 1; j > 0 && sorted[j] > x; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = x
    }
    least = sorted[1]
    most = sorted[count]
    return count % 2 ? sorted[(count + 1) / 2] \
                     : (sorted[count / 2] + sorted[count / 2 + 1]) / 2
}

# The values key,1 ... key,n of a two-dimensional array.
function median_of(values, key, n,    i, list) {
    for (i = 1; i <= n; i++) list[i] = values[key, i]
    return median(list, n)
}

NR == 1 { next }

{
    rate = $6 / $8
    if ($9 != "" && !($1 in sum)) sum[$1] = $9
    if ($9 != sum[$1] "") { print "wrong sum: " $0; failed = 1; exit 1 }
}

$2 == 0 {
    key = $1 ";" $3 ";" $5
    choice[key, ++tried[key]] = rate
    if (!(key in order0)) { order0[key] = ++keys0; key0[keys0] = key }
    next
}

{
    key = $1 ";" $3
    if (!(key in count)) { keys[++n] = key; threads[key] = $5 }
    rates[key, ++count[key]] = rate
    if (!($1 in first)) first[$1] = key
    if ($10 != "" && $10 + 0 >= allocations[key] + 0) allocations[key] = $10
    if ($11 > peak[key]) peak[key] = $11
}

# In a later round ours may come after those it is compared with.
function ratios(key, ours,    i, list) {
    for (i = 1; i <= count[key]; i++) list[i] = rates[ours, i] / rates[key, i]
    return median(list, count[key])
}

function best(label,    i, part, rate, most_yet, threads) {
    for (i = 1; i <= keys0; i++) {
        split(key0[i], part, ";")
        if (part[1] != job || part[2] != label) continue
        rate = median_of(choice, key0[i], tried[key0[i]])
        if (rate > most_yet) { most_yet = rate; threads = part[3] }
    }
    return threads
}

function print_threads(    i, part, row, column, at) {
    printf "\nround 0: reads a second by threads, medians\n"
    for (i = 1; i <= keys0; i++) {
        split(key0[i], part, ";")
        at = part[1] "; " part[2]
        if (!(at in row)) { row[at] = ""; rows[++rows_count] = at }
        row[at] = row[at] sprintf("%9.0f", median_of(choice, key0[i], \
            tried[key0[i]]))
    }
    printf "%-52s        1        2        4        8       16       32\n", ""
    for (i = 1; i <= rows_count; i++) printf "%-52s%s\n", rows[i], row[rows[i]]
}

END {
    if (failed) exit 1
    if (best_of != "") { print best(best_of); exit }
    for (i = 1; i <= n; i++) {
        split(keys[i], part, ";")
        if (part[1] != last)
            printf "\n%s\n%-24s %7s %10s %10s %10s   %-20s %6s %8s\n", \
                part[1], "", "threads", "per second", "least", "most", \
                "first / this", "allocs", "peak KiB"
        last = part[1]
        middle = median_of(rates, keys[i], count[keys[i]])
        printf "%-24s %7s %10.*f %10.*f %10.*f", part[2], \
            threads[keys[i]] == "0" ? "" : threads[keys[i]], \
            middle < 100 ? 2 : 0, middle, middle < 100 ? 2 : 0, least, \
            middle < 100 ? 2 : 0, most
        ratio = ratios(keys[i], first[part[1]])
        printf "   %-20s %6s %8s\n", sprintf("%.2f (%.2f-%.2f)", ratio, least, \
            most), allocations[keys[i]], peak[keys[i]]
    }
    print_threads()
}
