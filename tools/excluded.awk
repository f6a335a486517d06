# Prints the tests that a list excludes from an I/O mode, for the runner's EXCLUDED.
# A line of the list has a word of IO, or * for every mode; the test; the reason.
BEGIN { count = split(mode, given, ",") }
/^[^#]/ && NF > 0 {
    for (i = 1; i <= count; i++) {
        name = given[i]
        sub(/:.*/, "", name)
        if ($1 == "*" || $1 == name) {
            printf "%s ", $2
            break
        }
    }
}
