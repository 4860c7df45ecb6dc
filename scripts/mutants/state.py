"""Where everything lies, and what is known so far."""

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "target" / "mutants"
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
    commit = run("git", "rev-parse", "HEAD").strip()
    state = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    sources = run("git", "ls-tree", "HEAD", "--", *sorted({mutant["file"] for mutant in mutants}))
    if (state.get("commit"), state.get("sources")) == (commit, sources):
        return state
    run("rm", "-rf", str(TREE))
    TREE.mkdir()
    subprocess.run(f"git archive HEAD | tar x -C '{TREE}'", shell=True, check=True, cwd=ROOT)
    (TREE / "target").mkdir()
    (TREE / "target" / "moto").symlink_to(ROOT / "target" / "moto")
    known = state if state.get("sources") == sources else {"unbuildable": [], "caught": {}}
    return {
        "commit": commit,
        "sources": sources,
        "tried": {},
        "unbuildable": known["unbuildable"],
        "caught": known["caught"],
    }
