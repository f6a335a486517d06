# Counts the lines of code of each way in final/compare.c, and writes a C
# function that tells them. A comment like /* ==== a, b ==== */ begins the code
# of the ways a and b, up to the next such comment, or one with ---- instead. A
# line counts if it holds more than blanks and comments.
/^\/\* ----/ { count = 0 }
/^\/\* ==== .* ==== \*\/$/ {
    count = split(substr($0, 9, length($0) - 16), ways, /, /)
}
{
    line = comment $0
    comment = ""
    while ((start = index(line, "/*")) > 0) {
        rest = substr(line, start + 2)
        end = index(rest, "*/")
        comment = end ? "" : "/*"
        line = substr(line, 1, start - 1) (end ? substr(rest, end + 2) : "")
    }
    if (line ~ /[^ \t\r]/)
        for (i = 1; i <= count; i++)
            lines[ways[i]]++
}
END {
    print "#include <string.h>\n"
    print "unsigned lines_of_code(const char *way);\n"
    print "unsigned lines_of_code(const char *way)\n{"
    for (way in lines)
        printf "    if (strcmp(way, \"%s\") == 0)\n        return %d;\n",
            way, lines[way]
    print "    return 0;\n}"
}
