"""What the sides of a merge are called in a window."""

from __future__ import annotations

from dataclasses import dataclass

from app.versions import VersionInfo, VersionService
from engine.merge import Side
from storage.rows import MergeRow
from storage.tables import MAIN_HEAD


@dataclass(frozen=True)
class SideName:
    """A side by name, and what it is: a version by whom, edits that are not saved yet."""

    name: str
    detail: str = ""


@dataclass(frozen=True)
class MergeNames:
    """What a merge is called.

    Attributes
    ----------
    heading, explanation
        What is merged into what, and why.
    base, ours, theirs
        The plans.
    mine
        The side that the planner who merges brings along; the other one is there already.
    """

    heading: str
    explanation: str
    base: SideName
    ours: SideName
    theirs: SideName
    mine: Side = "ours"

    def of(self, side: str) -> SideName:
        """Return the name of ``base``, ``ours`` or ``theirs``."""
        return {"base": self.base, "ours": self.ours, "theirs": self.theirs}[side]

    def inline(self, side: str) -> str:
        """Return the name of a side as it stands within a sentence."""
        return lower_first(self.of(side).name)

    @property
    def other(self) -> Side:
        """The side that is not the planner's."""
        return "theirs" if self.mine == "ours" else "ours"


def plan_name(head: str) -> str:
    """Return what planners call a head."""
    return "the live plan" if head == MAIN_HEAD else f"scenario {head}"


def names_of(versions: VersionService, row: MergeRow) -> MergeNames:
    """Return what a stored merge is called (E012 when a version of it is not there)."""
    base = versions.show(row.base_version_id)
    into = versions.show(row.head_version_id)
    where = plan_name(row.head_name)
    named = {
        "base": SideName("Before", f"version {base.number}"),
        "head": SideName(_capital(where), _version(into)),
        "new": _new(versions, row),
    }
    since = f"since version {base.number}, which both come from"
    if row.kind == "head":
        by = f" by {into.created_by}" if into.created_by else ""
        heading = f"Version {into.number} is newer than yours"
        words = f"It was saved{by} while you worked on version {base.number}."
        named["head"] = SideName(f"Version {into.number}", _by(into))
    elif row.kind == "run":
        heading = f"Version {into.number} was saved while you looked at a run's plan"
        words = f"The run began on version {base.number}."
    else:
        heading = f"Merge {lower_first(named['new'].name)} into {where}"
        words = f"Both have changed {since}." if base.id != into.id else f"Nothing changed in {where} {since}."
    is_theirs_new = row.kind in ("import", "run")
    ours, theirs = ("head", "new") if is_theirs_new else ("new", "head")
    mine: Side = "theirs" if is_theirs_new else "ours"
    return MergeNames(heading, words, named["base"], named[ours], named[theirs], mine)


def _new(versions: VersionService, row: MergeRow) -> SideName:
    """What is merged into the head."""
    if row.kind == "head":
        return SideName("Your edits", "not saved yet")
    if row.kind == "run":
        return SideName("The run's plan", row.label or "with your edits")
    key = row.theirs_version_id if row.kind == "import" else row.ours_version_id
    if key is None:
        return SideName(row.label or "Imported data", "imported")
    info = versions.show(key)
    return SideName(row.label or f"Version {info.number}", _version(info) if row.label else _by(info))


def _version(info: VersionInfo) -> str:
    return f"version {info.number}{', ' if info.created_by else ''}{_by(info)}"


def _by(info: VersionInfo) -> str:
    return f"by {info.created_by}" if info.created_by else ""


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def lower_first(words: str) -> str:
    """Return words as they stand within a sentence."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words  # ERP stays ERP
