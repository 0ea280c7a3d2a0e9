"""What the packaged program is made of that others wrote: the parts, their licences, the bill of materials."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement

LEFT_OUT: Final = ("llvmlite", "pandas")
"""What the project requires and the packaged program does without: see ``scripts/frozen/stand_ins.py``."""
_UNSTATED: Final = {"pysqlite3": "Zlib"}
"""Licences that the metadata does not state, from the licence file."""
_QT: Final = (
    "Used under the LGPL, version 3: the libraries are files of their own in the folder and may be replaced by others "
    "built from Qt's sources (https://download.qt.io, https://code.qt.io). Qt WebEngine holds Chromium and other parts "
    "under licences of their own: https://doc.qt.io/qt-6/qtwebengine-licensing.html and "
    "https://doc.qt.io/qt-6/licenses-used-in-qt.html"
)
_RULE: Final = "=" * 100


@dataclass(frozen=True, slots=True)
class Part:
    """Something in the folder that others wrote.

    Parameters
    ----------
    name, version, licence
        As its makers or its packagers state them.
    address
        Its package URL, by which a bill of materials names it.
    files
        Its licence texts.
    note
        What else must be said.
    """

    name: str
    version: str
    licence: str
    address: str
    files: tuple[Path, ...] = field(default=())
    note: str = ""


def key_of(name: str) -> str:
    """Return the name of a distribution as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(name: str) -> list[metadata.Distribution]:
    """Return what ``name`` requires on this machine and is in the folder, all the way down, sorted by name."""
    found: dict[str, metadata.Distribution] = {}
    waiting: list[tuple[str, frozenset[str]]] = [(name, frozenset())]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        asked = waiting.pop()
        if asked in seen:
            continue
        seen.add(asked)
        if asked[0] in LEFT_OUT:
            continue
        part = metadata.distribution(asked[0])
        found[key_of(asked[0])] = part
        for line in part.requires or ():
            wanted = Requirement(line)
            if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in {"", *asked[1]}):
                waiting.append((key_of(wanted.name), frozenset(wanted.extras)))
    del found[key_of(name)]
    return [found[key] for key in sorted(found)]


def licence(part: metadata.Distribution) -> str:
    """Return the licence that a distribution states: its expression, else its classifiers, else its licence line."""
    stated = part.metadata.get_all("License-Expression") or []
    if stated:
        return stated[0]
    trove = [line.rsplit(" :: ", 1)[-1] for line in part.metadata.get_all("Classifier") or [] if "License ::" in line]
    lines = "".join(part.metadata.get_all("License") or []).strip().splitlines()
    known = _UNSTATED.get(key_of(part.metadata["Name"]), "not stated")
    return " AND ".join(trove) or (lines[0] if lines else known)


def python_parts(name: str) -> list[Part]:
    """Return Python and the distributions that ``name`` requires."""
    version = platform.python_version()
    text = Path(platform.__file__).with_name("LICENSE.txt")
    found = [Part("Python", version, "PSF-2.0", f"pkg:generic/python@{version}", _existing([text]))]
    for part in distributions(name):
        title = part.metadata["Name"]
        files = [Path(str(part.locate_file(file))) for file in part.files or () if _is_licence(file)]
        note = _QT if key_of(title).startswith(("pyside6", "shiboken6")) else ""
        address = f"pkg:pypi/{key_of(title)}@{part.version}"
        found.append(Part(title, part.version, licence(part), address, _existing(files), note))
    return found


def board_parts(package: dict[str, Any] | None, is_trial: bool) -> list[Part]:
    """Return the board and the icon font that comes with it."""
    if package is None:
        return []
    name, version = package["name"], package["version"]
    note = "The trial: for evaluation only. " if is_trial else ""
    note += "A commercial product; whoever distributes a program with it needs a licence from Bryntum AB."
    return [
        Part(name, version, "Commercial", f"pkg:npm/{name.replace('@', '%40')}@{version}", note=note),
        Part("Font Awesome Free", "with the board", "OFL-1.1 AND MIT", "pkg:npm/%40fortawesome/fontawesome-free"),
        Part("Roboto Flex", "with the board", "OFL-1.1", "pkg:generic/roboto-flex"),
    ]


