"""Finding the earliest place of one operation beside all that is placed, and taking it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.solve.dispatching.occupancy import LevelTrack, SpanSet, UnaryTrack
from engine.solve.dispatching.tracks import FixedState
from engine.solve.problem.problem import FORBIDDEN, NO_FAMILY, NO_RESOURCE
from engine.solve.problem.stocks import Stocks
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.solve.problem.problem import ModeData, OpData, Problem
    from engine.solve.problem.timeline import Timeline

_ATTEMPTS = 20_000


class Bounds:
    """Lower bounds of an operation's setup, start and end, and upper bounds of its start and end, in ticks."""

    __slots__ = ("end", "first", "latest_end", "latest_start", "start")

    def __init__(self, first: int, start: int, end: int, latest_start: int, latest_end: int) -> None:
        self.first = first
        self.start = start
        self.end = end
        self.latest_start = latest_start
        self.latest_end = latest_end

    def after(self, at_end: bool, tick: int) -> None:
        """Let the start (or the end) come no earlier than ``tick``."""
        if at_end:
            if tick > self.end:
                self.end = tick
        elif tick > self.start:
            self.start = tick

    def before(self, at_end: bool, tick: int) -> None:
        """Let the start (or the end) come no later than ``tick``."""
        if at_end:
            if tick < self.latest_end:
                self.latest_end = tick
        elif tick < self.latest_start:
            self.latest_start = tick

    def excess(self, start: int, end: int) -> int:
        """Return by how many ticks a placement is too late."""
        return max(0, start - self.latest_start) + max(0, end - self.latest_end)


@dataclass(slots=True)
class Placed:
    """A place for an operation: mode, begin of its setup, start, end, demand choices; how much too late it is."""

    mode: int
    first: int
    start: int
    end: int
    choice: list[int]
    excess: int = 0


