"""Build the packaged program: ``make package``. The folder ``dist/Taktwerk`` holds all of it, licences included.

Runs as ``python -m scripts.package`` in the project's environment. ``build.spec`` says what PyInstaller does,
``scripts/package_contents.py`` which files go in. A folder that breaks a rule (a GPL-only library, too large, a program
missing) is no success.
"""

from __future__ import annotations

import argparse
import ast
import filecmp
import hashlib
import importlib.util
import json
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections import Counter
from importlib import metadata
from pathlib import Path
from typing import Any

from app import __version__
from app.packaged import BUILD_FILE
from scripts.frozen.stand_ins import KERNELS, LIBRARY, SIGNATURES
from scripts.package_contents import PROGRAMS, board_package, is_gpl_only, is_trial
from scripts.package_licences import Part, bill_of_materials, board_parts, licences_text, python_parts, system_parts
from scripts.package_prune import prune

ROOT = Path(__file__).resolve().parents[1]
NAME = "Taktwerk"
DIST, BUILD = ROOT / "dist", ROOT / "build"
LARGEST_MB = 500
"""Of the folder; the archive is smaller."""
STAMP = "stamp"
"""The file that says of which sources the kernels are."""
LICENCES, BILL = "THIRD-PARTY-LICENSES.txt", "sbom.cdx.json"
_KERNEL_FILES = (rf"{KERNELS}/{LIBRARY}\..*", f"{KERNELS}/{SIGNATURES}", f"{KERNELS}/{STAMP}")
_MB = 1_000_000
_ENDING = ".exe" if sys.platform == "win32" else ""
_COMMON = Path("/usr/share/common-licenses")


class PackageError(Exception):
    """Why there is no package; the message says what to do."""


def board_for(is_release: bool, root: Path = ROOT) -> dict[str, Any]:
    """Return the package of the board that is built in; refuse a release with the trial, and a program without one."""
    package = board_package(root)
    if package is None:
        raise PackageError("The board (Bryntum Scheduler Pro) is not installed. Run `npm ci`, then build again.")
    if is_release and is_trial(package):
        raise PackageError(
            f"A release must not be built with the board's trial ({package['name']} {package['version']}). "
            "Put the licensed package into package.json, run `npm install`, and build again; or leave RELEASE=1 away "
            "for a program that is marked as an evaluation."
        )
    return package


def build() -> None:
    """Run PyInstaller; the result is ``dist/Taktwerk``."""
    if importlib.util.find_spec("PyInstaller") is None:
        raise PackageError("PyInstaller is not installed. Any task installs it: `make package` in a checkout.")
    shutil.rmtree(DIST / NAME, ignore_errors=True)
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--distpath", DIST]
    command += ["--workpath", BUILD / "pyinstaller", ROOT / "build.spec"]
    if subprocess.run([str(part) for part in command], cwd=ROOT).returncode != 0:
        raise PackageError("PyInstaller failed; it says why above.")


def inside(folder: Path) -> Path:
    """Return where the programs' parts are."""
    return folder / "_internal"


def share_code(folder: Path) -> None:
    """Keep one of the archives of code that stand beside the programs, and link the others to it; they are equal."""
    first, *others = [folder / f"{program.name}.pkg" for program in PROGRAMS]
    for other in others:
        if sys.platform != "win32" and filecmp.cmp(first, other, shallow=False):
            other.unlink()
            other.symlink_to(first.name)


