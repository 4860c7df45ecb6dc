"""Tries more cases of the suite's property tests than `make test` does, each time with another seed."""

import collections
import json
import os
import random
import re
import subprocess
import threading
from pathlib import Path

from planted import Lost
from world import demand

SUITE = Path(__file__).parents[1] / "suite"
# How many times its usual cases a test tries, and for how long.
TIMES, SECONDS = 2, 600
BLOCK = re.compile(r"^(?:proptest|prop_state_machine)! \{\n(.*?)^\}", re.M | re.S)
TEST = re.compile(r"#\[test\]\n *fn (\w+)\(")
# What a stack has for its commands, and tests have for themselves.
ITS_OWN = ("AWS_", "CONNECTION_URL", "CRUDDUR_", "PROD_")


def tests():
    """The paths of all property tests."""
    for file in sorted(SUITE.rglob("*.rs")):
        module = [part for part in file.relative_to(SUITE).with_suffix("").parts if part != "mod"]
        for block in BLOCK.findall(file.read_text()):
            for name in TEST.findall(block):
                yield "::".join([*module, name])


class Properties:
    """The test follows from the case's number, and its seed from both."""

    title = "property tests"

    def __init__(self, _, seed):
        self.seed = seed
        self.names = list(tests())
        random.Random(seed).shuffle(self.names)
        self.count = collections.Counter()
        self.building, self.built = threading.Lock(), None

    def suite(self):
        """The suite's binary, built if it is not there."""
        with self.building:
            if self.built is None:
                command = ["cargo", "test", "--locked", "--no-run", "--message-format", "json"]
                done = subprocess.run(command, cwd=SUITE, stdout=subprocess.PIPE, text=True, check=True)
                artifacts = (json.loads(line) for line in done.stdout.splitlines())
                [self.built] = {one["executable"] for one in artifacts if one.get("target", {}).get("name") == "suite"}
            return self.built

    def run(self, case):
        """One case; returns what it was. Raises [`Lost`]."""
        name = self.names[case % len(self.names)]
        seed = random.Random(f"{self.seed}-{case}").randrange(2**64)
        what = f"PROPTEST_RNG_SEED={seed} TEST_TIMES={TIMES} cargo test --locked -- --exact {name}"
        env = {key: value for key, value in os.environ.items() if not key.startswith(ITS_OWN)}
        env |= {"PROPTEST_RNG_SEED": str(seed), "TEST_TIMES": str(TIMES)}
        command, root = [self.suite(), "--exact", name], SUITE.parents[1]
        try:
            done = subprocess.run(
                command, cwd=root, env=env, capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise Lost(f"{what} does not end within {SECONDS} s") from None
        demand(done.returncode == 0 and " 1 passed" in done.stdout, f"{what}\n{done.stdout[-3000:]}")
        self.count[name] += 1
        return what
