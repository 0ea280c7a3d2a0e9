"""Room for the ends of runs, taken beforehand: what a full disk keeps out of the database is written there.

A run's file lies in a folder beside the database while the run goes on, and longer only when its end could not be
stored. It is made as large as a plan may get when the run begins, so that writing it later takes no more room.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs

from engine.errors import TaktwerkError
from storage import canonical
from storage.database import Database

_MAGIC: Final = b"TAKTRUN1"
_HEAD_BYTES: Final = len(_MAGIC) + 8
_BASE_BYTES: Final = 64 << 10
_BYTES_PER_OPERATION: Final = 48
"""Measured: a plan of 10,000 operations takes 15 bytes for each, compressed."""
_SUFFIX: Final = ".run"

_log = logging.getLogger("taktwerk.optimization")


@dataclass(frozen=True, slots=True)
class Spared:
    """What a file keeps of a run: facts in JSON, and its plan as bytes, empty when it has none."""

    facts: dict[str, Any]
    plan: bytes


class SpareFiles:
    """One file a run, in one folder. No method raises: where nothing can be written, nothing is kept.

    Parameters
    ----------
    folder
        Where they lie; it exists only while there is one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def of(database: Database) -> SpareFiles:
        """Return those of a database: beside a file; for a server, in the user's data folder."""
        if database.path is not None:
            return SpareFiles(database.path.with_name(f"{database.path.name}-runs"))
        return SpareFiles(platformdirs.user_data_path("taktwerk", appauthor=False) / "unstored-runs")

    def path(self, run_id: str) -> Path:
        """Return the file of a run."""
        return self._folder / f"{run_id}{_SUFFIX}"

    def reserve(self, run_id: str, operations: int) -> None:
        """Take the room that the plan of a run may need."""
        size = _BASE_BYTES + _BYTES_PER_OPERATION * operations
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self.path(run_id).open("xb") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)
                else:
                    file.write(bytes(size))
        except OSError as error:
            _log.warning("no room could be kept for the plan of run %s: %s", run_id, error)
            self.drop(run_id)

    def write(self, run_id: str, kept: Spared) -> bool:
        """Keep something of a run instead of what was kept before; return whether it is on the disk."""
        facts = json.dumps(kept.facts).encode()
        frame = canonical.pack(len(facts).to_bytes(8, "big") + facts + kept.plan)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            number = os.open(self.path(run_id), os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(number, "r+b", buffering=0) as file:
                for at, part in ((_HEAD_BYTES, frame), (0, _MAGIC + len(frame).to_bytes(8, "big"))):
                    file.seek(at)
                    if file.write(part) != len(part):
                        raise OSError(f"only a part of {len(part)} bytes was written")
                    os.fsync(file.fileno())  # the head last: it says that all of the rest is there
        except OSError as error:
            _log.error("the plan of run %s could not be kept in a file either: %s", run_id, error)
            return False
        return True

    def empty(self, run_id: str) -> None:
        """Keep nothing of a run any more, but its room."""
        with contextlib.suppress(OSError), self.path(run_id).open("r+b", buffering=0) as file:
            file.write(bytes(_HEAD_BYTES))
            os.fsync(file.fileno())

    def read(self, run_id: str) -> Spared | None:
        """Return what is kept of a run; ``None`` when that is nothing, or not whole."""
        try:
            data = self.path(run_id).read_bytes()
        except OSError:
            return None
        size = int.from_bytes(data[len(_MAGIC) : _HEAD_BYTES], "big")
        if not data.startswith(_MAGIC) or len(data) < _HEAD_BYTES + size:
            return None
        try:
            inside = canonical.unpack(data[_HEAD_BYTES : _HEAD_BYTES + size])
            end = 8 + int.from_bytes(inside[:8], "big")
            return Spared(json.loads(inside[8:end]), inside[end:])
        except (TaktwerkError, ValueError) as error:
            _log.error("what was kept of run %s is damaged: %s", run_id, error)
            return None

    def drop(self, run_id: str) -> None:
        """Give the room of a run back."""
        with contextlib.suppress(OSError):
            self.path(run_id).unlink(missing_ok=True)
            self._folder.rmdir()  # if it was the last one

    def runs(self) -> list[str]:
        """Return the ids of the runs that there are files of."""
        try:
            return sorted(path.stem for path in self._folder.iterdir() if path.suffix == _SUFFIX)
        except OSError:
            return []
