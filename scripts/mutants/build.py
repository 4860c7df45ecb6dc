"""Builds the suite with all mutants at once, and a switch for each."""

import collections
import json
import os
import re
import subprocess
from pathlib import Path

from state import BUILT, TREE, run, save

SWITCH = Path(__file__).with_name("switch.rs").read_text()


def cargo(*words):
    env = {**os.environ, "CARGO_TARGET_DIR": str(BUILT)}
    return subprocess.run(
        ("cargo", *words, "--locked", "--message-format=json"),
        cwd=TREE,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def build(mutants, state):
    """Builds the suite with all mutants that the compiler takes; returns its path."""
    while True:
        write_sources(mutants, state)
        checked = cargo("check", "--lib")
        messages = map(json.loads, checked.stdout.splitlines())
        refused = {number for message in messages for number in mutants_of_error(message)}
        if checked.returncode == 0:
            break
        assert refused, "an error outside of the mutants: run cargo check in " + str(TREE)
        state["unbuildable"] += sorted(refused)
    save(state)
    built = cargo("test", "--no-run", "--test", "suite")
    assert built.returncode == 0, "run cargo test --no-run in " + str(TREE)
    artifacts = [json.loads(line) for line in built.stdout.splitlines()]
    return next(a["executable"] for a in artifacts if a.get("executable") and a["target"]["name"] == "suite")


def write_sources(mutants, state):
    by_file = collections.defaultdict(list)
    for number, mutant in enumerate(mutants, 1):
        # A constant has no function.
        if mutant["function"] and number not in state["unbuildable"]:
            by_file[mutant["file"]].append((number, mutant))
    state["functions"] = {}
    for file, those in by_file.items():
        text = run("git", "show", f"{state['commit']}:{file}")
        starts = [0]
        for line in text.split("\n"):
            starts.append(starts[-1] + len(line) + 1)

        def at(place, starts=starts):
            return starts[place["line"] - 1] + place["column"] - 1

        functions = collections.defaultdict(list)
        for number, mutant in those:
            span = mutant["function"]["span"]
            functions[at(span["start"]), at(span["end"])].append((number, mutant))
        for (start, end), changes in sorted(functions.items(), reverse=True):
            head, body = text[start : end - 1].split("{", 1)
            if re.search(r"->.*\bimpl\b", head, re.DOTALL):
                continue  # The arms of a match would have different types.
            inside = start + len(head) + 1
            function = changes[0][0]
            arms = ""
            for number, mutant in changes:
                a, b = at(mutant["span"]["start"]) - inside, at(mutant["span"]["end"]) - inside
                changed = body[:a] + mutant["replacement"] + body[b:]
                arms += f"/*M{number}*/ {number} => {{{changed}}}\n/*E*/"
                state["functions"][str(number)] = function
            head = re.sub(r"\bconst fn\b", "fn", head)
            switch = f"match crate::mutant::id({function}) {{\n{arms}_ => {{{body}}} }}"
            text = f"{text[:start]}{head}{{ {switch} {text[end - 1 :]}"
        (TREE / file).write_text(text)
    change(state, "src/lib.rs", r"\Z", SWITCH)
    # A command learns its mutant from its test, and the pages of the snapshots do not show that.
    variables = '.env("MUTANT", cruddur::mutant::of_test())'
    for name in ("MUTANTS_RUN", "MUTANTS_REACHED"):
        variables += f'.env("{name}", std::env::var("{name}").unwrap_or_default())'
    change(state, "tests/suite/support/command.rs", r"(?<=let child = command)(?=\.stderr)", variables)
    hidden = '    "MUTANT",\n    "MUTANTS_REACHED",\n    "MUTANTS_RUN",\n'
    change(state, "tests/suite/support/snapshot.rs", r'(?<=    "HOME",\n)', hidden)


def change(state, file, place, text):
    """Puts `text` into a file of the commit, at the one place that the expression matches."""
    changed, count = re.subn(place, lambda _: text, run("git", "show", f"{state['commit']}:{file}"))
    assert count == 1, (file, count)
    (TREE / file).write_text(changed)


def mutants_of_error(message):
    """The numbers of the mutants that an error of the compiler is about."""
    if message.get("reason") != "compiler-message" or message["message"]["level"] != "error":
        return
    for span in message["message"]["spans"]:
        if span["is_primary"] and (TREE / span["file_name"]).exists():
            before = (TREE / span["file_name"]).read_bytes()[: span["byte_start"]].decode()
            marks = re.findall(r"/\*(M\d+|E)\*/", before)
            if marks and marks[-1] != "E":
                yield int(marks[-1][1:])
