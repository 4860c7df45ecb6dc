"""What fills the stores: setup, ids, SQL files; and the local stack itself."""

import os
import shutil
from pathlib import Path

from measure import Goal, Row, Side
from proofs import digest
from world import PEERS, ROOT, as_postgres

PERSONS = (
    "SELECT md5(string_agg(concat_ws('|', handle, display_name, email, cognito_user_id), ',' ORDER BY handle))"
    " FROM users"
)

KNOWN = "SELECT count(*) FROM users WHERE cognito_user_id <> 'MOCK'"
RELATIONS = "SELECT count(*) FROM pg_class WHERE relname LIKE 'bench%'"


def setup(world):
    """From nothing to both stores filled, without starting servers. The user pool keeps its three people."""
    url = world.other_database("bench_setup")
    stores = {"CONNECTION_URL": url, "DDB_MESSAGE_TABLE": "bench-setup"}

    def clear(side):
        world.sql("DROP DATABASE IF EXISTS bench_setup WITH (FORCE)")
        if "bench-setup" in world.dynamodb("ListTables", {})["TableNames"]:
            world.dynamodb("DeleteTable", {"TableName": "bench-setup"})

    def prove(side, output):
        people, activities = world.sql(PERSONS, url), world.sql("SELECT count(*) FROM activities", url)
        items = world.dynamodb("Scan", {"TableName": "bench-setup"})["Items"]
        texts = sorted((item["user_handle"]["S"], item["message"]["S"]) for item in items)
        return f"people {people}, {activities} activity, {digest(texts)}"

    old = PEERS / "setup.sh"
    yield Row(
        "`setup` from nothing",
        [
            world.ours("setup", environment=stores),
            Side("the old scripts' steps", [old, world.python, ROOT], environment=stores),
        ],
        [Goal("10 times as fast as the scripts", "the old scripts' steps", times=10)],
        before=clear,
        prove=prove,
    )


def update_ids(world):
    users = max(100, round(10_000 * world.size))
    url = world.database("bench_ids")
    world.run(world.cruddur, "-q", "db", "schema-load", env=os.environ | {"CONNECTION_URL": url})
    world.sql(
        "INSERT INTO users (display_name, handle, email, cognito_user_id) SELECT 'Somebody Invented', 'bench_' || n, "
        f"'bench_' || n || '@example.com', 'MOCK' FROM generate_series(1, {users}) AS n", url,
    )
    world.run(*world.peer("fill_pool.py", users))
    yield Row(
        f"`db update-cognito-user-ids`, {users:,} users",
        [
            world.ours("db", "update-cognito-user-ids", environment={"CONNECTION_URL": url}),
            Side("boto3 and an UPDATE a user", world.peer("update_ids.py"), environment={"CONNECTION_URL": url}),
        ],
        [Goal("20 times as fast as an UPDATE a user", "boto3 and an UPDATE a user", times=20)],
        before=lambda side: world.sql("UPDATE users SET cognito_user_id = 'MOCK'", url),
        prove=lambda side, output: f"people {world.sql(PERSONS, url)}",
        count=lambda side, output: f"{world.sql(KNOWN, url)} users have an id",
    )


def schema_load(world):
    """A table, an index and a comment, and seven rows for it, until there are so many statements."""
    statements, lines = max(100, round(10_000 * world.size)), []
    for number in range(statements // 10):
        lines.append(f"CREATE TABLE bench_{number} (id integer PRIMARY KEY, handle text NOT NULL, note text);")
        lines.append(f"CREATE INDEX bench_{number}_handle ON bench_{number} (handle);")
        lines.append(f"COMMENT ON TABLE bench_{number} IS 'invented; not a statement''s end';")
        for row in range(7):
            lines.append(f"INSERT INTO bench_{number} VALUES ({row}, 'somebody_{row}', 'a note of some words');")
    file = world.folder / "schema.sql"
    file.write_text("\n".join(lines))
    url = world.database("bench_schema")
    yield Row(
        f"`db schema-load`, {len(lines):,} statements",
        [
            world.ours("db", "schema-load", file, environment={"CONNECTION_URL": url}),
            Side("psql -1 -f", [shutil.which("psql"), "-Xq", "-v", "ON_ERROR_STOP=1", "-1", "-f", file, url]),
        ],
        [Goal("not slower than psql -1 -f", "psql -1 -f", times=1)],
        before=lambda side: world.database("bench_schema"),
        prove=lambda side, output: f"{world.sql('SELECT count(*) FROM bench_0', url)} rows in the first table",
        count=lambda side, output: f"{world.sql(RELATIONS, url)} relations",
    )


def local(world):
    """Each start on a folder of its own, with the settings of nobody."""
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "CONNECTION_", "CRUDDUR_", "DDB_"))
    }
    world.clock.environment, before = plain, world.clock.environment
    bindir = Path(shutil.which("initdb")).parent
    data, peers = world.folder / "stack", world.folder / "peer"
    make = f"{bindir}/initdb -D {peers}/data -U postgres --auth=trust >/dev/null"
    options = f"-p 54999 -k {peers} -c listen_addresses=127.0.0.1"
    start = f"{bindir}/pg_ctl -D {peers}/data -w -o '{options}' -l {peers}/log start >/dev/null"
    stop = [f"{bindir}/pg_ctl", "-D", f"{peers}/data", "-m", "fast", "-w", "stop"]
    up = ["local", "up", "--detach", "--ports", "free", "--data-dir", data]

    def down(side):
        if side.name == "cruddur":
            world.run(world.cruddur, "-q", "local", "down", "--data-dir", data, env=plain)
        else:
            world.run(*as_postgres(stop))

    def nothing(side):
        shutil.rmtree(data, ignore_errors=True)
        shutil.rmtree(peers, ignore_errors=True)
        peers.mkdir()
        peers.chmod(0o777)

    def stopped(side):
        if not (data / "postgres").exists() or not (peers / "data").exists():
            nothing(side)
            world.run(world.cruddur, "-q", *up, env=plain)
            world.run(world.cruddur, "-q", "local", "down", "--data-dir", data, env=plain)
            world.run(*as_postgres(["sh", "-c", make]))

    by_hand = Side("initdb and pg_ctl start", as_postgres([shutil.which("sh"), "-c", f"{make} && {start}"]))
    again = Side("pg_ctl start", as_postgres([shutil.which("sh"), "-c", start]))
    goal = Goal("at most 1.1 times initdb and pg_ctl start", by_hand.name, times=1 / 1.1)
    try:
        yield Row("`local up`, a new stack", [world.ours(*up), by_hand], [goal], before=nothing, after=down)
        yield Row(
            "`local up`, a stopped stack",
            [world.ours(*up), again],
            [Goal("at most 1.1 times pg_ctl start", again.name, times=1 / 1.1)],
            before=stopped,
            after=down,
        )
        yield Row(
            "`local exec -- true`",
            [world.ours("local", "exec", "--", "true"), by_hand],
            [goal],
            before=nothing,
            after=lambda side: None if side.name == "cruddur" else down(side),
            note="cruddur stops its servers within the time, the other does not.",
        )
    finally:
        world.clock.environment = before


ROWS = {
    "setup": setup,
    "update-cognito-user-ids": update_ids,
    "schema-load": schema_load,
    "local": local,
}
