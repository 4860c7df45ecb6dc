"""Every command that writes: what it is run on, how one goes on after it was killed, and what must be so.

Each attack is a generator. It prepares a world, yields the command to attack and learns whether it
succeeded. If not, it goes on as the docs say. What it demands must hold wherever the command was
stopped, and also if it was not.
"""

import uuid
from datetime import datetime, timedelta, timezone

from world import StackWorld, World, demand, lines

ATTACKS = {}


def attack(command, world=World):
    def keep(function):
        ATTACKS[command] = (world, function)
        return function

    return keep


# DynamoDB


@attack("ddb schema-load")
def schema_load(w):
    done = yield w.command("ddb", "schema-load")
    if not done:
        w.cruddur("ddb", "schema-load")
    found = w.definition()
    demand([key["AttributeName"] for key in found["KeySchema"]] == ["pk", "sk"], "the key")
    demand([index["IndexName"] for index in found["GlobalSecondaryIndexes"]] == ["message-group-sk-index"], "the index")
    w.put(pk="X", sk="1")


@attack("ddb drop")
def drop(w):
    w.cruddur("ddb", "schema-load")
    done = yield w.command("ddb", "drop", w.table)
    if not done and w.table in w.tables():
        w.cruddur("ddb", "drop", w.table)
    demand(w.table not in w.tables(), "the table is gone")


@attack("ddb put")
def put(w):
    w.cruddur("ddb", "schema-load")
    w.put(pk="X", sk="1", text="old")
    words = ("ddb", "put", "pk=X", "sk=1", "text=new", "--replace")
    done = yield w.command(*words)
    demand([item["text"] for item in w.items()] in (["old"], ["new"]), "the old item or the new one")
    if not done:
        w.cruddur(*words)
    demand([item["text"] for item in w.items()] == ["new"], "the new item")


@attack("ddb delete")
def delete(w):
    w.cruddur("ddb", "schema-load")
    w.put(pk="X", sk="1", text="old")
    w.put(pk="X", sk="2", text="another")
    done = yield w.command("ddb", "delete", "X", "1")
    if not done and len(w.items()) == 2:
        w.cruddur("ddb", "delete", "X", "1")
    demand([item["text"] for item in w.items()] == ["another"], "one item is gone")


@attack("ddb seed")
def seed(w):
    people(w)
    former = w.folder / "former.txt"
    former.write_text("Person 1: Is anybody there?\nPerson 2: I am.\n")
    w.cruddur("ddb", "seed", former)
    done = yield w.command("ddb", "seed", "--built-in")
    if not done:
        w.cruddur("ddb", "seed", "--built-in")
    w.demand_consistent_groups()
    texts = [item["message"] for item in w.messages()]
    demand("Is anybody there?" not in texts and len(texts) == 62, f"{len(texts)} messages")


@attack("ddb seed --conversations")
def seed_invented(w):
    people(w)
    words = ("ddb", "seed", "--conversations", 6, "--messages", 20, "--until", "2026-01-01")
    done = yield w.command(*words)
    # A run that was stopped before it saved anything has nothing to resume.
    if not done and w.run(*words, "--resume").returncode != 0:
        w.cruddur(*words)
    w.demand_consistent_groups()
    demand(len(w.items()) == 6 * 22, f"{len(w.items())} items")
    known = {user for (user,) in w.sql("SELECT uuid FROM users")}
    demand({item["user_uuid"] for item in w.items()} <= known, "everybody is in PostgreSQL")


@attack("ddb truncate --by-key")
def truncate_by_key(w):
    w.cruddur("ddb", "schema-load")
    w.fill(150)
    before = definition(w)
    done = yield w.command("ddb", "truncate", "--by-key")
    if not done:
        w.cruddur("ddb", "truncate", "--by-key")
    demand(w.items() == [] and definition(w) == before, "the table is empty, and as it was")


