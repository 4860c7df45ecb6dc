"""Measures cruddur against what it replaces, on the stack that `cruddur local exec` has made.

usage: python scripts/bench CRUDDUR

BENCH_ONLY        these rows, with commas between them; otherwise all
BENCH_SIZE        how much of everything, 1 being what the goals are about (1)
BENCH_ROUNDS      rounds (7)
BENCH_SLOW        rounds of those that take minutes (3)
BENCH_BUILDS      1: clean builds too
BENCH_HYPERFINE   1: hyperfine measures the single calls
BENCH_DYNEIN      dynein's program, which exports and imports too
BENCH_RESUME      1: without the rows that an interrupted run of this commit has measured
BENCH_OUT         the folder for the document and its figures, otherwise docs for a whole run and
                  target/bench for any other
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path

import builds
import document
import machine
import rows_bulk
import rows_small
import rows_stores
from measure import Failed, run
from world import ROOT, World

ROWS = rows_small.ROWS | rows_stores.ROWS | rows_bulk.ROWS


def say(words="", end="\n"):
    print(words, end=end, file=sys.stderr, flush=True)


def main():
    rounds, slow = int(os.environ.get("BENCH_ROUNDS") or 7), int(os.environ.get("BENCH_SLOW") or 3)
    size = float(os.environ.get("BENCH_SIZE") or 1)
    names = [name.strip() for name in (os.environ.get("BENCH_ONLY") or ",".join(ROWS)).split(",")]
    if unknown := [name for name in names if name not in ROWS]:
        sys.exit(f"BENCH_ONLY: there is no row {unknown[0]!r}; there are {', '.join(ROWS)}")
    is_whole = names == list(ROWS) and size == 1 and rounds >= 7
    out = Path(os.environ.get("BENCH_OUT") or (ROOT / "docs" if is_whole else ROOT / "target/bench"))
    out.mkdir(parents=True, exist_ok=True)
    hyperfine = ROOT / "target/bench/bin/hyperfine" if os.environ.get("BENCH_HYPERFINE") else None
    report = {"machine": machine.described(), "rounds": rounds, "size": size, "rows": [], "done": []}
    if os.environ.get("BENCH_RESUME"):
        resume(report, out, names)
    report["failures"] = []
    # What others have built meanwhile would be on the machine beside the rows.
    if not report.get("builds"):
        report["builds"] = builds.measured(say) if os.environ.get("BENCH_BUILDS") else None
    world = World(sys.argv[1], size, hyperfine)
    try:
        world.run(world.cruddur, "-q", "setup")
        report["versions"] = machine.versions(world)
        for name in names:
            if name not in report["done"]:
                measure(world, name, report, rounds, slow)
                save(report, out)
    finally:
        world.close()
    report["left"] = [name for name in ROWS if name not in report["done"]]
    report["watched"] = document.watched(report, Path(world.cruddur))
    save(report, out)
    document.write(report, out)
    say(f"wrote {out / 'benchmarks.md'}")
    for failure in report["failures"]:
        say(f"failed: {failure}")
    exceeded = [one for one in report["watched"] if one["reached"] is False]
    for one in exceeded:
        say(f"exceeded: {one['name']}: {one['measured']}, at most {one['most']}")
    sys.exit(1 if report["failures"] or exceeded else 0)


def save(report, out):
    (out / "benchmarks.json").write_text(json.dumps(report, indent=1))


def resume(report, out, names):
    """Takes over the rows that an earlier run was done with."""
    file = out / "benchmarks.json"
    former = json.loads(file.read_text())
    for what in ("rounds", "size"):
        if former[what] != report[what]:
            sys.exit(f"BENCH_RESUME: the run in {file} had {former[what]:g} for {what}")
    commit = former["machine"]["commit"]
    if commit != report["machine"]["commit"]:
        sys.exit(f"BENCH_RESUME: the run in {file} was of the commit {commit}")
    if set(names) - set(former["done"]):
        former["machine"]["load average before"] += f", resumed at {report['machine']['load average before']}"
    former["rows"] = [row for row in former["rows"] if row["name"] in former["done"]]
    report.update(former)


def measure(world, name, report, rounds, slow):
    """All rows of a name. What fails is noted, and the others go on."""
    start = time.monotonic()
    try:
        for row in ROWS[name](world):
            items = f", {row.items:,} items" if row.items else ""
            say(f"{name}: {row.title}{items} ", end="")
            report["rows"].append({"name": name} | run(row, world.clock, rounds, slow, lambda dot: say(dot, end="")))
            say(f" {'; '.join(goal['measured'] for goal in report['rows'][-1]['goals'])}")
        report["done"].append(name)
    except Failed as failed:
        say()
        report["failures"].append(f"{name}: {failed}")
    except Exception:
        say()
        report["failures"].append(f"{name}: {traceback.format_exc()}")
    say(f"{name}: {time.monotonic() - start:.0f} s")


main()
