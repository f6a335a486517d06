"""Makes tables and plots of the results of bench/run.py.

    python3 bench/report.py [README]

Reads build/bench/results.json, and writes build/bench/tables.md and *.svg. If it gets
a README, it also writes the tables into it, between its marks, and the plots to
plots/ beside it. The table of make bench-own goes between marks of its own.
"""

import glob
import json
import math
import os
import shutil
import statistics
import subprocess
import sys

import plan

BENCH = "build/bench"
median = statistics.median


# ---- Rows ----------------------------------------------------------------------


class Results:
    """The rows that count, by work and entry. An entry is a contender and a variant:
    "best" or "default" threads, "again", or ""."""

    def __init__(self, rows):
        self.rounds = {}
        self.entries = {}
        for row in rows:
            if row["round"] < 1:
                continue
            entry = row["name"], row["variant"]
            entries = self.entries.setdefault(row["work"], [])
            if entry not in entries:
                entries.append(entry)
            self.rounds.setdefault((row["work"], *entry), {})[
                row["round"]
            ] = row

    def values(self, work, entry, value):
        return [value(row) for row in self.rounds[work, *entry].values()]

    def find(self, work, name, variants=("", "best")):
        """Returns the contender's entry, by default the one with its best number of
        threads; None if there is none."""
        for entry in self.entries.get(work, ()):
            if entry[0] == name and entry[1] in variants:
                return entry
        return None

    def ratios(self, work, ours, other, value):
        """Returns our value divided by the other's, for each round."""
        theirs = self.rounds[work, *other]
        return [
            value(row) / value(theirs[number])
            for number, row in self.rounds[work, *ours].items()
            if number in theirs and value(theirs[number])
        ]


def rate(row):
    return row["count"] / row["seconds"]


def speed(row):
    """The speed of a program from its start to its exit."""
    return 1 / row["whole_seconds"]


def value_of(work):
    return {
        "whole": speed,
        "latency": lambda row: 1e9 / row["median_ns"],
        "pending": lambda row: 1e9 / row["median_ns"],
    }.get(work.measure, rate)


# ---- Tables --------------------------------------------------------------------


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def spread(values, form=number):
    return f"{form(median(values))} ({form(min(values))}-{form(max(values))})"


def two(value):
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def cpu(rows, work, entry, name):
    """Processor time of the part that counts, in s per million reads or files."""
    used = sum(rows.values(work, entry, lambda row: row.get(name, 0)))
    count = sum(rows.values(work, entry, lambda row: row["count"]))
    return f"{used / count * 1e6:.3g}"


def peak(rows, work, entry, name="peak_kib"):
    most = max(rows.values(work, entry, lambda row: row.get(name, 0)))
    return f"{most / 1024:.1f}" if most else ""


def allocations(rows, work, entry):
    """Allocations of the program in the part that counts. .NET does not count them."""
    counts = rows.values(work, entry, lambda row: row.get("allocations"))
    return "" if None in counts else str(max(counts))


def ns(rows, work, entry, name):
    return spread(rows.values(work, entry, lambda row: row[name] / 1000))


COLUMNS = {
    "rate": {
        "per second": lambda rows, work, entry: spread(
            rows.values(work, entry, rate)
        ),
        "CPU s per million": lambda rows, work, entry: cpu(
            rows, work, entry, "cpu"
        ),
        "CPU s of Wine's server": lambda rows, work, entry: cpu(
            rows, work, entry, "server_cpu"
        ),
        "allocations": allocations,
        "peak MiB": peak,
    },
    "latency": {
        "median us": lambda rows, work, entry: ns(
            rows, work, entry, "median_ns"
        ),
        "p99 us": lambda rows, work, entry: ns(rows, work, entry, "p99_ns"),
    },
    "pending": {
        "threads while all are pending": lambda rows, work, entry: number(
            median(rows.values(work, entry, lambda row: row["threads_pending"]))
        ),
        "MiB while all are pending": lambda rows, work, entry: peak(
            rows, work, entry, "memory_pending_kib"
        ),
        "median us": lambda rows, work, entry: ns(
            rows, work, entry, "median_ns"
        ),
        "p99 us": lambda rows, work, entry: ns(rows, work, entry, "p99_ns"),
    },
    "whole": {
        "ms to its output": lambda rows, work, entry: spread(
            rows.values(work, entry, lambda row: 1000 * row["output_seconds"])
        ),
        "ms to its exit": lambda rows, work, entry: spread(
            rows.values(work, entry, lambda row: 1000 * row["whole_seconds"])
        ),
        "peak MiB": peak,
    },
}


