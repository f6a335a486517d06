"""Runs the contenders of each work in rounds. Other activity of the machine then slows
all of them alike.

    python3 bench/run.py [--quick] [--dotnet] [--targets] [--warm-up]
                         [--only TEXT] [--rounds N]

Writes the figures of every run to build/bench/results.csv and results.json.
bench/report.py makes tables and plots of them. --targets runs only the contenders of
final's targets, and --warm-up only .NET's, in parts; both write files of their own.
Reads these variables:

    LAUNCHER, WINE     start a Windows program
    DOTNET             starts a contender on .NET
    CC, CXX, HOST_CC   the compilers, to print their versions
"""

import argparse
import csv
import json
import os
import shlex
import subprocess
import sys
import threading
import time

import plan
import report

BENCH = "build/bench"
TIMEOUT = 300  # s, for one run


# ---- One run ------------------------------------------------------------------


def words(name):
    return shlex.split(os.environ.get(name, ""))


def command(work, contender, arguments):
    if contender.line:
        start = [] if contender.kind == "native" else words("LAUNCHER")
        return [*start, *contender.line]
    program = f"{work.directory}/{contender.program}"
    pairs = [f"{name}={value}" for name, value in arguments.items()]
    if contender.kind == "native":
        return [f"{BENCH}/{program}", *pairs]
    if contender.kind == "dotnet":
        return [*words("DOTNET"), program, *pairs]
    return [*words("LAUNCHER"), f"{BENCH}/{program}.exe", *pairs]


def fail(started, why):
    sys.exit(f"{shlex.join(started)}: {why}")


def run(started, stdout=subprocess.PIPE, server=""):
    """Starts a contender and waits for its end. Returns the members of its line, and
    the seconds to its line and to its exit."""
    begin = time.monotonic()
    with subprocess.Popen(
        started,
        stdout=stdout,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "BENCH_SERVER": server},
    ) as process:
        watchdog = threading.Timer(TIMEOUT, process.kill)
        watchdog.start()
        line = process.stdout.readline() if process.stdout else b""
        printed = time.monotonic()
        _, status = os.waitpid(process.pid, 0)
        ended = time.monotonic()
        watchdog.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            fail(
                started,
                process.stderr.read().decode(errors="replace").strip()
                or f"exit status {process.returncode}",
            )
    row = json.loads(line) if line.startswith(b"{") else {}
    return {
        **row,
        "whole_seconds": ended - begin,
        "output_seconds": printed - begin,
    }


def drop_from_cache(path):
    """Drops the file's pages from the page cache; dropping all of it needs root.
    Returns how many bytes are still there."""
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    left = subprocess.run(
        ["fincore", "-nbo", "RES", path], check=True, capture_output=True
    ).stdout
    return int(left)


def read_into_cache(path):
    with open(path, "rb") as file:
        while file.read(plan.MIB):
            pass


# ---- The runs of a work -------------------------------------------------------


