"""Gives each parser what is huge, deep or never ends, within limits of the kernel's.

It is read or refused, in linear time.
"""

import base64
import collections
import gzip
import hashlib
import os
import random
import subprocess
import tempfile
import threading

import zstandard
from attack import people
from planted import Lost
from world import TIMEOUT, Done, World, demand

# Bytes of address space, and of what is said about a file, however long that is; an argument may be repeated.
MEMORY = 1 << 30
SAID = 16 << 10
# Seconds of CPU for the smaller of the two sizes: some ten times what a build without optimizations takes.
SECONDS = 5
# The larger size, and how much more time that may take, beside what starting takes.
TIMES, LINEAR, START = 8, 24, 0.3
# The smaller sizes, and that of what grows out of a small one.
IN_FILE, IN_ARGUMENT, BOMB, MEMBER = 64 << 10, 14 << 10, 3 << 30, 16 << 20

FEW = "PROVE_CASES" in os.environ

CONVERSATION = ("ddb", "patterns", "get-conversation", "--limit", "1")
# How each parser is reached. FILE is a file with the input, TEXT the input itself.
FILE, TEXT = "FILE", "TEXT"
COMMANDS = {
    "transcript": ("ddb", "seed", FILE, "--dry-run"),
    "SQL": ("db", "seed", FILE, "--dry-run"),
    "variable": ("db", "seed", "variables.sql", "--dry-run", "--set", TEXT),
    ".env": ("--env-file", FILE, "config", "show"),
    "URL": ("--env-file", FILE, "db", "sessions"),
    "values": ("--env-file", FILE, "db", "seed", "variables.sql", "--dry-run"),
    "timestamp": (*CONVERSATION, "--since", TEXT),
    "cursor": (*CONVERSATION, "--cursor", TEXT),
    "expression": ("ddb", "scan", "--limit", "1", "--filter", TEXT),
    "item": ("ddb", "put", "--dry-run", "--item", FILE),
    "archive": ("ddb", "import", "--dry-run", FILE),
    "manifest": ("ddb", "import", "--dry-run", "folder"),
    "checkpoint": ("ddb", "export", "--resume", FILE),
}
# What stands before the part that is repeated, and after it.
AROUND = {
    "variable": ("a=", ""),
    "URL": ("CONNECTION_URL='postgresql://", "'\n"),
    "expression": ("", " = 1"),
}
ITEM, LINE = '{"pk":{"S":"1"},"sk":{"S":"1"},"a":', '{"pk":{"S":"1"},"sk":{"S":"1"}}\n'
REPEATED = {
    "transcript": ["x", "\n", "\r", " ", "\ufeff", "Person 1:", "Person 1: a\n", ("Person 1: ", "x", "")],
    "SQL": [
        *("'", '"', "$", "$a$", "$a", "\\", "/*", "/**/", "--", "--\n"),
        *("(", "[", "a[", ";", "x ", "E'\\'", "'' ", "''\n"),
        *("SELECT 1;\n", ":x", ":x ", ":'x", ":{?x}", ":y::", "CASE ", "COPY x FROM stdin;\n", "\\restrict a\n", "\\:"),
        *(("COPY x FROM stdin;\n", "a\n", ""), ("DO $x$ ", "DROP TABLE x; ", " $x$"), ("DO ", "'", "")),
        *(("CREATE FUNCTION f() ", "BEGIN ATOMIC ", ""), ("SELECT ", "1 /*", "")),
    ],
    "variable": [":b", ":a", "'", "x", ":{?b}"],
    ".env": ["A", "A=", "A=1\n", "A='", "A=$A\n", "\n", " ", "#", "# \n", "A=\\", ("A='", "\n", "'"), ("A=", "$A", "")],
    "URL": ["@", ":", "/", "%", "%41", "[", "?", "?a=b", "&host=a", ",a", "a:b@"],
    "timestamp": ["9", "2024-", "T", "-", ":", "+00", "2024-01-01T00:00:00Z", ("2024-01-01T00:00:00.", "1", "Z")],
    "cursor": ["a", "=", "-", "_", " ", base64.urlsafe_b64encode(b"[" * 300).decode()],
    "expression": [
        *("(", "NOT ", "a.", "a[0]", "a = 1 AND ", "a = 1 OR (", "'", "`"),
        *("[", "{", "9", "a", "a IN (", "size("),
    ],
    "item": [
        *("[", "{", '{"a":', '"', "\\", "9", " ", '{"L":[', '{"M":{"a":'),
        *((ITEM + '"', "\\ud800", '"}'), (ITEM + '{"N":"', "9", '"}}'), (ITEM + '{"SS":["', 'a","', '"]}}')),
        *((ITEM, '{"L":[', ""), (ITEM + '{"NS":["1"', ',"1.0"', "]}}"), (ITEM + '{"L":[', '{"S":""},', "]}}")),
    ],
    "archive": [
        *("\n", " ", "{", "[", '"', "\0", LINE, "{}\n", "[]", '{"Items":[', '{"Item":', "\x1f\x8b", "(\xb5/\xfd"),
        *(('{"Items":[', LINE.strip() + ",", ""), ('{"Items":[],"a":', "[", ""), ('{"', "a", '":1}'), ("[", " ", "]")),
        *(('{"cruddur_export":', "1", "}"), (LINE, "\n", ""), (LINE, " ", "")),
    ],
    "manifest": ["\n", "{", '{"itemCount":1,', '{"itemCount":1,"dataFileS3Key":"a"}\n'],
    "checkpoint": ["[", "{", '"', "9", '{"version":1,', ('{"version":1,"segments":[', '"beginning",', "]}")],
}


