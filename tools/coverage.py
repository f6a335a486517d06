#!/usr/bin/env python3
"""coverage.py JSON EXCUSED BRANCHES: tells what gcovr has found, from its JSON.

Fails for a line that was not run and is not listed in the file EXCUSED with a
reason, for a listed one that was (unless its reason begins with "Sometimes"),
and for fewer branches than so many percent.
"""
import collections
import json
import pathlib
import re
import sys


def read_excused(path):
    """How often a line of a file ("final/pool.c: text") is excused."""
    excused, sometimes = collections.Counter(), set()
    entry = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            if entry is None:
                sys.exit(f"{path}:{number}: a reason without a line")
            excused[entry] += 1
            if line.strip().startswith("Sometimes"):
                sometimes.add(entry)
            entry = None
            continue
        if entry is not None or not re.match(r"\S+: \S", line):
            sys.exit(f"{path}:{number}: 'FILE: LINE', and below, indented, why")
        entry = line.rstrip()
    if entry is not None:
        sys.exit(f"{path}: no reason for '{entry}'")
    return excused, sometimes


def show(name, lines, branches):
    """A line of the table; what there is none of was all run."""
    row = f"{name:24}"
    for run, count in lines, branches:
        percent = 100 * run / count if count else 100
        row += f"{run:8} of {count:4} {percent:6.1f} %"
    print(row)


def main(json_path, excused_path, least):
    report = json.loads(pathlib.Path(json_path).read_text())
    excused, sometimes = read_excused(pathlib.Path(excused_path))
    not_run, wrong = [], []
    total = collections.Counter()
    print(f"{'':24}{'lines':>16}{'branches':>22}")
    for file in report["files"]:
        name = file["file"]
        text = pathlib.Path(name).read_text().splitlines()
        count = collections.Counter()
        for line in file["lines"]:
            if line["gcovr/noncode"]:
                continue
            count["lines"] += 1
            count["run"] += line["count"] > 0
            count["branches"] += len(line["branches"])
            count["taken"] += sum(b["count"] > 0 for b in line["branches"])
            if line["count"] == 0:
                number = line["line_number"]
                not_run.append((name, number, text[number - 1].strip()))
        show(name, (count["run"], count["lines"]),
             (count["taken"], count["branches"]))
        total += count
    show("all", (total["run"], total["lines"]),
         (total["taken"], total["branches"]))

    for name, number, line in not_run:
        entry = f"{name}: {line}"
        if excused[entry] > 0:
            excused[entry] -= 1
        else:
            wrong.append(f"{name}:{number}: not run: {line}")
    for entry in excused.elements():
        if entry in sometimes:
            continue
        wrong.append(f"{excused_path}: it was run, or is not there: {entry}")
    if 100 * total["taken"] < int(least) * total["branches"]:
        wrong.append(f"fewer than {least} % of the branches were taken")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
