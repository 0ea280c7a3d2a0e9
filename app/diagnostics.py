"""How the program is doing: runs, database, memory, stalls, parts; and a bundle of it to hand on.

The bundle is made of numbers, codes and places in the program only. Names of schedules, people, files and machines
never get into it: log lines come without their messages, errors without their words.
"""

from __future__ import annotations

import json
import logging
import platform
import re
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, Final

from app import __version__
from engine.errors import ErrorCode, TaktwerkError
from storage.backups import backups_of
from storage.database import Database
from storage.rows import RunRow
from storage.sqlite_file import driver

PARTS: Final = (
    "PySide6-Essentials",
    "PySide6-Addons",
    "ortools",
    "numba",
    "numpy",
    "sqlalchemy",
    "pydantic",
    "fastapi",
)
_MOST_RUNS: Final = 1_000
_MOST_LINES: Final = 5_000
_FRAME: Final = re.compile(r'File "[^"]*?((?:app|engine|storage|ui)[/\\][\w/\\]+\.py)", line (\d+), in (\w+)')
_LOGGER: Final = re.compile(r"(taktwerk(\.[a-z_]+)*|py\.warnings)")
_KIND: Final = re.compile(r"^(?:\w+\.)*(\w+(?:Error|Exception|Interrupt|Warning))\b", re.MULTILINE)
_LEVELS: Final = ("debug", "info", "warning", "error", "critical")
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)")
_log = logging.getLogger("taktwerk.diagnostics")


@dataclass(frozen=True, slots=True)
class RunFigures:
    """What the last runs came to. Durations in seconds, gaps 0 to 1."""

    total: int = 0
    by_status: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    median_s: float | None = None
    longest_s: float | None = None
    median_gap: float | None = None
    worst_gap: float | None = None
    proven: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the page shows and the bundle holds."""

    program: str
    uptime_s: float
    runs: RunFigures
    schedules: int
    versions: int
    database_kind: str
    database_bytes: int | None
    log_bytes: int | None
    backups: int
    newest_backup_age_s: float | None
    memory_bytes: int | None
    peak_memory_bytes: int | None
    stalls: int
    longest_stall_ms: float
    parts: dict[str, str]
    trouble: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        runs = {name: getattr(self.runs, name) for name in RunFigures.__slots__}
        return {name: getattr(self, name) for name in self.__slots__} | {"runs": runs}


class Diagnostics:
    """Collects figures about this process and its database. Safe to use from any thread.

    Parameters
    ----------
    database
        The open database.
    log_dir
        Where the logs are.
    """

    def __init__(self, database: Database, log_dir: Path | None = None) -> None:
        self._database, self._log_dir = database, log_dir
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._stalls = 0
        self._longest_ms = 0.0

    def note_stall(self, late_ms: float) -> None:
        """The interface's thread was blocked for so long."""
        with self._lock:
            self._stalls += 1
            self._longest_ms = max(self._longest_ms, late_ms)

    def report(self) -> Report:
        """Return the figures of now; a database that does not answer is told in ``trouble``, by its code."""
        runs, schedules, versions, trouble = RunFigures(), 0, 0, ""
        try:
            with self._database.read() as view:
                runs = run_figures(view.runs.list(limit=_MOST_RUNS))
                rows = view.schedules.list()
                schedules, versions = len(rows), sum(len(view.versions.list(row.id)) for row in rows)
        except TaktwerkError as error:
            _log.warning("the database did not answer: %s", error)
            trouble = error.code.value
        path = self._database.path
        made = backups_of(path) if path else []
        memory, peak = _memory()
        return Report(
            program=__version__,
            uptime_s=round(time.monotonic() - self._began, 1),
            runs=runs,
            schedules=schedules,
            versions=versions,
            database_kind="file" if path else "server",
            database_bytes=_size(path),
            log_bytes=_size(path.with_name(f"{path.name}-wal")) if path else None,
            backups=len(made),
            newest_backup_age_s=max(0.0, round(time.time() - made[0].taken_at.timestamp())) if made else None,
            memory_bytes=memory,
            peak_memory_bytes=peak,
            stalls=self._stalls,
            longest_stall_ms=round(self._longest_ms, 1),
            parts=parts(),
            trouble=trouble,
        )

    def write_bundle(self, target: Path) -> Path:
        """Write the report and the bones of the logs to a zip file, whole or not at all.

        Raises
        ------
        TaktwerkError
            E008 when it cannot be written.
        """
        partial = target.with_name(f"{target.name}.part")
        try:
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as bundle:
                bundle.writestr("report.json", json.dumps(self.report().to_json(), indent=2))
                for name, lines in self._logs():
                    bundle.writestr(f"logs/{name}", "\n".join(json.dumps(line) for line in lines) + "\n")
            partial.replace(target)
        except OSError as error:
            message = f"The report could not be written to {target}: {error.strerror or error}. Choose another place."
            raise TaktwerkError(ErrorCode.STORAGE, message, {"path": str(target)}) from error
        finally:
            partial.unlink(missing_ok=True)
        return target

    def _logs(self) -> Iterable[tuple[str, list[dict[str, Any]]]]:
        for role in ("workstation", "command-line", "server"):
            path = None if self._log_dir is None else self._log_dir / f"{role}.log"
            if path is not None and path.is_file():
                lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-_MOST_LINES:]
                yield f"{role}.jsonl", [bones for bones in map(bones_of, lines) if bones is not None]


