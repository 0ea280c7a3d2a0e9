"""Versions: importing, saving, opening, comparing and rolling back schedules, and the draft of what is not saved yet.

Whatever is heavy (encoding, hashing, comparing) happens before the database is asked for, so that other writers wait
for milliseconds only.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from app.cherry_pick import Picked, cherry_pick
from app.collector import collector_paused
from app.drafts import DraftKeeper, RecoveredEdit, Recovery
from app.marks import MarkService
from app.scenarios import ScenarioService
from app.version_check import VersionFault
from app.version_reading import ScheduleSummary, VersionReader
from engine.diff import diff
from engine.errors import ErrorCode, TaktwerkError
from engine.metrics import kpis
from engine.model import Schedule
from engine.validate import parse_schedule
from storage import canonical
from storage.canonical import Encoded
from storage.database import Database
from storage.rows import Draft, HeadRow, MergeRow, ScheduleRow, Source, VersionInfo
from storage.tables import MAIN_HEAD
from storage.unit_of_work import UnitOfWork
from storage.version_form import Form

__all__ = [
    "Draft",
    "HeadRow",
    "Opened",
    "RecoveredEdit",
    "Recovery",
    "ScheduleRow",
    "ScheduleSummary",
    "VersionFault",
    "VersionInfo",
    "VersionService",
]

_log = logging.getLogger("taktwerk.versions")
_REMEMBERED = 4
"""Schedules kept in memory to compare the next version with; those of a planner's last few versions."""


