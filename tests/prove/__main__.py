"""Attacks cruddur, on the stack that `cruddur local exec` has made, and counts.

PROVE_S      for how many seconds (600)
PROVE_CASES  how many cases at most
PROVE_SEED   the seed of all that is random; a run prints its own
PROVE_CASE   only this case, as a failure names it
PROVE_KINDS  only these kinds, such as "kills faults"

SIGTERM to this process ends the run after the cases that have begun, with its figures.
"""

import faulthandler
import itertools
import os
import random
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import planted
from faults import Faults
from inputs import Inputs
from kills import Kills
from leaks import Leaks
from on_the_stack import start_moto
from pairs import Pairs
from planted import Lost
from properties import Properties

KINDS = (Kills, Faults, Pairs, Leaks, Inputs, Properties)
faulthandler.register(10)


def main():
    seconds = float(os.environ.get("PROVE_S") or 600)
    most = int(os.environ.get("PROVE_CASES") or sys.maxsize)
    seed = os.environ.get("PROVE_SEED") or str(random.randrange(10**6))
    planted.plant(random.Random(seed))
    _stdin_of_moto = start_moto()
    attacks = {kind.__name__.lower(): kind(sys.argv[1], seed) for kind in KINDS}

    def run(case):
        kind, number = case.split("-")
        return attacks[kind].run(int(number))

    if case := os.environ.get("PROVE_CASE"):
        print(run(case))
        return 0
    print(f"PROVE_SEED={seed}", flush=True)
    kinds = os.environ.get("PROVE_KINDS", "").split() or list(attacks)
    cases = itertools.islice((f"{kind}-{number}" for number in itertools.count() for kind in kinds), most)
    end, lock, failures = time.monotonic() + seconds, threading.Lock(), []
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())

    def work():
        while time.monotonic() < end and not stopped.is_set():
            with lock:
                case = next(cases, None)
            if case is None:
                return
            try:
                run(case)
            except Lost as lost:
                failures.append(case)
                print(f"PROVE_SEED={seed} PROVE_CASE={case}: {lost}", flush=True)

    with ThreadPoolExecutor(workers := 3 * (os.cpu_count() or 1)) as pool:
        for done in [pool.submit(work) for _ in range(workers)]:
            done.result()
    for attack in map(attacks.get, kinds):
        print(f"{attack.count.total()} {attack.title}:")
        for name in sorted(attack.names):
            print(f"{attack.count[name]:6}  {name}")
    print(f"{len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
