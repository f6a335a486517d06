#!/usr/bin/env python3
"""Fails each call of a program in turn, and judges what comes of it.

README.md beside this file tells what is done, and has the two tables that are
read here: the codes that a function can fail with, and where something else
than the rule is right. `make sweep` sets what this needs in the environment.
"""
import argparse
import concurrent.futures
import fnmatch
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

VARIABLE = "IO"  # has the words "fail" and "fail-from"
PROGRAMS = "lab"  # the directory in build/ that the programs are in

BUILD = pathlib.Path(os.environ["BUILD"])
LAUNCHER = shlex.split(os.environ["LAUNCHER"])
AGAIN = "".join(
    f"{name}={os.environ[name]} "
    for name in ("DIR", "STEP")
    if os.environ.get(name)
)
README = pathlib.Path(__file__).with_name("README.md")

# ---- What is swept ----------------------------------------------------------

SOURCE = b"".join(b"%015d\n" % line for line in range(2500))  # 40,000 bytes
OLD = b"what was there before\n"
SHAPE = "--threads 2 --depth 2 --block 16K"


# Each says what is wrong with the files of a run. whole: it exited with 0; cut:
# it has met an end of the source before that.


def nothing(files, whole, cut):
    """There is only the source."""
    return compare(files, {"source": SOURCE})


def compare(files, wanted):
    if files.keys() != wanted.keys():
        return "there are now the files " + ", ".join(sorted(files))
    for name, content in wanted.items():
        if files[name] != content:
            return f"{name} has wrong content"
    return None


def target(before):
    """It is a copy; or, after a failure, perhaps what was there before."""

    def check(files, whole, cut, left=False):
        for name in list(files) if left else []:
            if name.endswith(".tmp") and files[name] in (b"", SOURCE):
                files = {k: v for k, v in files.items() if k != name}
        copy = files.get("target", b"")
        if cut and SOURCE.startswith(copy):
            copy = SOURCE
        wanted = {"source": SOURCE, "target": SOURCE}
        wrong = compare(files | {"target": copy}, wanted)
        if wrong and not whole:
            wrong = compare(files, {"source": SOURCE} | before)
        return wrong

    return check


def anything(files, whole, cut):
    """The program itself looks at what it has made."""
    return None


# And what may stand on stdout if the source ended early.


def done(out):
    return ": done" in out


def beginnings(out):
    """Of the source, two."""
    out = out.encode()
    return any(
        out.startswith(SOURCE[:length]) and SOURCE.startswith(out[length:])
        for length in range(0, len(SOURCE) + 1, 16)
    )


def digest(out):
    """Of a beginning of the source."""
    return any(
        hashlib.sha256(SOURCE[:length]).hexdigest() == out.split()[0]
        for length in range(0, len(SOURCE) + 1, 16)
    )


# name: program, arguments, other files, check of the files, of an early end
SUBJECTS = {
    "step1-create": ("step1-create", "source", {}, nothing, done),
    "step2-bind": ("step2-bind", "source", {}, nothing, done),
    "step3-callback": ("step3-callback", "source", {}, nothing, done),
    "step4-overlapped": ("step4-overlapped", "source", {}, nothing, done),
    "step5-readfile": ("step5-readfile", "source", {}, nothing, done),
    "final": ("final", SHAPE + " source", {}, nothing, done),
    "final-cat": (
        "final",
        SHAPE + " --timeout 60000 --cat source source",
        {},
        nothing,
        beginnings,
    ),
    "final-sha256": ("final", SHAPE + " --sha256 source", {}, nothing, digest),
    "copy": ("copy", SHAPE + " source target", {}, target({}), done),
    "copy-force": (
        "copy",
        SHAPE + " --force source target",
        {"target": OLD},
        target({"target": OLD}),
        done,
    ),
    "compare": ("compare", SHAPE + " --rounds 1 source", {}, nothing, done),
    "stream": ("stream_all", "made", {}, anything, done),
}

# A program that does wrong, to show that it is seen.
for kind in (
    "none untold silent twice other status output handle thread packet memory "
    "half temporary at-once crash hang"
).split():
    SUBJECTS["sweep_errors-" + kind] = ("sweep_errors", kind, {}, target({}), done)


