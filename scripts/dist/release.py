"""What every package says of itself: the version, the commit and its date, and for which machines it is."""

import os
import platform
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
# The oldest glibc that the binary runs on: CentOS 7's, which is what `manylinux2014` means.
GLIBC = "2.17"


class Target(NamedTuple):
    rust: str
    deb: str | None
    wheel: str
    node_os: str
    node_cpu: str


MANYLINUX = "manylinux_2_17_{0}.manylinux2014_{0}"
TARGETS = {
    ("Linux", "x86_64"): Target("x86_64-unknown-linux-gnu", "amd64", MANYLINUX.format("x86_64"), "linux", "x64"),
    ("Linux", "aarch64"): Target("aarch64-unknown-linux-gnu", "arm64", MANYLINUX.format("aarch64"), "linux", "arm64"),
    ("Darwin", "x86_64"): Target("x86_64-apple-darwin", None, "macosx_10_12_x86_64", "darwin", "x64"),
    ("Darwin", "arm64"): Target("aarch64-apple-darwin", None, "macosx_11_0_arm64", "darwin", "arm64"),
}


def run(*command, **more):
    return subprocess.run(list(map(str, command)), check=True, cwd=ROOT, **more)


def said(*command):
    return run(*command, stdout=subprocess.PIPE, text=True).stdout


class Release:
    """The checkout's: Cargo.toml has the version, git the rest. DIST_VERSION is for tests of an upgrade."""

    summary = "One binary for Cruddur's databases: DynamoDB messages, PostgreSQL users, and a local stack"
    licence = "MIT OR Apache-2.0"
    author = "The cruddur developers"

    def __init__(self):
        cargo = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
        self.version = os.environ.get("DIST_VERSION") or cargo
        self.target = TARGETS.get((platform.system(), platform.machine()))
        if self.target is None:
            raise SystemExit(f"error: no packages are made for {platform.system()} on {platform.machine()}")
        self.commit = said("git", "rev-parse", "--short=12", "HEAD").strip()
        if said("git", "status", "--porcelain", "--untracked-files=no"):
            self.commit += "+changes"
        # When the commit was made, in seconds: the time of every file in every package.
        self.epoch = int(said("git", "show", "--no-patch", "--format=%ct", "HEAD"))
        self.date = datetime.fromtimestamp(self.epoch, timezone.utc).date().isoformat()
