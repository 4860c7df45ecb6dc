"""The list of attacks, and what they share."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from world import World, demand

ATTACKS = {}
DYNAMODB, COGNITO, POSTGRESQL, EC2 = "DynamoDB", "Cognito", "PostgreSQL", "EC2"


class Attack(NamedTuple):
    # Prepares a world, yields the command, learns whether it succeeded, goes on, and demands.
    steps: Callable
    # What the command asks.
    services: tuple
    world: type
    writes: bool


def attack(command, *services, world=World, writes=True):
    def keep(steps):
        ATTACKS[command] = Attack(steps, services, world, writes)
        return steps

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
        people(w, "--stream")
    group = str(uuid.uuid5(uuid.NAMESPACE_DNS, w.name))
    former = w.folder / "two.txt"
    former.write_text("Person 1: Are you there?\nPerson 2: I am.\n")
    w.cruddur("ddb", "seed", former, "--message-group-uuid", group)
    return group


def write_message(w, group, text, minutes):
    """As the app writes one, which leaves the rows to the stream's function."""
    sender = next(item for item in w.messages() if item["pk"] == f"MSG#{group}")
    at = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    sk = at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
    w.put(**{**sender, "sk": sk, "message": text, "message_uuid": str(uuid.uuid4())})


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
