"""The crates that are linked into the binary: their licences, and the bill of materials (SBOM)."""

import json
import re
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from release import ROOT, said

LICENCE_FILE = re.compile(r"(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)", re.IGNORECASE)


class Crate(NamedTuple):
    name: str
    version: str
    licence: str
    repository: str
    folder: Path
    needs: list


def linked(release, features):
    """Id → crate, from cruddur on: without what only builds, tests or macros need."""
    words = ["--locked", "--format-version", "1", "--filter-platform", release.target.rust, *features]
    found = json.loads(said("cargo", "metadata", *words))
    packages = {package["id"]: package for package in found["packages"]}
    nodes = {node["id"]: node["deps"] for node in found["resolve"]["nodes"]}

    def needs(of):
        normal = (each["pkg"] for each in nodes[of] if any(kind["kind"] is None for kind in each["dep_kinds"]))
        return [each for each in normal if all("proc-macro" not in t["kind"] for t in packages[each]["targets"])]

    crates, left = {}, [found["resolve"]["root"]]
    while left:
        one = left.pop()
        if one not in crates:
            package = packages[one]
            folder = Path(package["manifest_path"]).parent
            # Some separate two licences by a slash, as was the custom before SPDX.
            licence = re.sub(r" ?/ ?", " OR ", package["license"])
            crates[one] = Crate(package["name"], package["version"], licence, package["repository"], folder, needs(one))
            left += crates[one].needs
    return dict(sorted(crates.items(), key=lambda item: item[1][:2]))


def licences(crates):
    """The texts of all licences, each once, with the crates that it is of."""
    of_text, without = {}, []
    for crate in crates.values():
        if crate.name == "cruddur":
            continue
        texts = texts_of(crate)
        for text in texts:
            of_text.setdefault(text, []).append(f"{crate.name} {crate.version}")
        if not texts:
            without.append(f"{crate.name} {crate.version}: {crate.licence}, {crate.repository}")
    parts = ["cruddur contains the following crates. Where MIT is among the licences to choose from, it is chosen.\n"]
    parts += [f"{'=' * 80}\n{', '.join(names)}\n\n{text}\n" for text, names in of_text.items()]
    parts.append(f"{'=' * 80}\nWithout a text of their own:\n\n" + "\n".join(without) + "\n")
    return "\n".join(parts)


def texts_of(crate):
    paths = sorted(path for path in crate.folder.rglob("*") if path.is_file() and LICENCE_FILE.match(path.name))
    paths = [path for path in paths if path.suffix not in (".rs", ".py", ".sh")]
    if "MIT" in re.split(r" OR |\(|\)", crate.licence):
        paths = [path for path in paths if path.parent != crate.folder or "MIT" in path.name.upper()] or paths
    # zstd's COPYING is its other choice, the GPL.
    paths = [path for path in paths if not (path.name == "COPYING" and (path.parent / "LICENSE") in paths)]
    return list(dict.fromkeys(path.read_text(errors="replace").replace("\r\n", "\n").strip() for path in paths))


def sbom(release, crates):
    """CycloneDX, as JSON. The same for the same commit: its time and its number follow from that."""
    lock = (ROOT / "Cargo.lock").read_text()
    locked = re.findall(r'name = "(.+)"\nversion = "(.+)"\nsource = .+\nchecksum = "(.+)"', lock)
    checksums = {(name, version): checksum for name, version, checksum in locked}
    bom = Bom()
    parts = {key: component(crate, checksums.get(crate[:2])) for key, crate in crates.items()}
    for key, crate in crates.items():
        if crate.name == "cruddur":
            bom.metadata.component = parts[key]
        else:
            bom.components.add(parts[key])
        bom.register_dependency(parts[key], [parts[need] for need in crate.needs])
    bom.metadata.timestamp = datetime.fromtimestamp(release.epoch, timezone.utc)
    bom.serial_number = uuid.uuid5(
        uuid.NAMESPACE_URL, f"cruddur {release.version} {release.commit} {release.target.rust}"
    )
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SystemExit(f"error: the SBOM is not valid: {error}")
    return text + "\n"


def component(crate, checksum):
    url = PackageURL("cargo", name=crate.name, version=crate.version)
    is_cruddur = crate.name == "cruddur"
    return Component(
        name=crate.name,
        version=crate.version,
        type=ComponentType.APPLICATION if is_cruddur else ComponentType.LIBRARY,
        licenses=[LicenseFactory().make_from_string(crate.licence)],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=checksum)] if checksum else [],
        purl=url,
        bom_ref=url.to_string(),
    )
