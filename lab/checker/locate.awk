# Puts lines of the source in place of a report's tokens {0x140001234}; program
# is the .exe, ADDR2LINE in the environment the tool that knows.
# Files are told relative to the current directory.
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
