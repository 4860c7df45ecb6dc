"""Breaks what a command sends to a service, or what it gets, and sees to it that it says so and loses nothing."""

import collections
import os
import random
import threading
import time
from urllib.parse import urlsplit

from attack import COGNITO, DYNAMODB, EC2, POSTGRESQL
from attacks import ATTACKS
from matrix import Matrix
from planted import Lost
from proxies import Http, Stream
from world import Running, demand, run_attack, wait_for_the_server

# The variables that say where each service is.
SERVICES = {
    DYNAMODB: (Http, ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS")),
    COGNITO: (Http, ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",)),
    POSTGRESQL: (Stream, ("CONNECTION_URL",)),
    EC2: (Http, ("AWS_ENDPOINT_URL_EC2",)),
}
WAIT = "4s"
# In which it has to end: a few such waits, on a busy machine.
LONGEST = 60


class Faults(Matrix):
    """The command, the service, the fault and whether it is the first request follow from the case's number."""

    def __init__(self, cruddur, seed):
        cells = (
            (name, service, kind, later)
            for name, attack in ATTACKS.items()
            for service in attack.services
            for kind in SERVICES[service][0].KINDS
            for later in (False, True)
        )
        super().__init__(cells, seed)
        self.cruddur, self.seed = cruddur, seed
        self.names = list(dict.fromkeys(name for name, *_ in self.cells))
        self.requests = {}
        self.counting = collections.defaultdict(threading.Lock)
        self.slowest = 0

    @property
    def title(self):
        return f"with a fault, {self.progress()}, the slowest in {self.slowest:.0f} s"

    def requests_of(self, name):
        """How many requests an undisturbed run sends to each service."""
        with self.counting[name]:
            if name not in self.requests:
                counts = {}

                def execute(command, w, stdin):
                    for proxy in proxies.of.values():
                        proxy.begin()
                    done, requests = through(proxies, command, w, stdin)
                    counts.update(requests)
                    return done.returncode

                with Proxies(ATTACKS[name].services) as proxies:
                    run_attack(self.cruddur, ATTACKS[name], execute, proxies.env())
                unused = [service for service, number in counts.items() if not number]
                demand(not unused, f"{name} does not ask {unused}")
                self.requests[name] = counts
            return self.requests[name]

    def run(self, case):
        """One case; returns what it was. Raises [`Lost`]."""
        chance = random.Random(f"{self.seed}-{case}")
        cell = name, service, kind, later = self.cell(case)
        requests = self.requests_of(name)[service]
        first = chance.randint(2, max(2, requests)) if later else 1
        lasting = chance.random() < 0.5
        more = chance.choice(([], [], ["-vv"]))
        what = f"{name}: {service} {kind} {'from' if lasting else 'at'} request {first} of {requests}"

        def execute(command, w, stdin):
            proxies.of[service].begin(kind, first, lasting)
            # After the command's name, for what follows `--` is another's.
            words = [command[0], "--timeout", WAIT, *more, *command[1:]]
            began = time.monotonic()
            done, _ = through(proxies, words, w, stdin)
            self.slowest = max(self.slowest, time.monotonic() - began)
            # Its word is a table of checks.
            if name != "doctor":
                done.demand_in_words()
            return done.returncode

        try:
            with Proxies(ATTACKS[name].services) as proxies:
                run_attack(self.cruddur, ATTACKS[name], execute, proxies.env())
        except Lost as lost:
            raise Lost(f"{what}: {lost}") from None
        self.tried(name, cell)
        return what


class Proxies:
    """One before each service. A command finds its progress again by the address, so they stay for a whole case."""

    def __init__(self, services):
        self.of = {service: SERVICES[service][0](port_of(SERVICES[service][1][0])) for service in services}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for proxy in self.of.values():
            proxy.close()

    def env(self):
        """The variables that lead to them, but for the database's name."""
        return {
            variable: os.environ[variable].replace(f":{proxy.upstream}", f":{proxy.port}")
            for service, proxy in self.of.items()
            for variable in SERVICES[service][1]
        }

    def end(self):
        return {service: proxy.end() for service, proxy in self.of.items()}


def through(proxies, command, w, stdin):
    """Runs a command, and ends the faults; returns what it said, and how many requests each service got."""
    try:
        done = Running(w, command, stdin).ends(LONGEST)
    finally:
        requests = proxies.end()
        wait_for_the_server(w)
    return done, requests


def port_of(variable):
    return urlsplit(os.environ[variable]).port
