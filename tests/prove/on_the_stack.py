"""Attacks on the commands that write to Cognito, and on those that start, stop and copy the local stack."""

from attack import attack, someone
from world import StackWorld, demand


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