class Opened(NamedTuple):
    """A schedule as it is opened: the head, its data, and the unsaved edits if there are any."""

    head: VersionInfo
    schedule: Schedule
    draft: Draft | None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A version that is ready to be inserted."""

    schedule: Schedule
    encoded: Encoded
    delta: dict[str, Any] | None
    metrics: dict[str, Any]
    parent_id: str | None
    form: Form
    merge_parent_id: str | None = None
    origin_id: str | None = None
    run_id: str | None = None


class VersionService(VersionReader):
    """What can be done with versions. Safe to use from any thread.

    Parameters
    ----------
    database
        Where everything is stored.
    user
        Who saves, by name.

    Attributes
    ----------
    user
        Who saves, by name.
    scenarios, marks
        What can be done with scenarios; tags, states and notes of versions.
    """

    def __init__(self, database: Database, user: str = "") -> None:
        super().__init__(database)
        self.user = self._user = user
        self._drafts = DraftKeeper(database)
        self.scenarios = ScenarioService(database, user)
        self.marks = MarkService(database, user)
        self._recent: OrderedDict[str, Schedule] = OrderedDict()
        self._recent_lock = threading.Lock()

    # into the database

    def import_schedule(
        self, schedule: Schedule | bytes | str | dict[str, Any], name: str | None = None, comment: str = ""
    ) -> VersionInfo:
        """Make a new schedule of imported data, with version 1.

        Parameters
        ----------
        schedule
            A schedule, or raw JSON, which is validated.
        name
            What planners see; the data's own name, or the plant, when absent.

        Raises
        ------
        TaktwerkError
            E001 naming every fault of raw data, E006 when they are too large, E008 when they cannot be stored.
        """
        parsed = schedule if isinstance(schedule, Schedule) else parse_schedule(schedule)
        prepared = self._prepare(parsed, None)
        title = name or parsed.metadata.name or f"Plant {parsed.metadata.plant_id}"
        self._database.before_import()
        with self._database.unit_of_work() as uow:
            row = uow.schedules.create(parsed.metadata.plant_id, title)
            info = self._add(uow, row.id, prepared, "import", comment)
            uow.heads.create(row.id, MAIN_HEAD, info.id)
            uow.commit()
        _log.info("imported schedule %s (%s)", row.id, title)
        return self._stored(info, parsed)

    def save(
        self,
        schedule_id: str,
        expected_head: str,
        data: Schedule,
        comment: str = "",
        source: Source = "manual",
        head: str = MAIN_HEAD,
        edits: int | None = None,
        *,
        merge_parent: str | None = None,
        origin: str | None = None,
        run_id: str | None = None,
    ) -> VersionInfo:
        """Store a schedule as the next version and move the head to it; this window's draft is then done with.

        Parameters
        ----------
        expected_head
            The version that ``data`` were made from.
        edits
            How many edits of the draft are in ``data`` (``edit_count`` when they were taken); all by default. Later
            ones are kept as edits of the new version.
        merge_parent, origin, run_id
            The second parent of a merge; the version that was gone back to or taken from; the run a plan is from.

        Raises
        ------
        TaktwerkError
            E004 with ``details`` base, ours and theirs when the head has moved; E008 when it cannot be stored. Nothing
            is changed then, and the draft stays.
        """
        prepared = self._prepare(data, expected_head, merge_parent, origin, run_id)
        settling = self._drafts.settling(schedule_id, head, expected_head, edits)
        with settling as settle, self._database.unit_of_work() as uow:
            info = self._advance(uow, schedule_id, head, prepared, source, comment)
            settle(uow, info.id)
            uow.commit()
        return self._advanced(info, data)

    def record_result(
        self,
        run_id: str,
        schedule_id: str,
        expected_head: str,
        data: Schedule,
        comment: str = "",
        head: str = MAIN_HEAD,
    ) -> VersionInfo:
        """Make the plan of a run the next version: version, the run's result, head and draft in one transaction.

        Raises
        ------
        TaktwerkError
            As ``save``, and E012 when there is no such run.
        """
        prepared = self._prepare(data, expected_head, run_id=run_id)
        settling = self._drafts.settling(schedule_id, head, expected_head, None)
        with settling as settle, self._database.unit_of_work() as uow:
            info = self._advance(uow, schedule_id, head, prepared, "optimization", comment)
            settle(uow, info.id)
            uow.runs.set_result(run_id, info.id)
            uow.commit()
        return self._advanced(info, data)

    def keep_result(
        self,
        run_id: str,
        schedule_id: str,
        base_version_id: str,
        data: Schedule,
        name: str,
        comment: str = "",
        *,
        description: str = "",
        color: str | None = None,
    ) -> VersionInfo:
        """Begin a scenario at a version with the plan of a run as its next one: all of it in one transaction.

        Raises
        ------
        TaktwerkError
            E001 when the name is taken or empty or the colour is none, E012 when there is no such run or version, E008.
        """
        prepared = self._prepare(data, base_version_id, run_id=run_id)
        with self._database.unit_of_work() as uow:
            self.scenarios.create_in(uow, schedule_id, name, base_version_id, description=description, color=color)
            info = self._advance(uow, schedule_id, name, prepared, "optimization", comment)
            uow.runs.set_result(run_id, info.id)
            uow.commit()
        return self._advanced(info, data)

    def rollback(
        self, schedule_id: str, expected_head: str, version_id: str, comment: str = "", head: str = MAIN_HEAD
    ) -> VersionInfo:
        """Store a new version equal to an old one and return it; errors as ``save``."""
        old = self.show(version_id)
        text = comment or f"Back to version {old.number}"
        return self.save(
            schedule_id, expected_head, self.data(version_id), text, "rollback", head=head, origin=version_id
        )

    def cherry_pick(
        self,
        schedule_id: str,
        expected_head: str,
        version_id: str,
        *,
        event_ids: Collection[str] = (),
        order_ids: Collection[str] = (),
        head: str = MAIN_HEAD,
        comment: str = "",
        only_its_own: bool = False,
    ) -> tuple[VersionInfo, Picked]:
        """Take single operations or orders of a version into a head, as a new version.

        Parameters
        ----------
        only_its_own
            Take only what that version changed against its parent; by default, what it has differently than the head.

        Raises
        ------
        TaktwerkError
            E012 when nothing of what is asked for differs; else as ``save``.
        """
        source = self.show(version_id)
        parent = source.parent_version_id
        base = self.data(parent) if only_its_own and parent is not None else None
        onto = self.data(expected_head)
        picked = cherry_pick(onto, self.data(version_id), event_ids=event_ids, order_ids=order_ids, base=base)
        text = comment or f"{len(picked.taken)} changes from version {source.number}"
        info = self.save(schedule_id, expected_head, picked.schedule, text, "cherry_pick", head=head, origin=version_id)
        return info, picked

    def save_merge(
        self, merge: MergeRow, data: Schedule, side: Schedule | None, comment: str = "", edits: int | None = None
    ) -> VersionInfo:
        """Make a merge the next version of its head and forget it, in one transaction (``MergeService.finish``).

        Parameters
        ----------
        side
            The side that was merged into the head, if it is no version yet: it becomes one, from the merge's base.

        Raises
        ------
        TaktwerkError
            As ``save``, and E012 when the merge is over already.
        """
        theirs_is_merged = merge.kind in ("import", "run")
        second = merge.theirs_version_id if theirs_is_merged else merge.ours_version_id
        prepared = self._prepare(data, merge.head_version_id, second, run_id=merge.run_id)
        other = None if side is None else self._prepare(side, merge.base_version_id, run_id=merge.run_id)
        source: Source = "optimization" if merge.kind == "run" else "import" if merge.kind == "import" else "manual"
        text = comment or f"Merge: {merge.label}".removesuffix(": ")
        settling = self._drafts.settling(merge.schedule_id, merge.head_name, merge.base_version_id, edits)
        with settling as settle, self._database.unit_of_work() as uow:
            if other is not None:
                added = self._add(uow, merge.schedule_id, other, source, merge.label)
                prepared = replace(prepared, merge_parent_id=added.id)
            info = self._advance(uow, merge.schedule_id, merge.head_name, prepared, "merge", text)
            if merge.kind == "head" or (merge.kind == "run" and edits is not None):
                settle(uow, info.id)
            if merge.run_id is not None:
                uow.runs.set_result(merge.run_id, info.id)
            uow.merges.remove(merge.id)
            uow.commit()
        return self._advanced(info, data)

    def open(self, schedule_id: str, head: str = MAIN_HEAD) -> Opened:
        """Return the head's version, its schedule and its draft (E012; E008 when the version is damaged)."""
        with self._database.read() as view:
            info = view.versions.get(view.heads.get(schedule_id, head).version_id)
            with collector_paused():
                schedule = view.versions.data(info.id)
            draft = view.drafts.load(schedule_id, head)
        self._stored(info, schedule)
        return Opened(info, schedule, draft if draft and draft.edits else None)

    # scenarios

    def create_scenario(self, schedule_id: str, name: str, version_id: str) -> HeadRow:
        """Begin a scenario at a version (E001 when the name is taken or empty, E012)."""
        return self.scenarios.create(schedule_id, name, version_id)

    def rename_scenario(self, schedule_id: str, name: str, new_name: str) -> HeadRow:
        """Give a scenario another name, also while this window edits it (E001, E005, E012)."""
        row = self.scenarios.rename(schedule_id, name, new_name)
        self._drafts.renamed(schedule_id, name, row.name)
        return row

    def delete_scenario(self, schedule_id: str, name: str) -> None:
        """Delete a scenario with its unsaved edits; its versions stay (E005 for the live plan, E012)."""
        self.scenarios.delete(schedule_id, name)

    # the draft

    def append_edit(
        self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any] | bytes, head: str = MAIN_HEAD
    ) -> None:
        """Store one edit of what is open; it is on the disk when this returns (E004, E008: see ``DraftKeeper``)."""
        self._drafts.append(schedule_id, base_version_id, label, delta, head)

    def edit_count(self, schedule_id: str, head: str = MAIN_HEAD) -> int:
        """Return how many unsaved edits of this window are stored."""
        return self._drafts.count(schedule_id, head)

    def replace_draft(
        self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any], head: str = MAIN_HEAD
    ) -> None:
        """Put one edit on another version in the draft's place, in one stroke (E004, E008)."""
        self._drafts.replace(schedule_id, base_version_id, label, delta, head)

    def discard_draft(self, schedule_id: str, head: str = MAIN_HEAD) -> bool:
        """Throw the unsaved edits away and return whether there were any."""
        return self._drafts.discard(schedule_id, head)

    def recover(self, schedule_id: str, head: str = MAIN_HEAD) -> Recovery | None:
        """Bring the unsaved edits back as far as they are intact; ``None`` when there are none (E008)."""
        return self._drafts.recover(schedule_id, head)

    # inside

    def _prepare(
        self,
        schedule: Schedule,
        parent_id: str | None,
        merge_parent_id: str | None = None,
        origin_id: str | None = None,
        run_id: str | None = None,
    ) -> _Prepared:
        encoded = canonical.encode(schedule)
        delta = None
        if parent_id is not None:
            parent = self._recent.get(parent_id) or self.data(parent_id)
            delta = diff(parent, schedule).to_json()
        with self._database.read() as view:
            form = view.versions.form(parent_id, encoded, delta)
        figures = asdict(kpis(schedule))
        return _Prepared(schedule, encoded, delta, figures, parent_id, form, merge_parent_id, origin_id, run_id)

    def _add(self, uow: UnitOfWork, schedule_id: str, prepared: _Prepared, source: Source, comment: str) -> VersionInfo:
        return uow.versions.add(
            schedule_id,
            prepared.parent_id,
            prepared.encoded,
            prepared.delta,
            source,
            prepared.metrics,
            uow.users.ensure(self._user) if self._user else None,
            comment,
            merge_parent_version_id=prepared.merge_parent_id,
            origin_version_id=prepared.origin_id,
            run_id=prepared.run_id,
            form=prepared.form,
        )

    def _advance(
        self, uow: UnitOfWork, schedule_id: str, head: str, prepared: _Prepared, source: Source, comment: str
    ) -> VersionInfo:
        """Add the version and move the head by compare-and-set."""
        expected = prepared.parent_id or ""
        standing = uow.heads.get(schedule_id, head)
        if standing.is_archived:
            raise TaktwerkError(
                ErrorCode.RESOURCE_LOCKED,
                f"The scenario {head!r} is archived. Take it out of the archive to go on with it.",
                {"head": head},
            )
        current = standing.version_id
        if current != expected:
            raise _conflict(uow.versions.get(expected), prepared, uow.versions.get(current))
        info = self._add(uow, schedule_id, prepared, source, comment)
        uow.heads.move(schedule_id, head, expected, info.id)
        return info

    def _advanced(self, info: VersionInfo, schedule: Schedule) -> VersionInfo:
        _log.info("saved version %d of schedule %s (%s)", info.number, info.schedule_id, info.source)
        return self._stored(info, schedule)

    def _stored(self, info: VersionInfo, schedule: Schedule) -> VersionInfo:
        """Remember the schedule of a version, so that comparing the next one with it need not read it."""
        with self._recent_lock:
            self._recent[info.id] = schedule
            self._recent.move_to_end(info.id)
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
        return info


def _conflict(base: VersionInfo, ours: _Prepared, theirs: VersionInfo) -> TaktwerkError:
    by = f" by {theirs.created_by}" if theirs.created_by else ""
    return TaktwerkError(
        ErrorCode.VERSION_CONFLICT,
        f"Version {theirs.number} was saved{by} while you worked on version {base.number}. Compare the two and merge "
        "them; your edits are kept.",
        {
            "base": base.to_json(),
            "ours": {"contentHash": ours.encoded.content_hash, "metrics": ours.metrics},
            "theirs": theirs.to_json(),
        },
    )
