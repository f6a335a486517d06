# Prints the filter for Criterion that leaves out the tests that a list excludes
# from an I/O mode. A line of the list has a word of IO, or * for every mode; the
# test; and the reason.
BEGIN { count = split(mode, given, ","); pattern = "modes/*" }
/^[^#]/ && NF > 0 {
    for (i = 1; i <= count; i++) {
        name = given[i]
        sub(/:.*/, "", name)
        if ($1 == "*" || $1 == name) {
            pattern = pattern "|" $2
            break
        }
    }
}
END { print "!(" pattern ")" }
