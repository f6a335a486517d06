# The headers of the patches: a line each (form=list), a table (form=table), or
# one field's text (field=Run).
FNR == 1 { tell(); path = FILENAME; split("", text) }
/^--- / { nextfile }
/^  / { text[word] = text[word] substr($0, 2); next }
match($0, /^[A-Z][a-z ]*: /) {
    word = substr($0, 1, RLENGTH - 2)
    text[word] = substr($0, RLENGTH + 1)
}
END { tell() }

function tell(    parts, count, stage, name) {
    if (path == "")
        return
    count = split(path, parts, "/")
    stage = parts[count - 1]
    name = parts[count]
    sub(/\.patch$/, "", name)
    if (field != "")
        print text[field]
    else if (form == "list")
        printf "%-16s  %-30s  %s\n", stage, name, text["Does"]
    else {
        if (!told++)
            print "| stage | name | does | you will see | rule | made by |" \
                " run | reported by |\n|---|---|---|---|---|---|---|---|"
        printf "| %s | `%s` | %s | %s | %s | %s | `%s` | %s |\n", stage, name,
            text["Does"], text["You will see"], text["Rule"],
            text["Made by"], text["Run"], text["Reported"]
    }
}