class Contest:
    """Runs the contenders of a work, and keeps their results as rows."""

    def __init__(self, rows, quick, rounds):
        self.rows = rows
        self.quick = quick
        self.server = find_server()
        self.rounds = rounds  # None: the work's own number
        # (work, contender, threads): the reads in a run, and per second.
        self.known = {}
        self.sums = {}  # (work, reads): the right sum

    def reads(self, work, contender, threads):
        """Returns how many reads take the wanted time: a power of two. It is at most
        16 times the last number, in case the last run was too short to measure."""
        if work.reads:
            return (self.quick and work.quick_reads) or work.reads
        key = work.name, contender.name, threads
        reads, rate = self.known.get(key, (0, 0))
        if reads == 0:
            return 2048 if work.arguments["block"] < plan.MIB else 256
        seconds = 0.1 if self.quick else work.seconds
        wanted = min(rate * seconds, 16 * reads)
        return 1 << max(4, round(wanted).bit_length() - 1)

    def check(self, work, arguments, row, started):
        """Compares the sum with that of the native program for the same reads. Without
        a native program, all sums must be the same. Compares a copy with the file."""
        if work.directory == "copy":
            if subprocess.run(
                ["cmp", plan.DATA, plan.COPIED], check=False
            ).returncode:
                fail(started, "the copy is not the same as the original")
            return
        key = work.name, row["count"]
        if key not in self.sums:
            native = next(
                (c for c in work.contenders if c.kind == "native"), None
            )
            self.sums[key] = row["sum"]
            if native:
                same = {**arguments, **native.arguments}
                self.sums[key] = run(command(work, native, same))["sum"]
        if row["sum"] != self.sums[key]:
            fail(started, f"the sum is {row['sum']}, not {self.sums[key]}")

    def run(self, work, contender, variant, threads, number, parts=1):
        reads = self.reads(work, contender, threads)
        arguments = {
            "reads": reads,
            "warm": work.warm if work.reads else reads,
            **work.arguments,
            "threads": threads,
            **contender.arguments,
        }
        if contender.kind == "dotnet" and number > 0:
            arguments["warm_seconds"] = plan.WARM_SECONDS
            arguments["parts"] = parts
        if work.cold and drop_from_cache(plan.DATA) > 0:
            sys.exit(f"{plan.DATA} cannot be dropped from the page cache")
        started = command(work, contender, arguments)
        if work.directory == "copy":
            if os.path.exists(plan.COPIED):
                os.unlink(plan.COPIED)
            if contender.to_stdout:
                with open(plan.COPIED, "wb") as copied:
                    row = run(started, copied)
            else:
                row = run(started)
            row.setdefault("count", 1)
            row.setdefault("seconds", row["whole_seconds"])
        else:
            row = run(
                started,
                server="" if contender.kind == "native" else self.server,
            )
        self.check(work, arguments, row, started)
        rate = row["count"] / row["seconds"] if row["seconds"] else 0
        if number < 1:
            self.known[work.name, contender.name, threads] = reads, rate
        row = {
            "work": work.name,
            "round": number,
            "name": contender.name,
            "variant": variant,
            "threads": arguments["threads"],
            **row,
        }
        self.rows.append(row)
        return rate

    def best_threads(self, work, contenders):
        """Returns the fastest number of threads for each contender. Measures it in two
        runs that do not count; the first one finds how many reads to do."""
        rates = {}
        for number in (-1, 0):
            for threads in sorted({t for c in contenders for t in c.threads}):
                for contender in contenders:
                    if threads in contender.threads:
                        rates[contender.name, threads] = self.run(
                            work, contender, "tried", threads, number
                        )
        return {
            c.name: max(c.threads, key=lambda t, c=c: rates[c.name, t])
            for c in contenders
        }

    def warm_up(self, work, contenders):
        """Measures each contender in parts, after the warm-up."""
        print(f"{work.title} ...", file=sys.stderr, flush=True)
        read_into_cache(plan.DATA)
        for number in range(-1, (self.rounds or 3) + 1):
            for contender in contenders:
                threads = 16 if contender.threads else 0
                self.run(
                    work, contender, "", threads, number, plan.WARM_PARTS
                )

    def contest(self, work, contenders):
        print(f"{work.title} ...", file=sys.stderr, flush=True)
        if not work.cold:
            read_into_cache(plan.DATA)
        rounds = self.rounds or work.rounds
        searched = [c for c in contenders if len(c.threads) > 1]
        if self.quick:
            best = {c.name: 16 for c in searched}
        else:
            best = self.best_threads(work, searched)
        entries = [
            (
                c,
                "best" if c.name in best else "",
                best.get(c.name, sum(c.threads)),
            )
            for c in contenders
        ]
        # The first contender runs twice: the difference of the two is noise.
        entries.insert(1, (contenders[0], "again", entries[0][2]))
        if not self.quick:
            entries += [(c, "default", 0) for c in searched]
        # Two runs find how many reads to do, unless the work says it.
        for number in (-1, 0) if not work.reads else ():
            for contender, variant, threads in entries:
                if contender.name not in best or variant == "default":
                    self.run(work, contender, "tried", threads, number)
        for number in range(1, rounds + 1):
            turns = entries if number % 2 else entries[::-1]
            for contender, variant, threads in turns:
                self.run(work, contender, variant, threads, number)


# ---- All works ----------------------------------------------------------------


def first_line(*started):
    try:
        done = subprocess.run(
            started,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.CalledProcessError):
        return "?"
    return done.stdout.decode().splitlines()[0]


