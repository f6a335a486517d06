# Reads the checker's reports, and puts the source line in place of each address:
# "at {0x140001234} (main)" becomes "at step5-readfile/main.c:201 (main)". File
# names become relative to the current directory.
#
#     awk -v program=FILE.exe -f locate.awk
#
# program is the program that the reports are about; ADDR2LINE in the environment
# is the command that finds a source line for an address.
function line_of(address,    command, answer) {
    if (!(address in lines)) {
        command = ENVIRON["ADDR2LINE"] " -e '" program "' " address
        command | getline answer
        close(command)
        sub(/ \(discriminator.*/, "", answer)
        if (index(answer, ENVIRON["PWD"] "/") == 1)
            answer = substr(answer, length(ENVIRON["PWD"]) + 2)
        lines[address] = answer
    }
    return lines[address]
}
{
    while (match($0, /\{0x[0-9a-f]+\}/))
        $0 = substr($0, 1, RSTART - 1) \
            line_of(substr($0, RSTART + 1, RLENGTH - 2)) \
            substr($0, RSTART + RLENGTH)
    print
    fflush()
}
