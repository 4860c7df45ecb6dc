#!/usr/bin/env python3
"""Reads the arrows between the modules of src/ from their paths, and draws them.

usage: scripts/arrows.py            the picture, in Mermaid's language
       scripts/arrows.py --circle   files that depend on each other in a circle, one a line
"""

import graphlib
import re
import sys
from pathlib import Path

SRC = Path(__file__).parent.parent / "src"
# What belongs to no layer: the root of the crate, and what it hands to each command.
ROOT = {"lib", "main", "cli"}

USE = re.compile(r"^[ \t]*(?:pub(?:\([^)]*\))? )?use ([^;]+);", re.M)
PATH = re.compile(r"\b((?:crate|super|self)(?:::\w+)+)")
NOISE = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"')


def module(file):
    """The path of a file's module, from the crate's root."""
    parts = list(file.relative_to(SRC).with_suffix("").parts)
    return tuple(parts[:-1] if parts[-1] in ("mod", "lib", "main") else parts)


def leaves(tree, prefix=()):
    """The paths of a use tree: `a::{b, c::d}` is a::b and a::c::d."""
    tree = tree.strip()
    if tree.endswith("}"):
        head, inner = tree.split("{", 1)
        head = prefix + tuple(part for part in head.strip().split("::") if part)
        depth, start = 0, 0
        inner = inner[:-1] + ","
        for at, char in enumerate(inner):
            depth += {"{": 1, "}": -1}.get(char, 0)
            if char == "," and depth == 0:
                if inner[start:at].strip():
                    yield from leaves(inner[start:at], head)
                start = at + 1
    else:
        name, _, alias = tree.partition(" as ")
        yield prefix + tuple(name.strip().split("::")), alias.strip() or None


class Crate:
    def __init__(self):
        self.files = {module(file): file for file in sorted(SRC.rglob("*.rs"))}
        self.text = {name: NOISE.sub("", file.read_text()) for name, file in self.files.items()}
        self.exports = {name: dict(self.exported(name)) for name in self.files}

    def exported(self, name):
        for match in re.finditer(r"^pub(?:\([^)]*\))? use ([^;]+);", self.text[name], re.M):
            for path, alias in leaves(match.group(1)):
                yield alias or path[-1], path

    def absolute(self, path, at):
        """`path`, written in module `at`, from the crate's root; None when it is another crate's."""
        if path[0] == "crate":
            return path[1:]
        if path[0] in ("super", "self"):
            at = list(at)
            path = list(path)
            while path and path[0] in ("super", "self"):
                at = at[:-1] if path.pop(0) == "super" else at
            return tuple(at) + tuple(path)
        return at + path if at + path[:1] in self.files else None

    def owner(self, path, seen=()):
        """The module whose file defines what `path` names, past `pub use`."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.files:
                here, rest = path[:length], path[length:]
                if rest and rest[0] in self.exports[here] and (here, rest[0]) not in seen:
                    target = self.absolute(self.exports[here][rest[0]], here)
                    if target:
                        return self.owner(target, seen + ((here, rest[0]),))
                return here
        return ()

    def arrows(self):
        """Which modules each module's file uses."""
        found = {}
        for name, text in self.text.items():
            uses = found.setdefault(name, set())
            paths = [path for match in USE.finditer(text) for path, _ in leaves(match.group(1))]
            paths += [tuple(match.group(1).split("::")) for match in PATH.finditer(USE.sub("", text))]
            own = {path for _, path in self.exports[name].items()}
            for path in paths:
                target = self.absolute(path, name) if path not in own else None
                owner = self.owner(target) if target else None
                if owner and owner != name:
                    uses.add(owner)
        return found


def circle(arrows):
    """Modules that depend on each other in a circle; the first is also the last."""
    try:
        graphlib.TopologicalSorter(arrows).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def layers(arrows):
    """The arrows between top-level modules, without those that others imply."""
    direct = {}
    for name, uses in arrows.items():
        if name and name[0] not in ROOT:
            direct.setdefault(name[0], set()).update(use[0] for use in uses if use and use[0] != name[0])
    reach = {}

    def reached(name):
        if name not in reach:
            reach[name] = set()
            for other in direct.get(name, ()):
                reach[name] |= {other} | reached(other)
        return reach[name]

    return {
        name: {use for use in uses if not any(use in reached(other) for other in uses - {use})}
        for name, uses in direct.items()
    }


def main():
    arrows = Crate().arrows()
    if sys.argv[1:] == ["--circle"]:
        for name in circle(arrows):
            print("/".join(name) or "lib")
        return
    print("flowchart TD")
    for name, uses in sorted(layers(arrows).items()):
        for use in sorted(uses):
            print(f"    {name} --> {use}")


main()
