#!/usr/bin/env python3
"""coverage.py JSON EXCUSED BRANCHES: prints which lines the tests ran.

JSON is the report of gcovr. The program fails

- if a line was not run, and the file EXCUSED does not list it with a reason;
- if a listed line was run, unless its reason begins with "Sometimes";
- if the tests took fewer than BRANCHES percent of the branches.
"""
import collections
import json
import pathlib
import re
import sys


def read_excused(path):
    """Returns how often each entry ("final/pool.c: text") is listed, and the set of
    those whose reason begins with "Sometimes"."""
    excused, sometimes = collections.Counter(), set()
    entry = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            if entry is None:
                sys.exit(f"{path}:{number}: a reason without a line before it")
            excused[entry] += 1
            if line.strip().startswith("Sometimes"):
                sometimes.add(entry)
            entry = None
            continue
        if entry is not None or not re.match(r"\S+: \S", line):
            sys.exit(f"{path}:{number}: expected 'FILE: LINE', then an indented reason")
        entry = line.rstrip()
    if entry is not None:
        sys.exit(f"{path}: no reason for '{entry}'")
    return excused, sometimes


def show(name, lines, branches):
    """Prints a row of the table. A file without branches counts as 100 %."""
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
        wrong.append(f"{excused_path}: listed, but run or not found: {entry}")
    if 100 * total["taken"] < int(least) * total["branches"]:
        wrong.append(f"the tests took fewer than {least} % of the branches")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
