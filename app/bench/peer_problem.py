"""A schedule as plain numbers for another solver's model, and its answer as a plan for the checker.

Everything is counted in ticks from the horizon's start, resources and operations by number; an alternative (a machine
with one choice of people and tools) is a mode. The peers' scripts read nothing else: they know neither this program nor
its files.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.bench.peer_fit import misfits
from engine.calendars import DAY_MS, WorkingTimes
from engine.horizon import horizon_start_ms, natural_tick_ms, planning_window, reference_end_ms
from engine.instants import from_ms, to_ms
from engine.metrics import objective_name
from engine.model import (
    DateConstraint,
    DependencyType,
    Mode,
    Operation,
    OptimizationRequest,
    PlacedEvent,
    Resource,
    SetConstraint,
)
from engine.plan import required_ms
from engine.setups import SetupTable

_MOST_MODES = 64
_REACH_DAYS = 60


@dataclass(frozen=True, slots=True)
class Choice:
    """What a mode stands for: the primary resource and, for each demand, the resource that serves it."""

    resource_id: str | None
    demands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeerProblem:
    """The document for a peer, and what its numbers stand for."""

    document: dict[str, Any]
    operations: Sequence[Operation]
    choices: list[list[Choice]]
    start_ms: int
    tick_ms: int

    def events(self, tasks: Sequence[tuple[int, int, int]]) -> list[PlacedEvent]:
        """Return the placements of an answer: mode, start and end of each operation, in their order."""
        return [
            PlacedEvent(
                id=op.id,
                resource_id=choices[mode].resource_id,
                start_date=from_ms(self.start_ms + start * self.tick_ms),
                end_date=from_ms(self.start_ms + end * self.tick_ms),
                changed=True,
                demands=choices[mode].demands or None,
            )
            for op, choices, (mode, start, end) in zip(self.operations, self.choices, tasks, strict=True)
        ]


class CannotExpress(Exception):
    """The peers' models lack what this schedule needs; the text says what, in plain words."""


def peer_problem(request: OptimizationRequest) -> PeerProblem:
    """Return a request as a problem for a peer.

    Raises
    ------
    CannotExpress
        When it holds a rule that the peers' models have no means for.
    """
    return _Builder(request).build()


