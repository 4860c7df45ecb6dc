#!/usr/bin/env python3
"""Mutation testing of the modules that decide about money, order, safety and SQL, or of MUTANTS_FILES.

cargo-mutants lists the mutants. Building and testing them one by one takes half a minute each, so this
script builds them all at once: the body of a mutated function becomes a `match` over the number of the
mutant that is switched on. The quick tests that reach a mutant try it first. The others run in rounds, in
each of which a test has a mutant of its own. A mutant is caught when a test fails with it.

What it finds is in target/mutants/result.json. It can be interrupted and run again: it goes on. For another
commit it tries what was not caught, or everything if one of those modules, or MUTANTS_FILES, is different.
"""

import collections
import functools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

DECISIVE = """
src/archive/checksum.rs src/archive/import_checkpoint.rs src/commands/ddb/explain/*.rs
src/commands/ddb/seed/checkpoint.rs src/commands/target/*.rs src/dynamodb/capacity.rs
src/dynamodb/item/size.rs src/dynamodb/pricing.rs src/dynamodb/streams/checkpoint.rs
src/messages_table/explain/*.rs src/messaging/sort_position.rs src/postgres/psql.rs
src/postgres/sql/*.rs src/state_file.rs src/target.rs
"""
FILES = (os.environ.get("MUTANTS_FILES") or DECISIVE).split()
# Modules of quick tests: they call the library only. A mutant may loop in them, or end their process.
LIBRARY = ("sql::", "variables::", "size::", "place::", "prices::")
# So many other tests try a mutant at most. Nearly all that are caught are caught by the first few.
ENOUGH = 40
# Fail while the sources are different from those that are committed.
UNFIT = ("architecture::", "layout::")

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "mutants"
TREE = WORK / "tree"
RESULT = WORK / "result.json"

# In the test's process the thread's name is the test's; a command gets its number in the environment.
SWITCH = """
#[allow(warnings, clippy::all, clippy::pedantic)]
pub mod mutant {
    use std::{env, fs, io::Write, sync::OnceLock, thread};
    pub fn of_test() -> String {
        let map = env::var("MUTANTS").ok().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        let test = thread::current().name().unwrap_or_default().to_owned();
        let line = map.lines().find_map(|line| line.split_once(' ').filter(|(name, _)| *name == test));
        line.map_or_else(|| format!("0 {test}"), |(_, id)| format!("{id} {test}"))
    }
    thread_local! { static OWN: (u32, String) = parse(&of_test()); }
    static PROCESS: OnceLock<Option<(u32, String)>> = OnceLock::new();
    fn parse(text: &str) -> (u32, String) {
        let (id, test) = text.split_once(' ').unwrap_or(("0", ""));
        (id.parse().unwrap_or(0), test.to_owned())
    }
    fn reached(test: &str, function: u32) {
        let Some(path) = env::var_os("MUTANTS_REACHED") else { return };
        if let Ok(mut file) = fs::OpenOptions::new().append(true).create(true).open(path) {
            let _ = file.write_all(format!("{test} {function}\\n").as_bytes());
        }
    }
    thread_local! { static SEEN: std::cell::RefCell<std::collections::HashSet<u32>> = Default::default(); }
    pub fn id(function: u32) -> u32 {
        let of_process = PROCESS.get_or_init(|| env::var("MUTANT").ok().map(|text| parse(&text)));
        let ask = |(id, test): &(u32, String)| {
            if SEEN.try_with(|seen| seen.borrow_mut().insert(function)).unwrap_or(false) && *id == 0 {
                reached(test, function);
            }
            *id
        };
        of_process.as_ref().map_or_else(|| OWN.try_with(ask).unwrap_or(0), ask)
    }
}
"""


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    files = [word for file in FILES for word in ("-f", file)]
    mutants = json.loads(run("cargo", "mutants", "--list", "--json", *files))
    commit = run("git", "rev-parse", "HEAD").strip()
    state = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    sources = run("git", "ls-tree", "HEAD", "--", *sorted({mutant["file"] for mutant in mutants}))
    if (state.get("commit"), state.get("sources")) != (commit, sources):
        run("rm", "-rf", str(TREE))
        TREE.mkdir()
        subprocess.run(f"git archive HEAD | tar x -C '{TREE}'", shell=True, check=True, cwd=ROOT)
        (TREE / "target").mkdir()
        (TREE / "target" / "moto").symlink_to(ROOT / "target" / "moto")
        known = state if state.get("sources") == sources else {"unbuildable": [], "caught": {}}
        state = {"commit": commit, "sources": sources, "tried": {}}
        state |= {key: known[key] for key in ("unbuildable", "caught")}
    suite = build(mutants, state)
    print(f"{len(state['functions'])} of {len(mutants)} mutants are built", flush=True)
    if "reached" not in state:
        state["reached"] = reached_by(suite, state)
        save(state)
    with_the_library(suite, state)
    while in_a_round(suite, state, mutants):
        pass
    report(mutants, state)


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, capture_output=True, cwd=ROOT, **options).stdout


