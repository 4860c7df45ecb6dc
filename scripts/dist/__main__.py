"""Makes every package of this checkout's commit: docs/packages.md

DIST_OUT      where to (dist)
DIST_VERSION  under another version than Cargo.toml's, to try an upgrade
DIST_BINARY   of this program, instead of building one
DIST_SLIM=1   also the slim build, as a tarball
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import build
import crates
import packages
from release import ROOT, Release

SLIM = "--no-default-features"


def staged(release, folder, *features):
    """Everything that is installed, in folders as below /usr/local; returns the folder, and the crates."""
    stage = folder / "-".join(["stage", *features])
    packages.copy(build.binary(release, *features), stage / "bin/cruddur", 0o755)
    build.shell_files(stage / "bin/cruddur", stage)
    found = crates.linked(release, features)
    docs = stage / "share/doc/cruddur"
    docs.mkdir(parents=True)
    for name in ("LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, docs / name)
    (docs / "THIRD-PARTY").write_text(crates.licences(found))
    for file in packages.files(stage / "share"):
        file.chmod(0o644)
    return stage, found


def main():
    release = Release()
    out = Path(os.environ.get("DIST_OUT") or ROOT / "dist").absolute()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        stage, found = staged(release, Path(folder))
        packages.tarball(release, stage, out)
        packages.wheel(release, stage, out)
        packages.npm(release, stage, out)
        if release.target.deb and shutil.which("dpkg-deb"):
            packages.deb(release, stage, out)
        elif release.target.deb:
            print("no dpkg-deb found: no .deb is made")
        (out / f"cruddur-{release.version}-{release.target.rust}.cdx.json").write_text(crates.sbom(release, found))
        if os.environ.get("DIST_SLIM"):
            slim, _ = staged(release, Path(folder), SLIM)
            packages.tarball(release, slim, out, "cruddur-slim")
    made = sorted(out.iterdir())
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made)
    (out / "SHA256SUMS").write_text(sums)
    print(f"cruddur {release.version} ({release.commit} {release.date}), in {out}:")
    for path in made:
        print(f"{path.stat().st_size / 1e6:7.1f} MB  {path.name}")


main()
