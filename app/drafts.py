"""Unsaved edits: kept in the database one by one as they are acknowledged, and recovered after a crash.

A draft belongs to the window that began or recovered it. Another window that tries to edit the same plan is refused
(E004) rather than mixed in.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.diff import Delta, apply
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Schedule
from storage import canonical
from storage.database import Database
from storage.rows import Draft, DraftEdit, VersionInfo
from storage.tables import MAIN_HEAD
from storage.unit_of_work import UnitOfWork

_log = logging.getLogger("taktwerk.drafts")

Settle = Callable[[UnitOfWork, str], None]
"""Settles a draft inside a unit of work that saves what it led to, given the new version's id."""


@dataclass(frozen=True, slots=True)
class RecoveredEdit:
    """One edit that was brought back."""

    label: str
    delta: Delta


@dataclass(frozen=True)
class Recovery:
    """What a draft gave back.

    Attributes
    ----------
    base, base_schedule
        The version the edits were made on. It need not be the head any more.
    schedule
        That version with the edits.
    edits
        The edits in ``schedule``, oldest first.
    lost
        The labels of edits that could not be brought back: the first damaged one and all after it, which build on it.
    problem
        E008 saying so, ``None`` when nothing is lost.
    """

    base: VersionInfo
    base_schedule: Schedule
    schedule: Schedule
    edits: tuple[RecoveredEdit, ...]
    lost: tuple[str, ...]
    problem: TaktwerkError | None


@dataclass(slots=True)
class _Mine:
    """A draft that this window edits: ``seq`` edits count, ``stored`` are in the database (more after damage)."""

    draft_id: str
    base_version_id: str
    seq: int
    stored: int


def delta_bytes(delta: Delta) -> bytes:
    """Return a delta as it is stored in a draft."""
    return canonical.dumps(delta.to_json())


class DraftKeeper:
    """The drafts of one database that this process edits. Safe to use from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mine: dict[tuple[str, str], _Mine] = {}
        self._saved_as: dict[str, str] = {}
        self._lock = threading.RLock()

    def count(self, schedule_id: str, head: str = MAIN_HEAD) -> int:
        """Return how many edits of this window its draft holds."""
        with self._lock:
            mine = self._mine.get((schedule_id, head))
            return 0 if mine is None else mine.seq

    def renamed(self, schedule_id: str, head: str, new_head: str) -> None:
        """Go on with this window's draft of a head that has another name now."""
        with self._lock:
            mine = self._mine.pop((schedule_id, head), None)
            if mine is not None:
                self._mine[schedule_id, new_head] = mine

    def append(
        self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any] | bytes, head: str = MAIN_HEAD
    ) -> None:
        """Store one edit. It is on the disk when this returns.

        ``base_version_id`` may also be a version whose plan, with the edits until then, this window has since saved.
        ``delta`` is ``Delta.to_json()`` data, or ``delta_bytes`` of the delta where it is large.

        Raises
        ------
        TaktwerkError
            E004 when unsaved edits from before wait to be recovered or discarded, or another window edits the same
            plan; E008 when it cannot be stored. Nothing is changed then.
        """
        data = delta if isinstance(delta, bytes) else canonical.dumps(delta)
        with self._lock:
            mine = self._mine.get((schedule_id, head))
            while base_version_id in self._saved_as:
                base_version_id = self._saved_as[base_version_id]
            with self._database.unit_of_work() as uow:
                if mine is None:
                    mine = self._begin(uow, schedule_id, head, base_version_id)
                else:
                    self._require_mine(uow, mine)
                    if mine.base_version_id != base_version_id:
                        raise _elsewhere("changed", mine.stored, mine.stored)
                    if mine.stored > mine.seq:
                        uow.drafts.truncate(mine.draft_id, mine.seq)
                uow.drafts.append(mine.draft_id, mine.seq + 1, label, data)
                uow.commit()
            self._mine[schedule_id, head] = _Mine(mine.draft_id, base_version_id, mine.seq + 1, mine.seq + 1)

    def replace(
        self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any], head: str = MAIN_HEAD
    ) -> None:
        """Put one edit on another version in the place of this window's draft, in one stroke (a draft rebased).

        Raises
        ------
        TaktwerkError
            As ``append``; the draft is then as it was.
        """
        data = canonical.dumps(delta)
        with self._lock, self._database.unit_of_work() as uow:
            mine = self._mine.get((schedule_id, head))
            if mine is not None:
                self._require_mine(uow, mine)
                uow.drafts.discard(schedule_id, head, mine.draft_id)
            fresh = self._begin(uow, schedule_id, head, base_version_id)
            uow.drafts.append(fresh.draft_id, 1, label, data)
            uow.commit()
            self._mine[schedule_id, head] = _Mine(fresh.draft_id, base_version_id, 1, 1)

    def discard(self, schedule_id: str, head: str = MAIN_HEAD) -> bool:
        """Throw the unsaved edits away, whoever made them, and return whether there were any."""
        with self._lock, self._database.unit_of_work() as uow:
            gone = uow.drafts.discard(schedule_id, head)
            uow.commit()
            self._mine.pop((schedule_id, head), None)
            return gone

    def recover(self, schedule_id: str, head: str = MAIN_HEAD) -> Recovery | None:
        """Bring the unsaved edits back, and edit on in their draft; ``None`` when there are none.

        Raises
        ------
        TaktwerkError
            E008 when the version they were made on is damaged. Damaged edits do not raise: see ``Recovery.problem``.
        """
        with self._lock:
            with self._database.read() as view:
                draft = view.drafts.load(schedule_id, head)
                if draft is None:
                    return None
                base = view.versions.get(draft.base_version_id)
                base_schedule = view.versions.data(base.id)
            recovery = _replayed(draft, base, base_schedule)
            self._mine[schedule_id, head] = _Mine(draft.id, base.id, len(recovery.edits), draft.last_seq)
            return recovery

    @contextlib.contextmanager
    def settling(self, schedule_id: str, head: str, base_version_id: str, edits: int | None) -> Iterator[Settle]:
        """Hold this window's draft while a unit of work saves what it led to; no edit is stored meanwhile.

        Parameters
        ----------
        base_version_id
            The version that the draft's edits were made on.
        edits
            How many of the draft's edits are in what is saved; ``None``: all. Later ones stay, on the new version.

        Yields
        ------
        Settle
            To be called within the unit of work with the new version's id. When the block ends without an error, the
            unit of work must be committed. It raises E004 when another window has edited the draft. Others' drafts
            stay as they are.
        """
        with self._lock:
            mine = self._mine.get((schedule_id, head))
            saved: list[str] = []

            def settle(uow: UnitOfWork, version_id: str) -> None:
                saved.append(version_id)
                if mine is None:
                    return
                self._require_mine(uow, mine)
                if edits is None or edits >= mine.seq:
                    uow.drafts.discard(schedule_id, head, mine.draft_id)
                else:
                    uow.drafts.truncate(mine.draft_id, mine.seq)
                    uow.drafts.rebase(mine.draft_id, version_id, edits)

            yield settle
            if not saved:
                return
            if edits is not None:
                self._saved_as[base_version_id] = saved[-1]
            if mine is not None:
                left = 0 if edits is None else max(0, mine.seq - edits)
                if left:
                    self._mine[schedule_id, head] = _Mine(mine.draft_id, saved[-1], left, left)
                else:
                    del self._mine[schedule_id, head]

    def _begin(self, uow: UnitOfWork, schedule_id: str, head: str, base_version_id: str) -> _Mine:
        draft_id = uow.drafts.open(schedule_id, head, base_version_id)
        if uow.drafts.last_seq(draft_id):
            raise TaktwerkError(
                ErrorCode.VERSION_CONFLICT,
                "There are unsaved edits of this plan, from before or from another window. Recover or discard them "
                "before you edit it here.",
                {"base": base_version_id},
            )
        return _Mine(draft_id, base_version_id, 0, 0)

    def _require_mine(self, uow: UnitOfWork, mine: _Mine) -> None:
        try:
            stored = uow.drafts.last_seq(mine.draft_id)
        except TaktwerkError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            stored = -1
        if stored != mine.stored:
            raise _elsewhere("saved or discarded" if stored < 0 else "changed", mine.stored, max(stored, 0))


