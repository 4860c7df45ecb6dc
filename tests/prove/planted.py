"""Secrets in all that cruddur is given, which nothing that it leaves behind may show: docs/security.md."""

import base64
import os
import re
import subprocess
from urllib.parse import quote, urlsplit


class Lost(AssertionError):
    """Something that a command promises is not so."""


FORMS = {
    "the database's password": "p@ss:w/o%rd#*",
    "production's database password": "pr?od&*'",
    "the access key id": "AKIA*",
    "the secret access key": "Se/cr+et*==",
    "the session token": "To/ken+*//==",
    "the SQL variable": "a'b\\\"c*",
    "the value in .env": "in the $file*",
    "the line in .env": "no line*",
    "the user's password": "Aa-1*",
    "the user's new password": "Bb-2*",
}
# What is looked for is a part of each that percent-encoding, JSON and quotes leave alone.
CORES = {}


def plant(chance):
    """Puts secrets into the environment, and makes one of them the password of the stack's database."""
    CORES.update({name: "".join(chance.choices("bcdfghjkmnpqrstvwxz", k=18)) for name in FORMS})
    url, password = os.environ["CONNECTION_URL"], secret("the database's password")
    statement = f"ALTER ROLE {urlsplit(url).username} PASSWORD '{password}'"
    server = url.rpartition("/")[0]
    subprocess.run(["psql", "-Xq", f"{server}/postgres"], input=statement, text=True, check=True)
    of_production = secret("production's database password")
    os.environ.update(
        CONNECTION_URL=with_password(url, password),
        PROD_CONNECTION_URL=with_password("postgresql://app:@127.0.0.1:9/app", of_production),
        AWS_ACCESS_KEY_ID=secret("the access key id"),
        AWS_SECRET_ACCESS_KEY=secret("the secret access key"),
        AWS_SESSION_TOKEN=secret("the session token"),
        sql_variable=secret("the SQL variable"),
    )


def secret(name):
    return FORMS[name].replace("*", CORES[name])


def with_password(url, password):
    return re.sub(r":[^:/@]*@", f":{quote(password, safe='')}@", url)


def env_file():
    return f"PASSWORD_OF_ANOTHER_PROGRAM='{secret('the value in .env')}'\n"


def demand_unseen(folder):
    """Looks into every file below a folder: what was said, which programs were started, and what was kept."""
    wanted = {form: name for name, core in CORES.items() for form in forms(core.encode())}
    pattern = re.compile(b"|".join(map(re.escape, wanted)))
    for path in folder.rglob("*"):
        # It is where somebody has written them.
        if path.name == ".env" or path.is_symlink() or not path.is_file():
            continue
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue  # A server that still runs has removed it.
        if found := pattern.search(data):
            around = data[max(0, found.start() - 200) : found.end() + 50]
            raise Lost(f"{path.relative_to(folder)} shows {wanted[found[0]]}: {around}")


def forms(core):
    """The text as it is, and what base64 makes of it wherever it begins; of what is cut off, half is enough."""
    yield from (core[:9], core[9:])
    for before in range(3):
        # The first and the last letters depend on what is beside it.
        yield base64.b64encode(b"x" * before + core)[4:20]
