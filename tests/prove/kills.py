"""Kills a command before one of its system calls, or at a random time, and sees to it that nothing is lost."""

import collections
import functools
import random
import re
import subprocess
import threading
import time

from attacks import ATTACKS
from planted import Lost
from world import Running, run_attack

# What changes something outside the process, or speaks to a server.
CALLS = (
    "write,writev,pwrite64,sendto,sendmsg,recvfrom,connect,fsync,fdatasync,ftruncate,copy_file_range,"
    "?rename,renameat,renameat2,?unlink,unlinkat,?mkdir,mkdirat"
)
CALL = re.compile(r"^(\d+) +([a-z0-9_]+)\(")
KILLED = -9
# Follows threads, and leaves the programs alone that the command starts. It ends itself by the signal that
# ended the command.
STRACE = ("strace", "-f", "--detach-on=execve", "-qq")


class Kills:
    """The command follows from the case's number, and where it is killed from the seed."""

    title = "killed"

    def __init__(self, cruddur, seed):
        self.cruddur, self.seed = cruddur, seed
        self.names = [name for name, attack in ATTACKS.items() if attack.writes]
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
            kill = f"inject={call}:signal=KILL:when={number}"
            tracer = (*STRACE, "-o", "/dev/null", "-e", f"trace={call}", "-e", kill)
            execute = functools.partial(run, tracer)
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
        counts, seconds = collections.Counter(), 0

        def execute(command, w, stdin):
            nonlocal seconds
            log = w.folder / "calls"
            began = time.monotonic()
            code = run((*STRACE, "-o", log, "-s", "0", "-e", f"trace={CALLS}"), command, w, stdin)
            seconds = time.monotonic() - began
            counts.update(found.groups() for line in log.read_text().splitlines() if (found := CALL.match(line)))
            return code

        run_attack(self.cruddur, ATTACKS[name], execute)
        # Each thread counts for itself.
        highest = collections.Counter()
        for (_, call), count in counts.items():
            highest[call] = max(highest[call], count)
        calls = [(call, number) for call, count in sorted(highest.items()) for number in range(1, count + 1)]
        return calls, seconds


def run(tracer, command, w, stdin):
    return Running(w, command, stdin, tracer).ends().returncode


def kill_after(seconds, command, w, stdin):
    running = Running(w, command, stdin, tracer=())
    try:
        running.process.wait(seconds)
    except subprocess.TimeoutExpired:
        running.process.kill()
    return running.ends().returncode
