"""Handing a plan on as a file: what goes with it, in whatever format it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.exchange import formats, package
from app.exchange.package_keys import KeyRing
from app.exchange.share import Sharing
from app.versions import VersionInfo, VersionService
from engine.model import Schedule

MOST_ANCESTORS = 10_000


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be written where.

    Attributes
    ----------
    path, format
        The file, and a name of ``formats.WRITABLE``.
    head
        The version that is handed on, or that the working plan is based on.
    working
        The working plan, if that is handed on and not the version.
    base
        The version to show the differences to (Excel, CSV, HTML, PDF).
    resource
        Only this resource's work (calendar files).
    table
        One table (CSV), all in a zip file if absent.
    with_history, is_signed
        Of packages.
    """

    path: Path
    format: str
    head: VersionInfo
    working: Schedule | None = None
    base: VersionInfo | None = None
    resource: str | None = None
    table: str | None = None
    with_history: bool = False
    is_signed: bool = False


def export(service: VersionService, wanted: Export, *, user: str = "", keys: KeyRing | None = None) -> list[str]:
    """Write a file, complete or not at all, and return what it does not hold.

    Raises
    ------
    TaktwerkError
        E001 when the format cannot hold this plan, with every reason; E008 when it cannot be written; E012.
    """
    schedule = service.data(wanted.head.id) if wanted.working is None else wanted.working
    sharing = _sharing(service, wanted, schedule, user, keys or KeyRing())
    return formats.write(schedule, wanted.path, wanted.format, sharing)


def lineage(service: VersionService, info: VersionInfo) -> list[VersionInfo]:
    """Return a version and those it was made from, nearest first, along first parents."""
    by_id = {item.id: item for item in service.list(info.schedule_id)}
    line = [info]
    while (parent := line[-1].parent_version_id) is not None and parent in by_id:
        line.append(by_id[parent])
    return line


def version_note(info: VersionInfo) -> package.VersionNote:
    """Return what a package says of a version."""
    return package.VersionNote(
        content_hash=info.content_hash,
        number=info.number,
        created_at=info.created_at,
        created_by=info.created_by,
        source=info.source,
        comment=info.comment[:2_000],
    )


def history_steps(service: VersionService, line: list[VersionInfo], most: int) -> tuple[package.Step, ...]:
    """Return the newest versions of a line with their data, oldest first."""
    return tuple(package.Step(version_note(item), service.data(item.id)) for item in reversed(line[:most]))


def _sharing(service: VersionService, wanted: Export, schedule: Schedule, user: str, keys: KeyRing) -> Sharing:
    summary = next(item for item in service.schedules() if item.schedule.id == wanted.head.schedule_id)
    base = None if wanted.base is None else service.data(wanted.base.id)
    base_title = "" if wanted.base is None else f"version {wanted.base.number}"
    if wanted.format != "takt":
        return Sharing(base, base_title, summary.schedule.name, wanted.resource, wanted.table)
    line = lineage(service, wanted.head)
    is_version = wanted.working is None
    note = version_note(wanted.head) if is_version else package.note_of(schedule, comment="Working plan, not saved")
    steps: tuple[package.Step, ...] = ()
    if wanted.with_history:
        most = package.parts.MAX_HISTORY - (0 if is_version else 1)
        steps = history_steps(service, line, most)
        steps += () if is_version else (package.Step(note, schedule),)
    before = line[1:] if is_version else line
    return Sharing(
        title=summary.schedule.name,
        sender=user,
        keys=keys if wanted.is_signed else None,
        note=note,
        ancestors=tuple(item.content_hash for item in before[:MOST_ANCESTORS]),
        history=steps,
    )
