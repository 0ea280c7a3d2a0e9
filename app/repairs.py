"""Carrying out what an explanation proposes: which part of it changes the plan, and which the settings of a run.

Locks, dates, constraints and calendars belong to the plan: they change by a command, and can be undone. Blocked spans
and the scope belong to a run: they change in the Studio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.commands import Adjust, Command, Lock
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Locks, OptimizationRequest, ResourceInterval, Schedule
from engine.solve.why.edits import Edit, apply_edits

_OF_THE_RUN: Final = frozenset({"unblock", "scope"})
_LONGEST_NAME: Final = 90


@dataclass(frozen=True)
class Remedy:
    """What a repair, or the release of a rule, comes to.

    Attributes
    ----------
    name
        What it is called, for the undo list.
    command
        Changes the plan; ``None`` when it stays as it is.
    of_the_run
        Edits of the run's settings: blocked spans (``unblock``), the scope (``scope``).
    """

    name: str
    command: Command | None
    of_the_run: tuple[Edit, ...] = ()

    @property
    def frees_scope(self) -> bool:
        """Whether everything may move from now on."""
        return any(edit["kind"] == "scope" for edit in self.of_the_run)

    def blocked(self, schedule: Schedule, spans: Sequence[ResourceInterval]) -> tuple[ResourceInterval, ...]:
        """Return a run's blocked spans as this leaves them.

        Raises
        ------
        TaktwerkError
            E012 when a span that it changes is not blocked (any more).
        """
        edits = [edit for edit in self.of_the_run if edit["kind"] == "unblock"]
        request = OptimizationRequest(schedule_data=schedule, locks=Locks(resource_intervals=tuple(spans)))
        return apply_edits(request, edits).locks.resource_intervals if edits else tuple(spans)


def remedy(repair: Mapping[str, Any]) -> Remedy:
    """Return what one of ``details.repairs`` of an E003 comes to.

    Raises
    ------
    TaktwerkError
        E012 for a repair without its change, as runs of older versions stored them.
    """
    change = repair.get("change")
    if not change:
        message = "This run did not store what the repair changes. Optimize again to get one that can be applied."
        raise TaktwerkError(ErrorCode.NOT_FOUND, message)
    return _remedy(f"Repair: {_short(str(repair.get('text') or repair.get('kind')))}", change)


def release(price: Mapping[str, Any], spans: Sequence[ResourceInterval] = ()) -> Remedy:
    """Return what it comes to to release a rule that ``engine.solve.why.lock_price`` has priced.

    Parameters
    ----------
    price
        A row of its ``prices`` or ``notExamined``.
    spans
        The blocked spans of the request that was priced: such a row names one by its number.
    """
    kind, key = str(price["kind"]), str(price["id"])
    what = _short(str(price.get("text") or key))
    if kind == "lock":
        return Remedy("Unlock", Lock(kind="lock", event_ids=(key,), locked=False))
    if kind == "freeze":
        return _remedy("Drop the frozen period", [{"kind": "freeze"}])
    if kind == "blocked":
        return _remedy(f"Unblock: {what}", [{"kind": "unblock", **spans[int(key)].to_json()}])
    return _remedy(f"Switch off: {what}", [{"kind": "disable", "constraintId": key}])


def _remedy(name: str, change: Sequence[Edit]) -> Remedy:
    of_the_plan = tuple(edit for edit in change if edit.get("kind") not in _OF_THE_RUN)
    of_the_run = tuple(edit for edit in change if edit.get("kind") in _OF_THE_RUN)
    return Remedy(name, Adjust(kind="adjust", name=name, change=of_the_plan) if of_the_plan else None, of_the_run)


def _short(words: str) -> str:
    words = words.rstrip(".")
    return words if len(words) <= _LONGEST_NAME else f"{words[: _LONGEST_NAME - 1]}…"
