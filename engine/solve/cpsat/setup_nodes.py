"""The stops of a setup circuit: who can run on a resource with a setup matrix, and what setup each pair takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.solve.cpsat.model import Lit, Model, Point, constant
from engine.solve.problem.problem import FORBIDDEN, NO_FAMILY

if TYPE_CHECKING:
    from engine.solve.cpsat.clock import Clock
    from engine.solve.cpsat.frame import Frame, Held
    from engine.solve.cpsat.variables import ModeVars, OpVars, Track
    from engine.solve.problem.problem import ResourceData, SetupData

Amount = tuple[int, int, float]
"""Ticks, ms and money of a setup."""

NOTHING: Amount = (0, 0, 0.0)


@dataclass(frozen=True, slots=True)
class Changeover:
    """A setup before operation ``op`` on ``resource``, where ``lit`` holds.

    ``ticks`` is what it takes of the clock; between operations that stay, no more than there is room for.
    """

    op: int
    resource: int
    lit: Lit
    ticks: int
    ms: int
    cost: float


@dataclass(slots=True)
class Node:
    """A stop: a free operation (``track``, ``modes``) or one that stays (``held``).

    Those that keep their order stand among each other as they are sorted.
    """

    op: int
    family: int
    needs_setup: bool
    start: Point
    end: Point
    release: int
    position: int = 0
    track: Track | None = None
    modes: list[ModeVars] = field(default_factory=list)
    held: Held | None = None
    is_past: bool = False
    keeps_order: bool = False
    incoming: list[Changeover] = field(default_factory=list)


def make_nodes(model: Model, frame: Frame, made: dict[int, OpVars], data: ResourceData) -> list[Node]:
    """Return the stops of the circuit of a resource, by hinted or earliest start.

    Of the operations that end before anything free can start, only the last one is a stop.
    """
    clock = frame.clocks.of(data.index)
    nodes: list[Node] = []
    for vars_ in made.values():
        modes = [m for m in vars_.modes if m.data.resource == data.index and m.data.work]
        if vars_.op.family == NO_FAMILY or not modes:
            continue
        track = next(t for t in vars_.tracks if t.clock is clock)
        op = vars_.op
        nodes.append(
            Node(op.index, op.family, op.needs_setup, track.start, track.end, op.release, track=track, modes=modes)
        )
        nodes[-1].keeps_order = op.index in frame.kept
    first = min((node.start.low for node in nodes), default=0)
    held = [h for h in frame.neighbours(data.index) if h.op.family != NO_FAMILY and h.end > h.start]
    past = [h for h in held if clock.work_at(h.end) <= first]
    for h in past[-1:] + [h for h in held if clock.work_at(h.end) > first]:
        start, end = constant(clock.work_at(h.start)), constant(clock.work_at(h.end))
        node = Node(h.op.index, h.op.family, h.op.needs_setup, start, end, h.op.release, held=h, keeps_order=True)
        node.is_past = bool(past) and h is past[-1] and len(past) > 1
        nodes.append(node)
    nodes.sort(key=lambda node: _when(frame, clock, node))
    for position, node in enumerate(nodes):
        node.position = position
    return nodes


def _when(frame: Frame, clock: Clock, node: Node) -> tuple[int, int, str]:
    """Return what stops are sorted by: real start and end, as different ones may be one position of the clock."""
    name = frame.problem.ops[node.op].id
    if node.held is not None:
        return node.held.start, node.held.end, name
    if frame.base is not None:
        return int(frame.base.start[node.op]), int(frame.base.end[node.op]), name
    return clock.start_at(node.start.low), clock.end_at(node.end.low), name


def stay_in_conflict(setup: SetupData, nodes: list[Node], zero: int) -> bool:
    """Whether stops that stay lack room for a setup among each other, overlap, or stand in a banned sequence.

    ``zero`` is the position of the horizon start, from where on the setup of the first one needs room.
    """
    held = [node for node in nodes if node.held is not None]
    if not held:
        return False
    family, last_end = setup.initial, zero
    if held[0].start.low <= zero:
        family, last_end = NO_FAMILY, held[0].start.low
    for node in held:
        ticks = 0 if family == NO_FAMILY or not node.needs_setup else int(setup.ticks[family, node.family])
        if ticks == FORBIDDEN or last_end + ticks > node.start.low:
            return True
        last_end, family = node.end.low, node.family
    return False


class Amounts:
    """What setup one stop needs after another on one resource, if it may follow it at all."""

    def __init__(self, frame: Frame, data: ResourceData, setup: SetupData) -> None:
        self._setup = setup
        self._clock: Clock = frame.clocks.of(data.index)
        self._ends = sorted(
            (self._clock.work_at(h.start), self._clock.work_at(h.end)) for h in frame.primary[data.index]
        )

    def first(self, node: Node) -> Amount | None:
        """Return the setup from the initial family, or None when the operation cannot be first."""
        if self._setup.initial == NO_FAMILY or not node.needs_setup or node.is_past:
            return NOTHING
        return self._amount(self._setup.initial, node, tolerant=node.held is not None and not node.held.is_lock)

    def between(self, one: Node, other: Node) -> Amount | None:
        """Return the setup of ``other`` directly after ``one``, or None when it may not follow it."""
        if not other.needs_setup:
            return NOTHING
        stay = [node.held for node in (one, other) if node.held is not None]
        tolerant = len(stay) == 2 and not any(held.is_lock for held in stay)
        amount = self._amount(one.family, other, tolerant, after=one.end.low)
        if amount is None or (not tolerant and one.end.low + amount[0] > other.start.high):
            return None
        return amount

    def _amount(self, family: int, node: Node, tolerant: bool, after: int | None = None) -> Amount | None:
        ticks = int(self._setup.ticks[family, node.family])
        cost = float(self._setup.cost[family, node.family])
        if tolerant:
            return (self._room(node, max(ticks, 0), after), max(0, int(self._setup.ms[family, node.family])), cost)
        if ticks == FORBIDDEN:
            return None
        if ticks and node.start.high - ticks < self._clock.first_start(node.release):
            return None
        return ticks, int(self._setup.ms[family, node.family]), cost

    def _room(self, node: Node, ticks: int, after: int | None) -> int:
        """Return how much of a setup fits before an operation that stays, after all that stays before it."""
        start = node.start.low
        last = max((end for begin, end in self._ends if begin < start), default=start - ticks)
        if after is not None:
            last = max(last, after)
        return max(0, min(ticks, start - last))