def system_parts(libraries: Iterable[Path]) -> list[Part]:
    """Return the packages of this system that shared libraries come from; where there is no dpkg, the files."""
    owned: dict[str, Path] = {}
    found = list(libraries)
    packages = _packages_of(found)
    for library in found:
        owned.setdefault(packages.get(library) or library.name, library)
    return [_system_part(name, owned[name]) for name in sorted(owned)]


def bill_of_materials(program: str, version: str, parts: Iterable[Part]) -> dict[str, Any]:
    """Return a CycloneDX 1.6 document: the program and the parts in it."""
    components = [
        {
            "type": "library",
            "bom-ref": part.address,
            "name": part.name,
            "version": part.version,
            "purl": part.address,
            "licenses": [{"license": {"name": part.licence}}],
        }
        for part in parts
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": program, "name": program, "version": version}},
        "components": components,
    }


def licences_text(parts: list[Part], common: Iterable[Path]) -> str:
    """Return all licences as one text: a list of the parts, then the texts, then texts that several parts refer to."""
    width = max(len(part.name) for part in parts) + 2
    lines = [
        "Taktwerk contains parts that others wrote. Each is used under the licence named here; the texts follow.",
        "For libraries of the build system, all licences in their source packages are named, also those of test and "
        "build scripts, which are not in this folder.",
        "",
    ]
    lines += [f"{part.name:<{width}}{part.version:<28}{part.licence}" for part in parts]
    for part in parts:
        if part.files or part.note:
            lines += [
                "",
                _RULE,
                f"{part.name} {part.version}: {part.licence}",
                _RULE,
                *([part.note] if part.note else []),
            ]
        for file in part.files:
            lines += ["", file.read_text(encoding="utf-8", errors="replace").strip()]
    for file in common:
        lines += ["", _RULE, file.name, _RULE, "", file.read_text(encoding="utf-8", errors="replace").strip()]
    return "\n".join(lines) + "\n"


def _is_licence(file: metadata.PackagePath) -> bool:
    in_metadata = file.parts[0].endswith(".dist-info")
    name = file.name.upper()
    return in_metadata and ("licenses" in file.parts or name.startswith(("LICEN", "COPYING", "NOTICE")))


def _existing(files: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(file for file in files if file.is_file())


def _packages_of(libraries: list[Path]) -> dict[Path, str]:
    """Return the dpkg packages that own libraries; the same file may be known with and without ``/usr``."""
    if shutil.which("dpkg-query") is None or not libraries:
        return {}
    names: dict[Path, set[str]] = {}
    for library in libraries:
        files = {str(library.resolve()), str(library)}
        names[library] = files | {file.removeprefix("/usr") for file in files}
    asked = ["dpkg-query", "-S", *sorted(set[str]().union(*names.values()))]  # one look for all
    lines = [
        line.rpartition(": ") for line in subprocess.run(asked, capture_output=True, text=True).stdout.splitlines()
    ]
    owners = {file: owner.split(":")[0].split(",")[0] for owner, _, file in lines}
    return {
        library: owner for library, files in names.items() for owner in (owners.get(file) for file in files) if owner
    }


def _system_part(name: str, library: Path) -> Part:
    text = Path("/usr/share/doc") / name / "copyright"
    if not text.is_file():
        return Part(name, "of the build system", "not determined", f"pkg:generic/{name}", note=f"from {library.name}")
    asked = ["dpkg-query", "-W", "-f=${Version}\n", name]
    version = subprocess.run(asked, capture_output=True, text=True).stdout.split("\n")[0]
    named = re.findall(r"^License: *(\S.*)$", text.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    stated = " AND ".join(dict.fromkeys(line.strip() for line in named[:40])) or "see its text"
    return Part(name, version, stated[:160], f"pkg:deb/debian/{name}@{version}", (text,))
