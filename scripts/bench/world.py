"""The stack that all rows run on, and what they do around the measured work."""

import contextlib
import http.client
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

from measure import Clock, Failed, Side

ROOT = Path(__file__).parents[2]
PEERS = Path(__file__).parent / "peers"
# What a row writes: invented conversations of so many items each, two of which are group rows.
EACH = 500
UNTIL = "2026-01-01"
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0",
}


class World:
    def __init__(self, cruddur, size, hyperfine):
        self.cruddur, self.size = cruddur, size
        self.python = sys.executable
        self.aws = shutil.which("aws", path=Path(sys.executable).parent)
        self.bare = Path(cruddur).parent / "examples/bare-load"
        self.late = Path(cruddur).parent / "examples/late"
        self.folder = Path(tempfile.mkdtemp(prefix="cruddur-bench-", dir=memory()))
        # PostgreSQL runs as another user where this is root.
        self.folder.chmod(0o755)
        self.endpoint, self.url = os.environ["AWS_ENDPOINT_URL"], os.environ["CONNECTION_URL"]
        os.environ["PATH"] = f"{programs()}:{os.environ['PATH']}"
        os.environ.update(
            TMPDIR=str(self.folder), AWS_EC2_METADATA_DISABLED="true", AWS_PAGER="", PGCONNECT_TIMEOUT="30"
        )
        self.clock = Clock(self.folder, dict(os.environ), hyperfine)
        self.tables = set()

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def sizes(self, most):
        """A hundredth, a tenth and the whole of `most` items, in whole conversations."""
        return sorted({max(1, round(most * self.size * part / EACH)) * EACH for part in (0.01, 0.1, 1)})

    def ours(self, *words, **more):
        return Side("cruddur", [self.cruddur, *words], **more)

    def peer(self, script, *words):
        """A script of the peers' folder, in the Python that has boto3."""
        return [self.python, PEERS / script, *words]

    def run(self, *words, **more):
        """Runs what is not measured. Returns its output."""
        words = [str(word) for word in words]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, **more)
        if done.returncode:
            raise Failed(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-500:]}{done.stderr[-1500:]}")
        return done.stdout

    def sql(self, statement, url=None):
        return self.run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", url or self.url, "-c", statement).strip()

    def database(self, name):
        """An empty database of that name; returns its URL."""
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", self.other_database("postgres"))
        self.sql(f"CREATE DATABASE {name}", self.other_database("postgres"))
        return self.other_database(name)

    def other_database(self, name):
        return urllib.parse.urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def dynamodb(self, operation, body):
        place = urllib.parse.urlsplit(self.endpoint).netloc
        connection = http.client.HTTPConnection(place)
        connection.request("POST", "/", json.dumps(body), HEADERS | {"X-Amz-Target": f"DynamoDB_20120810.{operation}"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status != 200:
            raise Failed(f"{operation}: {answer.status} {text}")
        return json.loads(text)

    def count(self, table):
        return self.dynamodb("DescribeTable", {"TableName": table})["Table"]["ItemCount"]

    def create(self, table):
        self.run(self.cruddur, "-q", "ddb", "schema-load", "--table", table, "--billing", "on-demand")

    def empty(self, table):
        if self.count(table):
            self.run(self.cruddur, "-q", "ddb", "truncate", "--recreate", "--table", table)

    def filled(self, items):
        """A table with so many items, made once."""
        table = f"bench-{items}"
        if table not in self.tables:
            self.create(table)
            self.run(self.cruddur, *seed(table, items))
            self.tables.add(table)
        return table

    def same_request(self, operation, body, endpoint=None):
        """curl, sending what cruddur sends."""
        headers = HEADERS | {"X-Amz-Target": f"DynamoDB_20120810.{operation}"}
        words = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        return [
            shutil.which("curl"),
            "-sS",
            "--fail-with-body",
            endpoint or self.endpoint,
            *words,
            "-d",
            json.dumps(body),
        ]

    @contextlib.contextmanager
    def server(self, *words):
        """A server that prints where it listens in its first line, until the block ends."""
        words = [str(word) for word in words]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=self.folder) as child:
            try:
                yield child.stdout.readline().strip()
            finally:
                child.terminate()


def seed(table, items):
    """The words that write `items` invented items."""
    conversations, messages, users = invention(items)
    numbers = ["--conversations", conversations, "--messages", messages, "--users", users, "--until", UNTIL]
    return ["ddb", "seed", "--table", table, *map(str, numbers)]


def invention(items):
    conversations = items // EACH
    return conversations, EACH - 2, max(min(10, 2 * conversations), round(2 * conversations**0.5))


def programs():
    """PostgreSQL's own programs: what Debian has on the PATH is Perl, which starts them."""
    places = [
        os.environ.get("CRUDDUR_POSTGRES_BINDIR"),
        *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))[::-1],
    ]
    found = [place for place in places if place and (Path(place) / "psql").exists()]
    return found[0] if found else Path(shutil.which("psql")).parent


def memory():
    """A folder in memory if there is room for all files, so that no disk is measured."""
    shm = Path("/dev/shm")
    return shm if shm.is_dir() and shutil.disk_usage(shm).free > 8 << 30 else None


def as_postgres(words):
    """The words, run by a user who may run PostgreSQL's server."""
    if os.geteuid():
        return words
    names = {user.pw_name for user in pwd.getpwall()}
    return [
        shutil.which("setpriv"),
        "--reuid",
        "postgres" if "postgres" in names else "nobody",
        "--clear-groups",
        *words,
    ]
