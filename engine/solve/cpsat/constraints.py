"""Rules between operations: dependencies, set constraints, and what a lock must keep to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.plan import ROUNDING_MS
from engine.solve.cpsat.capacity import profile
from engine.solve.cpsat.frame import Window
from engine.solve.cpsat.model import Lit, Model, Point
from engine.solve.cpsat.variables import demand_zones

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

    from engine.solve.cpsat.frame import Frame, Held
    from engine.solve.cpsat.variables import OpVars, Track
    from engine.solve.problem.problem import ArcData, SetData


class Rules:
    """Requires the rules between operations of a frame."""

    def __init__(self, model: Model, frame: Frame, made: dict[int, OpVars]) -> None:
        self._model = model
        self._frame = frame
        self._made = made

    def add_all(self) -> None:
        """Require everything."""
        seen: set[str] = set()
        for o in self._frame.free:
            for arc in self._frame.index.arcs[o]:
                if arc.pred == o or arc.pred not in self._made:
                    self._add_arc(arc)
            for kind, rule in self._frame.index.sets.get(o, ()):
                if rule.id not in seen:
                    seen.add(rule.id)
                    {"same": self._add_same, "different": self._add_different, "apart": self._add_apart}[kind](rule)
        if self._frame.is_whole:
            self._check_held(seen)

    def _add_arc(self, arc: ArcData) -> None:
        """The successor's point comes at least ``min_lag`` and at most ``max_lag`` after the predecessor's."""
        model, pred, succ = self._model, self._made.get(arc.pred), self._made.get(arc.succ)
        if pred is None or succ is None:
            return  # a held end is a bound, and windows have it already
        if arc.max_lag is None and arc.min_lag == 0 and (arc.pred_end or not arc.succ_end):
            one, other = pred.single, succ.single
            if one is not None and other is not None and one.clock is other.clock:
                model.before(_edge(one, arc.pred_end), _edge(other, arc.succ_end), 0)
                return
        first, then = self._point(pred, arc.pred_end), self._point(succ, arc.succ_end)
        model.before(first, then, arc.min_lag)
        if arc.max_lag is not None:
            model.before(then, first, -arc.max_lag)
        if arc.min_lag >= 0 and (arc.pred_end or not arc.succ_end):
            self._add_by_clock(pred, succ, arc)

    def _add_by_clock(self, pred: OpVars, succ: OpVars, arc: ArcData) -> None:
        """Say a precedence on common clocks too: implied, but it propagates without the literals of breaks."""
        for one in pred.tracks:
            for other in succ.tracks:
                if one.clock is other.clock and not one.clock.is_real:
                    self._model.before(_edge(one, arc.pred_end), _edge(other, arc.succ_end), 0, one.lit, other.lit)

    def _point(self, made: OpVars, at_end: bool) -> Point:
        return made.real_end(self._model) if at_end else made.real_start(self._model)

    def _add_same(self, rule: SetData) -> None:
        """All run on one and the same primary resource."""
        usage = [self._by_resource(o) for o in rule.ops]
        resources = {r for by in usage for r in by}
        for r in resources:
            first = usage[0].get(r, 0)
            for by in usage[1:]:
                self._model.require(by.get(r, 0) == first)

    def _add_different(self, rule: SetData) -> None:
        """No two run on the same primary resource."""
        usage = [self._by_resource(o) for o in rule.ops]
        loose = [o for o in rule.ops if o not in self._made and not self._is_lock(o)]
        taken = {self._frame.held(o).resource for o in loose}
        for r in {r for by in usage for r in by if r >= 0}:
            terms = [by.get(r, 0) for o, by in zip(rule.ops, usage, strict=True) if o not in loose]
            if len(terms) > 1 or r in taken:
                self._model.require(sum(terms) <= (0 if r in taken else 1))

    def _by_resource(self, o: int) -> dict[int, cp_model.LinearExprT]:
        """Return by resource the sum of the literals of the modes on it."""
        made = self._made.get(o)
        if made is None:
            return {self._frame.held(o).resource: 1}
        by: dict[int, cp_model.LinearExprT] = {}
        for mode in made.modes:
            by[mode.data.resource] = by.get(mode.data.resource, 0) + (1 if mode.lit is True else mode.lit)
        return by

    def _is_lock(self, o: int) -> bool:
        fixed = self._frame.problem.ops[o].fixed
        return fixed is not None and fixed.is_lock

    def _add_apart(self, rule: SetData) -> None:
        """No two run at once, wherever they run; setups do not count."""
        model = self._model
        free = [self._made[o] for o in rule.ops if o in self._made]
        held = [self._frame.held(o) for o in rule.ops if o not in self._made]
        clocks = {id(t.clock): t.clock for made in free for t in made.tracks}
        clocks |= {id(c): c for c in (self._frame.clocks.of(h.resource) for h in held)}
        clock = next(iter(clocks.values())) if len(clocks) == 1 else self._frame.clocks.real
        intervals: list[cp_model.IntervalVar] = []
        for made in free:
            intervals += self._spans(made, clock)
        loose = [(clock.work_at(h.start), clock.work_at(h.end), 1) for h in held if not h.is_lock]
        spans = profile(loose, 1) + [(clock.work_at(h.start), clock.work_at(h.end), 1) for h in held if h.is_lock]
        intervals += [model.cp.new_fixed_size_interval_var(a, b - a, "") for a, b, _ in spans if a < b]
        if len(intervals) > 1:
            model.cp.add_no_overlap(intervals)

    def _spans(self, made: OpVars, clock: object) -> list[cp_model.IntervalVar]:
        """Return the span of an operation, without setup, as intervals of which at most one is present."""
        model, single = self._model, made.single
        if single is not None and single.clock is clock:
            modes = [m for m in single.modes if m.data.work]
            if single.work is not None:
                return [model.cp.new_fixed_size_interval_var(single.start.expr, single.work, "")] if modes else []
            return [
                model.cp.new_optional_fixed_size_interval_var(single.start.expr, m.data.work, m.lit, "") for m in modes
            ]
        start, end = made.real_start(model), made.real_end(model)
        lits: list[Lit] = [m.lit for m in made.modes if m.data.work]
        if not lits:
            return []
        hint = None if start.hint is None or end.hint is None else end.hint - start.hint
        size = model.integer(0, max(0, end.high - start.low), hint)
        model.require(size == end.expr - start.expr)
        if len(lits) == len(made.modes):
            return [model.cp.new_interval_var(start.expr, size, end.expr, "")]
        return [model.cp.new_optional_interval_var(start.expr, size, end.expr, lit, "") for lit in lits]

    def _check_held(self, seen: set[str]) -> None:
        """A lock keeps to every rule by itself and beside everything else that stays."""
        problem, frame, model = self._frame.problem, self._frame, self._model
        locks = [op.index for op in problem.ops if op.fixed is not None and op.fixed.is_lock]
        for o in locks:
            if not lock_holds(frame, frame.held(o)):
                model.contradict()
        for arc in problem.arcs:
            if frame.is_free[arc.pred] or frame.is_free[arc.succ]:
                continue
            pred, succ = frame.held(arc.pred), frame.held(arc.succ)
            gap = (succ.end if arc.succ_end else succ.start) - (pred.end if arc.pred_end else pred.start)
            if gap < arc.min_lag or (arc.max_lag is not None and gap > arc.max_lag):
                model.contradict()
        adders = ((problem.same, self._add_same), (problem.different, self._add_different))
        for rules, add in (*adders, (problem.nooverlap, self._add_apart)):
            for rule in rules:
                if rule.id not in seen and not any(frame.is_free[o] for o in rule.ops):
                    add(rule)


def lock_holds(frame: Frame, held: Held) -> bool:
    """Whether a locked placement keeps its operation's own rules: mode, working time, bounds, secondary needs."""
    op, start, end = held.op, held.start, held.end
    if start < max(op.release, op.est) or start > op.lst or end < op.eet or end > op.let:
        return False
    return any(
        mode.resource == held.resource and _stands(frame, held, mode.resource, mode.work, mode.work_ms)
        for mode in op.modes
    )