def _elsewhere(what: str, known: int, stored: int) -> TaktwerkError:
    return TaktwerkError(
        ErrorCode.VERSION_CONFLICT,
        f"The unsaved edits of this plan were {what} in another window. Open the plan again to go on.",
        {"base": known, "ours": known, "theirs": stored},
    )


def _replayed(draft: Draft, base: VersionInfo, base_schedule: Schedule) -> Recovery:
    """Apply the edits until the first that cannot be."""
    schedule, edits = base_schedule, list[RecoveredEdit]()
    for number, edit in enumerate(draft.edits, start=1):
        delta = _delta_of(edit) if edit.seq == number else None
        try:
            if delta is None:
                break
            schedule = apply(delta, schedule)
        except (TaktwerkError, ValueError, KeyError):
            break
        edits.append(RecoveredEdit(edit.label, delta))
    lost = tuple(edit.label for edit in draft.edits[len(edits) :])
    problem = _problem(len(edits), lost) if lost else None
    if problem:
        _log.warning("recovered %d of %d edits of draft %s", len(edits), len(draft.edits), draft.id)
    return Recovery(base, base_schedule, schedule, tuple(edits), lost, problem)


def _delta_of(edit: DraftEdit) -> Delta | None:
    if not edit.is_intact:
        return None
    try:
        return Delta.from_json(canonical.loads(edit.delta_json))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None


def _problem(kept: int, lost: tuple[str, ...]) -> TaktwerkError:
    count = "1 unsaved edit" if len(lost) == 1 else f"{len(lost)} unsaved edits"
    brought = "none could be recovered" if not kept else f"the {kept} before could be recovered"
    return TaktwerkError(
        ErrorCode.STORAGE,
        f'{count} cannot be read, from "{lost[0]}" on; {brought}. Saved versions are not affected.',
        {"recovered": kept, "lost": list(lost)},
    )
