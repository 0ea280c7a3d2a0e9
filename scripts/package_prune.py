"""Make the built folder smaller, on Linux: libraries that nothing needs any more, and symbols that nobody reads.

PyInstaller follows what every collected file needs; files that were left out (``scripts/package_contents.py``) leave
their own needs behind.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from scripts import package_icu, package_unused
from scripts.package_contents import is_shipped

LOADED_BY_NAME: Final = re.compile(
    r"lib(?:python|nss|soft|freebl|ssl3|smime3|nspr|plc|plds|crypto|X|wayland|udev|GL|EGL)"
)
"""Libraries that are loaded by their name while the program runs, so that no file states the need."""
_STRIPPED_FROM: Final = 200_000
_KEPT_AS_THEY_ARE: Final = re.compile(r"PySide6/|shiboken6/|[^/]*\.libs/")
"""Already without symbols, or with a layout that was changed after linking and that ``strip`` does not respect."""


def prune(inside: Path) -> int:
    """Remove what nothing needs, strip the rest; return the bytes won."""
    before = _size(inside)
    for path in [path for path in inside.rglob("*") if path.is_file() or path.is_symlink()]:
        if not is_shipped(path.relative_to(inside).as_posix()):  # what a hook brought in by another way
            path.unlink()
    _remove_dangling(inside)
    if shutil.which("cc"):
        package_unused.empty(inside / "ortools")
        for library in inside.glob("PySide6/Qt/lib/libicudata.so.*"):
            package_icu.slim(library)
    for orphan in _orphans(inside):
        orphan.unlink()
    _remove_dangling(inside)
    if shutil.which("strip"):
        for file in _libraries(inside):
            name = file.relative_to(inside).as_posix()
            if file.stat().st_size >= _STRIPPED_FROM and not _KEPT_AS_THEY_ARE.match(name):
                subprocess.run(["strip", "--strip-unneeded", file], check=False, stderr=subprocess.DEVNULL)
    return before - _size(inside)


def unresolved(inside: Path) -> list[str]:
    """Return the libraries that some file needs and that neither the folder nor this system has."""
    there = {path.name for path in inside.rglob("*") if ".so" in path.name}
    cached = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True).stdout
    known = there | set(re.findall(r"^\s+(\S+) \(", cached, re.MULTILINE))
    return sorted(
        {f"{name} (for {file.name})" for file in _libraries(inside) for name in needs(file) if name not in known}
    )


def needs(file: Path) -> list[str]:
    """Return the names of the libraries that a file states to need."""
    said = subprocess.run(["objdump", "-p", file], capture_output=True, text=True).stdout
    return re.findall(r"^\s+NEEDED\s+(\S+)", said, re.MULTILINE)


def _orphans(inside: Path) -> list[Path]:
    """Return libraries where those of the system stand, and those that came with a package, that nothing needs."""
    apart = {path for folder in (inside, *inside.glob("*.libs")) for path in folder.glob("lib*.so*")}
    stated = {path: needs(path) for path in {*_libraries(inside), *(path for path in apart if not path.is_symlink())}}
    waiting = [path for path in stated if path not in apart or LOADED_BY_NAME.match(path.name)]
    needed: set[str] = {path.name for path in waiting}
    while waiting:  # not what only libraries without a use need of each other
        new = set(stated[waiting.pop()]) - needed
        needed |= new
        waiting += [path for path in stated if path.name in new]
    return [path for path in apart if path.name not in needed]


def _libraries(inside: Path) -> list[Path]:
    found = [path for path in inside.rglob("*.so*") if path.is_file() and not path.is_symlink()]
    return found + [path for path in inside.rglob("QtWebEngineProcess") if path.is_file()]


def _remove_dangling(inside: Path) -> None:
    for path in inside.rglob("*"):
        if path.is_symlink() and not path.exists():
            path.unlink()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
