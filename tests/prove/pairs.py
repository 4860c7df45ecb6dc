"""Runs two commands that write the same thing at once, and compares what they leave with one after the other."""

import collections
import itertools
import random
import threading
import time

from planted import Lost, demand_unseen
from things import LESS, THINGS
from world import demand


class Pairs:
    """The pair follows from the case's number; which begins, and how much earlier, from the seed."""

    def __init__(self, cruddur, seed):
        self.cruddur, self.seed = cruddur, seed
        self.pairs = [
            (thing, *pair) for thing in THINGS for pair in itertools.combinations_with_replacement(thing.commands, 2)
        ]
        random.Random(seed).shuffle(self.pairs)
        self.names = [thing.name for thing in THINGS]
        self.outcomes = {}
        self.trying = collections.defaultdict(threading.Lock)
        self.count, self.done = collections.Counter(), collections.Counter()

    @property
    def title(self):
        rounds = min(self.done.values()) if len(self.done) == len(self.pairs) else 0
        return f"of two commands at once, {len(self.done)} of the {len(self.pairs)} pairs, all of them {rounds} times"

    def outcome(self, thing, *names):
        """Which of the commands succeed one after the other, and what they leave."""
        with self.trying[thing.name, names]:
            if (thing.name, names) not in self.outcomes:
                with thing.world(self.cruddur) as w:
                    thing.prepare(w)
                    done = tuple(thing.run(w, name).ends().returncode == 0 for name in names)
                    self.outcomes[thing.name, names] = done, thing.state(w)
            return self.outcomes[thing.name, names]

    def allowed(self, thing, one, other):
        """As one after the other; or one of them fails, and has done nothing."""
        yield self.outcome(thing, one, other)
        (second, first), state = self.outcome(thing, other, one)
        yield (first, second), state
        yield (True, False), self.outcome(thing, one)[1]
        yield (False, True), self.outcome(thing, other)[1]
        if {one, other} == {"local down", "local restore"}:
            # A restore has restored before it starts the stack, which `down` stops.
            yield (one == "local down", other == "local down"), state

    def run(self, case):
        """One case; returns what it was. Raises [`Lost`]."""
        chance = random.Random(f"{self.seed}-{case}")
        thing, one, other = self.pairs[case % len(self.pairs)]
        names = [one, other]
        if chance.random() < 0.5:
            names.reverse()
        later = chance.choice((0, chance.uniform(0, 0.1), chance.uniform(0, 0.5)))
        what = f"{names[0]}, and {later * 1000:.0f} ms later {names[1]}"
        try:
            with thing.world(self.cruddur) as w:
                thing.prepare(w)
                self.race(w, thing, names, later)
                demand_unseen(w.folder)
        except Lost as lost:
            raise Lost(f"{what}: {lost}") from None
        self.count[thing.name] += 1
        self.done[one, other, thing.name] += 1
        return what

    def race(self, w, thing, names, later):
        running = []
        for name in names:
            running.append(thing.run(w, name))
            time.sleep(later)
        done = [one.ends() for one in running]
        for one in done:
            one.demand_in_words()
        left = tuple(one.returncode == 0 for one in done), thing.state(w)
        if left in self.allowed(thing, *names):
            return
        said = "\n".join(one.stderr for one in done)
        demand(frozenset(names) in LESS, f"{left}, and not one of {[*self.allowed(thing, *names)]}\n{said}")
        for name in names:
            thing.run(w, name).ends()
        wanted = self.outcome(thing, *names, *names)[1]
        demand(thing.state(w) == wanted, f"run again, they leave {thing.state(w)}, and not {wanted}\n{said}")