class Workshop:
    """The state of a plan being built: where everything placed so far stands, and what each resource is busy with."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._ops = problem.ops
        self._working: list[Timeline | None] = [r.working for r in problem.resources]
        self._blocked = [sorted(r.blocked) for r in problem.resources]
        self._rates = [r.cost_per_hour for r in problem.resources]
        self._fixed = FixedState(problem)
        n = len(problem.ops)
        self._sets_of: list[list[int]] = [[] for _ in range(n)]
        for i, rule in enumerate(problem.nooverlap):
            for o in rule.ops:
                self._sets_of[o].append(i)
        self._mates: list[list[tuple[bool, tuple[int, ...]]]] = [[] for _ in range(n)]
        for is_same, rules in ((True, problem.same), (False, problem.different)):
            for rule in rules:
                for o in rule.ops:
                    self._mates[o].append((is_same, rule.ops))
        self._available = [max(1, a) for a in problem.objective.balance_available_ms]
        self._stocks = Stocks(problem) if problem.stocks else None
        self._no_modes = [-1] * n
        self._locked_with_setup = [
            op.index
            for op in problem.ops
            if op.fixed is not None
            and op.fixed.is_lock
            and op.needs_setup
            and op.modes[0].resource != NO_RESOURCE
            and problem.resources[op.modes[0].resource].setup is not None
        ]

    def begin(self, modes: Sequence[int] | None, rule: str) -> None:
        """Start a new plan with nothing but what is fixed."""
        n = len(self._ops)
        self._wanted = self._no_modes if modes is None else modes
        self._rule = rule
        self.tracks = self._fixed.tracks()
        self.placed = [False] * n
        self.mode, self.start, self.end, self.first = [0] * n, [0] * n, [0] * n, [0] * n
        self.choice: list[list[int]] = [[] for _ in range(n)]
        self._spans = [SpanSet() for _ in self._problem.nooverlap]
        self._load = [0] * len(self._working)
        self._log: list[tuple[Any, ...]] = []
        if self._stocks is not None:
            self._stocks.begin()
        for o, first in self._fixed.first.items():
            at = self._ops[o].fixed.placement  # type: ignore[union-attr]
            self.placed[o] = True
            self.first[o], self.start[o], self.end[o] = first, at.start, at.end
            self.choice[o] = self._fixed.choice[o]
            for i in self._sets_of[o]:
                self._spans[i].add(at.start, at.end)

    def best(self, o: int, bounds: Bounds) -> Placed | None:
        """Return the best place of an operation within its bounds, else the one that breaks them least."""
        op = self._ops[o]
        wanted = self._wanted[o]
        best: Placed | None = None
        best_key: tuple[float, ...] = ()
        for k in range(len(op.modes)) if wanted < 0 else (wanted,):
            mode = op.modes[k]
            if self._mates[o] and not self._is_allowed(o, mode.resource):
                continue
            found = self._find(op, k, mode, bounds)
            if found is None:
                continue
            found.excess = bounds.excess(found.start, found.end)
            if self._stocks is not None:
                found.excess += self._stocks.excess(o, k)
            key = (found.excess, *self._key(op, mode, found))
            if best is None or key < best_key:
                best, best_key = found, key
        return best

    def put(self, o: int, found: Placed) -> None:
        """Take the place."""
        op = self._ops[o]
        mode = op.modes[found.mode]
        first, start, end = found.first, found.start, found.end
        self.placed[o] = True
        self.mode[o], self.choice[o] = found.mode, found.choice
        self.first[o], self.start[o], self.end[o] = first, start, end
        changed: tuple[int, int, int] | None = None
        if start < end:
            if mode.resource != NO_RESOURCE:
                changed = self._take(mode.resource, op, first, start, end, 1, op.family)
                self._load[mode.resource] += mode.work
            for demand, resource in zip(op.demands, found.choice, strict=True):
                if demand.quantity:
                    self._take(resource, op, first, start, end, demand.quantity, NO_FAMILY)
            for i in self._sets_of[o]:
                self._spans[i].add(start, end)
        if self._stocks is not None:
            self._stocks.take(o, found.mode)
        self._log.append((o, changed))

    def mark(self) -> int:
        """Return a point to come back to by ``undo``."""
        return len(self._log)

    def undo(self, mark: int) -> None:
        """Take back everything that was put since ``mark``."""
        while len(self._log) > mark:
            o, changed = self._log.pop()
            self._take_back(o, changed)

    def _take_back(self, o: int, changed: tuple[int, int, int] | None) -> None:
        op, mode = self._ops[o], self._ops[o].modes[self.mode[o]]
        first, start, end = self.first[o], self.start[o], self.end[o]
        self.placed[o] = False
        if self._stocks is not None:
            self._stocks.give_back(o, self.mode[o])
        if start == end:
            return
        for i in self._sets_of[o]:
            self._spans[i].remove(start, end)
        for demand, resource in zip(op.demands, self.choice[o], strict=True):
            if demand.quantity:
                self._give_back(resource, o, first, end, demand.quantity)
        if mode.resource != NO_RESOURCE:
            self._give_back(mode.resource, o, first, end, 1)
            self._load[mode.resource] -= mode.work
            if changed is not None:
                resource, holder, begin = changed
                track = self.tracks[resource]
                assert isinstance(track, UnaryTrack)
                track.begins[track.position(self.first[holder], holder)] = begin
                self.first[holder] = begin

    def _take(
        self, resource: int, op: OpData, first: int, start: int, end: int, units: int, family: int
    ) -> tuple[int, int, int] | None:
        """Occupy a resource; return (resource, operation, old begin) where the setup after it changes."""
        track = self.tracks[resource]
        if isinstance(track, LevelTrack):
            track.add(first, end, units)
            return None
        if track is None:
            return None
        i = bisect_right(track.ends, first)
        track.insert(i, first, start, end, family, op.index)
        if track.setup is None or family == NO_FAMILY:
            return None
        n = track.next_with_family(i + 1)
        if n < 0 or not self._ops[track.holders[n]].needs_setup:
            return None
        holder, old = track.holders[n], track.begins[n]
        begin = self._setup_begin(resource, track.starts[n], track.setup[family][track.families[n]])
        track.begins[n] = self.first[holder] = begin
        return resource, holder, old

    def _give_back(self, resource: int, o: int, first: int, end: int, units: int) -> None:
        track = self.tracks[resource]
        if isinstance(track, LevelTrack):
            track.add(first, end, -units)
        elif track is not None:
            track.remove(first, o)

    def _is_allowed(self, o: int, resource: int) -> bool:
        """Whether the operation may run on the resource beside those it must share it with or keep away from."""
        for is_same, mates in self._mates[o]:
            for other in mates:
                if other != o and self.placed[other]:
                    there = self._ops[other].modes[self.mode[other]].resource
                    if (there == resource) != is_same and NO_RESOURCE not in (there, resource):
                        return False
        return True

    def _key(self, op: OpData, mode: ModeData, found: Placed) -> tuple[float, ...]:
        """Return what to choose a mode by; smaller is better."""
        rule = self._rule
        if rule == "end" or mode.resource == NO_RESOURCE:
            return found.end, mode.cost, -found.start
        if rule == "cost":
            hours = (mode.work + found.start - found.first) * self._problem.tick_ms / 3_600_000
            rate = self._rates[mode.resource]
            for demand, resource in zip(op.demands, found.choice, strict=True):
                rate += demand.quantity * self._rates[resource]
            return mode.cost + hours * rate, found.end
        if rule == "load":
            return (self._load[mode.resource] + mode.work) / self._available[mode.resource], found.end
        return found.start - found.first, found.end

    def _setup_begin(self, resource: int, start: int, ticks: int) -> int:
        working = self._working[resource]
        if ticks <= 0:
            return start
        if working is None:
            return start - ticks
        begin = working.back(start, ticks)
        return -FOREVER if begin is None else begin

    def broken_setups(self) -> list[int]:
        """Return the locked operations whose setup has no place before them, or follows a banned sequence.

        Everything movable is put in so that setups hold; between what is fixed they need not.
        """
        return [o for o in self._locked_with_setup if not self._has_its_setup(o)]

    def _has_its_setup(self, o: int) -> bool:
        op = self._ops[o]
        resource = op.modes[0].resource
        track = self.tracks[resource]
        assert isinstance(track, UnaryTrack)
        i = track.position(self.first[o], o)
        ticks = self._setup_before(op, resource, track, i)
        if ticks == FORBIDDEN:
            return False
        begin = self._setup_begin(resource, self.start[o], ticks)
        return begin >= op.release and (i == 0 or track.ends[i - 1] <= begin)

    # the search for a place

    def _find(self, op: OpData, k: int, mode: ModeData, bounds: Bounds) -> Placed | None:
        """Return the earliest place of an operation in a mode by the lower bounds, or None."""
        resource, work = mode.resource, mode.work
        first_min, start_min = bounds.first, max(bounds.start, bounds.first)
        if work == 0:
            at = max(start_min, bounds.end)
            return Placed(k, at, at, at, [d.on(resource)[0] for d in op.demands])
        track = None if resource == NO_RESOURCE else self.tracks[resource]
        is_plain = not op.demands and not self._sets_of[op.index] and not (resource >= 0 and self._blocked[resource])
        for _ in range(_ATTEMPTS):
            if isinstance(track, UnaryTrack):
                spot = self._gap(op, resource, track, work, first_min, start_min, bounds.end)
            else:
                spot = self._run(op, resource, work, start_min, bounds.end)
            if spot is None:
                return None
            first, start, end = spot
            if isinstance(track, LevelTrack):
                wait = track.busy_until(first, end, 1)
                if wait is not None:
                    if wait >= FOREVER:
                        return None
                    start_min = wait
                    continue
            if is_plain:
                return Placed(k, first, start, end, [])
            wait = self._overlapped_until(op.index, start, end)
            if wait is not None:
                start_min = wait
                continue
            choice: list[int] = []
            wait = self._conflict(op, resource, first, end, choice)
            if wait is None:
                return Placed(k, first, start, end, choice)
            if wait >= FOREVER:
                return None
            first_min = max(first_min + 1, wait)
            start_min = max(start_min, first_min)
        return None

    def _overlapped_until(self, o: int, start: int, end: int) -> int | None:
        """Return None when no operation that must not run beside it meets [start, end), else the end of one."""
        for i in self._sets_of[o]:
            wait = self._spans[i].busy_until(start, end)
            if wait is not None:
                return wait
        return None

    def _run(self, op: OpData, resource: int, work: int, start_min: int, end_min: int) -> tuple[int, int, int] | None:
        """Return (start, start, end) of the work begun as early as possible."""
        working = None if resource == NO_RESOURCE else self._working[resource]
        if working is None:
            start = max(start_min, end_min - work)
            return start, start, start + work
        span = self._stretch(op, working, work, start_min)
        if span is not None and span[1] < end_min:
            span = self._later(op, working, work, start_min, end_min)
        return None if span is None else (span[0], span[0], span[1])

    def _stretch(self, op: OpData, working: Timeline, work: int, start_min: int) -> tuple[int, int] | None:
        if op.interruptible:
            return working.span(start_min, work)
        start = working.fit(start_min, work)
        return None if start is None else (start, start + work)

    def _later(self, op: OpData, working: Timeline, work: int, start_min: int, end_min: int) -> tuple[int, int] | None:
        """Return the earliest span of the work that ends no earlier than ``end_min``."""
        latest = working.back(end_min, work) if op.interruptible else end_min - work
        span = self._stretch(op, working, work, start_min if latest is None else max(start_min, latest))
        while span is not None and span[1] < end_min:
            span = self._stretch(op, working, work, span[0] + 1)
        return span

    def _gap(
        self, op: OpData, resource: int, track: UnaryTrack, work: int, first_min: int, start_min: int, end_min: int
    ) -> tuple[int, int, int] | None:
        """Return (begin of setup, start, end) in the earliest gap of a unary resource, or None."""
        begins, ends = track.begins, track.ends
        size = len(begins)
        has_setup = track.setup is not None and op.family != NO_FAMILY
        if has_setup:
            i = max(bisect_right(ends, first_min), bisect_left(track.starts, start_min + work))
        else:
            i = max(bisect_right(ends, start_min), bisect_left(begins, start_min + work))
        working = self._working[resource]
        while i <= size:
            base = first_min if i == 0 or ends[i - 1] < first_min else ends[i - 1]
            if i < size and (track.starts if has_setup else begins)[i] - base < work:
                i += 1
                continue
            low = start_min if start_min > base else base
            ticks = self._setup_before(op, resource, track, i) if has_setup else 0
            if ticks == FORBIDDEN:
                i += 1
                continue
            if ticks:
                after = base + ticks if working is None else working.add(base, ticks)
                if after is None:
                    return None
                low = max(low, after)
            if working is None:
                start = max(low, end_min - work)
                end = start + work
            else:
                spot = self._run(op, resource, work, low, end_min)
                if spot is None:
                    return None
                _, start, end = spot
            if i == size or end <= (self._limit(op, resource, track, i) if has_setup else begins[i]):
                return (self._setup_begin(resource, start, ticks) if ticks else start), start, end
            i += 1
        return None

    def _setup_before(self, op: OpData, resource: int, track: UnaryTrack, i: int) -> int:
        """Return the setup ticks of an operation put in at position ``i``, or ``FORBIDDEN``."""
        if not op.needs_setup:
            return 0
        data = self._problem.resources[resource].setup
        assert data is not None and track.setup is not None
        before = track.family_before(i, data.initial)
        return 0 if before == NO_FAMILY else track.setup[before][op.family]

    def _limit(self, op: OpData, resource: int, track: UnaryTrack, i: int) -> int:
        """Return when an operation put in at position ``i`` has to end, given the setup that follows it."""
        assert track.setup is not None
        n = track.next_with_family(i)
        if n < 0 or not self._ops[track.holders[n]].needs_setup:
            return track.begins[i]
        ticks = track.setup[op.family][track.families[n]]
        if ticks == FORBIDDEN:
            return -FOREVER
        after = self._ops[track.holders[n]]
        begin = self._setup_begin(resource, track.starts[n], ticks)
        if begin < track.begins[n]:
            if begin < after.release or after.demands or self._blocked[resource]:
                return -FOREVER
            if n > i and begin < track.ends[n - 1]:
                return -FOREVER
        return begin if n == i else track.begins[i]

    def _conflict(self, op: OpData, resource: int, first: int, end: int, choice: list[int]) -> int | None:
        """Return None when [first, end) is free of everything but the primary, else when to try again."""
        if resource != NO_RESOURCE:
            wait = self._blocked_until(resource, first, end)
            if wait is not None:
                return wait
        used: dict[int, int] = {resource: 1}
        for demand in op.demands:
            soonest: int | None = None
            for candidate in self._by_preference(demand.on(resource)):
                units = demand.quantity + used.get(candidate, 0)
                wait = self._secondary_until(candidate, resource, first, end, demand.quantity, units)
                if wait is None:
                    choice.append(candidate)
                    used[candidate] = units
                    break
                soonest = wait if soonest is None else min(soonest, wait)
            else:
                choice.clear()
                return FOREVER if soonest is None else soonest
        return None

    def _by_preference(self, candidates: tuple[int, ...]) -> Sequence[int]:
        if len(candidates) > 1 and self._rule == "cost":
            return sorted(candidates, key=lambda c: self._rates[c])
        return candidates

    def _blocked_until(self, resource: int, first: int, end: int) -> int | None:
        for a, b in self._blocked[resource]:
            if a < end and b > first:
                return b
        return None

    def _secondary_until(
        self, candidate: int, resource: int, first: int, end: int, quantity: int, units: int
    ) -> int | None:
        """Return None when a secondary resource has room and works over [first, end), else when to try again."""
        wait = self._blocked_until(candidate, first, end) if quantity else None
        if wait is not None:
            return wait
        working = self._working[candidate]
        if working is not None:
            wait = working.idle_within(first, end, None if resource == NO_RESOURCE else self._working[resource])
            if wait is not None:
                return wait
        track = self.tracks[candidate]
        if track is None or quantity == 0:
            return None
        if isinstance(track, LevelTrack):
            return track.busy_until(first, end, units)
        return FOREVER if units > 1 else track.busy_until(first, end)