def stable(text):
    """The same for each good run: figures that were measured are left out."""
    lines = text.replace("\r\n", "\n").splitlines(keepends=True)
    return "".join(
        re.sub(r"[ .\d]+", " # ", line) if re.search(r"\d\.\d", line) else line
        for line in lines
    )


# ---- The tables -------------------------------------------------------------


def table(heading):
    """The rows of the table under a heading of the README."""
    part = README.read_text().split(f"\n## {heading}\n", 1)[1]
    rows = [
        [cell.strip() for cell in line.replace("`", "").strip("|").split("|")]
        for line in part.split("\n## ", 1)[0].splitlines()
        if line.startswith("|")
    ]
    return rows[2:]


CODES = {
    row[0]: [int(code) for code in re.findall(r"\d+", row[1])]
    for row in table("The codes")
}


class Row:
    """A row of the second table."""

    def __init__(self, subjects, function, calls, codes, right, reason):
        self.subjects = [name.strip() for name in subjects.split(",")]
        self.functions = re.findall(r"\w+", function)
        self.calls = calls
        self.codes = codes
        self.right = right

    def covers(self, subject, point):
        def among(text, number):
            return text == "all" or str(number) in re.findall(r"\d+", text)

        return (
            any(
                name == "all" or fnmatch.fnmatch(subject, name)
                for name in self.subjects
            )
            and point.function in self.functions
            and among(self.calls, point.call)
            and among(self.codes, point.code)
        )


EXCEPTIONS = [Row(*row) for row in table("Where something else is right")]

# ---- One run ----------------------------------------------------------------


class Point:
    def __init__(self, word, function, call, code):
        self.word, self.function = word, function
        self.call, self.code = call, code

    def __str__(self):
        return f"{self.word}:{self.function}:{self.call}:{self.code}"


