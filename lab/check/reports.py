"""The checker's reports: their source lines, and what each line of stderr is."""

import contextlib
import os
import re
import shlex
import subprocess

ADDRESS = re.compile(r'\{(0x[0-9a-f]+)\}')
REPORT = 'checker: '
LOOKED_AT = 'checker: looked at '
WAITING = 'checker: still waiting after '
HINT = 'checker: hint: '
NOTES = ('lab: ', 'guard: ')  # what the lab says about itself
CRASH = 'wine: Unhandled '  # what Wine itself prints
# What a program forgot to free or close. It is found at the end.
LEAKS = ("'s handle is never closed", 'a request is never freed')
UNSEEN = re.compile(r'lab: also calls (.+): not followed')


class Locator:
    """Puts the source line in place of each address: "at {0x140001234} (main)"
    becomes "at mine/main.c:201 (main)". One addr2line runs for all addresses. File
    names become relative to the current directory."""

    def __init__(self, program):
        self.command = [*shlex.split(os.environ.get('ADDR2LINE', 'addr2line')),
                        '-e', program]
        self.process = None
        self.lines = {}

    def ask(self, address):
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True)  # Ctrl-C on a terminal must not end it
        self.process.stdin.write(address.encode() + b'\n')
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode(errors='replace').strip()
        return re.sub(r' \(discriminator.*', '', answer)

    def line_of(self, address):
        if address not in self.lines:
            try:
                line = self.ask(address)
            except OSError:  # there is no addr2line, or it has ended
                line = ''
            here = os.path.join(os.getcwd(), '')
            if line.startswith(here):
                line = line[len(here):]
            self.lines[address] = line if line and line[0] != '?' else address
        return self.lines[address]

    def locate(self, text):
        return ADDRESS.sub(lambda found: self.line_of(found[1]), text)

    def close(self):
        if self.process is not None:
            with contextlib.suppress(OSError):  # it has ended
                self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()
            self.process = None


def can_wait(report):
    return report[0].startswith(HINT) or report[0].endswith(LEAKS)


def mistake_of(report):
    """The same for the same mistake in another run: numbers of requests differ."""
    return report[0], *re.findall(r'\bat (\S+)', ' '.join(report[1:]))


def unseen_of(notes):
    """One line about the functions that are not followed, or none, and the other
    notes."""
    found = [(UNSEEN.match(note), note) for note in notes]
    names = dict.fromkeys(name for match, _ in found if match
                          for name in match[1].split(', '))
    line = [f'lab: also calls {", ".join(names)}: not followed, so nothing is said '
            f'about {"it" if len(names) == 1 else "them"}'] if names else []
    return line, [note for match, note in found if not match]


def split(lines):
    """Groups the lines: a report of the checker is several lines, each of which
    begins with a space except for the first. Every other line is alone."""
    groups = []
    for line in lines:
        if groups and groups[-1][0].startswith(REPORT) and line.startswith('    '):
            groups[-1].append(line)
            continue
        begin = line.find(REPORT)
        if begin > 0:  # after text of the program without an end of line
            groups.append([line[:begin]])
            line = line[begin:]
        groups.append([line])
    return groups