def save(state):
    part = RESULT.with_suffix(".part")
    part.write_text(json.dumps(state))
    part.replace(RESULT)


def cargo(*words):
    # One folder for what is built, here and for the next commit.
    env = {**os.environ, "CARGO_TARGET_DIR": str(WORK / "target")}
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


def tests_of(suite):
    lines = run(suite, "--list").splitlines()
    names = [line.removesuffix(": test") for line in lines if line.endswith(": test")]
    return [name for name in names if not name.startswith(UNFIT)]


def reached_by(suite, state):
    """Runs the suite as it is; returns which tests reach which functions, without tests that fail."""
    reached = WORK / "reached"
    reached.write_text("")
    tests = set(tests_of(suite))
    outcomes = results(suite, tests, {}, {"MUTANTS_REACHED": str(reached)})
    passed = {test for test, how in outcomes if how == "ok"}
    print(f"{len(passed)} of {len(tests)} tests pass without a mutant", flush=True)
    for test in sorted(tests - passed):
        print(f"fails without one: {test}", flush=True)
    functions = {str(number) for number in state["functions"].values()}
    of_function = {function: set() for function in functions}
    for line in reached.read_text(errors="replace").splitlines():
        test, _, function = line.rpartition(" ")
        if test in passed and function in functions:
            of_function[function].add(test)
    return {function: sorted(tests) for function, tests in of_function.items()}


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
    limited = ["sh", "-c", 'ulimit -v 16000000; exec "$@"', "sh", *command]
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
    for line in suite_run.stdout:
        words = line.split()
        if len(words) == 4 and words[0] == "test" and words[3] in ("ok", "FAILED"):
            heard[0] = time.monotonic()
            left.discard(words[1])
            yield words[1], words[3]
    over.set()
    watching.join()
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


def with_the_library(suite, state):
    """Tries each mutant with all the quick tests that reach it."""
    for number, function in state["functions"].items():
        reach = {test for test in state["reached"][str(function)] if test.startswith(LIBRARY)}
        untried = reach.difference(state["tried"].get(number, []))
        if untried and number not in state["caught"]:
            try_out(suite, state, untried, dict.fromkeys(untried, number), threads=16, quiet=20)
    print(f"{time.strftime('%H:%M')} after the quick tests, {len(state['caught'])} mutants are caught", flush=True)


def in_a_round(suite, state, mutants):
    """Gives each test a mutant that is not caught and that it has not tried; False when there is none."""
    left = {}
    for number, function in state["functions"].items():
        reach = {test for test in state["reached"][str(function)] if not test.startswith(LIBRARY)}
        tried = reach.intersection(state["tried"].get(number, []))
        if number not in state["caught"] and len(tried) < ENOUGH:
            left[number] = reach - tried
    # A test is about what it is named after, and one that reaches little is about that.
    breadth = collections.Counter(test for tests in state["reached"].values() for test in tests)

    def order(number):
        about = words(mutants[int(number) - 1]["file"])
        return lambda test: (-len(words(test) & about), breadth[test], test)

    mutant_of, given = {}, -1
    while given < len(mutant_of):
        given = len(mutant_of)
        for number in sorted(left, key=lambda number: len(left[number])):
            free = left[number].difference(mutant_of)
            if free:
                mutant_of[min(free, key=order(number))] = number
    if not mutant_of:
        return False
    print(f"{time.strftime('%H:%M')} {len(mutant_of)} tests try {len(set(mutant_of.values()))} mutants", flush=True)
    try_out(suite, state, set(mutant_of), mutant_of, threads=5 * os.cpu_count(), quiet=90)
    return True


@functools.cache
def words(name):
    """The words in the path of a file or a test."""
    return set(re.findall(r"[a-z]{3,}", name)) - {"src", "mod", "ddb", "dynamodb", "commands", "the", "and", "not"}


def try_out(suite, state, tests, mutant_of, threads, quiet):
    """Runs each test with its mutant. One that never ends, or ends all of them, is found by halving."""
    left, hangs = set(), False
    for test, how in results(suite, tests, mutant_of, quiet=quiet, threads=threads):
        if how in ("hang", "crash"):
            left.add(test)
            hangs = how == "hang"
            continue
        state["tried"].setdefault(mutant_of[test], []).append(test)
        if how == "FAILED":
            state["caught"].setdefault(mutant_of[test], test)
    if len(left) == 1 or (hangs and len(left) <= threads):
        for test in left:
            state["caught"].setdefault(mutant_of[test], f"{test} (does not end)")
    elif left:
        some = sorted(left)
        for half in (some[: len(some) // 2], some[len(some) // 2 :]):
            try_out(suite, state, set(half), mutant_of, threads, quiet)
    save(state)


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
