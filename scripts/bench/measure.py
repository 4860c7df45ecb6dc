"""Runs what a row compares, in turn, and judges the figures."""

import json
import math
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent


class Failed(Exception):
    """A row that has no figures, and why."""


@dataclass
class Side:
    """One of those that do the work."""

    name: str
    command: list
    # Of this many starts the median is a round's figure.
    starts: int = 1
    # Prints {"seconds": …} itself, because it prepares something first.
    own_clock: bool = False
    # Takes part in a few rounds only, and has no warm-up.
    slow: bool = False
    environment: dict = field(default_factory=dict)


@dataclass
class Goal:
    """What the first side is to reach."""

    words: str
    against: str = ""
    # The other's seconds divided by ours, at least; our seconds more than the other's, at most; bytes.
    times: float | None = None
    within: float | None = None
    peak: int | None = None

    def judge(self, row, sides):
        ours, theirs = sides[row.sides[0].name], sides.get(self.against)
        if self.peak:
            value = max(ours["peak"])
            return value, value <= self.peak, f"{value / 2**20:.1f} MiB"
        # Rounds in which both took part, for what disturbs the machine disturbs both.
        pairs = [(ours["seconds"][at], theirs["seconds"][at]) for at in theirs["seconds"] if at in ours["seconds"]]
        if self.within is not None:
            value = statistics.median(our - their for our, their in pairs)
            return value, value <= self.within, f"{value * 1000:+.1f} ms"
        value = statistics.median(their / our for our, their in pairs)
        # Rounded down, so that what misses a goal does not look as if it met it.
        return value, value >= self.times, f"{math.floor(value * 100) / 100:.2f} times as fast"


@dataclass
class Row:
    """The same work, done by several. The first of `sides` is cruddur."""

    title: str
    sides: list
    goals: list = field(default_factory=list)
    # How many items, for rows that are plotted by size.
    items: int | None = None
    before: Callable = lambda side: None
    after: Callable = lambda side: None
    # What a side's first run has done, from its name and output: the same for all, or None where it cannot
    # be told.
    prove: Callable = lambda side, output: None
    # The same, after every run, and quick.
    count: Callable = lambda side, output: None
    note: str = ""


class Clock:
    """Measures starts of commands; `folder` takes what they print."""

    def __init__(self, folder, environment, hyperfine=None):
        self.output, self.errors = folder / "output", folder / "errors"
        self.folder, self.environment, self.hyperfine = folder, environment, hyperfine

    def start(self, side):
        environment = self.environment | side.environment
        if side.starts > 1 and self.hyperfine:
            return self.by_hyperfine(side, environment)
        asked = [json.dumps([str(word) for word in side.command]), str(side.starts), self.output, self.errors]
        # Isolated and without site: what is not loaded takes no memory.
        spawn = [sys.executable, "-IS", HERE / "spawn.py", *asked]
        done = subprocess.run(spawn, env=environment, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            said = self.errors.read_text(errors="replace")[-2000:] if self.errors.exists() else ""
            raise Failed(f"{side.name}: {done.stderr.strip()}\n{said}")
        starts = json.loads(done.stdout)
        figures = {name: statistics.median(start[name] for start in starts) for name in starts[0]}
        if side.own_clock:
            figures["seconds"] = json.loads(self.output.read_text())["seconds"]
        return figures

    def by_hyperfine(self, side, environment):
        report = self.folder / "hyperfine.json"
        words = [self.hyperfine, "-N", "--style", "none", "--warmup", "3", "--runs", str(side.starts)]
        command = subprocess.list2cmdline([str(word) for word in side.command])
        words += ["--output", self.output, "--export-json", report, command]
        subprocess.run(words, env=environment, cwd=self.folder, check=True, capture_output=True)
        [result] = json.loads(report.read_text())["results"]
        peak = statistics.median(result.get("memory_usage_byte") or [0])
        return {"seconds": result["median"], "cpu": result["user"] + result["system"], "peak": peak}


def run(row, clock, rounds, slow_rounds, say):
    """Does a row's rounds. Returns what the document needs."""
    proofs = {}

    def once(side):
        row.before(side)
        figures = clock.start(side)
        row.after(side)
        count = row.count(side, clock.output)
        if side.name not in proofs:
            proofs[side.name] = row.prove(side, clock.output), count
        first, expected = next(iter(proofs.items()))
        proof = proofs[side.name][0]
        if proof not in (None, expected[0]) or count != expected[1]:
            was = f"{proof}, at last {count}"
            raise Failed(f"{side.name} did not do what {first} did: {was} instead of {expected}")
        return figures

    sides = {side.name: {"seconds": {}, "cpu": [], "peak": []} for side in row.sides}
    for side in row.sides:
        if not side.slow:
            once(side)
    slow = {round(at * (rounds - 1) / max(1, slow_rounds - 1)) for at in range(min(slow_rounds, rounds))}
    for number in range(rounds):
        turn = number % len(row.sides)
        for side in row.sides[turn:] + row.sides[:turn]:
            if side.slow and number not in slow:
                continue
            figures = once(side)
            sides[side.name]["seconds"][number] = figures["seconds"]
            sides[side.name]["cpu"].append(figures["cpu"])
            sides[side.name]["peak"].append(figures["peak"])
        say(".")
    goals = []
    for goal in row.goals:
        value, reached, measured = goal.judge(row, sides)
        goals.append({"words": goal.words, "value": value, "reached": reached, "measured": measured})
    for figures in sides.values():
        figures["seconds"] = list(figures["seconds"].values())
    proof = next(iter(proofs.values()))
    return {
        "title": row.title, "items": row.items, "note": row.note, "sides": sides, "goals": goals,
        "proof": [str(part) for part in proof if part is not None],
        "counted": [name for name, (told, _) in proofs.items() if told is None and proof[0] is not None],
    }


def slope(points):
    """The exponent with which seconds grow with items: 1 where ten times the items take ten times as long."""
    logs = [(math.log(items), math.log(seconds)) for items, seconds in points]
    middle_x, middle_y = (statistics.mean(column) for column in zip(*logs, strict=True))
    return sum((x - middle_x) * (y - middle_y) for x, y in logs) / sum((x - middle_x) ** 2 for x, _ in logs)
