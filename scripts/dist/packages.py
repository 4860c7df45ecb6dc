"""The packages: each function makes one of the staged files."""

import gzip
import io
import json
import os
import shutil
import subprocess
import tarfile
from email.utils import formatdate
from pathlib import Path

from release import ROOT, run
from wheel.wheelfile import WheelFile

LICENCES = ("LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY")


def tarball(release, stage, out, name="cruddur"):
    """For a plain download: what belongs below /usr/local or ~/.local."""
    folder = f"{name}-{release.version}-{release.target.rust}"
    pack(out / f"{folder}.tar.gz", stage, folder, release.epoch)


def pack(path, folder, root, epoch):
    """A tar.gz that depends on the files alone."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for file in files(folder):
            info = tarfile.TarInfo(f"{root}/{file.relative_to(folder).as_posix()}")
            info.size, info.mtime, info.mode = file.stat().st_size, epoch, file.stat().st_mode & 0o777
            with file.open("rb") as content:
                tar.addfile(info, content)
    path.write_bytes(gzip.compress(data.getvalue(), mtime=0))


def deb(release, stage, out):
    """For Debian and Ubuntu, by dpkg-deb."""
    name = f"cruddur_{release.version}_{release.target.deb}"
    tree = stage.parent / name
    shutil.copytree(stage / "bin", tree / "usr/bin")
    shutil.copytree(stage / "share", tree / "usr/share")
    # Where Debian's zsh looks.
    (tree / "usr/share/zsh/site-functions").rename(tree / "usr/share/zsh/vendor-completions")
    docs = tree / "usr/share/doc/cruddur"
    (docs / "copyright").write_text(
        f"{(docs / 'LICENSE-MIT').read_text()}\nOr, as you choose, /usr/share/common-licenses/Apache-2.0.\n\n"
        "THIRD-PARTY.gz has the licences of the crates in the program.\n"
    )
    for text in ("CHANGELOG.md", "THIRD-PARTY"):
        (docs / f"{text}.gz").write_bytes(gzip.compress((docs / text).read_bytes(), mtime=0))
    for text in (*LICENCES, "CHANGELOG.md"):
        (docs / text).unlink()
    # Debian's own form, which names the changes' place.
    maintainer = f"{release.author} <cruddur@example.com>"
    entry = f"cruddur ({release.version}) stable; urgency=medium\n\n  * CHANGELOG.md.gz says what is new.\n\n"
    entry += f" -- {maintainer}  {formatdate(release.epoch)}\n"
    (docs / "changelog.gz").write_bytes(gzip.compress(entry.encode(), mtime=0))
    size = sum(file.stat().st_size for file in files(tree)) // 1024
    control = {
        "Package": "cruddur",
        "Version": release.version,
        "Architecture": release.target.deb,
        "Maintainer": maintainer,
        "Installed-Size": size,
        "Depends": "libc6 (>= 2.17), ca-certificates",
        "Recommends": "postgresql",
        "Section": "database",
        "Priority": "optional",
        "Description": "creates, checks and repairs Cruddur's databases, with a local stack\n"
        " Creates, loads, reads, checks and repairs the databases of Cruddur, a small\n"
        " social app. `cruddur local` runs them on this machine, for which it needs\n"
        " PostgreSQL's programs.",
    }
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text("".join(f"{key}: {value}\n" for key, value in control.items()))
    for file in [tree, *tree.rglob("*")]:
        file.chmod(0o755 if file.is_dir() or file.parent.name == "bin" else 0o644)
        os.utime(file, (release.epoch, release.epoch))
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(release.epoch)}
    words = ("--root-owner-group", "-Zxz", "--build", tree, out / f"{name}.deb")
    run("dpkg-deb", *words, env=env, stdout=subprocess.DEVNULL)


def wheel(release, stage, out):
    """For pip and uv: the binary, and the same files below `share` of the environment."""
    tag = f"py3-none-{release.target.wheel}"
    data, info = f"cruddur-{release.version}.data", f"cruddur-{release.version}.dist-info"
    tags = "".join(f"Tag: py3-none-{platform}\n" for platform in release.target.wheel.split("."))
    metadata = {
        "Metadata-Version": "2.4",
        "Name": "cruddur",
        "Version": release.version,
        "Summary": release.summary,
        "License-Expression": release.licence,
        "License-File": "\nLicense-File: ".join(LICENCES),
        "Requires-Python": ">=3.8",
        "Description-Content-Type": "text/markdown",
    }
    head = "".join(f"{key}: {value}\n" for key, value in metadata.items())
    os.environ["SOURCE_DATE_EPOCH"] = str(release.epoch)
    with WheelFile(out / f"cruddur-{release.version}-{tag}.whl", "w") as made:
        made.write(stage / "bin/cruddur", f"{data}/scripts/cruddur")
        for file in files(stage):
            place = file.relative_to(stage)
            if place.parts[:2] not in (("share", "doc"), ("bin", "cruddur")):
                made.write(file, f"{data}/data/{place.as_posix()}")
        for licence in LICENCES:
            made.write(stage / "share/doc/cruddur" / licence, f"{info}/licenses/{licence}")
        made.writestr(f"{info}/METADATA", f"{head}\n{readme()}")
        made.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: cruddur\nRoot-Is-Purelib: false\n{tags}")


def npm(release, stage, out):
    """Two: `cruddur`, which starts what its platform's package holds."""
    system = f"{release.target.node_os}-{release.target.node_cpu}"
    shared = {"version": release.version, "license": release.licence}
    holder = stage.parent / "npm-binary"
    docs = stage / "share/doc/cruddur"
    for licence in LICENCES:
        copy(docs / licence, holder / licence)
    copy(stage / "bin/cruddur", holder / "bin/cruddur")
    about = {"os": [release.target.node_os], "cpu": [release.target.node_cpu], "files": ["bin"]}
    if release.target.node_os == "linux":
        about["libc"] = ["glibc"]
    write_json(
        holder / "package.json",
        {"name": f"cruddur-{system}", "description": f"cruddur for {system}", **shared, **about},
    )
    starter = stage.parent / "npm"
    copy(ROOT / "scripts/dist/start.js", starter / "bin/cruddur.js", 0o755)
    (starter / "README.md").write_text(readme())
    systems = ("linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64")
    package = {
        "name": "cruddur",
        "description": release.summary,
        **shared,
        "bin": {"cruddur": "bin/cruddur.js"},
        "engines": {"node": ">=16"},
        "optionalDependencies": {f"cruddur-{each}": release.version for each in systems},
    }
    write_json(starter / "package.json", package)
    for folder, name in ((holder, f"cruddur-{system}"), (starter, "cruddur")):
        pack(out / f"{name}-{release.version}.tgz", folder, "package", release.epoch)


def readme():
    return (ROOT / "scripts/dist/readme.md").read_text()


def files(folder):
    return sorted(file for file in folder.rglob("*") if file.is_file())


def copy(source, to, mode=None):
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, to)
    if mode:
        to.chmod(mode)


def write_json(path: Path, what):
    path.write_text(json.dumps(what, indent=2) + "\n")