def compressed(part, compress):
    """An archive whose members are small, and together larger than memory."""
    return lambda _: compress(part * MEMBER) * (BOMB // MEMBER)


def nested(size):
    tags = [f"$a{level}$" for level in range(size // 14)]
    return "SELECT " + "".join(tags + tags[::-1])


def many_variables(size):
    return "".join(f"SELECT :'v{number}', :w{number};\n" for number in range(size // 24))


def growing(_):
    """Each value has the one before it ten times: a file of some kilobytes is a value larger than memory."""
    return "A=x\n" + "".join(f"{'A' * (n + 1)}={('$' + 'A' * n) * 10}\n" for n in range(1, 40))


def doubling(_):
    return "".join(f"v{n}=':v{n + 1} :v{n + 1}'\n" for n in range(99))


MADE = {
    "SQL": {"nested dollar quotes": nested, "many variables": many_variables},
    ".env": {
        "variables that grow": growing,
        "variables that grow at once": lambda size: "A=" + "x" * size + "\nB=" + "$A" * size + "\n",
    },
    "values": {"that name the next twice": doubling},
    "archive": {
        f"a bomb of {what} in {how}": compressed(part, compress)
        for what, part in {"spaces": b" ", "line ends": b"\n", "zeros": b"\0", "x": b"x", "brackets": b"["}.items()
        for how, compress in {"gzip": gzip.compress, "zstd": zstandard.compress}.items()
    },
}


def repeated(head, part, tail):
    return lambda size: head + part * (size // len(part)) + tail


def all_inputs():
    """What each is called, its parser, and what makes it in some size."""
    for parser in COMMANDS:
        head, tail = AROUND.get(parser, ("", ""))
        for part in REPEATED.get(parser, []):
            three = part if isinstance(part, tuple) else (head, part, tail)
            yield f"{parser}: {'…'.join(three)!r}", parser, repeated(*three)
        for name, make in MADE.get(parser, {}).items():
            yield f"{parser}: {name}", parser, make


class Inputs:
    """The input follows from the case's number. Of few cases, none is measured."""

    title = "huge inputs"

    def __init__(self, cruddur, seed):
        self.cruddur, self.seed = cruddur, seed
        self.inputs = list(all_inputs())
        random.Random(seed).shuffle(self.inputs)
        self.names = COMMANDS
        self.count = collections.Counter()
        self.making, self.made = threading.Lock(), None

    def world(self):
        """One for all cases, which write nothing to it."""
        with self.making:
            if self.made is None:
                self.made = World(self.cruddur)
                people(self.made)
            return self.made

    def run(self, case):
        """One case; returns what it was. Raises [`Lost`]."""
        name, parser, make = self.inputs[case % len(self.inputs)]
        size = IN_ARGUMENT if TEXT in COMMANDS[parser] else IN_FILE
        try:
            seconds = self.give(parser, make(size), SECONDS)
            if not FEW:
                larger = self.give(parser, make(TIMES * size), TIMES * SECONDS)
                demand(
                    larger <= START + LINEAR * seconds,
                    f"{seconds:.2f} s of CPU, and {larger:.2f} s for {TIMES} times as much",
                )
        except Lost as lost:
            raise Lost(f"{name}: {lost}") from None
        self.count[parser] += 1
        return name

    def give(self, parser, text, seconds):
        """Lets cruddur parse `text`; returns the seconds of CPU that it took."""
        w = self.world()
        raw = text
        if isinstance(text, str):
            raw = text.encode("latin-1" if "\x8b" in text else "utf-8", "surrogateescape")
        with (
            tempfile.TemporaryDirectory(dir=w.folder) as folder,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            lay_out(parser, folder, raw)
            arguments = [{FILE: f"{folder}/input", TEXT: raw}.get(word, word) for word in COMMANDS[parser]]
            no_file = [] if "--env-file" in arguments else ["--no-env-file"]
            limits = ["timeout", str(TIMEOUT), "prlimit", f"--as={MEMORY}", f"--cpu={seconds}", "--core=0"]
            command = [*limits, self.cruddur, *no_file, *arguments]
            process = subprocess.Popen(command, env=w.env, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            size = err.tell()
            err.seek(0)
            said = err.read(SAID).decode("utf-8", "replace")
        Done(process.returncode, "", said).demand_in_words()
        most = SAID + (4 * len(raw) if TEXT in COMMANDS[parser] else 0)
        demand(size < most, f"it says {size} bytes about it: {said[:300]}")
        return used.ru_utime + used.ru_stime


def lay_out(parser, folder, raw):
    """Writes the files of a case."""
    files = {"input": raw, "variables.sql": b"SELECT :a, :'a';\n" if parser == "variable" else b"SELECT :v0;\n"}
    if parser == "checkpoint":
        files = {"input.part": b"", "input.part.json": raw}
    for name, content in files.items():
        with open(f"{folder}/{name}", "wb") as file:
            file.write(content)
    if parser == "manifest":
        os.mkdir(f"{folder}/folder")
        with open(f"{folder}/folder/manifest-files.json", "wb") as file:
            file.write(raw)
        with open(f"{folder}/folder/manifest-files.md5", "wb") as file:
            file.write(base64.b64encode(hashlib.md5(raw).digest()))