def table(rows, work):
    ours = rows.entries[work.name][0]
    head = [work.title, "threads", f"{ours[0]} / this", *COLUMNS[work.measure]]
    lines = [head, ["---"] * len(head)]
    for entry in rows.entries[work.name]:
        threads = rows.values(work.name, entry, lambda row: row["threads"])[0]
        ratios = rows.ratios(work.name, ours, entry, value_of(work))
        name = {
            "again": f"{entry[0]}, again",
            "default": f"{entry[0]}, default threads",
        }.get(entry[1], entry[0])
        lines.append(
            [
                name,
                str(threads or ""),
                spread(ratios, two),
                *(
                    column(rows, work.name, entry)
                    for column in COLUMNS[work.measure].values()
                ),
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def processor(row):
    return row["count"] / row["cpu"] if row["cpu"] else 0


def reaches(ratios, least):
    """See plan.Target."""
    if least == 1.0 and len(ratios) >= 9:
        quartiles = statistics.quantiles(ratios, n=4, method="inclusive")
        return round(quartiles[2], 2) >= least
    return round(median(ratios), 2) >= least


MEASURES = {  # more is better
    "processor time": processor,
    "memory": lambda row: 1 / row["peak_kib"],
    "threads while pending": lambda row: 1 / row["threads_pending"],
    "memory while pending": lambda row: 1 / row["memory_pending_kib"],
}


def middle_half(values):
    """The median, and the quartiles."""
    if len(values) < 2:
        return two(values[0])
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{two(middle)} ({two(low)}-{two(high)})"


def targets(rows):
    """The first table: did final reach its targets?"""
    lines = [
        "| work | final's | compared with | target | "
        "median and middle half | rounds | |",
        "| --- " * 7 + "|",
    ]
    works = {work.name: work for work in plan.WORKS}
    for target in plan.TARGETS:
        name = target.work
        value = MEASURES.get(target.measure, value_of(works[name]))
        what = "" if target.measure == "speed" else f", {target.measure}"
        for variants in (("", "best"), ("default",)):
            own = rows.find(name, target.ours, variants)
            its = rows.find(name, target.other, variants)
            if own is None or its is None:
                continue
            ratios = rows.ratios(name, own, its, value)
            how = ", both with default threads" if variants == ("default",) else ""
            verdict = "met" if reaches(ratios, target.least) else "**missed**"
            lines.append(
                f"| {name}{what} | {target.ours} | {target.other}{how} | "
                f"{target.least} | {middle_half(ratios)} | {len(ratios)} | "
                f"{verdict} |"
            )
    return "\n".join(lines)


def ratios_only(rows):
    lines = []
    works = {work.name: work for work in plan.WORKS}
    for name, (ours, *others) in rows.entries.items():
        lines.append(f"\n{works[name].title}: {ours[0]} / this")
        for entry in others:
            label = entry[0] + (", again" if entry[1] == "again" else "")
            ratios = rows.ratios(name, ours, entry, value_of(works[name]))
            lines.append(f"  {label:33}{spread(ratios, two)}")
    return "\n".join(lines)


def warm_up(rows):
    """Are .NET's contenders as fast at the first part after the warm-up as later?"""
    lines = [
        "| work | contender | threads | seconds of each part, median "
        "| first half / second half | |",
        "| --- " * 6 + "|",
    ]
    for (work, name, _), rounds in rows.rounds.items():
        parts = [row["parts"] for row in rounds.values()]
        half = len(parts[0]) // 2
        ratios = [
            first / later
            for row in parts
            for first, later in zip(row[:half], row[half:])
        ]
        low = statistics.quantiles(ratios, n=4, method="inclusive")[0]
        seconds = [number(median(column)) for column in zip(*parts)]
        threads = next(iter(rounds.values()))["threads"]
        lines.append(
            f"| {work} | {name} | {threads or ''} | {' '.join(seconds)} | "
            f"{middle_half(ratios)} | "
            f"{'no faster' if round(low, 2) <= 1 else '**faster**'} |"
        )
    return "\n".join(lines)


# ---- Plots ---------------------------------------------------------------------


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def slug(name):
    """The name of the file."""
    return name.lower().replace(",", "").replace(" ", "-")


def picture(name, title):
    """The image, for the README beside plots/."""
    return f"![{title}](plots/{slug(name)}.svg)"


def gnuplot(path, height, facts, title, script):
    face = f"measured {facts['measured']}, {facts['processors']}"
    subprocess.run(
        ["gnuplot"],
        check=True,
        encoding="utf-8",
        input=f"""
set terminal svg noenhanced size 800,{height} font "sans-serif,13" \\
  background "white"
set output "{path}"
set title {quoted(title)} . "\\n" . {quoted(face)}
{script}
""",
    )


OURS = ("pool", "stream", "final.exe", "copy.exe")


def color(name):
    """Dark blue for final's contenders, violet for .NET, grey for native programs,
    light blue for the others."""
    if name.startswith(OURS):
        return 0x1F5F99
    if name.startswith(".NET"):
        return 0x8A5CB8
    return 0x9A9A9A if name.startswith(("pread", "read", "cp")) else 0x8FB8DE


def plot_depths(rows, facts, last):
    """Reads per second over the number in flight. last: the work with the most."""
    works = {
        work.arguments["depth"]: work.name
        for work in plan.WORKS
        if work.depths_name == last.depths_name
    }
    if not all(work in rows.entries for work in works.values()):
        return
    names = [
        name
        for name, variant in rows.entries[last.name]
        if variant in ("", "best")
    ]
    script, plots = "", []
    for index, name in enumerate(names):
        lines = [
            f"{depth} {median(rows.values(work, rows.find(work, name), rate))}"
            for depth, work in works.items()
        ]
        script += f"$d{index} << END\n" + "\n".join(lines) + "\nEND\n"
        plots.append(
            f"$d{index} with linespoints title {quoted(name)} "
            f"linewidth {3 if name == 'pool' else 1.5} "
            f"pointtype {index % 15 + 1} linecolor {index + 1}"
        )
    gnuplot(
        f"{BENCH}/{slug(last.depths_name)}.svg",
        560,
        facts,
        f"{plan.text(last.arguments['block'])} at random places",
        f"""
set logscale xy
set xtics (1, 8, 32, 128)
set xrange [0.8:160]
set xlabel "reads in flight"
set ylabel "reads per second"
set format y "%.0s %c"
set key outside right
set grid
{script}
plot {", ".join(plots)}""",
    )


def axis_end(medians, most):
    """Where the axis of the bars ends: a bar that is four times as long as most others
    would hide their differences. "*": at the longest bar."""
    ordered = sorted(medians)
    for shorter, longer in zip(ordered, ordered[1:]):
        kept = [value for value in medians if value <= shorter]
        if longer > 4 * shorter and 4 * len(kept) >= 3 * len(medians):
            return 1.1 * max(
                high for value, high in zip(medians, most) if value in kept
            )
    return "*"


def short(number):
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:g}{unit}"
    return f"{number:g}"


def tics(largest):
    """At most seven labels of an axis from 0, so that none covers the next."""
    power = 10 ** math.floor(math.log10(largest / 5))
    step = next(power * n for n in (1, 2, 5, 10) if 6 * power * n >= largest)
    return ", ".join(
        f'"{short(step * n)}" {step * n}' for n in range(int(largest / step) + 1)
    )


def plot_work(rows, facts, work):
    """A bar for each contender: its median, with lines to the minimum and maximum."""
    measures = {
        "whole": (
            "ms from its start to its exit",
            lambda row: 1000 * row["whole_seconds"],
        ),
        "latency": ("us, median of a run", lambda row: row["median_ns"] / 1000),
        "pending": (
            "threads while 1,000 reads are pending",
            lambda row: row["threads_pending"],
        ),
    }
    label, value = measures.get(work.measure, ("per second", rate))
    entries = [
        entry for entry in rows.entries[work.name] if entry[1] in ("", "best")
    ]
    values = {e: rows.values(work.name, e, value) for e in reversed(entries)}
    medians = [median(all_values) for all_values in values.values()]
    largest = max(max(all_values) for all_values in values.values())
    end = axis_end(medians, [max(all_values) for all_values in values.values()])
    lines = []
    for place, (entry, middle) in enumerate(zip(values, medians)):
        name = entry[0]
        if end != "*" and middle > end:
            name += f" ({middle:,.0f})"
        lines.append(
            f"{quoted(name)} {place} {middle} "
            f"{min(values[entry])} {max(values[entry])} {color(entry[0])}"
        )
    gnuplot(
        f"{BENCH}/{slug(work.name)}.svg",
        120 + 28 * len(entries),
        facts,
        work.title,
        f"""
$bars << END
{chr(10).join(lines)}
END
set xlabel "{label}: median, minimum, maximum"
set xtics ({tics(largest if end == "*" else end)})
set yrange [-0.6:{len(entries) - 0.4}]
set grid x
unset key
set xrange [0:{end}]
set style fill solid 0.6 noborder
plot $bars using (0):2:(0):3:($2 - 0.35):($2 + 0.35):6:ytic(1) \\
       with boxxyerror linecolor rgb variable, \\
     $bars using 3:2:4:5 with xerrorbars pointtype 7 pointsize 0.4 \\
       linecolor rgb "#222222"
""",
    )


# ---- The report ----------------------------------------------------------------


def describe(facts):
    lines = [f"**Measured {facts['measured']}.**"]
    if "Wine" in facts["measured"]:
        lines[0] = (
            f"**Measured {facts['measured']}: this says nothing about "
            "Windows.**"
        )
    for name, value in facts.items():
        if name != "measured":
            text = "; ".join(value) if isinstance(value, list) else value
            lines.append(f"{name}: {text}.")
    return " ".join(lines)


def write_report(facts, rows, quick=False):
    """Prints the ratios, if quick. Otherwise writes and prints tables, and plots."""
    results = Results(rows)
    if quick:
        print(describe(facts).replace("**", ""), ratios_only(results), sep="\n")
        return
    for old in glob.glob(f"{BENCH}/*.svg"):
        os.unlink(old)
    parts = [describe(facts)]
    for work in plan.WORKS:
        if work.name not in results.entries:
            continue
        parts.append(table(results, work))
        if work.depths_name and work.arguments["depth"] == plan.DEPTHS[-1]:
            plot_depths(results, facts, work)
            parts.append(picture(work.depths_name, "reads per second"))
        elif not work.depths_name:
            plot_work(results, facts, work)
            parts.append(picture(work.name, work.title))
    tables = "\n\n".join(parts) + "\n"
    with open(f"{BENCH}/tables.md", "w", encoding="utf-8") as file:
        file.write(tables)
    print(tables)


def write_table(facts, lines, name):
    """Writes and prints a table that is not one of a work."""
    text = f"{describe(facts)}\n\n{lines}\n"
    with open(f"{BENCH}/{name}.md", "w", encoding="utf-8") as file:
        file.write(text)
    print(text)


def replace(text, mark, tables):
    """Returns the text with these tables between two marks."""
    before, rest = text.split(f"<!-- {mark} -->")
    after = rest.split(f"<!-- end of {mark} -->")[1]
    return f"{before}<!-- {mark} -->\n\n{tables}\n<!-- end of {mark} -->{after}"


def publish(readme):
    """Copies the tables into the README, and the plots beside it."""
    with open(readme, encoding="utf-8") as file:
        text = file.read()
    for mark in "tables", "targets", "own", "warm-up":
        if os.path.exists(f"{BENCH}/{mark}.md"):
            with open(f"{BENCH}/{mark}.md", encoding="utf-8") as file:
                text = replace(text, mark, file.read())
    with open(readme, "w", encoding="utf-8") as file:
        file.write(text)
    plots = f"{os.path.dirname(readme)}/plots"
    drawn = glob.glob(f"{BENCH}/*.svg")
    if drawn:
        shutil.rmtree(plots, ignore_errors=True)
        os.makedirs(plots)
    for path in drawn:
        shutil.copy(path, plots)


def main():
    if os.path.exists(f"{BENCH}/results.json"):  # not after make bench-own alone
        with open(f"{BENCH}/results.json", encoding="utf-8") as file:
            measured = json.load(file)
        write_report(measured["system"], measured["results"])
    for readme in sys.argv[1:]:
        publish(readme)


if __name__ == "__main__":
    main()
