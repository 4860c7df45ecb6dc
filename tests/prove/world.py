"""What the attacks work on: a table and a database of their own, and the programs that judge them."""

import functools
import json
import os
import re
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import boto3
from boto3.dynamodb.types import TypeDeserializer
from planted import Lost, demand_unseen, env_file

POOL = os.environ.get("AWS_COGNITO_USER_POOL_ID", "")
CLIENT = os.environ.get("AWS_COGNITO_USER_POOL_CLIENT_ID", "")
# Longer than any command takes, however busy the machine.
TIMEOUT = 120
# For commands that may wait for a server as long as it takes.
PATIENTLY = ("--timeout", f"{TIMEOUT}s")
# Done; the service said no; used in a way that is none; refused, as not confirmed; the configuration; in part.
CODES = range(6)


# Debian's `psql` in the PATH is a Perl script that looks for this one, which takes longer than most queries.
PSQL = next(Path("/usr/lib/postgresql").glob("*/bin/psql"), "psql")
# Follows every process that the command starts, and ends with the last of them, but is not waited for.
TRACE = ("strace", "-D", "-f", "-qq", "--seccomp-bpf", "-e", "trace=execve", "-e", "signal=none", "-s", "9999")


def demand(holds, what):
    if not holds:
        raise Lost(what)


@functools.cache
def client(service, endpoint=None):
    """One for all cases: making one takes boto3 longer than most requests."""
    return boto3.client(service, endpoint_url=endpoint)