def run_figures(rows: Iterable[RunRow]) -> RunFigures:
    """Add runs up."""
    runs = list(rows)
    took = [(r.completed_at - r.started_at).total_seconds() for r in runs if r.started_at and r.completed_at]
    gaps = [float(r.metrics["gap"]) for r in runs if r.metrics and r.metrics.get("gap") is not None]
    codes = [str(r.error["code"]) for r in runs if r.error and r.error.get("code") in set(ErrorCode)]
    return RunFigures(
        total=len(runs),
        by_status=dict(Counter(str(r.status) for r in runs)),
        failures=dict(Counter(codes)),
        median_s=round(median(took), 2) if took else None,
        longest_s=round(max(took), 2) if took else None,
        median_gap=median(gaps) if gaps else None,
        worst_gap=max(gaps) if gaps else None,
        proven=sum(1 for r in runs if r.metrics and r.metrics.get("proof") == "optimal"),
    )


def bones_of(line: str) -> dict[str, Any] | None:
    """Return what may leave the house of a log line: when, how grave, which part, which error, where in the program."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    bones: dict[str, Any] = {}
    if _STAMP.fullmatch(str(found.get("at"))):
        bones["at"] = found["at"]
    if found.get("level") in _LEVELS:
        bones["level"] = found["level"]
    if _LOGGER.fullmatch(str(found.get("logger"))):
        bones["logger"] = found["logger"]
    trace = str(found.get("exception") or "")
    if trace:
        bones["frames"] = [f"{m[1]}:{m[2]} {m[3]}".replace("\\", "/") for m in _FRAME.finditer(trace)]
        bones["error"] = [kind for kind in _KIND.findall(trace) if kind in _KNOWN_ERRORS]
    codes = re.findall(r"\bE0\d\d\b", str(found.get("event")))
    if codes:
        bones["codes"] = [code for code in codes if code in set(ErrorCode)]
    return bones or None


def parts() -> dict[str, str]:
    """Return the versions of what the program is built on."""
    found = {"Python": platform.python_version(), "SQLite": driver.sqlite_version, "system": platform.system()}
    for name in PARTS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _size(path: Path | None) -> int | None:
    try:
        return path.stat().st_size if path else None
    except OSError:
        return None


def _memory() -> tuple[int | None, int | None]:
    """Memory of this process now and at most, in bytes; ``None`` where the system does not tell."""
    try:
        import psutil

        info = psutil.Process().memory_info()
        return int(info.rss), int(getattr(info, "peak_wset", 0)) or _peak()
    except ImportError:
        return None, _peak()


def _peak() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


_KNOWN_ERRORS: Final = frozenset(
    {name for name, kind in vars(__import__("builtins")).items() if isinstance(kind, type)}
    | {"TaktwerkError", "ValidationError", "OperationalError", "DatabaseError", "IntegrityError", "CancelledError"}
)