@attack("ddb truncate --recreate")
def truncate_by_recreating(w):
    w.cruddur("ddb", "schema-load", "--stream")
    w.fill(50)
    w.dynamodb.update_time_to_live(
        TableName=w.table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    before = definition(w)
    done = yield w.command("ddb", "truncate", "--recreate")
    if not done:
        w.cruddur("ddb", "truncate", "--recreate")
    demand(w.items() == [] and definition(w) == before, "the table is empty, and as it was")


@attack("ddb import")
def import_(w):
    w.cruddur("ddb", "schema-load")
    items = w.fill(600)
    w.cruddur("ddb", "export", "kept.ndjson.gz")
    w.cruddur("ddb", "truncate", "--by-key")
    done = yield w.command("ddb", "import", "kept.ndjson.gz")
    found = w.items()
    demand([item for item in found if item not in items] == [], "nothing but what is in the file")
    if not done and len(found) < len(items):
        w.cruddur("ddb", "import", "kept.ndjson.gz", "--resume")
    demand(w.items() == items, "every item of the file")


@attack("ddb export")
def export(w):
    w.cruddur("ddb", "schema-load")
    items = w.fill(600)
    file = w.folder / "kept.ndjson"
    done = yield w.command("ddb", "export", file, "--segments", 2)
    if not done and not file.exists():
        w.cruddur("ddb", "export", file, "--resume")
    found = [line["Item"] for line in lines(file) if "Item" in line]
    plain = [{name: value["S"] for name, value in item.items()} for item in found]
    demand(sorted(plain, key=lambda item: (item["pk"], item["sk"])) == items, "each item is in the file once")


@attack("ddb patterns create-message")
def create_message(w):
    group = conversation(w)
    words = ("ddb", "patterns", "create-message", "--message-group-uuid", group, "--from", "nina", "Killed?")
    done = yield w.command(*words)
    w.demand_consistent_groups()
    before = len(w.messages())
    demand(before == 3 if done else before in (2, 3), f"{before} messages")
    w.cruddur(*words)
    w.demand_consistent_groups()
    demand(len(w.messages()) == before + 1, "one message more")


@attack("ddb patterns create-conversation")
def create_conversation(w):
    people(w)
    w.cruddur("ddb", "schema-load")
    words = ("ddb", "patterns", "create-conversation", "--from", "nina", "--to", "oscar", "Hello?")
    done = yield w.command(*words)
    w.demand_consistent_groups()
    if not done and not w.items():
        w.cruddur(*words)
        w.demand_consistent_groups()
    demand(len(w.items()) == 3, f"{len(w.items())} items")


@attack("ddb rename-user")
def rename_user(w):
    people(w)
    w.cruddur("ddb", "seed", "--built-in")
    before = len(w.items())
    words = ("ddb", "rename-user", "oscar", "--new-handle", "otto", "--display-name", "Otto Later")
    done = yield w.command(*words)
    if not done:
        w.cruddur(*words)
    w.demand_consistent_groups()
    demand(len(w.items()) == before, "no item more or less")
    demand("otto" in w.users() and "oscar" not in w.users(), "the name in PostgreSQL")
    names = {(item["user_handle"], item["user_display_name"]) for item in w.items()}
    demand(("otto", "Otto Later") in names and not any(handle == "oscar" for handle, _ in names), f"{names}")


@attack("ddb check --repair")
def repair(w):
    group = conversation(w)
    row = next(item for item in w.items() if item["pk"].startswith("GRP#"))
    w.dynamodb.delete_item(TableName=w.table, Key={key: {"S": row[key]} for key in ("pk", "sk")})
    write_message(w, group, "later", minutes=5)
    messages = w.messages()
    done = yield w.command("ddb", "check", "--repair")
    if not done:
        w.cruddur("ddb", "check", "--repair")
    w.demand_consistent_groups()
    demand(w.messages() == messages, "the messages are as they were")


@attack("ddb stream run")
def stream_run(w):
    people(w, "--stream")
    group = conversation(w)
    for number in range(6):
        write_message(w, group, f"message {number}", minutes=number)
    done = yield w.command("ddb", "stream", "run", "--once")
    if not done:
        w.cruddur("ddb", "stream", "run", "--once")
    w.demand_consistent_groups()


# PostgreSQL


@attack("db create")
def create(w):
    done = yield w.command("db", "create")
    if not done:
        w.cruddur("db", "create")
    demand(w.has_database(), "the database is there")


@attack("db drop")
def drop_database(w):
    w.cruddur("db", "create")
    done = yield w.command("db", "drop")
    if not done and w.has_database():
        w.cruddur("db", "drop")
    demand(not w.has_database(), "the database is gone")


@attack("db schema-load")
def load_schema(w):
    w.cruddur("db", "create")
    done = yield w.command("db", "schema-load", "--built-in")
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    demand(w.sql(tables) in ([("0",)], [("2",)]), "both tables or none")
    if not done:
        w.cruddur("db", "schema-load", "--built-in")
    demand(w.sql(tables) == [("2",)], "both tables")


@attack("db seed")
def seed_database(w):
    w.cruddur("db", "create")
    w.cruddur("db", "schema-load", "--built-in")
    done = yield w.command("db", "seed", "--built-in")
    rows = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM activities)"
    demand(w.sql(rows) in ([("0", "0")], [("3", "1")]), "all rows or none")
    if not done:
        w.cruddur("db", "seed", "--built-in")
    demand(w.sql(rows) == [("3", "1")], "all rows once")


