"""The states of an optimisation run and the one table of moves between them.

Whoever changes a run's state, in memory or in the database, asks this table: :func:`sources_of` gives the states a
compare-and-set may start from (``UPDATE ... WHERE status IN sources_of(target)``; no row changed = someone was faster).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.model import RunStatus

TRANSITIONS: Mapping[RunStatus, frozenset[RunStatus]] = MappingProxyType(
    {
        RunStatus.QUEUED: frozenset({RunStatus.RUNNING, RunStatus.CANCELLED, RunStatus.FAILED}),
        RunStatus.RUNNING: frozenset({RunStatus.COMPLETED, RunStatus.CANCELLED, RunStatus.FAILED}),
        RunStatus.COMPLETED: frozenset(),
        RunStatus.FAILED: frozenset(),
        RunStatus.CANCELLED: frozenset(),
    }
)
"""From each state, the states that may follow. A state without successors is terminal."""

TERMINAL: frozenset[RunStatus] = frozenset(status for status, targets in TRANSITIONS.items() if not targets)
ACTIVE: frozenset[RunStatus] = frozenset(RunStatus) - TERMINAL


class IllegalTransition(ValueError):
    """A move between states that the table does not have: a fault of the program, not of its user."""


def is_terminal(status: RunStatus) -> bool:
    """Return whether a run in this state is over for good."""
    return status in TERMINAL


def can_move(source: RunStatus, target: RunStatus) -> bool:
    """Return whether a run may go from ``source`` to ``target``. Staying put is not a move."""
    return target in TRANSITIONS[source]


def sources_of(target: RunStatus) -> frozenset[RunStatus]:
    """Return the states from which a run may go to ``target``."""
    return frozenset(source for source, targets in TRANSITIONS.items() if target in targets)


def require_move(source: RunStatus, target: RunStatus) -> None:
    """Raise :class:`IllegalTransition` unless a run may go from ``source`` to ``target``."""
    if not can_move(source, target):
        allowed = ", ".join(sorted(TRANSITIONS[source])) or "nothing, it is over"
        raise IllegalTransition(f"A {source} run cannot become {target}; it may become {allowed}.")
