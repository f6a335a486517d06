#!/usr/bin/env python3
"""Reads the checker's reports on stdin, and puts the source line in place of each
address:

    locate.py PROGRAM.exe

ADDR2LINE in the environment is the command that finds a source line.
"""

import sys

import reports


def main(program):
    locator = reports.Locator(program)
    for line in sys.stdin:
        print(locator.locate(line.rstrip('\n')), flush=True)
    locator.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdin.reconfigure(errors='replace')
    main(sys.argv[1])
