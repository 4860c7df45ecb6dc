"""Where everything lies, and what is known so far."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILT = ROOT / "target" / "mutants" / "target"
# What is known of all is not lost by a run for some files.
WORK = ROOT / "target" / "mutants" / ("some" if os.environ.get("MUTANTS_FILES") else "all")
TREE = WORK / "tree"
RESULT = WORK / "result.json"


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, capture_output=True, cwd=ROOT, **options).stdout


def save(state):
    part = RESULT.with_suffix(".part")
    part.write_text(json.dumps(state))
    part.replace(RESULT)


def load(mutants):
    """What is known of the mutants: from an earlier run, or as much of that as holds for this commit."""
    WORK.mkdir(parents=True, exist_ok=True)
    state = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    commit = run("git", "rev-parse", "HEAD").strip()
    names = [mutant["name"] for mutant in mutants]
    if (state.get("commit"), state.get("names")) == (commit, names):
        return state
    run("rm", "-rf", str(TREE))
    TREE.mkdir()
    subprocess.run(f"git archive HEAD | tar x -C '{TREE}'", shell=True, check=True, cwd=ROOT)
    (TREE / "target").mkdir()
    (TREE / "target" / "moto").symlink_to(ROOT / "target" / "moto")
    listed = run("git", "ls-tree", "HEAD", "--", *sorted({mutant["file"] for mutant in mutants}))
    sources = {file: blob for blob, file in (line.split("\t") for line in listed.splitlines())}
    # A mutant's name has its place, which is the same in a file that is.
    numbers = {
        mutant["name"]: number
        for number, mutant in enumerate(mutants, 1)
        if sources[mutant["file"]] == state.get("sources", {}).get(mutant["file"])
    }
    now = {number: numbers[name] for number, name in enumerate(state.get("names", ()), 1) if name in numbers}
    return {
        "commit": commit,
        "names": names,
        "sources": sources,
        "tried": {},
        "unbuildable": [now[number] for number in state.get("unbuildable", ()) if number in now],
        "caught": {str(now[int(old)]): test for old, test in state.get("caught", {}).items() if int(old) in now},
    }
