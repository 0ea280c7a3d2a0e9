"""What can stand on one side of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.model import Schedule


@dataclass(frozen=True)
class Side:
    """The working plan, a saved version, or any other plan under a name.

    Attributes
    ----------
    name, short
        What planners read, in a sentence and in a narrow column.
    version
        The saved version's row, if it is one.
    plan
        A plan that is neither saved nor worked on.
    """

    name: str
    short: str
    version: Any = None
    plan: Schedule | None = None

    @staticmethod
    def working() -> Side:
        """The plan at hand, with all edits."""
        return Side("Working plan", "Working")

    @staticmethod
    def of_version(version: Any) -> Side:
        """A saved version."""
        return Side(f"Version {version.number}", f"V{version.number}", version)

    @staticmethod
    def of_plan(name: str, plan: Schedule) -> Side:
        """Any plan, by a name."""
        return Side(name, name if len(name) <= 10 else f"{name[:9]}…", None, plan)

    @property
    def is_working(self) -> bool:
        """Whether it is the plan at hand, which goes on changing."""
        return self.version is None and self.plan is None

    @property
    def key(self) -> str:
        """What tells sides apart."""
        return "working" if self.is_working else self.version.id if self.version is not None else f"plan:{self.name}"
