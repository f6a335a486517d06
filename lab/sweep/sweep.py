#!/usr/bin/env python3
"""Fails each call of a program in turn, and judges what the program then does.

README.md beside this file explains it. It has two tables that this program
reads: the codes that a function can fail with, and the points where something
else is right. `make sweep` sets the environment variables.
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

VARIABLE = "IO"  # for the words "fail" and "fail-from"
PROGRAMS = "lab"  # the directory of the programs in build/

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


# Each returns what is wrong with the files after a run, or None. whole: the run
# exited with 0; cut: it met an early end of the source.


def nothing(files, whole, cut):
    """Only the source is right."""
    return compare(files, {"source": SOURCE})


def compare(files, wanted):
    if files.keys() != wanted.keys():
        return "has wrong files: " + ", ".join(sorted(files))
    for name, content in wanted.items():
        if files[name] != content:
            return f"{name} has wrong content"
    return None


def without_temporary(files):
    """The files, without a temporary file that is empty or whole."""
    return {
        name: content
        for name, content in files.items()
        if not (name.endswith(".tmp") and content in (b"", SOURCE))
    }


def target(before):
    """target is a whole copy. After a failure it may be what it was before."""

    def check(files, whole, cut, left=False):
        if left:
            files = without_temporary(files)
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
    """The program itself checks the file that it made."""
    return None


# Whether stdout is right after an early end of the source.


def done(out):
    return ": done" in out


def beginnings(out):
    """Two beginnings of the source."""
    out = out.encode()
    return any(
        out.startswith(SOURCE[:length]) and SOURCE.startswith(out[length:])
        for length in range(0, len(SOURCE) + 1, 16)
    )


def digest(out):
    """The digest of a beginning of the source."""
    return any(
        hashlib.sha256(SOURCE[:length]).hexdigest() == out.split()[0]
        for length in range(0, len(SOURCE) + 1, 16)
    )


# name: program, arguments, further files, check of the files, check of stdout
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

# A program that makes mistakes, to show that the sweep finds them.
for kind in (
    "none unreported silent twice other status output handle thread packet memory "
    "half temporary no-cleanup crash hang"
).split():
    SUBJECTS["sweep_errors-" + kind] = ("sweep_errors", kind, {}, target({}), done)


def stable(text):
    """The text without measured figures, so that it is the same for each run."""
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
    for row in table("Which codes does a function fail with?")
}


class Row:
    """A row of the table of exceptions."""

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


EXCEPTIONS = [Row(*row) for row in table("Where is something else right?")]

# ---- One run ----------------------------------------------------------------


class Point:
    def __init__(self, word, function, call, code):
        self.word, self.function = word, function
        self.call, self.code = call, code

    def __str__(self):
        return f"{self.word}:{self.function}:{self.call}:{self.code}"


class Run:
    """A run of a program, and what it did. status is None if it hung."""

    def __init__(self, subject, options, words, number):
        name, arguments, files, *self.checks = SUBJECTS[subject]
        self.directory = BUILD / "sweep" / f"{os.getpid()}-{number}"
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        for file, content in ({"source": SOURCE} | files).items():
            (self.directory / file).write_bytes(content)
        environment = os.environ | {
            "LEDGER": "1",
            "LAB": "quiet",
            VARIABLE: words,
        }
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
        # Lines of the ledger, and of Wine itself: see tests/support/helpers.c.
        others = ("ledger: ", "wine client error:")
        self.errors = [line for line in lines if not line.startswith(others)]
        ledger = [line for line in lines if line.startswith("ledger: ")]
        self.exited = bool(ledger)  # and was not terminated
        self.calls, self.leaks = {}, []
        for line in ledger:
            count, what = re.match(r"ledger: (\d+) (.*)", line).groups()
            if what.startswith("calls of "):
                self.calls[what.removeprefix("calls of ")] = int(count)
            elif not re.search(r", 0 not ", what):
                self.leaks.append(line)
        # A file that is deleted on close goes when Wine's server learns that the
        # process has ended. That may be a moment later than here.
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
            + self.errors
            + self.leaks
        )


# ---- The verdict ------------------------------------------------------------

ERROR_LINE = r": cannot (.*) '(.*)': .*\(error (\d+)\)$"


def judge(subject, point, run, good):
    """Returns what is wrong with the run, or None; and which exceptions made it
    right: words of the table of exceptions, or "not reached"."""
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
        if run.errors:
            return "reported an error, but exited with 0"
        if run.calls.get(point.function, 0) < point.call:
            why.add("not reached")
        elif is_right("cut short"):
            return None if run.checks[1](run.out) else "has wrong output"
        elif not is_right("continues"):
            return "did not report the error"
        return None if run.out == good.out else "has wrong output"

    def after_failure():
        if len(run.errors) != 1:
            return f"printed {len(run.errors)} error lines"
        beginning = good.out.startswith(run.out)
        if done(run.out) or not (beginning or is_right("cut short")):
            return "has wrong output"
        line = re.search(ERROR_LINE, run.errors[0])
        if line is None:
            return "printed a line that reports no error"
        tried, name, code = line.groups()
        if int(code) != point.code and not is_right(f"reported as {code}"):
            return "reported another error"
        if not run.exited and not is_right(f"ends the process: {tried} {name}"):
            return "ended the process without releasing anything"
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
    """Each call fails alone, and then with all calls after it. The short sweep
    has only the first and the last call, alone, with the first code."""
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
        if self.good.status != 0 or self.good.errors or self.good.leaks:
            sys.exit(f"{subject}: is wrong although no call failed:\n{self.good}")
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
            + "".join(f"; {kind}: {n}" for kind, n in sorted(counts.items()))
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
        print("--- " + "; ".join([wrong or "right", *sorted(why)]))
        return wrong is not None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--program", help="instead of the subject's program")
    parser.add_argument("--watchdog", type=int, default=30, help="seconds")
    parser.add_argument("--point", help="try only this point, and show the run")
    parser.add_argument(
        "subjects", nargs="+", choices=SUBJECTS, metavar="SUBJECT"
    )
    options = parser.parse_args()
    sweeps = [Sweep(subject, options) for subject in options.subjects]
    if options.point:
        return any([sweep.one(options.point) for sweep in sweeps])
    return sum(sweep.all() for sweep in sweeps) > 0


sys.exit(main())
