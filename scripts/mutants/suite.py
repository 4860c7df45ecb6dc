"""Runs tests of the suite, each with a mutant."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from state import TREE, WORK, run

# Fail while the sources are different from those that are committed.
UNFIT = ("architecture::", "layout::")


def tests_of(suite):
    lines = run(suite, "--list").splitlines()
    names = [line.removesuffix(": test") for line in lines if line.endswith(": test")]
    return [name for name in names if not name.startswith(UNFIT)]


def results(suite, tests, mutant_of, env=(), quiet=120, threads=None):
    """Runs tests, each with its mutant; yields each test and how it ended: ok, FAILED, hang or crash."""
    marker = f"{os.getpid()}-{threading.get_ident()}"
    switched = WORK / f"map-{marker}"
    switched.write_text("".join(f"{test} {number}\n" for test, number in mutant_of.items()))
    env = {
        **os.environ,
        **dict(env),
        "CARGO_MANIFEST_DIR": str(TREE),
        "INSTA_UPDATE": "no",
        "MUTANTS": str(switched),
        "MUTANTS_RUN": marker,
        "RUST_BACKTRACE": "0",
        "RUST_MIN_STACK": str(16 << 20),  # The arms of a match share one frame.
    }
    command = [suite, "--exact", *sorted(tests), "--test-threads", str(threads or 5 * os.cpu_count())]
    limited = ["sh", "-c", 'ulimit -v 12000000; exec "$@"', "sh", *command]
    suite_run = subprocess.Popen(
        limited,
        cwd=TREE,
        env=env,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    heard, over, hangs = [time.monotonic()], threading.Event(), []

    def watch():
        while not over.wait(2):
            for pid, age in processes(f"MUTANTS_RUN={marker}", "MUTANT="):
                if age > 60:
                    stop(pid)  # a command that does not end: its test fails
            if time.monotonic() - heard[0] > quiet:
                hangs.append(True)
                stop(suite_run.pid)
                return

    watching = threading.Thread(target=watch)
    watching.start()
    left = set(tests)
    try:
        for line in suite_run.stdout:
            words = line.split()
            if len(words) == 4 and words[0] == "test" and words[3] in ("ok", "FAILED"):
                heard[0] = time.monotonic()
                left.discard(words[1])
                yield words[1], words[3]
    finally:  # The caller may have heard enough.
        over.set()
        watching.join()
        suite_run.kill()
        suite_run.wait()
        for pid, _ in processes(f"MUTANTS_RUN={marker}"):
            stop(pid)
        switched.unlink()
    for test in left:
        yield test, "hang" if hangs else "crash"


def processes(*variables):
    """The processes whose environment has these, and how many seconds ago each was started."""
    for entry in Path("/proc").iterdir():
        try:
            environment = (entry / "environ").read_bytes() if entry.name.isdigit() else b""
            if all(variable.encode() in environment for variable in variables):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
                yield int(entry.name), time.clock_gettime(time.CLOCK_BOOTTIME) - started
        except OSError:
            pass  # It has ended.


def stop(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
