"""Breaks what a command sends to a service, or what it gets, and sees to it that it says so and loses nothing."""

import collections
import functools
import os
import random
import subprocess
import threading
import time
from urllib.parse import urlsplit

from attacks import ATTACKS
from proxies import Http, Stream
from world import TIMEOUT, Lost, StackWorld, demand, run_attack

# The variables that say where each service is.
SERVICES = {
    "DynamoDB": (Http, ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS")),
    "Cognito": (Http, ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",)),
    "PostgreSQL": (Stream, ("CONNECTION_URL",)),
}
# Done, the service said no, the configuration, in part.
CODES = (0, 1, 4, 5)
WAIT = "4s"


class Faults:
    """The command, the service and the fault follow from the case's number, and the request from the seed."""

    title = "with a fault"

    def __init__(self, cruddur, seed):
        self.cruddur, self.seed = cruddur, seed
        self.names = [name for name, (world, _) in ATTACKS.items() if world is not StackWorld]
        random.Random(seed).shuffle(self.names)
        self.requests = {}
        self.counting = collections.defaultdict(threading.Lock)
        self.count = collections.Counter()

    def requests_of(self, name):
        """How many requests an undisturbed run sends to each service that it uses."""
        with self.counting[name]:
            if name not in self.requests:
                counts = {}
                with Proxies() as proxies:
                    run_attack(self.cruddur, ATTACKS[name], functools.partial(count, proxies, counts), proxies.env())
                self.requests[name] = {service: requests for service, requests in counts.items() if requests}
            return self.requests[name]

    def run(self, case):
        """One case; returns what it was. Raises [`Lost`]."""
        chance = random.Random(f"{self.seed}-{case}")
        round_, at = divmod(case, len(self.names))
        name = self.names[at]
        requests = self.requests_of(name)
        faults = [(service, kind) for service in requests for kind in SERVICES[service][0].KINDS]
        service, kind = faults[round_ % len(faults)]
        first = chance.randint(1, requests[service])
        lasting = chance.random() < 0.5
        what = f"{name}: {service} {kind} {'from' if lasting else 'at'} request {first}"

        def execute(command, w, stdin):
            proxies.of[service].begin(kind, first, lasting)
            done = through(proxies, [*command, "--timeout", WAIT], w, stdin)
            demand(done.returncode in CODES, f"exit code {done.returncode}: {done.stderr}")
            demand("panicked" not in done.stderr, done.stderr)
            demand(done.returncode == 0 or "Error: " in done.stderr, f"no error: {done.stderr}")
            secret = urlsplit(w.url).password
            demand(f":{secret}@" not in done.stderr + done.stdout, "the password is not shown")
            return done.returncode

        try:
            with Proxies() as proxies:
                run_attack(self.cruddur, ATTACKS[name], execute, proxies.env())
        except Lost as lost:
            raise Lost(f"{what}: {lost}") from None
        self.count[name] += 1
        return what


class Proxies:
    """One before each service. A command finds its progress again by the address, so they stay for a whole case."""

    def __enter__(self):
        self.of = {service: kind(port_of(variables)) for service, (kind, variables) in SERVICES.items()}
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


def count(proxies, counts, command, w, stdin):
    for proxy in proxies.of.values():
        proxy.begin()
    code = through(proxies, command, w, stdin, counts).returncode
    return code


def through(proxies, command, w, stdin, counts=None):
    """Runs a command, and ends the faults."""
    try:
        return subprocess.run(
            command, env=w.env, cwd=w.folder, input=stdin, text=True, capture_output=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise Lost(f"{' '.join(command)} does not end") from None
    finally:
        ended = proxies.end()
        if counts is not None:
            counts.update(ended)
        wait_for_the_server(w)


def wait_for_the_server(w):
    """PostgreSQL ends a session some time after its client has gone."""
    sessions = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{w.name}'"
    end = time.monotonic() + TIMEOUT
    while w.sql(sessions, on="postgres") != [("0",)]:
        demand(time.monotonic() < end, "a session goes on")
        time.sleep(0.05)


def port_of(variables):
    return urlsplit(os.environ[variables[0]]).port