def _stands(frame: Frame, held: Held, resource: int, work: int, work_ms: int) -> bool:
    op, start, end = held.op, held.start, held.end
    if work == 0:
        return start == end
    problem = frame.problem
    if not _lasts(frame, held, resource, work_ms):
        return False
    clock = frame.clocks.of(resource)
    first, last = clock.work_at(start), clock.work_at(end)
    if problem.is_exact and (clock.start_at(first) != start or clock.end_at(last) != end):
        return False
    if not op.interruptible and clock.breaks(first + 1, last - 1):
        return False
    window = Window(start, start, end, end)
    return all(
        any(
            all(last <= a or first >= b for a, b in demand_zones(frame, candidate, clock, window, is_lock=True))
            for candidate in demand.candidates
        )
        for demand in op.demands
        if demand.quantity
    )


def _lasts(frame: Frame, held: Held, resource: int, work_ms: int) -> bool:
    """Whether a lock is as long as its work; rounded at another efficiency than 1, as the checker allows it."""
    problem = frame.problem
    assert held.op.fixed is not None
    at = held.op.fixed.placement
    if frame.clocks.of(resource).is_real:
        spanned_ms = at.end_ms - at.start_ms
    else:
        clock = frame.clocks.of(resource)
        spanned_ms = (clock.work_at(held.end) - clock.work_at(held.start)) * problem.tick_ms
    if resource < 0 or problem.request.schedule_data.snapshot.resources[resource].efficiency == 1:
        return spanned_ms == work_ms or (not problem.is_exact and abs(spanned_ms - work_ms) <= problem.tick_ms)
    return abs(spanned_ms - work_ms) < ROUNDING_MS


def _edge(track: Track, at_end: bool) -> Point:
    return track.end if at_end else track.start
