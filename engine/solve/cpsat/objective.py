"""Objectives as integer expressions, one for each component of the objective vector.

Definitions and units are those of ``engine.metrics.objective_vector``. Auxiliary variables are bounded from below only
where that is enough for what is minimised.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from engine.metrics import HOUR_MS, MINUTE_MS, SCALE, WEIGHTED_MIX
from engine.solve.cpsat.calendars import lateness
from engine.solve.cpsat.loads import Loads
from engine.solve.cpsat.model import Model
from engine.solve.cpsat.terms import Level, Sum, level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.solve.cpsat.frame import Frame
    from engine.solve.cpsat.open_choices import OpenChoice
    from engine.solve.cpsat.setups import Setups
    from engine.solve.cpsat.variables import OpVars

_TIMES = frozenset({"minimize_makespan", "minimize_tardiness", "minimize_setup"})
_CHANGED_MINUTES = 60


def needs_setup_amounts(frame: Frame) -> bool:
    """Whether the objective weighs the length or cost of each setup with something else than its arc."""
    objective, problem = frame.problem.objective, frame.problem
    if not any(r.setup for r in problem.resources):
        return False
    names = set(objective.names)
    weights = objective.weights or {}
    if "balance_resources" in names or weights.get("balance"):
        return True
    with_cost = "minimize_cost" in names or weights.get("cost")
    return bool(with_cost) and any(op.demands for op in problem.ops)


def weighs_setups(frame: Frame) -> bool:
    """Whether setups count in the objective by their length or cost, and not only by the time that they take."""
    problem, objective = frame.problem, frame.problem.objective
    weights = objective.weights or {}
    names = {name for name in ("setup", "balance", "cost") if weights.get(name)} | set(objective.names)
    with_setup = [r for r in problem.resources if r.setup is not None]
    if not with_setup:
        return False
    if names & {"minimize_setup", "setup", "balance_resources", "balance"}:
        return True
    rates = any(r.cost_per_hour for r in problem.resources)
    return bool(names & {"minimize_cost", "cost"}) and (rates or any(r.setup.cost.any() for r in with_setup if r.setup))


class Objective:
    """Builds the levels of the objective of a frame."""

    def __init__(
        self, model: Model, frame: Frame, made: dict[int, OpVars], setups: Setups, choices: Sequence[OpenChoice] = ()
    ) -> None:
        self._model = model
        self._frame = frame
        self._problem = frame.problem
        self._made = made
        self._setups = setups
        self._loads = Loads(model, frame, made, setups, choices)
        self._known: dict[str, Sum] = {}

    def levels(self) -> list[Level]:
        """Return the components in the order of the vector."""
        objective = self._problem.objective
        names = objective.names or (WEIGHTED_MIX,)
        parts = [(name, part) for name in names for part in self._parts(name)]
        if objective.incremental and objective.change_weight:
            unit = MINUTE_MS if names[0] in _TIMES else SCALE[names[0]]
            first = Sum()
            first.extend(parts[0][1])
            first.extend(self._sum("change"), objective.change_weight * unit)
            parts[0] = (names[0], first)
        return [level(name, part) for name, part in parts]

    def _parts(self, name: str) -> list[Sum]:
        match name:
            case "minimize_makespan":
                return [self._sum("makespan")]
            case "minimize_tardiness":
                return [self._sum("tardiness")]
            case "maximize_throughput":
                return [_times(self._sum("throughput"), SCALE[name]), self._sum("tardiness")]
            case "minimize_setup":
                return [self._sum("setup"), self._sum("makespan")]
            case "minimize_cost":
                return [_times(self._cost(), SCALE[name])]
            case "balance_resources":
                return [self._sum("balance"), self._loads.spread()]
            case _:
                return [self._mix()]

    def _mix(self) -> Sum:
        weights = self._problem.objective.weights or {}
        units = {
            "makespan": 1 / HOUR_MS,
            "tardiness": 1 / HOUR_MS,
            "throughput": 1.0,
            "balance": 1e-4,
            "setup": 1 / HOUR_MS,
            "change": 1 / 60,
        }
        total = Sum()
        for name, unit in units.items():
            if weights.get(name):
                total.extend(self._sum(name), weights[name] * unit * SCALE[WEIGHTED_MIX])
        if weights.get("cost"):
            total.extend(self._cost(), weights["cost"] * SCALE[WEIGHTED_MIX])
        return total

    def _sum(self, name: str) -> Sum:
        """Return a quantity that several components may share, made once."""
        if name not in self._known:
            makers = {
                "makespan": self._makespan,
                "tardiness": self._tardiness,
                "throughput": self._throughput,
                "setup": self._setup,
                "balance": self._loads.peak,
                "change": self._change,
            }
            self._known[name] = makers[name]()
        return self._known[name]

    def _makespan(self) -> Sum:
        """The last end, in ms from the horizon start."""
        model, frame, tick = self._model, self._frame, self._problem.tick_ms
        least = max(0, self._last_held_end())
        last: dict[int, list[OpVars]] = defaultdict(list)
        for made in self._made.values():
            if not self._has_successor(made, None):
                last[id(made.single.clock) if made.single else -1].append(made)
        ends = [_real_end_bounds(made) for row in last.values() for made in row]
        low, high = max([least, *(a for a, _, _ in ends)]), max([least, *(b for _, b, _ in ends)])
        hints = [h for _, _, h in ends if h is not None]
        point = model.point(low, high, max([least, *hints]) if frame.base is not None else None)
        for key, row in last.items():
            if key == -1:
                for made in row:
                    model.before(made.real_end(model), point, 0)
                continue
            clock = row[0].tracks[0].clock
            tops = [made.tracks[0].end for made in row]
            if len(tops) > 1:
                hint = max((t.hint for t in tops if t.hint is not None), default=None)
                top = model.point(max(t.low for t in tops), max(t.high for t in tops), hint)
                for t in tops:
                    model.before(t, top, 0)
            else:
                top = tops[0]
            lateness(model, clock, top, 0, point)
        total = Sum()
        if point.is_constant:
            total.constant = point.low * tick
        else:
            total.add(tick, point.expr, high)
        return total

    def _last_held_end(self) -> int:
        """Return the last end of all that stays, in ticks."""
        frame = self._frame
        if frame.base is not None:
            kept = frame.base.end[~frame.is_free]
            return int(kept.max()) if len(kept) else 0
        return max((op.fixed.placement.end for op in self._problem.ops if op.fixed is not None), default=0)

    def _has_successor(self, made: OpVars, order: int | None) -> bool:
        """Whether something free (of the same order) ends no earlier by a dependency."""
        for arc in self._frame.index.arcs[made.op.index]:
            if arc.pred != made.op.index or not arc.pred_end or arc.min_lag < 0 or arc.succ == arc.pred:
                continue
            other = self._made.get(arc.succ)
            if other is not None and (order is None or other.op.order == order):
                return True
        return False

    def _tardiness(self) -> Sum:
        """The weighted tardiness of orders and of operations with a due date of their own, in ms."""
        total = Sum()
        for weight, due_ms, ops in self._dated():
            due = -((self._problem.h0_ms - due_ms) // self._problem.tick_ms)
            self._add_late(total, weight * self._problem.tick_ms, due, ops)
        return total

    def _dated(self) -> list[tuple[float, int, Sequence[int]]]:
        problem = self._problem
        rows: list[tuple[float, int, Sequence[int]]] = [
            (o.weight, o.due_ms, o.ops) for o in problem.orders if o.due_ms is not None and o.weight
        ]
        rows += [(op.weight, op.due_ms, (op.index,)) for op in problem.ops if op.due_ms is not None and op.weight]
        return rows

    def _add_late(self, total: Sum, factor: float, due: int, ops: Sequence[int]) -> None:
        free = [self._made[o] for o in ops if o in self._made]
        least = max((self._end_of(o) - due for o in ops if o not in self._made), default=0)
        least = max(0, least)
        order = free[0].op.order if len(ops) > 1 and free else None
        last = [made for made in free if len(free) == 1 or not self._has_successor(made, order)]
        ends = [_real_end_bounds(made) for made in last]
        most = max([least, *(high - due for _, high, _ in ends)])
        if most == least:
            total.constant += factor * least
            return
        hint = None if self._frame.base is None else max([least, *((h or 0) - due for _, _, h in ends)])
        low = max([least, *(a - due for a, _, _ in ends)])
        late = self._model.point(low, most, hint)
        for made in last:
            if made.single is not None and made.end is None:
                lateness(self._model, made.single.clock, made.single.end, due, late)
            else:
                self._model.require(late.expr >= made.real_end(self._model).expr - due)
        total.add(factor, late.expr, most)

    def _end_of(self, o: int) -> int:
        base, op = self._frame.base, self._problem.ops[o]
        if base is not None:
            return int(base.end[o])
        assert op.fixed is not None
        return op.fixed.placement.end

    def _throughput(self) -> Sum:
        """The weight of late orders, and of late operations without an order."""
        total = Sum()
        problem, model = self._problem, self._model
        rows = [(o.weight, o.due_ms, o.ops) for o in problem.orders if o.due_ms is not None]
        rows += [(op.weight, op.due_ms, (op.index,)) for op in problem.ops if op.due_ms is not None and op.order < 0]
        for weight, due_ms, ops in rows:
            due = (due_ms - problem.h0_ms) // problem.tick_ms
            free = [self._made[o] for o in ops if o in self._made]
            if any(self._end_of(o) > due for o in ops if o not in self._made):
                total.constant += weight
                continue
            if not weight or not free:
                continue
            hints = [_real_end_bounds(made)[2] for made in free]
            late = model.boolean(None if self._frame.base is None else any(h is not None and h > due for h in hints))
            for made in free:
                for track in made.tracks:
                    last = track.clock.last_end(due)
                    model.within(track.end, [(min(track.end.low, last), last)], ~late, track.lit)
            total.add(weight, late, 1)
        return total

    def _setup(self) -> Sum:
        """The total setup time, in ms."""
        total = Sum(float(sum(change.ms for change in self._setups.standing)))
        for change in self._setups.changeovers:
            total.add(change.ms, change.lit, 1)
        return total

    def _cost(self) -> Sum:
        """Money: resource hours, setup rules, modes, and weighted tardiness hours."""
        total = self._loads.cost()
        rate = self._problem.objective.tardiness_cost_per_hour
        if rate:
            total.extend(self._sum("tardiness"), rate / HOUR_MS)
        return total

    def _change(self) -> Sum:
        """Minutes moved plus 60 for each changed resource, of what the input has placed."""
        model, problem = self._model, self._problem
        total = Sum()
        for made in self._made.values():
            old = made.op.previous
            if old is None:
                continue
            start = made.real_start(model)
            most = max(abs(start.high - old.start), abs(start.low - old.start))
            if start.is_constant:
                total.constant += most * problem.tick_ms / MINUTE_MS
            else:
                hint = None if start.hint is None else abs(start.hint - old.start)
                moved = model.integer(0, most, hint)
                model.require(moved >= start.expr - old.start)
                model.require(moved >= old.start - start.expr)
                total.add(problem.tick_ms / MINUTE_MS, moved, most)
            for mode in made.modes:
                if mode.data.resource != old.resource:
                    if mode.lit is True:
                        total.constant += _CHANGED_MINUTES
                    else:
                        total.add(_CHANGED_MINUTES, mode.lit, 1)
        return total


def _times(total: Sum, factor: float) -> Sum:
    out = Sum()
    out.extend(total, factor)
    return out


def _real_end_bounds(made: OpVars) -> tuple[int, int, int | None]:
    """Return the earliest, latest and hinted end of an operation in real ticks."""
    if made.end is not None:
        return made.end.low, made.end.high, made.end.hint
    track = made.tracks[0]
    hint = None if track.end.hint is None else track.clock.end_at(track.end.hint)
    return track.clock.end_at(track.end.low), track.clock.end_at(track.end.high), hint
