"""What a session needs of the version service, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from engine.check import Violation
from engine.errors import TaktwerkError
from engine.metrics import Kpis
from engine.model import Schedule


class Head(Protocol):
    """The saved version that the working schedule is based on."""

    @property
    def id(self) -> str: ...
    @property
    def number(self) -> int: ...


class Versions(Protocol):
    """What a session needs of the version service."""

    def append_edit(
        self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any] | bytes
    ) -> None: ...
    def replace_draft(self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any]) -> None: ...
    def discard_draft(self, schedule_id: str) -> Any: ...
    def edit_count(self, schedule_id: str) -> int: ...
    def save(
        self,
        schedule_id: str,
        expected_head: str,
        data: Schedule,
        comment: str = "",
        *,
        edits: int | None = None,
    ) -> Any: ...
    def rollback(self, schedule_id: str, expected_head: str, version_id: str) -> Any: ...
    def record_result(
        self, run_id: str, schedule_id: str, expected_head: str, data: Schedule, comment: str = ""
    ) -> Any: ...
    def head(self, schedule_id: str) -> Any: ...
    def data(self, version_id: str) -> Schedule: ...


@dataclass(frozen=True)
class Answer:
    """What one gesture did: always the whole truth that views need.

    ``changed`` and ``removed`` are operation ids; ``structure_changed`` says that resources, calendars, constraints or
    orders changed too, so that a view redraws all. ``error`` set means that nothing changed.
    """

    revision: int
    label: str
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    structure_changed: bool = False
    violations: tuple[Violation, ...] = ()
    new_violations: tuple[Violation, ...] = ()
    kpis: Kpis | None = None
    kpis_before: Kpis | None = None
    notes: tuple[str, ...] = ()
    error: TaktwerkError | None = None
