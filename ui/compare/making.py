"""What comparisons are made of, and what becomes of them: for any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.board.comparison import BoardPair, make_pair
from app.collector import free_slowly
from app.comparison import Cause, Comparison, compare
from app.versions import VersionService
from engine.model import Schedule
from engine.plan import PlanFacts
from ui.background import in_background
from ui.compare.side import Side


@dataclass(frozen=True)
class Compared:
    """A comparison with what boards draw of it."""

    comparison: Comparison
    pair: BoardPair


def let_go(kept: list[Compared]) -> None:
    """Free a comparison and its plans, off the interface's thread; ``kept`` is empty then."""

    def work() -> None:
        found = kept.pop().comparison
        items = [*found.operations, *found.before.snapshot.events, *found.after.snapshot.events]
        del found
        free_slowly(items)

    in_background(work, lambda _: None)


def causes_of(versions: Any, sides: tuple[Side, Side], head: Any) -> Mapping[str, Cause]:
    """Return why operations changed, where the versions between the two plans tell."""
    ids = [head.id if side.is_working else side.version.id if side.version is not None else None for side in sides]
    found: dict[str, Cause] = {}
    if None not in ids and ids[0] != ids[1] and hasattr(versions, "causes"):
        found.update(versions.causes(*ids))
    return found


def loader(side: Side, versions: VersionService, working: Schedule, known: Comparison | None) -> Callable[[], Schedule]:
    """How to get at a side's plan; a version that is shown already is not read again."""
    if side.plan is not None:
        plan = side.plan
        return lambda: plan
    if side.is_working:
        return lambda: working
    if known is not None:
        for name, plan in ((known.before_name, known.before), (known.after_name, known.after)):
            if name == side.name:
                return lambda kept=plan: kept
    key = side.version.id
    return lambda: versions.data(key)


def made(before: Schedule, after: Schedule, sides: tuple[Side, Side], causes: Mapping[str, Cause]) -> Compared:
    """Return what differs between two plans, ready to be shown; slow for large plans, for any thread."""
    names = sides[0].name, sides[1].name
    facts = PlanFacts(before), PlanFacts(after)
    found = compare(before, after, *names, causes=causes, facts=facts)
    found.prepare()
    return Compared(found, make_pair(*facts, found.operations, names, is_live=sides[1].is_working))
