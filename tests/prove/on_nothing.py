"""Attacks on the commands that only read: nothing is changed, and the same command succeeds afterwards."""

from attack import COGNITO, DYNAMODB, POSTGRESQL, attack, conversation, someone
from planted import secret
from world import demand

GROUP = ("--message-group-uuid", "{group}")
TEXT = ("--from", "nina", "Hello?")
# The words are all after the command's name; services, more words, and flags to go with them.
READS = {
    "cognito list-users": (COGNITO,),
    "config show": ("--all",),
    "completions": ("bash",),
    "db connect": (POSTGRESQL, "--", "-Xc", "TABLE users"),
    "db sessions": (POSTGRESQL,),
    "db wait": (POSTGRESQL,),
    "ddb check": (DYNAMODB,),
    "ddb explain create-conversation": (DYNAMODB, POSTGRESQL, "--to", "oscar", *TEXT),
    "ddb explain create-message": (DYNAMODB, POSTGRESQL, "--measure", *GROUP, *TEXT),
    "ddb explain get-conversation": (DYNAMODB, "--measure", *GROUP),
    "ddb explain list-conversations": (DYNAMODB, POSTGRESQL, "--measure"),
    "ddb explain refresh-group": (DYNAMODB, *GROUP),
    "ddb get": (DYNAMODB, "X", "1"),
    "ddb list-tables": (DYNAMODB,),
    "ddb patterns get-conversation": (DYNAMODB, "--all", *GROUP),
    "ddb patterns list-conversations": (DYNAMODB, POSTGRESQL, "--all"),
    "ddb query": (DYNAMODB, "pk = 'MSG#{group}'"),
    "ddb scan": (DYNAMODB,),
    "ddb scan --segments": (DYNAMODB, "4"),
    "ddb stats": (DYNAMODB,),
    "ddb stream policy": ("--account", "123456789012"),
    "ddb stream status": (DYNAMODB,),
    "ddb stream tail": (DYNAMODB, "--from", "trim-horizon", "--once"),
    "help": (),
    "local exec": ("--", "true"),
    "local snapshots": (),
    "local status": (),
    "man": (),
}


def read(command, services, words):
    @attack(command, *services, writes=False)
    def steps(w):
        group = conversation(w)
        if command == "ddb get":
            w.put(pk="X", sk="1")
        line = [*command.split(), *(word.format(group=group) for word in words)]
        before = w.everything()
        done = yield w.command(*line)
        if not done:
            w.cruddur(*line)
        demand(w.everything() == before, "nothing has changed")


for name, rest in READS.items():
    used = [word for word in rest if word in (COGNITO, DYNAMODB, POSTGRESQL)]
    read(name, used, rest[len(used) :])


@attack("cognito sign-in", COGNITO, writes=False)
def sign_in(w):
    handle, password = someone(w), secret("the user's password")
    w.cruddur("cognito", "set-password", handle, "--password-stdin", stdin=password)
    words = ("cognito", "sign-in", handle, "--password-stdin")
    done = yield w.command(*words), password
    if not done:
        w.cruddur(*words, stdin=password)
    demand(w.signs_in(f"{handle}@example.com", password), "the password is as it was")


@attack("doctor", COGNITO, DYNAMODB, POSTGRESQL, writes=False)
def doctor(w):
    conversation(w)
    before = w.everything()
    yield w.command("doctor")
    demand(w.everything() == before, "nothing has changed")
