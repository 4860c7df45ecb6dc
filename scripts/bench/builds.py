"""Clean builds: how long, how large, and what takes most of the time."""

import json
import re
import resource
import shutil
import subprocess
import time

from world import ROOT

PROFILES = {"dev": [], "release": ["--release"], "slim": ["--release", "--no-default-features"]}
# Crates that take longer than this many seconds are listed.
LONG = 5


def measured(say):
    profiles, crates = {}, {}
    for name, flags in PROFILES.items():
        folder = ROOT / "target/bench/build"
        shutil.rmtree(folder, ignore_errors=True)
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        words = [
            "cargo",
            "build",
            "--quiet",
            "--locked",
            "--timings",
            "--bin",
            "cruddur",
            "--target-dir",
            folder,
            *flags,
        ]
        subprocess.run(words, cwd=ROOT, check=True)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        binary = folder / ("release" if flags else "debug") / "cruddur"
        profiles[name] = {"wall": wall, "cpu": cpu, "size": binary.stat().st_size}
        say(f"build {name}: {wall:.0f} s, {cpu:.0f} s of CPU")
        if name == "dev":
            crates = long_ones(folder)
        shutil.rmtree(folder)
    return {"profiles": profiles, "crates": crates}


def long_ones(folder):
    """Seconds of each crate that takes long, from Cargo's report."""
    report = (folder / "cargo-timings/cargo-timing.html").read_text(encoding="utf-8")
    units = json.loads(re.search(r"const UNIT_DATA = (\[.*?\]);\n", report, re.DOTALL)[1])
    seconds = {}
    for unit in units:
        seconds[unit["name"]] = seconds.get(unit["name"], 0) + unit["duration"]
    return {name: took for name, took in sorted(seconds.items(), key=lambda one: -one[1]) if took > LONG}


def purposes():
    """What docs/dependencies.md says that each crate is for."""
    found = {}
    for line in (ROOT / "docs/dependencies.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5 and cells[1].startswith("`"):
            found |= {name: cells[2] for name in re.findall(r"`([^`]+)`", cells[1])}
    return found


def purpose(name, known):
    if name == "cruddur":
        return "itself"
    if name in known:
        return known[name]
    above = set()
    for version in versions(name):
        words = ["cargo", "tree", "--locked", "--quiet", "--invert", f"{name}@{version}"]
        words += ["--edges", "normal,build", "--prefix", "depth"]
        tree = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        # Lines such as "1hyper-util v0.1.20".
        above |= {line.split()[0][1:] for line in tree.splitlines() if line.startswith("1")}
    names = sorted(above)
    if len(names) > 3:
        return f"for {names[0]} and {len(names) - 1} others"
    return "for " + ", ".join(names) if names else ""


def versions(name):
    lock = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    return re.findall(rf'^name = "{re.escape(name)}"\nversion = "(.+)"$', lock, re.MULTILINE)


def told(builds, table):
    cells = [
        [name, f"{one['wall']:.0f} s", f"{one['cpu']:.0f} s", f"{one['size'] / 1e6:.1f} MB"]
        for name, one in builds["profiles"].items()
    ]
    known = purposes()
    long = [[f"`{name}`", f"{took:.0f} s", purpose(name, known)] for name, took in builds["crates"].items()]
    return [
        "## Clean builds",
        "With all crates downloaded. Slim is the release build without the local stack.",
        table(["build", "wall", "CPU", "binary"], cells),
        f"Crates that take more than {LONG} s of the dev build:",
        table(["crate", "wall", "for"], long),
    ]
