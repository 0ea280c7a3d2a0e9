"""Compiled kernels in a packaged program: shipped with it, so that no planner ever waits for the compiler.

A checkout keeps what numba compiled beside the source. A packaged program has no source files and may not write to its
own folder, so the build compiles the kernels once, for any processor of the kind, and the program carries them along.
The first start copies them to the user's cache folder, where numba may add what the build has not met.

Must be called before numba is imported: it reads its settings then.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import platformdirs

SHIPPED: Final = "kernels"
"""The folder in the packaged program."""
STAMP: Final = "stamp"
"""The file in it that names the sources: kernels of other sources are not used."""
_PROCESSOR: Final = "generic"

_log = logging.getLogger("taktwerk.solve")
_place: dict[str, Any] = {"folder": "", "stamp": ""}


class KernelLocator:
    """Tells numba where compiled kernels are kept: all in one folder, valid for one state of the sources."""

    def __init__(self, first_line: int, file: str) -> None:
        self._first_line = first_line
        self._py_file = file  # numba names it in a warning

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> KernelLocator:
        """Return the locator of a function; numba asks for every function that is to be kept."""
        return cls(py_func.__code__.co_firstlineno, py_file)

    def get_cache_path(self) -> str:
        """Return the folder."""
        return str(_place["folder"])

    def get_source_stamp(self) -> str:
        """Return what must be equal for a kept kernel to be valid."""
        return str(_place["stamp"])

    def get_disambiguator(self) -> str:
        """Return what tells functions of one name and module apart."""
        return str(self._first_line)

    def ensure_cache_path(self) -> None:
        """Make the folder."""
        os.makedirs(self.get_cache_path(), exist_ok=True)


def keep_kernels_in(folder: Path, stamp: str) -> None:
    """Let numba load compiled kernels from ``folder`` and save there what is missing, for any processor of the kind."""
    _place.update(folder=folder, stamp=stamp)
    os.environ["NUMBA_CACHE_LOCATOR_CLASSES"] = f"{__name__}.{KernelLocator.__name__}"
    os.environ["NUMBA_CPU_NAME"] = _PROCESSOR
    os.environ["NUMBA_CPU_FEATURES"] = ""


def use_shipped_kernels(shipped: Path | None = None, cache: Path | None = None) -> Path | None:
    """Use the kernels that came with the program.

    Parameters
    ----------
    shipped
        Their folder; that of the packaged program by default.
    cache
        Where folders of compiled kernels stand; in the user's cache folder by default.

    Returns
    -------
    Path or None
        Where they are kept; ``None`` when none came with it, and numba's own rules hold.
    """
    shipped = shipped or Path(getattr(sys, "_MEIPASS", "")) / SHIPPED
    try:
        stamp = (shipped / STAMP).read_text(encoding="ascii").strip()
    except OSError:
        return None
    cache = cache or platformdirs.user_cache_path("taktwerk", appauthor=False) / SHIPPED
    folder = cache / stamp[:16]
    try:
        _copy_once(shipped, folder)
    except OSError as error:
        _log.warning("the compiled kernels are used where they are, for %s cannot be written: %s", folder, error)
        folder = shipped
    keep_kernels_in(folder, stamp)
    return folder


def _copy_once(shipped: Path, folder: Path) -> None:
    """Make ``folder`` a copy unless it is there; whole or not at all, also when two programs start at once."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    others = [path for path in folder.parent.iterdir() if path.is_dir() and not path.name.startswith("new-")]
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="new-") as scratch:
        copied = Path(scratch) / folder.name
        # Not with the modes of the program's folder, which may be read-only.
        shutil.copytree(shipped, copied, copy_function=shutil.copyfile)
        os.chmod(copied, 0o700)
        try:
            copied.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    for old in others:  # of earlier versions of the program
        shutil.rmtree(old, ignore_errors=True)
