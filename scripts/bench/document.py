"""docs/benchmarks.md and its picture, from a run's figures."""

import statistics
import textwrap

import builds
from measure import slope
from plot import draw

# What `make bench` watches, and what it may be at most: a little more than was measured.
WATCHED = {
    "CPU of a fresh dev build": ("s", 300),
    "size of the release binary": ("MB", 32),
    "`cruddur --version` beside /bin/true": ("ms", 3),
    "peak memory of `list-tables`": ("MiB", 15),
}
INTRODUCTION = """\
`make bench` wrote this page. It measures cruddur against the programs that it replaces, on the same
servers, each row in one run. In each of {rounds} rounds all run once, each round in another order;
what takes minutes takes part in fewer. The ratios of the rounds are compared, and their median is
judged. Each one's first run is checked to have done the same work as cruddur's, and every run to
have done as much. Beyond 100,000 items only their number is compared.

```sh
make bench                                  # everything
make bench BENCH_ONLY=scan BENCH_SIZE=0.01  # a quick look, into target/bench
```

[contributing.md](contributing.md#benchmarks) has the other variables."""


def seconds(value):
    return f"{value * 1000:.1f} ms" if value < 0.1 else f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def mebibytes(value):
    # Less than what starts them cannot be told apart.
    return f"{value / 2**20:.0f} MiB" if value >= 10 << 20 else "< 10 MiB"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def verdict(goal):
    return "yes" if goal["reached"] else "**no**"


def titled(row):
    return row["title"] + (f", {row['items']:,} items" if row["items"] else "")


def goals(report):
    # Of a row in several sizes the goal is about the largest.
    largest = {row["name"] + row["title"]: row for row in report["rows"]}
    for row in largest.values():
        for goal in row["goals"]:
            yield [titled(row), goal["words"], goal["measured"], verdict(goal)]


def figures(row):
    def line(name, side):
        rate = f"{row['items'] / statistics.median(side['seconds']):,.0f}" if row["items"] else ""
        spread = f"{seconds(min(side['seconds']))} – {seconds(max(side['seconds']))}"
        cells = [name, seconds(statistics.median(side["seconds"])), spread, len(side["seconds"])]
        cells += [seconds(statistics.median(side["cpu"])), mebibytes(max(side["peak"]))]
        return [*cells, rate] if row["items"] else cells

    head = ["", "median", "least – most", "rounds", "CPU", "peak memory"]
    head += ["items a second"] if row["items"] else []
    return table(head, [line(*side) for side in row["sides"].items()])


def panels(report):
    """By title, each side's points of items and median seconds, of rows at more than one size."""
    found = {}
    for row in report["rows"]:
        if row["items"]:
            lines = found.setdefault(row["title"], {})
            for name, side in row["sides"].items():
                # The bare load has as many connections as suit a size.
                line = lines.setdefault(name.split(",")[0], [])
                line.append((row["items"], statistics.median(side["seconds"])))
    return [
        (title.replace("`", ""), lines)
        for title, lines in found.items()
        if all(len(line) > 1 for line in lines.values())
    ]


def watched(report, cruddur):
    sides = {row["name"]: row for row in report["rows"]}
    values = dict.fromkeys(WATCHED)
    dev, size, version, peak = WATCHED
    if report["builds"]:
        values[dev] = report["builds"]["profiles"]["dev"]["cpu"]
    if "release" in cruddur.parts:
        values[size] = cruddur.stat().st_size / 1e6
    if "version" in sides:
        values[version] = sides["version"]["goals"][0]["value"] * 1000
    if "list-tables" in sides:
        values[peak] = max(sides["list-tables"]["sides"]["cruddur"]["peak"]) / 2**20
    told = []
    for name, (unit, most) in WATCHED.items():
        value = values[name]
        measured, reached = ("not measured", None) if value is None else (f"{value:.1f} {unit}", value <= most)
        told.append({"name": name, "measured": measured, "most": f"{most} {unit}", "reached": reached})
    return told


def write(report, out):
    parts = ["# Benchmarks", INTRODUCTION.format(rounds=report["rounds"])]
    if report["size"] != 1:
        parts.append(f"This run had {report['size']:g} of the size that the goals are about.")
    parts.append("## Goals")
    parts.append(table(["work", "goal", "measured", "reached"], goals(report)))
    if report["failures"]:
        parts.append("Without figures:")
        parts += [f"```text\n{failure}\n```" for failure in report["failures"]]
    if report["left"]:
        parts.append(f"Not measured: {', '.join(report['left'])}.")
    parts += ["## Watched", "`make bench` fails if one of these grows beyond its limit."]
    cells = [
        [one["name"], one["measured"], one["most"], {True: "yes", False: "**no**", None: ""}[one["reached"]]]
        for one in report["watched"]
    ]
    parts.append(table(["", "measured", "at most", "kept"], cells))
    if drawn := panels(report):
        (out / "benchmarks.svg").write_text(draw(drawn), encoding="utf-8")
        parts += ["## By size", "![Seconds by items, both axes logarithmic](benchmarks.svg)"]
        parts.append("The number beside a name is the slope: with 1, ten times the items take ten times as long.")
        slopes = [[title, name, f"{slope(line):.2f}"] for title, lines in drawn for name, line in lines.items()]
        parts.append(table(["work", "", "slope"], slopes))
    parts.append("## Figures")
    for row in report["rows"]:
        parts += [f"### {titled(row)}", figures(row)]
        if row["note"]:
            parts.append(textwrap.fill(row["note"], 100))
        if row["proof"]:
            words = "All did the same: " + "; ".join(row["proof"]) + "."
            if row["counted"]:
                words += f" Of {', '.join(row['counted'])}, only the number was compared."
            parts.append(textwrap.fill(words, 100))
    if report["builds"]:
        parts += builds.told(report["builds"], table)
    parts.append("## Measured on")
    parts.append(table(["", ""], list(report["machine"].items())))
    parts.append("\n".join(f"- {words}" for words in report["versions"]))
    (out / "benchmarks.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
