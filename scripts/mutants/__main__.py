"""Mutation testing of the modules that decide about money, order, safety and SQL, or of MUTANTS_FILES.

cargo-mutants lists the mutants. Building and testing them one by one takes half a minute each, so this
script builds them all at once: the body of a mutated function becomes a `match` over the number of the
mutant that is switched on. The quick tests that reach a mutant try it first. The others run in rounds, in
each of which a test has a mutant of its own; those that caught its neighbours come first. A mutant is caught
when a test fails with it.

What it finds is in target/mutants/all/result.json, or with MUTANTS_FILES in some/result.json. It can be
interrupted and run again: it goes on. For another commit it tries the mutants of the files that are
different, and those that were not caught.
"""

import collections
import json
import os
import sys

from build import build
from rounds import in_rounds, reached_by, with_the_library
from state import load, run, save

DECISIVE = """
src/archive/checksum.rs src/archive/import_checkpoint.rs src/commands/ddb/explain/*.rs
src/commands/ddb/seed/checkpoint.rs src/commands/target/*.rs src/dynamodb/capacity.rs
src/dynamodb/item/size.rs src/dynamodb/pricing.rs src/dynamodb/streams/checkpoint.rs
src/messages_table/explain/*.rs src/messaging/sort_position.rs src/postgres/psql.rs
src/postgres/sql/*.rs src/state_file.rs src/target.rs
"""
FILES = (os.environ.get("MUTANTS_FILES") or DECISIVE).split()


def main():
    files = [word for file in FILES for word in ("-f", file)]
    mutants = json.loads(run("cargo", "mutants", "--list", "--json", *files))
    state = load(mutants)
    suite = build(mutants, state)
    print(f"{len(state['functions'])} of {len(mutants)} mutants are built", flush=True)
    if "reached" not in state:
        state["reached"] = reached_by(suite, state)
        save(state)
    with_the_library(suite, state)
    in_rounds(suite, state, mutants)
    report(mutants, state)


def report(mutants, state):
    rows = collections.defaultdict(collections.Counter)
    for number, mutant in enumerate(mutants, 1):
        built, caught = str(number) in state["functions"], str(number) in state["caught"]
        rows[mutant["file"]]["caught" if caught else "survive" if built else "are not built"] += 1
        if built and not caught:
            reach = state["reached"][str(state["functions"][str(number)])]
            tried = state["tried"].get(str(number), [])
            print(f"survives: {mutant['name']} (tried by {len(tried)} of {len(reach)} tests that reach it)")
    for file, counts in sorted(rows.items()):
        numbers = (counts.total(), counts["are not built"], counts["caught"], counts["survive"])
        print(f"| `{file}` | {' | '.join(map(str, numbers))} |")


if __name__ == "__main__":
    sys.exit(main())
