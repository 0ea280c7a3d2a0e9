"""The occupancy of every resource at the start of a plan: what is fixed, outages, and nothing else."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

from typing import TYPE_CHECKING

from engine.solve.dispatching.occupancy import LevelTrack, UnaryTrack
from engine.solve.problem.problem import NO_FAMILY, NO_RESOURCE

if TYPE_CHECKING:
    from engine.solve.problem.problem import OpData, Problem

Track = UnaryTrack | LevelTrack | None
"""None = the resource has no limit."""


class FixedState:
    """Tracks with all fixed operations in them, and the setup starts and demand choices of these."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.first: dict[int, int] = {}
        self.choice: dict[int, list[int]] = {}
        self._tracks: list[Track] = []
        for resource in problem.resources:
            if resource.infinite:
                self._tracks.append(None)
            elif resource.is_unary:
                rows = None if resource.setup is None else resource.setup.ticks.tolist()
                self._tracks.append(UnaryTrack(resource.working, rows))
            else:
                self._tracks.append(LevelTrack(resource.capacity))
        fixed = sorted((op for op in problem.ops if op.fixed is not None), key=_by_start)
        self._find_setups(fixed)
        for op in fixed:
            self._occupy(op)
        self._close_unary()
        for resource, track in zip(problem.resources, self._tracks, strict=True):
            if isinstance(track, LevelTrack):
                for begin, end, units in resource.outages:
                    track.add(begin, end, units)

    def tracks(self) -> list[Track]:
        """Return fresh copies of the tracks."""
        return [None if track is None else track.copy() for track in self._tracks]

    def _find_setups(self, fixed: list[OpData]) -> None:
        stands_in = {r.index: r.setup.initial for r in self._problem.resources if r.setup is not None}
        for op in fixed:
            assert op.fixed is not None
            at = op.fixed.placement
            self.first[op.index] = at.start
            if op.family == NO_FAMILY or at.resource not in stands_in or at.start == at.end:
                continue
            resource = self._problem.resources[at.resource]
            before, stands_in[at.resource] = stands_in[at.resource], op.family
            assert resource.setup is not None
            ticks = 0 if before == NO_FAMILY else int(resource.setup.ticks[before, op.family])
            if op.needs_setup and ticks > 0:
                begin = at.start - ticks if resource.working is None else resource.working.back(at.start, ticks)
                self.first[op.index] = at.start if begin is None else begin

    def _occupy(self, op: OpData) -> None:
        assert op.fixed is not None
        at, first = op.fixed.placement, self.first[op.index]
        holds = at.start != at.end
        if holds and at.resource != NO_RESOURCE:
            self._add(at.resource, op, first, at.start, at.end, 1, op.family)
        self.choice[op.index] = list(op.served)
        for demand, resource in zip(op.demands, op.served, strict=True):
            if holds and demand.quantity:
                self._add(resource, op, first, at.start, at.end, demand.quantity, NO_FAMILY)

    def _add(self, resource: int, op: OpData, first: int, start: int, end: int, units: int, family: int) -> None:
        track = self._tracks[resource]
        if isinstance(track, LevelTrack):
            track.add(first, end, units)
        elif track is not None:
            track.insert(len(track.begins), first, start, end, family, op.index)

    def _close_unary(self) -> None:
        """Clip fixed spans that overlap (a fact that is tolerated), so that spans are disjoint and in order."""
        for track in self._tracks:
            if not isinstance(track, UnaryTrack) or not track.begins:
                continue
            starts, ends = track.starts, track.ends
            order = sorted(range(len(track.begins)), key=list(zip(starts, ends, strict=True)).__getitem__)
            for name in ("begins", "ends", "starts", "families", "holders"):
                values = getattr(track, name)
                values[:] = [values[i] for i in order]
            reached = track.begins[0]
            for i in range(len(order)):
                track.begins[i] = max(track.begins[i], reached)
                track.starts[i] = max(track.starts[i], track.begins[i])
                track.ends[i] = reached = max(track.ends[i], track.begins[i])


def _by_start(op: OpData) -> tuple[int, int, str]:
    assert op.fixed is not None
    return op.fixed.placement.start, op.fixed.placement.end, op.id