@attack("db setup")
def setup_database(w):
    done = yield w.command("db", "setup", "--built-in")
    if not done:
        w.cruddur("db", "setup", "--built-in", "--force")
    demand_real_ids(w, {"nina", "oscar"})


@attack("setup")
def setup(w):
    done = yield w.command("setup", "--built-in")
    if not done:
        w.cruddur("setup", "--built-in")
    demand_real_ids(w, {"nina", "oscar"})
    w.demand_consistent_groups()
    demand(len(w.messages()) == 62, f"{len(w.messages())} messages (done at once: {done})")


@attack("db update-cognito-user-ids")
def update_ids(w):
    people(w)
    w.sql("UPDATE users SET cognito_user_id = 'MOCK'")
    done = yield w.command("db", "update-cognito-user-ids")
    mock = [value == "MOCK" for value in w.users().values()]
    demand(all(mock) or not any(mock), "all ids or none")
    if not done:
        w.cruddur("db", "update-cognito-user-ids")
    demand_real_ids(w, {"nina", "oscar"})


@attack("db update-cognito-user-ids --add-missing")
def add_missing(w):
    people(w)
    handle = someone(w)
    done = yield w.command("db", "update-cognito-user-ids", "--add-missing")
    if not done:
        w.cruddur("db", "update-cognito-user-ids", "--add-missing")
    demand_real_ids(w, {"nina", "oscar", handle})
    w.cruddur("cognito", "delete-user", handle)


# Cognito


@attack("cognito create-user")
def create_user(w):
    handle = w.name
    words = ("cognito", "create-user", handle, "--email", f"{handle}@example.com", "--password-stdin")
    done = yield w.command(*words), "Killed-often-1\n"
    if not done and handle not in w.subs():
        w.cruddur(*words, stdin="Killed-often-1\n")
    elif not done and not w.signs_in(f"{handle}@example.com", "Killed-often-1"):
        w.cruddur("cognito", "set-password", handle, "--password-stdin", stdin="Killed-often-1\n")
    demand(w.signs_in(f"{handle}@example.com", "Killed-often-1"), "the user can sign in")
    w.cruddur("cognito", "delete-user", handle)


@attack("cognito set-password")
def set_password(w):
    handle = someone(w)
    words = ("cognito", "set-password", handle, "--password-stdin")
    done = yield w.command(*words), "Killed-often-2\n"
    passwords = ["Cruddur-local-1", "Killed-often-2"]
    demand(sum(w.signs_in(f"{handle}@example.com", one) for one in passwords) == 1, "the old or the new password")
    if not done:
        w.cruddur(*words, stdin="Killed-often-2\n")
    demand(w.signs_in(f"{handle}@example.com", "Killed-often-2"), "the new password")
    w.cruddur("cognito", "delete-user", handle)


