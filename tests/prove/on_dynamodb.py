"""Attacks on the commands that write to DynamoDB."""

from attack import DYNAMODB, POSTGRESQL, attack, conversation, definition, people, write_message
from world import demand, lines


@attack("ddb schema-load", DYNAMODB)
def schema_load(w):
    done = yield w.command("ddb", "schema-load")
    if not done:
        w.cruddur("ddb", "schema-load")
    found = w.definition()
    demand([key["AttributeName"] for key in found["KeySchema"]] == ["pk", "sk"], "the key")
    demand([index["IndexName"] for index in found["GlobalSecondaryIndexes"]] == ["message-group-sk-index"], "the index")
    w.put(pk="X", sk="1")


@attack("ddb drop", DYNAMODB)
def drop(w):
    w.cruddur("ddb", "schema-load")
    done = yield w.command("ddb", "drop", w.table)
    if not done and w.table in w.tables():
        w.cruddur("ddb", "drop", w.table)
    demand(w.table not in w.tables(), "the table is gone")


@attack("ddb put", DYNAMODB)
def put(w):
    w.cruddur("ddb", "schema-load")
    w.put(pk="X", sk="1", text="old")
    words = ("ddb", "put", "pk=X", "sk=1", "text=new", "--replace")
    done = yield w.command(*words)
    demand([item["text"] for item in w.items()] in (["old"], ["new"]), "the old item or the new one")
    if not done:
        w.cruddur(*words)
    demand([item["text"] for item in w.items()] == ["new"], "the new item")


@attack("ddb delete", DYNAMODB)
def delete(w):
    w.cruddur("ddb", "schema-load")
    w.put(pk="X", sk="1", text="old")
    w.put(pk="X", sk="2", text="another")
    done = yield w.command("ddb", "delete", "X", "1")
    if not done and len(w.items()) == 2:
        w.cruddur("ddb", "delete", "X", "1")
    demand([item["text"] for item in w.items()] == ["another"], "one item is gone")


@attack("ddb seed", DYNAMODB, POSTGRESQL)
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


@attack("ddb seed --conversations", DYNAMODB, POSTGRESQL)
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


def truncate(w, flag, *table_flags):
    w.cruddur("ddb", "schema-load", *table_flags)
    w.fill(150)
    w.dynamodb.update_time_to_live(
        TableName=w.table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    before = definition(w)
    done = yield w.command("ddb", "truncate", flag)
    if not done:
        w.cruddur("ddb", "truncate", flag)
    demand(w.items() == [] and definition(w) == before, "the table is empty, and as it was")


@attack("ddb truncate --by-key", DYNAMODB)
def truncate_by_key(w):
    return truncate(w, "--by-key")


@attack("ddb truncate --recreate", DYNAMODB)
def truncate_by_recreating(w):
    return truncate(w, "--recreate", "--stream")


@attack("ddb import", DYNAMODB)
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


@attack("ddb export", DYNAMODB)
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


@attack("ddb patterns create-message", DYNAMODB, POSTGRESQL)
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


@attack("ddb patterns create-conversation", DYNAMODB, POSTGRESQL)
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


@attack("ddb rename-user", DYNAMODB, POSTGRESQL)
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


@attack("ddb check --repair", DYNAMODB, POSTGRESQL)
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


@attack("ddb stream run", DYNAMODB)
def stream_run(w):
    people(w, "--stream")
    group = conversation(w)
    for number in range(6):
        write_message(w, group, f"message {number}", minutes=number)
    done = yield w.command("ddb", "stream", "run", "--once")
    if not done:
        w.cruddur("ddb", "stream", "run", "--once")
    w.demand_consistent_groups()


@attack("ddb stream enable", DYNAMODB)
def stream_enable(w):
    return switch(w, "enable", None, {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})


@attack("ddb stream disable", DYNAMODB)
def stream_disable(w):
    return switch(w, "disable", {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}, None)


def switch(w, verb, before, after):
    w.cruddur("ddb", "schema-load", *(("--stream",) if before else ()))
    items = w.fill(20)
    done = yield w.command("ddb", "stream", verb)
    demand(w.definition().get("StreamSpecification") in (before, after), "the stream is there or not")
    if not done:
        w.cruddur("ddb", "stream", verb)
    demand(w.definition().get("StreamSpecification") == after and w.items() == items, "the stream, and the items")
