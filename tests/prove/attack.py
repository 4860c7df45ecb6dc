"""The list of attacks, and what they share."""

import uuid
from datetime import datetime, timedelta, timezone

from world import World, demand

ATTACKS = {}


def attack(command, world=World):
    def keep(function):
        ATTACKS[command] = (world, function)
        return function

    return keep


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
