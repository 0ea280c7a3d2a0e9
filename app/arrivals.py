"""What comes from outside into the database: as a new schedule, or as a branch of the one that it goes back to.

Nothing that is there is overwritten. A branch begins at the newest version that both sides know, and its difference to
the live plan is told before and after; whoever wants it merges it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from app.exchange.package import Package, Step
from app.exchange.package_parts import VersionNote
from app.versions import ScheduleSummary, VersionInfo, VersionService
from engine.diff import Delta, diff
from engine.metrics import kpis
from engine.model import Schedule
from storage import canonical
from storage.canonical import Encoded
from storage.database import Database
from storage.tables import MAIN_HEAD
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Incoming:
    """A schedule from outside, with what is known of where it comes from."""

    schedule: Schedule
    title: str
    sender: str = ""
    comment: str = ""
    known_hashes: tuple[str, ...] = ()
    """Content hashes of it and of the versions before it, nearest first."""
    history: tuple[Step, ...] = ()
    """Earlier versions, oldest first, ending with it."""

    @staticmethod
    def of_package(package: Package) -> Incoming:
        """Return what arrives in a package."""
        manifest = package.manifest
        return Incoming(
            package.schedule,
            manifest.title,
            manifest.sender.name,
            manifest.version.comment,
            package.known_hashes,
            package.history,
        )


@dataclass(frozen=True, slots=True)
class Landing:
    """What bringing it in would do.

    Attributes
    ----------
    target
        The schedule that it becomes a branch of; None: it becomes a schedule of its own.
    begins_at
        The version where the branch begins.
    same_as
        The version of the target that holds just this; then there is nothing to bring in.
    delta
        What turns the target's live plan into it.
    live
        The target's live plan.
    scenario
        What the branch will be called.
    """

    target: ScheduleSummary | None
    begins_at: VersionInfo | None = None
    same_as: VersionInfo | None = None
    delta: Delta | None = None
    live: Schedule | None = None
    scenario: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What was written: the version, and the head it is on."""

    version: VersionInfo
    head: str
    versions: int = field(default=1)


class Arrivals:
    """Looks at what comes from outside, and brings it in.

    Parameters
    ----------
    database
        Where everything is stored.
    service
        The versions in it.
    user
        Who brings it in.
    """

    def __init__(self, database: Database, service: VersionService, user: str = "") -> None:
        self._database = database
        self._service = service
        self._user = user

    def look(
        self, incoming: Incoming, target: ScheduleSummary | None = None, *, as_new: bool = False, scenario: str = ""
    ) -> Landing:
        """Return what bringing it in would do; nothing is written.

        Parameters
        ----------
        target
            The schedule it belongs to; found by common versions when absent.
        as_new
            Whether it becomes a schedule of its own in any case.
        scenario
            The name of the branch; made of the sender's when empty.

        Raises
        ------
        TaktwerkError
            E008 when the database is damaged.
        """
        if as_new:
            return Landing(None)
        found = target or self._relative(incoming)
        if found is None:
            return Landing(None)
        versions = self._service.list(found.schedule.id)
        by_hash = {info.content_hash: info for info in reversed(versions)}
        own = canonical.encode(incoming.schedule).content_hash
        live = self._service.data(found.head.id)
        common = next((by_hash[key] for key in incoming.known_hashes[1:] if key in by_hash), found.head)
        return Landing(
            found,
            common,
            by_hash.get(own),
            diff(live, incoming.schedule),
            live,
            self._free_name(found.schedule.id, scenario or _branch_name(incoming)),
        )

    def bring_in(self, incoming: Incoming, landing: Landing) -> Arrived:
        """Write what ``look`` showed, in one transaction, and return what became of it.

        Raises
        ------
        TaktwerkError
            E001 when an attribute has no JSON form or the branch's name was taken meanwhile; E008 when it cannot be
            stored. Nothing is written then.
        """
        self._database.before_import()
        if landing.target is None or landing.begins_at is None:
            return self._as_new(incoming)
        return self._as_branch(incoming, landing.target.schedule.id, landing.begins_at, landing.scenario)

    def _as_branch(self, incoming: Incoming, schedule_id: str, base: VersionInfo, scenario: str) -> Arrived:
        encoded = canonical.encode(incoming.schedule)
        delta = diff(self._service.data(base.id), incoming.schedule).to_json()
        figures = asdict(kpis(incoming.schedule))
        with self._database.unit_of_work() as uow:
            comment = _comment(incoming)
            info = self._add(uow, schedule_id, base.id, encoded, delta, figures, comment)
            uow.heads.create(schedule_id, scenario, info.id)
            uow.commit()
        return Arrived(info, scenario)

    def _as_new(self, incoming: Incoming) -> Arrived:
        schedules = [step.schedule for step in incoming.history] or [incoming.schedule]
        notes: Sequence[VersionNote | None] = [step.note for step in incoming.history] or [None]
        ready = [(canonical.encode(item), asdict(kpis(item))) for item in schedules]
        deltas = [None, *(diff(a, b).to_json() for a, b in pairwise(schedules))]
        with self._database.unit_of_work() as uow:
            row = uow.schedules.create(incoming.schedule.metadata.plant_id, incoming.title)
            parent: str | None = None
            info: VersionInfo | None = None
            for (encoded, figures), delta, note in zip(ready, deltas, notes, strict=True):
                comment = _comment(incoming) if note is None or note is notes[-1] else _told(note)
                info = self._add(uow, row.id, parent, encoded, delta, figures, comment)
                parent = info.id
            assert info is not None
            uow.heads.create(row.id, MAIN_HEAD, info.id)
            uow.commit()
        return Arrived(info, MAIN_HEAD, len(ready))

    def _add(
        self,
        uow: UnitOfWork,
        schedule_id: str,
        parent: str | None,
        encoded: Encoded,
        delta: dict[str, Any] | None,
        figures: dict[str, Any],
        comment: str,
    ) -> VersionInfo:
        user = uow.users.ensure(self._user) if self._user else None
        return uow.versions.add(schedule_id, parent, encoded, delta, "import", figures, user, comment)

    def _relative(self, incoming: Incoming) -> ScheduleSummary | None:
        """Return the newest schedule that has a version in common with what arrives."""
        wanted = set(incoming.known_hashes)
        for item in reversed(self._service.schedules()) if wanted else ():
            if any(info.content_hash in wanted for info in self._service.list(item.schedule.id)):
                return item
        return None

    def _free_name(self, schedule_id: str, wanted: str) -> str:
        taken = {head.name for head in self._service.heads(schedule_id)}
        name, count = wanted, 1
        while name in taken:
            count += 1
            name = f"{wanted} ({count})"
        return name


def _branch_name(incoming: Incoming) -> str:
    return f"From {incoming.sender}"[:80] if incoming.sender else "Imported"


def _comment(incoming: Incoming) -> str:
    parts = [f"from {incoming.sender}" if incoming.sender else "", incoming.comment]
    return ("Imported " + ": ".join(part for part in parts if part)).strip()[:2_000]


def _told(note: VersionNote) -> str:
    """Return the comment of an earlier version, with who saved it and when: the database writes its own."""
    when = note.created_at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M UTC") if note.created_at else ""
    told = ", ".join(part for part in (note.created_by or "", when) if part)
    return f"{note.comment} ({told})".strip()[:2_000] if told else note.comment
