# The filter for Criterion that leaves out what a list names for a mode. Lines
# of the list: a word of IO that the test is not asked under, or *; the test;
# the reason.
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
