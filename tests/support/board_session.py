"""A planning session in memory, for tests of the board."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.session import PlanningSession
from engine.model import Schedule


@dataclass(frozen=True)
class MemoryHead:
    """A version row."""

    id: str = "v1"
    number: int = 1


class MemoryVersions:
    """Keeps edits in a list; only what gestures need."""

    def __init__(self) -> None:
        self.edits: list[str] = []

    def append_edit(self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any]) -> None:
        self.edits.append(label)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the board should not need versions.{name}")


def make_session(schedule: Schedule) -> PlanningSession:
    """Return a session on the schedule that stores nothing."""
    versions: Any = MemoryVersions()
    return PlanningSession(versions, "s1", MemoryHead(), schedule)