@attack("cognito delete-user")
def delete_user(w):
    handle = someone(w)
    done = yield w.command("cognito", "delete-user", handle)
    if not done and handle in w.subs():
        w.cruddur("cognito", "delete-user", handle)
    demand(handle not in w.subs(), "the user is gone")


# The local stack


@attack("local up", StackWorld)
def up(w):
    done = yield w.command("local", "up", "--detach")
    if not done:
        w.up()
    w.write("here")
    demand(w.read() == (["here"], ["here"], ["here"]), "all three stores work")


@attack("local down", StackWorld)
def down(w):
    w.up()
    w.write("here")
    done = yield w.command("local", "down")
    if not done:
        w.cruddur("local", "down")
    w.up()
    demand(w.read() == (["here"], ["here"], ["here"]), "the data of all three stores")


@attack("local snapshot", StackWorld)
def snapshot(w):
    w.up()
    w.write("before")
    done = yield w.command("local", "snapshot", "kept")
    demand(w.read() == (["before"], ["before"], ["before"]), "the stack goes on")
    if not done and "kept" not in w.cruddur("local", "snapshots").stdout:
        w.cruddur("local", "snapshot", "kept")
    w.write("after")
    w.cruddur("local", "restore", "kept")
    demand(w.read() == (["before"], ["before"], ["before"]), f"what was kept, and not {w.read()}")


@attack("local restore", StackWorld)
def restore(w):
    w.up()
    w.write("before")
    w.cruddur("local", "snapshot", "kept")
    w.write("after")
    done = yield w.command("local", "restore", "kept")
    if not done:
        w.up()
    whole = [([word], [word], [word]) for word in ("before", "after")]
    demand(w.read() in whole[:1] if done else w.read() in whole, f"the old data or the new, and not {w.read()}")
    w.cruddur("local", "restore", "kept")
    demand(w.read() == whole[0], f"what was kept, and not {w.read()}")


# What they share


def people(w, *flags):
    """A database with the built-in users, who are in the pool, and a table."""
    w.cruddur("db", "setup", "--built-in")
    w.cruddur("ddb", "schema-load", *flags)


def someone(w):
    """A user of the pool; returns the handle."""
    w.cruddur("cognito", "create-user", w.name, "--email", f"{w.name}@example.com")
    return w.name


def conversation(w):
    """A group of two messages between two users; returns its uuid."""
    if not w.has_database():
        people(w)
    group = str(uuid.uuid5(uuid.NAMESPACE_DNS, w.name))
    former = w.folder / "two.txt"
    former.write_text("Person 1: Are you there?\nPerson 2: I am.\n")
    w.cruddur("ddb", "seed", former, "--message-group-uuid", group)
    return group


def write_message(w, group, text, minutes):
    """As the app writes one, which leaves the rows to the stream's function."""
    sender = next(item for item in w.messages() if item["pk"] == f"MSG#{group}")
    at = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    w.put(**{**sender, "sk": at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"), "message": text, "message_uuid": str(uuid.uuid4())})


def demand_real_ids(w, handles):
    users, subs = w.users(), w.subs()
    for handle in handles:
        demand(users.get(handle) == subs[handle], f"{handle} has {users.get(handle)} and not {subs[handle]}")


def definition(w):
    """What a table is, without what changes by itself."""
    found = w.definition()
    kept = ("KeySchema", "AttributeDefinitions", "BillingModeSummary", "StreamSpecification", "TableStatus")
    indexes = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in found["GlobalSecondaryIndexes"]
    ]
    until = w.dynamodb.describe_time_to_live(TableName=w.table)["TimeToLiveDescription"]
    return {name: found.get(name) for name in kept}, indexes, until
