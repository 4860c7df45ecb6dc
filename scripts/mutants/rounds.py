"""Chooses the tests that try each mutant."""

import collections
import contextlib
import functools
import os
import re
import time

from state import WORK, save
from suite import results, tests_of

# Modules of quick tests: they call the library only. A mutant may loop in them, or end their process.
LIBRARY = re.compile("(consumed|place|prices|script|size|sql|state_file|variables)::(?!what_is_never_closed)")
# So many other tests try a mutant at most. Nearly all that are caught are caught by the first few.
ENOUGH = 40
# So many of them try it in one round, or more when few mutants are left. The likeliest to catch it come first.
AT_ONCE = 5
# Short rounds are for mutants that so many of them reach at most.
FEW = 100
# Stands for all files, where the tests that catch mutants are counted.
ANYWHERE = ""


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


def with_the_library(suite, state):
    """Tries each mutant with all the quick tests that reach it."""
    for number, function in state["functions"].items():
        reach = {test for test in state["reached"][str(function)] if LIBRARY.match(test)}
        untried = reach.difference(state["tried"].get(number, []))
        if untried and number not in state["caught"]:
            try_out(suite, state, untried, dict.fromkeys(untried, number), threads=16, quiet=6)
    print(f"{time.strftime('%H:%M')} after the quick tests, {len(state['caught'])} mutants are caught", flush=True)


def in_rounds(suite, state, mutants):
    """Tries each mutant that is left with some other tests that reach it. One that few tests reach tries them
    in short rounds with its neighbours, for in a round of all tests it would have to wait for its turn."""
    groups, reach = collections.defaultdict(dict), {}
    for number, function in state["functions"].items():
        reach[number] = {test for test in state["reached"][str(function)] if not LIBRARY.match(test)}
        if len(reach[number]) <= FEW:
            groups[mutants[int(number) - 1]["file"]][number] = reach[number]
    for group in (*groups.values(), reach):
        while in_a_round(suite, state, mutants, group):
            pass


def in_a_round(suite, state, mutants, reach):
    """Gives each test a mutant that is not caught and that it has not tried; False when there is none."""
    left = {}
    for number, tests in reach.items():
        tried = tests.intersection(state["tried"].get(number, []))
        if number not in state["caught"] and len(tried) < ENOUGH:
            left[number] = tests - tried
    order = Order(state, mutants)
    mutant_of = {}
    for _ in range(max(AT_ONCE, ENOUGH // max(len(left), 1))):
        for number in sorted(left, key=lambda number: len(left[number])):
            free = left[number].difference(mutant_of)
            if free:
                mutant_of[min(free, key=order.of(number))] = number
    if not mutant_of:
        return False
    print(f"{time.strftime('%H:%M')} {len(mutant_of)} tests try {len(set(mutant_of.values()))} mutants", flush=True)
    try_out(suite, state, set(mutant_of), mutant_of, threads=5 * os.cpu_count(), quiet=90)
    return True


class Order:
    """Which tests are likely to catch a mutant: those that caught others of its function, of its file, or any;
    then those of the same modules, those whose names have words of the file's, and those that reach little."""

    def __init__(self, state, mutants):
        self.files = {number: mutants[int(number) - 1]["file"] for number in state["functions"]}
        self.functions = state["functions"]
        self.breadth = collections.Counter(test for tests in state["reached"].values() for test in tests)
        self.catchers = collections.Counter()
        for number, test in state["caught"].items():
            if number in self.functions:
                test = test.split()[0]
                for place in (self.functions[number], self.files[number], ANYWHERE):
                    self.catchers[place, test] += 1
                    self.catchers[place, module(test)] += 1

    def of(self, number):
        function, file = self.functions[number], self.files[number]
        about = words(file)

        def key(test):
            caught = (
                self.catchers[function, test],
                self.catchers[file, test],
                self.catchers[ANYWHERE, test],
                self.catchers[function, module(test)],
                self.catchers[file, module(test)],
            )
            return *(-count for count in caught), -len(words(test) & about), self.breadth[test], test

        return key


def module(test):
    return test.rpartition("::")[0]


@functools.cache
def words(name):
    """The words in the path of a file or a test."""
    return set(re.findall(r"[a-z]{3,}", name)) - {"src", "mod", "ddb", "dynamodb", "commands", "the", "and", "not"}


def try_out(suite, state, tests, mutant_of, threads, quiet):
    """Runs each test with its mutant. One that never ends, or ends all of them, is found by halving."""
    left, hangs = set(), False
    mutants = {mutant_of[test] for test in tests}
    with contextlib.closing(results(suite, tests, mutant_of, quiet=quiet, threads=threads)) as outcomes:
        for test, how in outcomes:
            if how in ("hang", "crash"):
                left.add(test)
                hangs = how == "hang"
                continue
            state["tried"].setdefault(mutant_of[test], []).append(test)
            if how == "FAILED":
                state["caught"].setdefault(mutant_of[test], test)
                if len(mutants) == 1:
                    break
    if len(mutants) == 1 or (hangs and len(left) <= threads):
        for test in sorted(left):
            state["caught"].setdefault(mutant_of[test], f"{test} (does not end)")
    elif left:
        some = sorted(left)
        for half in (some[: len(some) // 2], some[len(some) // 2 :]):
            try_out(suite, state, set(half), mutant_of, threads, quiet)
    save(state)