def system(dotnet):
    """Describes the machine, the system and the compilers."""
    wine = os.environ.get("WINE", "")
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        model = next(
            (
                line.split(":")[1].strip()
                for line in lines
                if line.startswith("model name")
            ),
            "?",
        )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    facts = {
        "kernel": first_line("uname", "-srm"),
        "processors": f"{os.cpu_count()} x {model}",
        "memory": f"{memory >> 30} GiB",
        "file system": first_line("stat", "-fc", "%T", BENCH),
        "measured": f"under Wine ({first_line(wine, '--version')})"
        if wine
        else "on Windows",
        "compilers": [
            first_line(*words(name), "--version")
            for name in ("CC", "CXX", "HOST_CC")
        ],
    }
    if dotnet:
        facts[".NET"] = first_line(*words("DOTNET"), "version")
    return facts


def find_server():
    """Returns the Windows path of the file in /proc that has the processor time of
    Wine's server; "" if there is none. All our programs use this server."""
    prefix = os.environ.get("WINEPREFIX")
    for pid in filter(str.isdigit, os.listdir("/proc")) if prefix else ():
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if not file.read().startswith("wineserver"):
                    continue
            with open(f"/proc/{pid}/environ", "rb") as file:
                if f"WINEPREFIX={prefix}".encode() in file.read().split(b"\0"):
                    return f"Z:\\proc\\{pid}\\schedstat"
        except OSError:
            continue  # the process has ended, or is another user's
    return ""


def make_small_files():
    directory = plan.FILES.arguments["directory"]
    size = plan.FILES.arguments["size"]
    os.makedirs(directory, exist_ok=True)
    with open(plan.DATA, "rb") as data:
        for number in range(plan.FILES.arguments["count"]):
            content = data.read(size)
            path = f"{directory}/{number:05}"
            if not os.path.exists(path) or os.path.getsize(path) != size:
                with open(path, "wb") as file:
                    file.write(content)


def write(rows, facts, name):
    names = list(dict.fromkeys(name for row in rows for name in row))
    with open(
        f"{BENCH}/{name}.csv", "w", newline="", encoding="utf-8"
    ) as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    with open(f"{BENCH}/{name}.json", "w", encoding="utf-8") as file:
        json.dump({"system": facts, "results": rows}, file, indent=1)


def kept_rows(name, only):
    """Returns the last results, without the works that run again."""
    try:
        with open(f"{BENCH}/{name}.json", encoding="utf-8") as file:
            rows = json.load(file)["results"]
    except OSError:
        return []
    return [row for row in rows if only not in row["work"]]


def chosen(options, facts):
    """Yields each work that shall run, and its contenders."""
    targets = {
        (target.work, name)
        for target in plan.TARGETS
        for name in (target.ours, target.other)
    }
    for work in plan.WORKS:
        contenders = [
            c
            for c in work.contenders
            if (c.kind != "dotnet" or options.dotnet)
            and not (c.newer and facts.get(".NET", "").startswith(".NET Core"))
            and (not options.targets or (work.name, c.name) in targets)
            and (not options.warm_up or c.kind == "dotnet")
        ]
        if (
            contenders
            and options.only in work.name
            and (work.quick or not options.quick)
            and (work.name in plan.WARM_WORKS or not options.warm_up)
        ):
            yield work, contenders


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--dotnet", action="store_true")
    parser.add_argument("--targets", action="store_true")
    parser.add_argument("--warm-up", action="store_true")
    parser.add_argument("--only", default="", help="the works whose name contains TEXT")
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    name = "targets" if options.targets else "results"
    keeps = options.only and not options.warm_up
    rows = kept_rows(name, options.only) if keeps else []
    rounds = options.rounds or (3 if options.quick else None)
    contest = Contest(rows, options.quick, rounds)
    facts = system(options.dotnet)
    for work, contenders in chosen(options, facts):
        if work.directory == "files":
            make_small_files()
        if options.warm_up:
            contest.warm_up(work, contenders)
            continue
        contest.contest(work, contenders)
        if not options.quick:
            write(rows, facts, name)
    if options.warm_up:
        lines = report.warm_up(report.Results(rows))
        report.write_table(facts, lines, "warm-up")
    elif options.targets:
        lines = report.targets(report.Results(rows))
        report.write_table(facts, lines, "targets")
    else:
        report.write_report(facts, rows, options.quick)


if __name__ == "__main__":
    main()
