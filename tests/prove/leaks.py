"""Runs every command in ways that lead it to its secrets, and looks for them in all that it leaves behind."""

import os
import re

from attacks import ATTACKS
from matrix import Matrix
from planted import Lost, demand_unseen, secret, with_password
from world import Running, begin

# Their stdout is the local stack's password: docs/local-stack.md.
SHOWING = ("local env",)
NOBODY = "http://127.0.0.1:9"


def wrong_password(w):
    w.env["CONNECTION_URL"] = with_password(w.env["CONNECTION_URL"], secret("production's database password"))


def no_url(w):
    password = secret("the database's password")
    w.env["CONNECTION_URL"] = f"postgresql://app:{password}@:port:/ app"


def no_line(w):
    (w.folder / ".env").write_text(f"{secret('the line in .env')}\n")


def settings_in_a_file(w):
    moved = [name for name in w.env if name.startswith("AWS_") or name in ("CONNECTION_URL", "sql_variable")]
    lines = (name + '="' + re.sub(r'([\\"$])', r"\\\1", w.env.pop(name)) + '"\n' for name in moved)
    (w.folder / ".env").write_text("".join(lines))


# What to change in the world first, and more words.
WAYS = {
    "as it is": (None, "-vv"),
    "--dry-run": (None, "--dry-run --full -vv"),
    "--prod": (None, f"--prod --endpoint-url {NOBODY} --region us-east-1 -vv"),
    "with a wrong password": (wrong_password, "-vv"),
    "with a URL that is none": (no_url, "-vv"),
    "with a line in .env that is none": (no_line, "-vv"),
    "with all settings in .env": (settings_in_a_file, "-vv"),
}


class Leaks(Matrix):
    """The command and the way follow from the case's number."""

    def __init__(self, cruddur, seed):
        super().__init__(((name, way) for name in ATTACKS for way in WAYS), seed)
        self.cruddur = cruddur
        self.names = list(WAYS)

    @property
    def title(self):
        return f"with secrets, {self.progress()}"

    def run(self, case):
        """One case; returns what it was. Raises [`Lost`]."""
        cell = name, way = self.cell(case)
        change, words = WAYS[way]
        try:
            with ATTACKS[name].world(self.cruddur) as w:
                _, command, stdin = begin(ATTACKS[name], w)
                if change:
                    change(w)
                running = Running(w, [command[0], *words.split(), *command[1:]], stdin)
                done = running.ends()
                done.demand_ended()
                if name in SHOWING:
                    os.remove(running.said[0])
                demand_unseen(w.folder)
        except Lost as lost:
            raise Lost(f"{name} {way}: {lost}") from None
        self.tried(way, cell)
        return f"{name} {way}"
