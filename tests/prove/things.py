"""What two commands write at once, and what may be left of it."""

import itertools
import uuid
from collections.abc import Callable
from typing import NamedTuple

from attack import conversation, definition, people, someone, write_message
from planted import secret
from world import PATIENTLY, Running, StackWorld, World

# Of messages and rows. Their uuids and times are new in each run.
SHOWN = ("message", "user_handle", "user_display_name")
CREATE_USER = "cognito create-user {w.name} --email {w.name}@example.com --password-stdin < the user's password"


class Thing(NamedTuple):
    name: str
    prepare: Callable
    # What is compared; what is new in each run is left out.
    state: Callable
    # Its words, in which {…} are attributes of the world, and what it reads.
    commands: dict
    world: type = World

    def run(self, w, name):
        """Starts a command."""
        words, _, stdin = self.commands[name].partition(" < ")
        group = uuid.uuid5(uuid.NAMESPACE_DNS, w.name)
        command = w.command(*PATIENTLY, *(word.format(w=w, group=group) for word in words.split()))
        return Running(w, command, stdin and secret(stdin))


def prepare_table(w):
    """A group whose rows do not show its newest message yet, two more items, and a file of other ones."""
    group = conversation(w)
    w.put(pk="X", sk="1", text="kept")
    w.cruddur("ddb", "export", "kept.ndjson")
    w.put(pk="X", sk="1", text="old")
    w.put(pk="X", sk="2", text="old")
    write_message(w, group, "later", minutes=1)


def state_of_table(w):
    if w.table not in w.tables():
        return None
    items = []
    for item in w.items():
        shown = item if item["pk"] == "X" else {name: item[name] for name in SHOWN} | {"pk": item["pk"][:3]}
        items.append(tuple(sorted(shown.items())))
    return str(definition(w)), sorted(items), sorted(w.sql("SELECT handle, display_name FROM users"))


def prepare_database(w):
    people(w)
    someone(w)
    w.sql("UPDATE users SET cognito_user_id = 'MOCK'")


def state_of_database(w):
    if not w.has_database():
        return None
    users, subs = w.users(), w.subs()
    if users is None:
        return {}
    known = {"nina": "nina", "oscar": "oscar", "petra": "petra", w.name: "its own"}
    ids = {
        known[handle]: "real" if found == subs.get(handle) else found
        for handle, found in users.items()
        if handle in known
    }
    # A run of `--add-missing` may add users of other cases, too.
    return sorted(ids.items()), w.sql("SELECT count(*) FROM activities")


def state_of_user(w):
    passwords = ("the user's password", "the user's new password")
    email = f"{w.name}@example.com"
    return w.name in w.subs(), [w.signs_in(email, secret(name)) for name in passwords]


def prepare_stack(w):
    w.up()
    w.write("kept")
    w.cruddur("local", "snapshot", "kept")
    w.write("here")


def state_of_stack(w):
    w.up()
    state = [w.read()]
    for name in ("kept", "new"):
        if w.run("local", "restore", name).returncode == 0:
            state.append((name, w.read()))
    return state


THINGS = (
    Thing(
        "a table",
        prepare_table,
        state_of_table,
        {
            "ddb schema-load": "ddb schema-load",
            "ddb drop": "ddb drop {w.table}",
            "ddb truncate --by-key": "ddb truncate --by-key",
            "ddb truncate --recreate": "ddb truncate --recreate",
            "ddb seed": "ddb seed two.txt --message-group-uuid {group}",
            "ddb import --replace": "ddb import kept.ndjson --replace",
            "ddb patterns create-message": "ddb patterns create-message --message-group-uuid {group} --from nina Hello",
            "ddb patterns create-conversation": "ddb patterns create-conversation --from nina --to petra Hello",
            "ddb rename-user": "ddb rename-user nina --display-name Later",
            "ddb check --repair": "ddb check --repair",
            "ddb stream run": "ddb stream run --once",
            "ddb put --replace": "ddb put pk=X sk=1 text=new --replace",
            "ddb delete": "ddb delete X 1",
        },
    ),
    Thing(
        "a database",
        prepare_database,
        state_of_database,
        {
            "db create": "db create",
            "db drop": "db drop",
            "db schema-load": "db schema-load --built-in",
            "db seed": "db seed --built-in",
            "db setup": "db setup --built-in --force",
            "setup": "setup --built-in",
            "db update-cognito-user-ids": "db update-cognito-user-ids",
            "db update-cognito-user-ids --add-missing": "db update-cognito-user-ids --add-missing",
        },
    ),
    Thing(
        "a user",
        someone,
        state_of_user,
        {
            "cognito create-user": CREATE_USER,
            "cognito set-password": "cognito set-password {w.name} --password-stdin < the user's new password",
            "cognito delete-user": "cognito delete-user {w.name}",
        },
    ),
    Thing(
        "a new user",
        lambda w: None,
        state_of_user,
        {"cognito create-user": CREATE_USER},
    ),
    Thing(
        "a stack",
        prepare_stack,
        state_of_stack,
        {
            "local up": "local up --detach",
            "local down": "local down",
            "local snapshot": "local snapshot new",
            "local restore": "local restore kept",
            "local exec": "local exec --from kept -- true",
        },
        StackWorld,
    ),
)
WRITERS = (
    "ddb seed",
    "ddb import --replace",
    "ddb patterns create-message",
    "ddb patterns create-conversation",
    "ddb rename-user",
    "ddb check --repair",
    "ddb stream run",
)
# Pairs of which the docs promise less than one after the other: that running both again does.
LESS = {frozenset(pair) for pair in itertools.product(("ddb truncate --by-key", "ddb truncate --recreate"), WRITERS)}
