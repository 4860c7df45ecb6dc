"""Kills a command before one of its system calls, or at a random time, and sees to it that nothing is lost."""

import collections
import functools
import random
import re
import subprocess
import tempfile
import threading
import time

from attacks import ATTACKS
from world import TIMEOUT, Lost, run_attack

# What changes something outside the process, or speaks to a server.
CALLS = (
    "write,writev,pwrite64,sendto,sendmsg,recvfrom,connect,fsync,fdatasync,ftruncate,copy_file_range,"
    "?rename,renameat,renameat2,?unlink,unlinkat,?mkdir,mkdirat"
)
CALL = re.compile(r"^(\d+) +([a-z0-9_]+)\(")
KILLED = -9
# Follows threads, and leaves the programs alone that the command starts.
STRACE = ["strace", "-f", "--detach-on=execve", "-qq"]


class Kills:
    """The command follows from the case's number, and where it is killed from the seed."""

    title = "killed"

    def __init__(self, cruddur, seed):
        self.cruddur, self.seed = cruddur, seed
        self.names = list(ATTACKS)
        random.Random(seed).shuffle(self.names)
        self.traces = {}
        self.tracing = collections.defaultdict(threading.Lock)
        self.count = collections.Counter()

    def run(self, case):
        """One case; returns what it was. Raises [`Lost`]."""
        chance = random.Random(f"{self.seed}-{case}")
        name = self.names[case % len(self.names)]
        with self.tracing[name]:
            if name not in self.traces:
                self.traces[name] = self._trace(name)
        calls, seconds = self.traces[name]
        if chance.random() < 0.8:
            call, number = chance.choice(calls)
            what = f"{name}, killed before {call} {number}"
            inject = ["-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
            execute = functools.partial(strace, inject)
        else:
            after = chance.uniform(0, seconds)
            what = f"{name}, killed after {after * 1000:.0f} ms"
            execute = functools.partial(kill_after, after)
        try:
            killed = run_attack(self.cruddur, ATTACKS[name], execute) == KILLED
        except Lost as lost:
            raise Lost(f"{what}: {lost}") from None
        # It may have ended before.
        self.count[name] += killed
        return what

    def _trace(self, name):
        """The calls of a run that is left alone, and its time: both need not be the same the next time."""
        counts, began = collections.Counter(), [0, 0]
        with tempfile.NamedTemporaryFile("r") as log:

            def execute(command, w, stdin):
                began[0] = time.monotonic()
                code = strace(["-o", log.name, "-e", f"trace={CALLS}"], command, w, stdin)
                began[1] = time.monotonic()
                return code

            run_attack(self.cruddur, ATTACKS[name], execute)
            for line in log:
                if found := CALL.match(line):
                    counts[found.groups()] += 1
        # Each thread counts for itself.
        highest = collections.Counter()
        for (_, call), count in counts.items():
            highest[call] = max(highest[call], count)
        calls = [(call, number) for call, count in sorted(highest.items()) for number in range(1, count + 1)]
        return calls, began[1] - began[0]


def strace(options, command, w, stdin):
    # strace ends itself by the signal that ended the command.
    traced = [*STRACE, *options, *command]
    return subprocess.run(traced, **place(w), input=stdin, timeout=TIMEOUT, check=False).returncode


def kill_after(seconds, command, w, stdin):
    process = subprocess.Popen(command, **place(w), stdin=subprocess.PIPE)
    try:
        process.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    return process.returncode


def place(w):
    return {"env": w.env, "cwd": w.folder, "text": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
