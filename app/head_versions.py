"""The version service as one session sees it: bound to the live plan or to one scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage.tables import MAIN_HEAD

if TYPE_CHECKING:
    from app.versions import HeadRow, Recovery, VersionInfo, VersionService
    from engine.model import Schedule

LIVE = MAIN_HEAD
"""The name of the live plan's head."""


class HeadVersions:
    """What a session needs of the version service, for one head.

    Parameters
    ----------
    versions
        The service.
    head_name
        The head that is worked on.
    """

    def __init__(self, versions: VersionService, head_name: str = LIVE) -> None:
        self._versions = versions
        self.head_name = head_name

    def append_edit(self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any] | bytes) -> None:
        """See ``VersionService.append_edit``."""
        self._versions.append_edit(schedule_id, base_version_id, label, delta, self.head_name)

    def replace_draft(self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any]) -> None:
        """See ``VersionService.replace_draft``."""
        self._versions.replace_draft(schedule_id, base_version_id, label, delta, self.head_name)

    def discard_draft(self, schedule_id: str) -> bool:
        """See ``VersionService.discard_draft``."""
        return self._versions.discard_draft(schedule_id, self.head_name)

    def edit_count(self, schedule_id: str) -> int:
        """See ``VersionService.edit_count``."""
        return self._versions.edit_count(schedule_id, self.head_name)

    def recover(self, schedule_id: str) -> Recovery | None:
        """See ``VersionService.recover``."""
        return self._versions.recover(schedule_id, self.head_name)

    def save(
        self, schedule_id: str, expected_head: str, data: Schedule, comment: str = "", *, edits: int | None = None
    ) -> VersionInfo:
        """See ``VersionService.save``."""
        return self._versions.save(schedule_id, expected_head, data, comment, head=self.head_name, edits=edits)

    def rollback(self, schedule_id: str, expected_head: str, version_id: str) -> VersionInfo:
        """See ``VersionService.rollback``."""
        return self._versions.rollback(schedule_id, expected_head, version_id, head=self.head_name)

    def record_result(
        self, run_id: str, schedule_id: str, expected_head: str, data: Schedule, comment: str = ""
    ) -> VersionInfo:
        """See ``VersionService.record_result``."""
        return self._versions.record_result(run_id, schedule_id, expected_head, data, comment, self.head_name)

    def head(self, schedule_id: str) -> VersionInfo:
        """See ``VersionService.head``."""
        return self._versions.head(schedule_id, self.head_name)

    def row(self, schedule_id: str) -> HeadRow:
        """Return the head's row (E012)."""
        return self._versions.scenarios.get(schedule_id, self.head_name)

    def data(self, version_id: str) -> Schedule:
        """See ``VersionService.data``."""
        return self._versions.data(version_id)