def kernel_stamp(root: Path = ROOT) -> str:
    """Return what names the state of the kernels: their sources, numba, Python and the kind of machine."""
    digest = hashlib.sha256()
    for part in ("numba", "llvmlite", "numpy"):
        digest.update(f"{part} {metadata.version(part)} ".encode())
    digest.update(f"{platform.python_version()} {platform.system()} {platform.machine()}".encode())
    own = [root / "scripts" / "package_kernels.py", root / "scripts" / "frozen" / "stand_ins.py"]
    for path in [*own, *sorted((root / "engine" / "solve").rglob("*.py"))]:
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def compiled_kernels() -> Path:
    """Return the folder of the compiled kernels, those of an earlier build if the sources are the same."""
    stamp = kernel_stamp()
    kept = BUILD / "kernels" / stamp[:16]
    if (kept / STAMP).is_file():
        return kept
    scratch, steps = kept.with_name("new"), kept.with_name(f"steps-{stamp[:16]}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    command = [sys.executable, "-m", "scripts.package_kernels", scratch, steps, stamp]
    if subprocess.run([str(part) for part in command], cwd=ROOT).returncode != 0:
        raise PackageError("The kernels could not be compiled; it says why above. A C compiler is needed.")
    shutil.rmtree(steps)
    (scratch / STAMP).write_text(stamp, encoding="ascii")
    shutil.rmtree(kept, ignore_errors=True)
    scratch.rename(kept)
    return kept


def add_kernels(folder: Path) -> float:
    """Put the compiled kernels into the folder; return the seconds it took."""
    begin = time.monotonic()
    kept = compiled_kernels()
    shutil.rmtree(inside(folder) / KERNELS, ignore_errors=True)
    shutil.copytree(kept, inside(folder) / KERNELS)
    return time.monotonic() - begin


def collected_libraries() -> list[Path]:
    """Return the shared libraries that PyInstaller took from outside Python and its packages."""
    listing = ast.literal_eval((BUILD / "pyinstaller" / "build" / "COLLECT-00.toc").read_text(encoding="utf-8"))
    entries = next(part for part in listing if isinstance(part, list))
    environment = [Path(prefix).resolve() for prefix in {sys.prefix, sys.base_prefix}]
    found = []
    for entry, source, kind in entries:
        library = Path(source)
        is_ours = any(prefix in library.resolve().parents for prefix in environment) or ROOT in library.parents
        is_there = (inside(DIST / NAME) / entry).exists()
        if kind == "BINARY" and is_there and not is_ours:
            found.append(library)
    return found


def add_papers(folder: Path, package: dict[str, Any], is_release: bool) -> list[Part]:
    """Write the licences, the bill of materials and the build file; return the parts."""
    trial = is_trial(package)
    parts = [*python_parts("taktwerk"), *board_parts(package, trial), *system_parts(collected_libraries())]
    texts = sorted((ROOT / "scripts" / "frozen" / "licences").glob("*.txt"))
    if _COMMON.is_dir():
        said = "".join(file.read_text(encoding="utf-8", errors="replace") for part in parts for file in part.files)
        common = [file for file in sorted(_COMMON.iterdir()) if not file.is_symlink()]
        texts += [file for file in common if f"{_COMMON}/{file.name}" in said]
    (folder / LICENCES).write_text(licences_text(parts, texts), encoding="utf-8")
    bill = bill_of_materials("taktwerk", __version__, parts)
    (folder / BILL).write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")
    facts = {"version": __version__, "evaluation": trial, "release": is_release, "board": package["version"]}
    (inside(folder) / BUILD_FILE).write_text(json.dumps(facts) + "\n", encoding="utf-8")
    return parts


def faults_of(folder: Path) -> list[str]:
    """Return what is wrong with a finished folder: it holds what it must not, misses something, or is too large."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    found = [f"{name} is free under the GPL alone and must not be in it." for name in names if is_gpl_only(name)]
    wanted = [f"{program.name}{ending}" for program in PROGRAMS for ending in (_ENDING, ".pkg")]
    wanted += [LICENCES, BILL, *(f"_internal/{name}" for name in (BUILD_FILE, *_KERNEL_FILES))]
    found += [f"{name} is missing." for name in wanted if not any(map(re.compile(name).fullmatch, names))]
    if (size := sum(sizes(folder).values())) > LARGEST_MB * _MB:
        found.append(f"The folder takes {size / _MB:.0f} MB; at most {LARGEST_MB} MB are allowed.")
    return found


def archive_of(folder: Path) -> Path:
    """Return the file that is handed over: the folder in one."""
    machine = f"{platform.system()}-{platform.machine()}".lower()
    return folder.with_name(f"taktwerk-{__version__}-{machine}{'.zip' if sys.platform == 'win32' else '.tar.gz'}")


def pack(folder: Path) -> None:
    """Write the archive; links and rights are kept."""
    file = archive_of(folder)
    file.unlink(missing_ok=True)
    if sys.platform == "win32":
        shutil.make_archive(str(file.with_suffix("")), "zip", folder.parent, folder.name)
        return
    with tarfile.open(file, "w:gz", compresslevel=6) as archive:
        archive.add(folder, folder.name, filter=_nobodys)


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who built it."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def sizes(folder: Path) -> Counter[str]:
    """Return the bytes of every part: the top folders, and single files that stand alone."""
    found: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            parts = path.relative_to(folder).parts
            found["/".join(parts[1:2] if parts[0] == "_internal" else parts[:1])] += path.stat().st_size
    return found


def report(folder: Path) -> None:
    """Print the size and the largest parts."""
    found = sizes(folder)
    file = archive_of(folder)
    packed = f", {file.stat().st_size / _MB:.0f} MB packed as {file.name}" if file.is_file() else ""
    print(f"{folder.relative_to(ROOT)}: {sum(found.values()) / _MB:.0f} MB{packed}. The largest parts:")
    for name, size in found.most_common(12):
        print(f"  {size / _MB:7.1f} MB  {name}")


def main(arguments: list[str] | None = None) -> int:
    """Build, complete and check the folder; exit code 1 with a plain message when there is none."""
    parser = argparse.ArgumentParser(description="Build the packaged program into dist/Taktwerk.")
    parser.add_argument("--release", action="store_true", help="refuse to build with the board's trial")
    parser.add_argument("--check", action="store_true", help="only check the folder that is there")
    options = parser.parse_args(arguments)
    folder = DIST / NAME
    try:
        if not options.check:
            package = board_for(options.release)
            build()
            share_code(folder)
            if sys.platform == "linux":
                print(f"{prune(inside(folder)) / _MB:.0f} MB of unused libraries and symbols were left out.")
            print(f"The kernels were compiled in {add_kernels(folder):.0f} s.")
            parts = add_papers(folder, package, options.release)
            print(f"{len(parts)} parts by others are listed in {LICENCES} and {BILL}.")
            pack(folder)
        report(folder)
        if faults := faults_of(folder):
            raise PackageError("The folder is not fit to be given away:\n  " + "\n  ".join(faults))
    except PackageError as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    print("Built with the board's trial: an evaluation." if _is_evaluation(folder) else "Built with a licensed board.")
    return 0


def _is_evaluation(folder: Path) -> bool:
    return bool(json.loads((inside(folder) / BUILD_FILE).read_text(encoding="utf-8"))["evaluation"])


if __name__ == "__main__":
    sys.exit(main())
