"""Builds the binary, and what belongs to it."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

from release import GLIBC, ROOT, run

COMPLETIONS = {
    "bash": "share/bash-completion/completions/cruddur",
    "zsh": "share/zsh/site-functions/_cruddur",
    "fish": "share/fish/vendor_completions.d/cruddur.fish",
}


def binary(release, *features):
    """Builds it, on Linux against an old glibc; returns its path."""
    if (built := os.environ.get("DIST_BINARY")) and not features:
        return Path(built)
    cargo = os.environ.get("CARGO", "cargo")
    run(cargo, "fetch", "--locked", "--quiet")
    target = release.target.rust
    linux = target.endswith("linux-gnu")
    folder = ROOT / "target" / "dist" / ("-".join(features).strip("-") or "full")
    cargo_home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    # Panics name the source files, which lie elsewhere on every machine.
    sources = [*(cargo_home / "registry" / "src").iterdir(), ROOT]
    remap = [f"--remap-path-prefix={source}=" for source in sources]
    env = {
        **os.environ,
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(remap),
        "CRUDDUR_BUILD": f"{release.commit} {release.date}",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    build = ["zigbuild", "--target", f"{target}.{GLIBC}"] if linux else ["build", "--target", target]
    words = ["--locked", "--quiet", "--release", "--bin", "cruddur", "--target-dir", folder, *features]
    run(cargo, *build, *words, env=env)
    return folder / target / "release" / "cruddur"


def shell_files(program, folder):
    """Writes its man pages, compressed, and its completions below `share`."""
    pages = folder / "share" / "man" / "man1"
    run(program, "man", "--dir", pages, stderr=subprocess.DEVNULL)
    for page in pages.iterdir():
        page.with_name(f"{page.name}.gz").write_bytes(gzip.compress(page.read_bytes(), mtime=0))
        page.unlink()
    for shell, place in COMPLETIONS.items():
        path = folder / place
        path.parent.mkdir(parents=True)
        path.write_bytes(run(program, "completions", shell, stdout=subprocess.PIPE).stdout)