class Run:
    """What a program has done: status is None if it hung."""

    def __init__(self, subject, options, words, number):
        name, arguments, files, *self.checks = SUBJECTS[subject]
        self.directory = BUILD / "sweep" / f"{os.getpid()}-{number}"
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        for file, content in ({"source": SOURCE} | files).items():
            (self.directory / file).write_bytes(content)
        environment = os.environ | {"LEDGER": "1", VARIABLE: words}
        path = options.program or BUILD / PROGRAMS / f"{name}.exe"
        process = subprocess.Popen(
            LAUNCHER + [path] + arguments.split(),
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            out, err = process.communicate(timeout=options.watchdog)
            self.status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.status = None
        self.out = stable(out.decode(errors="replace"))
        lines = err.decode(errors="replace").replace("\r\n", "\n").splitlines()
        # A line of Wine's own: see tests/support/helpers.c.
        others = ("ledger: ", "wine client error:")
        self.told = [line for line in lines if not line.startswith(others)]
        ledger = [line for line in lines if line.startswith("ledger: ")]
        self.at_once = not ledger
        self.calls, self.leaks = {}, []
        for line in ledger:
            count, what = re.match(r"ledger: (\d+) (.*)", line).groups()
            if what.startswith("calls of "):
                self.calls[what.removeprefix("calls of ")] = int(count)
            elif not re.search(r", 0 not ", what):
                self.leaks.append(line)
        # What is deleted when its handle is closed goes once Wine's server has
        # learned that the process has ended: perhaps a moment after we have.
        given_up = time.monotonic() + 2
        while self.status != 0 and time.monotonic() < given_up:
            if not any(self.directory.glob("*.tmp")):
                break
            time.sleep(0.01)
        self.files = {
            path.name: path.read_bytes() for path in self.directory.iterdir()
        }
        shutil.rmtree(self.directory)

    def __str__(self):
        status = "hung" if self.status is None else f"status {self.status}"
        return "\n".join(
            [status, "--- stdout", self.out.rstrip(), "--- stderr"]
            + self.told
            + self.leaks
        )


# ---- The verdict ------------------------------------------------------------

TOLD = r": cannot (.*) '(.*)': .*\(error (\d+)\)$"


def judge(subject, point, run, good):
    """What is wrong with it, None if nothing is; and what it was taken to be
    right for: words of the second table, or "not reached"."""
    why = set()

    def is_right(right):
        rows = [
            row
            for row in EXCEPTIONS
            if fnmatch.fnmatch(right, row.right) and row.covers(subject, point)
        ]
        why.update(row.right for row in rows)
        return bool(rows)

    def after_success():
        if run.told:
            return "told an error, and exited with 0"
        if run.calls.get(point.function, 0) < point.call:
            why.add("not reached")
        elif is_right("cut short"):
            return None if run.checks[1](run.out) else "has wrong output"
        elif not is_right("goes on"):
            return "did not tell the error"
        return None if run.out == good.out else "has wrong output"

    def after_failure():
        if len(run.told) != 1:
            return f"told {len(run.told)} lines"
        beginning = good.out.startswith(run.out)
        if done(run.out) or not (beginning or is_right("cut short")):
            return "has wrong output"
        told = re.search(TOLD, run.told[0])
        if told is None:
            return "told no error"
        tried, name, code = told.groups()
        if int(code) != point.code and not is_right(f"told as {code}"):
            return "told another error"
        if run.at_once and not is_right(f"ends at once: {tried} {name}"):
            return "ended at once"
        return None

    def wrong():
        if run.status not in (0, 1):
            return "hung" if run.status is None else "crashed"
        wrong = after_failure() if run.status else after_success()
        if wrong is None and run.leaks and not is_right("leaks"):
            wrong = "leaks"
        cut = "cut short" in why
        wrong = wrong or run.checks[0](run.files, run.status == 0, cut)
        if wrong and is_right("leaves a name"):
            wrong = run.checks[0](run.files, run.status == 0, cut, left=True)
        return wrong

    return wrong(), why


def points(calls, short):
    """Each call alone, then it and all after; the short sweep: the first and
    the last call, with the first code."""
    for function, count in calls.items():
        if function not in CODES:
            sys.exit(f"{README}: no codes for {function}")
        for call in sorted({1, count} if short else range(1, count + 1)):
            for code in CODES[function][: 1 if short else None]:
                for word in ["fail"] if short else ["fail", "fail-from"]:
                    yield Point(word, function, call, code)


class Sweep:
    def __init__(self, subject, options):
        self.subject, self.options = subject, options
        self.good = Run(subject, options, "", 0)
        if self.good.status != 0 or self.good.told or self.good.leaks:
            sys.exit(f"{subject}: is not right by itself:\n{self.good}")
        wrong = self.good.checks[0](self.good.files, True, False)
        if wrong:
            sys.exit(f"{subject}: {wrong}")

    def try_point(self, numbered):
        number, point = numbered
        run = Run(self.subject, self.options, str(point), number)
        wrong, why = judge(self.subject, point, run, self.good)
        if wrong:
            sys.stdout.write(
                f"\n{self.subject}: {wrong}\n    make sweep {AGAIN}"
                f"NAME={self.subject} POINT={point}\n{run}\n"
            )
            sys.stdout.flush()
        return wrong, why

    def all(self):
        began = time.monotonic()
        tried = list(enumerate(points(self.good.calls, self.options.short), 1))
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            results = list(pool.map(self.try_point, tried))
        wrong = sum(result[0] is not None for result in results)
        counts = {}
        for result in results:
            for right in result[1]:
                kind = right.split(":")[0]
                counts[kind] = counts.get(kind, 0) + 1
        print(
            f"{self.subject}: {len(tried)} points, {wrong} wrong"
            + "".join(f", {n} {kind}" for kind, n in sorted(counts.items()))
            + f" ({time.monotonic() - began:.0f} s)",
            flush=True,
        )
        return wrong

    def one(self, text):
        word, function, call, code = text.split(":")
        point = Point(word, function, int(call), int(code))
        run = Run(self.subject, self.options, str(point), 1)
        wrong, why = judge(self.subject, point, run, self.good)
        print(run)
        print("---", wrong or "right", *sorted(why))
        return wrong is not None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--program", help="instead of the subject's own")
    parser.add_argument("--watchdog", type=int, default=30, help="seconds")
    parser.add_argument("--point", help="only this, and show what comes of it")
    parser.add_argument(
        "subjects", nargs="+", choices=SUBJECTS, metavar="SUBJECT"
    )
    options = parser.parse_args()
    sweeps = [Sweep(subject, options) for subject in options.subjects]
    if options.point:
        return any([sweep.one(options.point) for sweep in sweeps])
    return sum(sweep.all() for sweep in sweeps) > 0


sys.exit(main())