class Running:
    """A command. What it says, and what is started, stays in files, where secrets are looked for in the end."""

    def __init__(self, w, command, stdin="", tracer=None):
        self.command = command
        self.said = [w.folder / "said" / f"{uuid.uuid4()}.{what}" for what in ("out", "err", "started")]
        tracer = [*TRACE, "-o", self.said[2]] if tracer is None else tracer
        with self.said[0].open("w") as out, self.said[1].open("w") as err:
            self.process = subprocess.Popen(
                [*tracer, *command], env=w.env, cwd=w.folder, stdin=subprocess.PIPE, stdout=out, stderr=err
            )
        try:
            self.process.stdin.write(stdin.encode())
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # It does not read that.

    def ends(self, within=TIMEOUT):
        """Its exit code, stdout and stderr."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Lost(f"{' '.join(self.command)} does not end within {within} s") from None
        return Done(code, *(path.read_text(errors="replace") for path in self.said[:2]))


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str

    def demand_ended(self):
        """That it has ended by itself."""
        demand(self.returncode in CODES, f"exit code {self.returncode}: {self.stderr}")
        demand("panicked" not in self.stderr, self.stderr)

    def demand_in_words(self):
        """The same, and that it says so if it has failed."""
        self.demand_ended()
        # What clap says of wrong usage begins in lower case.
        is_said = "Error: " in self.stderr or "error: " in self.stderr
        demand(self.returncode == 0 or is_said, f"no error: {self.stderr}")


class World:
    """Each case has one, with names that no other has."""

    def __init__(self, cruddur):
        self.program = cruddur
        self.name = f"prove_{uuid.uuid4().hex[:12]}"
        self.table = self.name.replace("_", "-")
        self._folder = tempfile.TemporaryDirectory(prefix="prove-")
        self.folder = Path(self._folder.name)
        (self.folder / "said").mkdir()
        (self.folder / ".env").write_text(env_file())
        server, _, _ = os.environ["CONNECTION_URL"].rpartition("/")
        self.server = server
        self.url = f"{server}/{self.name}"
        self.env = {
            **os.environ,
            "CONNECTION_URL": self.url,
            "CRUDDUR_DATA_DIR": str(self.folder / "data"),
            "CRUDDUR_STATE_DIR": str(self.folder / "state"),
            "DDB_MESSAGE_TABLE": self.table,
            "HOME": str(self.folder),
        }
        self.dynamodb = client("dynamodb")
        self.cognito = client("cognito-idp")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.table in self.tables():
            self.dynamodb.delete_table(TableName=self.table)
        self.sql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)', on="postgres")
        if self.name in self.subs():
            self.cognito.admin_delete_user(UserPoolId=POOL, Username=self.subs()[self.name])
        self._folder.cleanup()

    def command(self, *arguments):
        return [self.program, *map(str, arguments)]

    def run(self, *arguments, stdin=""):
        """Runs cruddur to its end."""
        return Running(self, self.command(*arguments), stdin, tracer=()).ends()

    def cruddur(self, *arguments, stdin=""):
        """Runs cruddur, which must succeed."""
        done = self.run(*PATIENTLY, *arguments, stdin=stdin)
        said = f"{' '.join(map(str, arguments))} failed ({done.returncode}):\n{done.stderr}"
        demand(done.returncode == 0, said)
        return done

    # PostgreSQL, by psql.

    def sql(self, statement, on=None):
        """The rows of a query, without the database's password on a command line."""
        database = f"{self.server}/{on or self.name}"
        asked = subprocess.run(
            [PSQL, "-XAtq", "-v", "ON_ERROR_STOP=1", "-F", "\t"],
            env={**os.environ, **variables(database)},
            input=statement,
            text=True,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        demand(asked.returncode == 0, f"psql: {statement}: {asked.stderr}")
        return [tuple(row.split("\t")) for row in asked.stdout.splitlines()]

    def has_database(self):
        return self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{self.name}'", on="postgres") != []

    def users(self):
        """Handle → Cognito id; None if there is no such table."""
        if self.sql("SELECT to_regclass('public.users') IS NULL") == [("t",)]:
            return None
        return dict(self.sql("SELECT handle, cognito_user_id FROM users"))

    # DynamoDB, by boto3.

    def tables(self):
        pages = self.dynamodb.get_paginator("list_tables").paginate()
        return [table for page in pages for table in page["TableNames"]]

    def definition(self):
        return self.dynamodb.describe_table(TableName=self.table)["Table"]

    def items(self):
        read = TypeDeserializer().deserialize
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        found = [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]
        return sorted(found, key=lambda item: (item["pk"], item["sk"]))

    def messages(self):
        return [item for item in self.items() if item["pk"].startswith("MSG#")]

    def put(self, **item):
        self.dynamodb.put_item(TableName=self.table, Item={name: {"S": value} for name, value in item.items()})

    def fill(self, count):
        """Items of no kind that the app knows, but with the table's key."""
        some = [{"pk": f"X#{number % 7}", "sk": f"{number:06}", "text": "x" * 200} for number in range(count)]
        for at in range(0, count, 25):
            puts = [{"PutRequest": {"Item": {n: {"S": v} for n, v in item.items()}}} for item in some[at : at + 25]]
            left = self.dynamodb.batch_write_item(RequestItems={self.table: puts})
            demand(not left["UnprocessedItems"], "the emulator took it all")
        return sorted(some, key=lambda item: (item["pk"], item["sk"]))

    def demand_consistent_groups(self):
        """Every group's rows show its newest message."""
        items = self.items()
        newest = {}
        for item in items:
            if item["pk"].startswith("MSG#"):
                group = item["pk"].removeprefix("MSG#")
                newest[group] = max(newest.get(group, ("", "")), (item["sk"], item["message"]))
        rows = [item for item in items if item["pk"].startswith("GRP#")]
        for row in rows:
            shown = (row["sk"], row["message"])
            wanted = newest.get(row["message_group_uuid"])
            demand(shown == wanted, f"a row shows {shown}, and the newest message is {wanted}")
        of_group = [row["message_group_uuid"] for row in rows]
        for group in newest:
            demand(of_group.count(group) == 2, f"{of_group.count(group)} rows lead to the group {group}")
        self.cruddur("ddb", "check")

    def everything(self):
        """What is in both stores: the tables, their rows down to where they are, the items."""
        rows = [self.sql(f"SELECT xmin, ctid, t::text FROM {table} t") for table in ("users", "activities")]
        relations = self.sql("SELECT oid, xmin, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        return rows, relations, self.definition(), self.items()

    # Cognito, by boto3.

    def subs(self):
        """Handle → sub, of the whole pool."""
        pages = self.cognito.get_paginator("list_users").paginate(UserPoolId=POOL)
        people = [{a["Name"]: a["Value"] for a in user["Attributes"]} for page in pages for user in page["Users"]]
        return {person["preferred_username"]: person["sub"] for person in people if "preferred_username" in person}

    def signs_in(self, email, password):
        try:
            parameters = {"USERNAME": email, "PASSWORD": password}
            flow = "USER_PASSWORD_AUTH"
            got = self.cognito.initiate_auth(AuthFlow=flow, ClientId=CLIENT, AuthParameters=parameters)
        except self.cognito.exceptions.NotAuthorizedException:
            return False
        except self.cognito.exceptions.UserNotFoundException:
            return False
        return "AuthenticationResult" in got


class StackWorld(World):
    """A world with a stack of its own, which is not running yet."""

    def __init__(self, cruddur):
        super().__init__(cruddur)
        self.folder.chmod(0o711)  # PostgreSQL may run as another account
        dynamodb, postgres, cognito = free_ports(3)
        self.server = re.sub(r":\d+$", f":{postgres}", self.server)
        self.url = f"{self.server}/{self.name}"
        endpoint = f"http://127.0.0.1:{dynamodb}"
        self.env |= {
            "CONNECTION_URL": self.url,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
            "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": f"http://127.0.0.1:{cognito}",
        }
        self.dynamodb = client("dynamodb", endpoint)
        self.cognito = client("cognito-idp", f"http://127.0.0.1:{cognito}")

    def close(self):
        self.run("local", "down")
        self._folder.cleanup()

    def up(self):
        self.cruddur("local", "up", "--detach")

    def write(self, word):
        """Puts `word` into all three stores."""
        self.sql(f"DROP TABLE IF EXISTS word; CREATE TABLE word AS SELECT '{word}' AS word")
        if self.table not in self.tables():
            self.cruddur("ddb", "schema-load")
        self.put(pk="X", sk="1", word=word)
        for user in self.cognito.list_users(UserPoolId=POOL)["Users"]:
            self.cognito.admin_delete_user(UserPoolId=POOL, Username=user["Username"])
        self.cognito.admin_create_user(UserPoolId=POOL, Username=f"{word}@example.com")

    def read(self):
        """What [`write`] has put into each store."""
        users = self.cognito.list_users(UserPoolId=POOL)["Users"]
        emails = [a["Value"] for user in users for a in user["Attributes"] if a["Name"] == "email"]
        items = [item["word"] for item in self.items()]
        return [word for (word,) in self.sql("SELECT word FROM word")], items, [e.split("@")[0] for e in emails]


def run_attack(cruddur, attack, execute, env=()):
    """Runs an attack in a world of its own; returns the exit code of its command, as `execute` does."""
    with attack.world(cruddur) as w:
        w.env.update(env)
        w.env["CONNECTION_URL"] = w.env["CONNECTION_URL"].rpartition("/")[0] + f"/{w.name}"
        steps, command, stdin = begin(attack, w)
        code = execute(command, w, stdin)
        try:
            steps.send(code == 0)
        except StopIteration:
            pass
        demand_unseen(w.folder)
        return code


def begin(attack, w):
    """Prepares a world; returns the attack's steps, its command, and what that reads."""
    steps = attack.steps(w)
    command = next(steps)
    return steps, *(command if isinstance(command, tuple) else (command, ""))


def wait_for_the_server(w):
    """PostgreSQL ends a session some time after its client has gone."""
    sessions = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{w.name}'"
    end = time.monotonic() + TIMEOUT
    while w.sql(sessions, on="postgres") != [("0",)]:
        demand(time.monotonic() < end, "a session goes on")
        time.sleep(0.05)


def free_ports(count):
    """Which nobody uses: to a socket that may share one, the kernel gives that of a proxy which refuses, too."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def variables(url):
    """The same as `url`, for psql."""
    parts = urlsplit(url)
    return {
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port),
        "PGUSER": unquote(parts.username),
        "PGPASSWORD": unquote(parts.password),
        "PGDATABASE": parts.path.lstrip("/"),
    }


def lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]
