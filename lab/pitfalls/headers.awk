# Reads the headers of the patches, which README.md describes, and prints them:
#
#     -v form=list    for the terminal: each stage, and a line for each mistake
#     -v form=table   the table of README.md
#     -v field=Run    the text of one field
FNR == 1 { print_header(); path = FILENAME; split("", text) }
/^--- / { nextfile }
/^  / { text[word] = text[word] substr($0, 2); next }
match($0, /^[A-Z][a-z ]*: /) {
    word = substr($0, 1, RLENGTH - 2)
    text[word] = substr($0, RLENGTH + 1)
}
END {
    print_header()
    if (form == "list")
        print "\nmake pitfall NAME=while-status shows one of them."
}

function print_header(    parts, count, stage, name) {
    if (path == "")
        return
    count = split(path, parts, "/")
    stage = parts[count - 1]
    name = parts[count]
    sub(/\.patch$/, "", name)
    if (field != "")
        print text[field]
    else if (form == "list")
        print_line(stage, name)
    else
        print_row(stage, name)
}

# The first sentence says what the program does wrong.
function print_line(stage, name,    sentence) {
    sentence = text["Does"]
    sub(/\. .*/, ".", sentence)
    if (stage != last_stage)
        print (last_stage != "" ? "\n" : "") stage
    last_stage = stage
    printf "  %-29s  %s\n", name, sentence
}

function print_row(stage, name) {
    if (!rows++)
        print "| stage | name | does | you will see | rule | made by |" \
            " run | reported by |\n|---|---|---|---|---|---|---|---|"
    printf "| %s | `%s` | %s | %s | %s | %s | `%s` | %s |\n", stage, name,
        text["Does"], text["You will see"], text["Rule"],
        text["Made by"], text["Run"], text["Reported"]
}