class _Builder:
    def __init__(self, request: OptimizationRequest) -> None:
        self._request = request
        self._schedule = request.schedule_data
        self._shot = self._schedule.snapshot
        self._start_ms = horizon_start_ms(self._schedule)
        self._tick_ms = natural_tick_ms(self._schedule, request)
        reach = 2 * (reference_end_ms(self._schedule) - self._start_ms) + _REACH_DAYS * DAY_MS
        self._end_ms = max(self._start_ms + reach, planning_window(self._schedule)[1])
        if not self._shot.calendars:
            self._end_ms = max(self._end_ms, self._start_ms + self._one_after_another_ms())
        self._times = WorkingTimes(self._schedule, self._start_ms, self._end_ms)
        self._resources = {item.id: item for item in self._shot.resources}
        self._resource_number = {item.id: number for number, item in enumerate(self._shot.resources)}
        self._orders = {order.id: order for order in self._shot.orders}
        self._dated: defaultdict[str, list[DateConstraint]] = defaultdict(list)
        for constraint in self._shot.constraints:
            if isinstance(constraint, DateConstraint) and constraint.enabled:
                self._dated[constraint.event_id].append(constraint)
        self._number = {op.id: number for number, op in enumerate(self._shot.events)}
        self._is_scaled = any(item.weight != round(item.weight) for item in (*self._shot.events, *self._shot.orders))

    def _one_after_another_ms(self) -> int:
        """Return how long all operations take if never two run at once, setups and waits included."""
        setups = [row.duration for matrix in self._shot.setup_matrices for row in matrix.rules]
        setups += [matrix.default.duration for matrix in self._shot.setup_matrices if matrix.default]
        waits = [link.lag_ms for link in self._shot.dependencies]
        longest = (max([op.duration, *(mode.duration or 0 for mode in op.modes or ())]) for op in self._shot.events)
        least_efficiency = min([1.0, *(item.efficiency for item in self._shot.resources)])
        work = sum(longest) / least_efficiency + len(self._shot.events) * max([0, *setups])
        return round(work) + sum(max(0, wait) for wait in waits)

    def build(self) -> PeerProblem:
        """Return the problem."""
        missing = misfits(self._request, self._times)
        if missing:
            raise CannotExpress("other solvers' models have no means for " + ", ".join(missing))
        made = [list(self._modes(op)) for op in self._shot.events]
        jobs, job_of = self._jobs()
        tasks = [
            {
                "job": job_of.get(op.id),
                "pauses": op.interruptible and bool(op.duration),
                **self._dates(op),
                "modes": [mode for _, mode in modes],
            }
            for op, modes in zip(self._shot.events, made, strict=True)
        ]
        document = {
            "objective": objective_name(self._request),
            "horizon": self._ticks(self._end_ms - self._start_ms),
            "resources": [self._resource(item) for item in self._shot.resources],
            "jobs": jobs,
            "tasks": tasks,
            "precedences": list(self._precedences()),
            "setups": list(self._setups(made)),
            "sameMachine": list(self._sets("sameresource")),
            "differentMachine": list(self._sets("differentresource")),
            "neverTogether": list(self._sets("nooverlap")),
        }
        choices = [[choice for choice, _ in modes] for modes in made]
        return PeerProblem(document, self._shot.events, choices, self._start_ms, self._tick_ms)

    def _ticks(self, ms: int) -> int:
        """Return whole ticks, rounded down."""
        return ms // self._tick_ms

    def _ticks_up(self, ms: int) -> int:
        return -(-ms // self._tick_ms)

    def _resource(self, item: Resource) -> dict[str, Any]:
        working = self._times.of(item.id)
        edges = [self._start_ms, *itertools.chain.from_iterable(working.intervals()), self._end_ms]
        gaps = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
        breaks = [(self._ticks(a - self._start_ms), self._ticks_up(b - self._start_ms)) for a, b in gaps]
        return {
            "capacity": len(self._shot.events) * max(1, item.capacity) if item.infinite else item.capacity,
            "infinite": item.infinite,
            "stock": item.nonrenewable,
            "breaks": breaks,
            "initialSetup": item.initial_setup is not None and item.setup_matrix is not None,
        }

    def _modes(self, op: Operation) -> Iterator[tuple[Choice, dict[str, Any]]]:
        """Yield the modes of an operation, with what each stands for."""
        alternatives: Sequence[Mode | None] = op.alternatives or (None,)
        demands = op.demands or ()
        teams = list(itertools.product(*(demand.candidates for demand in demands)))
        if len(teams) * len(alternatives) > _MOST_MODES:
            raise CannotExpress(f"operation {op.id} has more than {_MOST_MODES} combinations of machines and people")
        for mode, team in itertools.product(alternatives, teams):
            held = [demand.is_held_on(mode.resource_id if mode else None) for demand in demands]
            chosen = zip(team, demands, held, strict=True)
            if any(not is_held and key != demand.candidates[0] for key, demand, is_held in chosen):
                continue  # the same as with the first, which is not held either
            needs: defaultdict[str, int] = defaultdict(int)
            duration_ms = op.duration
            if mode is not None:
                needs[mode.resource_id] += 1
                exact = op.duration if mode.duration is None else mode.duration
                duration_ms = required_ms(exact, self._resources[mode.resource_id].efficiency)
            for key, demand, is_held in zip(team, demands, held, strict=True):
                needs[key] += demand.quantity if is_held else 0
            is_milestone = not duration_ms and (mode is None or not self._resources[mode.resource_id].setup_matrix)
            if is_milestone:
                needs.clear()  # it needs neither working time nor capacity
            if not all(self._holds(key, quantity) for key, quantity in needs.items()):
                continue
            yield (
                Choice(mode.resource_id if mode else None, team),
                {
                    "machine": self._resource_number[mode.resource_id] if mode else None,
                    "duration": self._ticks_up(duration_ms),
                    "needs": [(self._resource_number[key], quantity) for key, quantity in needs.items() if quantity],
                },
            )

    def _holds(self, key: str, quantity: int) -> bool:
        resource = self._resources[key]
        return resource.infinite or quantity <= resource.capacity

    def _jobs(self) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """Return orders, and operations with dates of their own, as jobs; and the job of each operation."""
        jobs: list[dict[str, Any]] = []
        job_of: dict[str, int] = {}
        members: defaultdict[str, list[str]] = defaultdict(list)
        for op in self._shot.events:
            if op.order_id is not None:
                members[op.order_id].append(op.id)
        items = [(order, members[order.id]) for order in self._shot.orders if members[order.id]]
        alone = [(op, [op.id]) for op in self._shot.events if op.order_id is None and op.due_date is not None]
        for item, keys in (*items, *alone):
            job_of |= dict.fromkeys(keys, len(jobs))
            jobs.append(
                {
                    "weight": round(item.weight * (1000 if self._is_scaled else 1)),
                    "due": None if item.due_date is None else self._ticks(to_ms(item.due_date) - self._start_ms),
                }
            )
        return jobs, job_of

    def _dates(self, op: Operation) -> dict[str, int]:
        """Return the bounds on start and end in ticks, of the operation, its order and constraints on it."""
        order = self._orders.get(op.order_id or "")
        starts, latest_starts, ends, latest_ends = [self._start_ms], [self._end_ms], [self._start_ms], [self._end_ms]
        for item in (op, order) if order else (op,):
            starts += [to_ms(item.release_date)] if item.release_date else []
            latest_ends += [to_ms(item.deadline)] if item.deadline else []
        for constraint in self._dated[op.id]:
            at_ms = to_ms(constraint.date)
            starts += [at_ms] if constraint.type in ("startnoearlierthan", "muststarton") else []
            latest_starts += [at_ms] if constraint.type in ("startnolaterthan", "muststarton") else []
            ends += [at_ms] if constraint.type in ("finishnoearlierthan", "mustfinishon") else []
            latest_ends += [at_ms] if constraint.type in ("finishnolaterthan", "mustfinishon") else []
        return {
            "earliestStart": self._ticks_up(max(starts) - self._start_ms),
            "latestStart": self._ticks(min(latest_starts) - self._start_ms),
            "earliestEnd": self._ticks_up(max(ends) - self._start_ms),
            "latestEnd": self._ticks(min(latest_ends) - self._start_ms),
        }

    def _precedences(self) -> Iterator[tuple[str, int, int, int]]:
        """Yield ``(relation, first, second, delay)``: the first's point + delay is not after the second's point."""
        names = {
            DependencyType.START_TO_START: ("start-start", "start-start"),
            DependencyType.START_TO_FINISH: ("start-end", "end-start"),
            DependencyType.FINISH_TO_START: ("end-start", "start-end"),
            DependencyType.FINISH_TO_FINISH: ("end-end", "end-end"),
        }
        for link in self._shot.dependencies:
            first, second = self._number[link.from_event], self._number[link.to_event]
            forward, backward = names[link.type]
            yield forward, first, second, self._ticks_up(link.lag_ms)
            if link.max_lag_ms is not None:
                yield backward, second, first, -self._ticks(link.max_lag_ms)

    def _setups(self, made: list[list[tuple[Choice, dict[str, Any]]]]) -> Iterator[tuple[int, int | None, int, int]]:
        """Yield ``(machine, before, after, duration)``; ``before`` None is the machine's state at the start.

        What may not follow takes until the horizon's end.
        """
        tables = {matrix.id: SetupTable(matrix) for matrix in self._shot.setup_matrices}
        never = self._ticks(self._end_ms - self._start_ms)
        for item in self._shot.resources:
            if item.setup_matrix is None:
                continue
            table, machine = tables[item.setup_matrix], self._resource_number[item.id]
            here: list[tuple[int | None, str | None]] = [
                (number, op.setup_family)
                for number, op in enumerate(self._shot.events)
                if any(choice.resource_id == item.id for choice, _ in made[number])
            ]
            before = [(None, item.initial_setup), *here] if item.initial_setup is not None else here
            for (a, left), (b, right) in itertools.product(before, here):
                change = table.lookup(left, right)
                ticks = never if change.forbidden else self._ticks_up(change.duration_ms)
                if a != b and b is not None and ticks:
                    yield machine, a, b, ticks

    def _sets(self, kind: str) -> Iterator[list[int]]:
        for constraint in self._shot.constraints:
            if isinstance(constraint, SetConstraint) and constraint.enabled and constraint.type == kind:
                yield [self._number[key] for key in constraint.event_ids]
