"""Tiny plants in slots of ten minutes, and their optimum by trying everything. Shares no code with the engine.

All machines run one operation at a time. For objectives that never gain by waiting, some order of all operations, each
placed in turn at its earliest after what is placed before it on its machine (and on the tool, if it needs that), is
optimal: every plan can be pushed to the left into one of these.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

from engine.model import Demand, Mode, Schedule, SetupMatrix, SetupRule
from tests.support.rule_cases import dep, op, order, plant, res, week

SLOT = 10
SLOTS_A_DAY = 144
DAYS = 6


@dataclass(frozen=True)
class TinyOp:
    """An operation: slots of work by machine, and what restrains it. ``after`` are (predecessor, lag in slots)."""

    work: dict[int, int]
    family: int
    interruptible: bool
    release: int
    due: int
    weight: int
    after: tuple[tuple[int, int], ...]
    needs_tool: bool


@dataclass(frozen=True)
class TinyPlant:
    """Operations; the shift (first and last slot of a day, or None) of each machine; setups between families."""

    ops: tuple[TinyOp, ...]
    shifts: tuple[tuple[int, int] | None, ...]
    tool_shift: tuple[int, int] | None
    setups: tuple[tuple[int, ...], ...]
    setup_machines: frozenset[int]
    initial: int

    def schedule(self) -> Schedule:
        """Return the plant as a schedule."""
        items: list[object] = []
        for m, shift in enumerate(self.shifts):
            has_setup = m in self.setup_machines
            items.append(
                res(
                    f"m{m}",
                    calendar=None if shift is None else f"c{m}",
                    setup_matrix="s" if has_setup else None,
                    initial_setup=f"f{self.initial}" if has_setup else None,
                )
            )
            if shift is not None:
                items.append(week(f"c{m}", _clock_times(shift)))
        items.append(res("tool", calendar="ct" if self.tool_shift else None))
        if self.tool_shift:
            items.append(week("ct", _clock_times(self.tool_shift)))
        rules = tuple(
            SetupRule(from_=f"f{a}", to=f"f{b}", duration=slots * SLOT * 60_000)
            for a, row in enumerate(self.setups)
            for b, slots in enumerate(row)
        )
        items.append(SetupMatrix(id="s", name="s", rules=rules))
        for i, tiny in enumerate(self.ops):
            modes = tuple(Mode(resource_id=f"m{m}", duration=w * SLOT * 60_000) for m, w in tiny.work.items())
            fields = {
                "modes": modes,
                "setup_family": f"f{tiny.family}",
                "interruptible": tiny.interruptible,
                "demands": (Demand(resource_id="tool"),) if tiny.needs_tool else None,
                "order_id": f"o{i}",
            }
            release = {"release_date": tiny.release * SLOT} if tiny.release else {}
            items.append(op(f"x{i}", 10, None, **fields, **release))
            items.append(order(f"o{i}", due_date=tiny.due * SLOT, priority=float(tiny.weight)))
            items += [dep(f"x{p}", f"x{i}", lag=lag * SLOT) for p, lag in tiny.after]
        return plant(*items)


def tiny_plant(seed: int, size: int = 4) -> TinyPlant:
    """Return a random tiny plant."""
    draw = random.Random(seed)
    ops = []
    for i in range(size):
        machines = draw.sample(range(2), draw.choice([1, 1, 2]))
        ops.append(
            TinyOp(
                work={m: draw.choice([3, 6, 9, 14, 30]) for m in machines},
                family=draw.randrange(3),
                interruptible=draw.random() < 0.7,
                release=draw.choice([0, 0, 0, 50]),
                due=draw.choice([20, 60, 100]),
                weight=draw.choice([1, 2, 5]),
                after=tuple((p, draw.choice([0, 0, 4])) for p in range(i) if draw.random() < 0.3),
                needs_tool=draw.random() < 0.3,
            )
        )
    shifts = tuple(draw.choice([None, (36, 84), (48, 96)]) for _ in range(2))
    setups = tuple(tuple(0 if a == b else draw.choice([1, 3, 6]) for b in range(3)) for a in range(3))
    setup_machines = frozenset(m for m in range(2) if draw.random() < 0.6)
    tool_shift = draw.choice([None, None, (30, 120)])
    return TinyPlant(tuple(ops), shifts, tool_shift, setups, setup_machines, draw.randrange(3))


def best_values(plant: TinyPlant) -> tuple[int, int] | None:
    """Return the least makespan and the least weighted tardiness, in slots, each for itself; None if nothing fits."""
    search = _Search(plant)
    n = len(plant.ops)
    best: tuple[int, int] | None = None
    for machines in itertools.product(*(sorted(tiny.work) for tiny in plant.ops)):
        for row in itertools.permutations(range(n)):
            place = {i: at for at, i in enumerate(row)}
            if any(place[p] > place[i] for i, tiny in enumerate(plant.ops) for p, _ in tiny.after):
                continue
            ends = search.ends(row, machines)
            if ends is None:
                continue
            late = sum(t.weight * max(0, end - t.due) for t, end in zip(plant.ops, ends, strict=True))
            values = max(ends), late
            best = values if best is None else (min(best[0], values[0]), min(best[1], values[1]))
    return best


class _Search:
    def __init__(self, plant: TinyPlant) -> None:
        self._plant = plant
        self._works = [_worked(shift) for shift in plant.shifts]
        self._tool = _worked(plant.tool_shift)
        self._known: dict[tuple[int, int, int, int, int], tuple[int, int] | None] = {}

    def ends(self, row: tuple[int, ...], machines: tuple[int, ...]) -> list[int] | None:
        """Return the end of each operation when they are placed in this order, or None when one has no place."""
        plant = self._plant
        free, family, tool_free = [0, 0], [plant.initial, plant.initial], 0
        ends = [0] * len(plant.ops)
        for i in row:
            tiny, m = plant.ops[i], machines[i]
            setup = plant.setups[family[m]][tiny.family] if m in plant.setup_machines else 0
            begin = max(free[m], tiny.release, tool_free if tiny.needs_tool else 0)
            start = max([tiny.release, *(ends[p] + lag for p, lag in tiny.after)])
            placed = self._place(i, m, setup, begin, start)
            if placed is None:
                return None
            free[m] = ends[i] = placed[1]
            family[m] = tiny.family
            if tiny.needs_tool:
                tool_free = placed[1]
        return ends

    def _place(self, i: int, m: int, setup: int, begin: int, start: int) -> tuple[int, int] | None:
        """Return the earliest start from ``start`` on, with its setup from ``begin`` on, and the end."""
        key = i, m, setup, begin, start
        if key not in self._known:
            self._known[key] = self._search(i, m, setup, begin, start)
        return self._known[key]

    def _search(self, i: int, m: int, setup: int, begin: int, start: int) -> tuple[int, int] | None:
        tiny, works = self._plant.ops[i], self._works[m]
        for at in range(start, len(works)):
            if not works[at]:
                continue
            slots = list(itertools.islice((t for t in range(at, len(works)) if works[t]), tiny.work[m]))
            before = [t for t in range(at) if works[t]][-setup:] if setup else []
            if len(slots) < tiny.work[m] or len(before) < setup or (before and before[0] < begin) or at < begin:
                continue
            if not tiny.interruptible and slots[-1] - slots[0] != len(slots) - 1:
                continue
            if tiny.needs_tool and not all(self._tool[t] for t in before + slots):
                continue
            return at, slots[-1] + 1
        return None


def _worked(shift: tuple[int, int] | None) -> list[bool]:
    slots = range(SLOTS_A_DAY * DAYS)
    return [shift is None or shift[0] <= t % SLOTS_A_DAY < shift[1] for t in slots]


def _clock_times(shift: tuple[int, int]) -> tuple[str, str]:
    a, b = (f"{slot // 6:02d}:{slot % 6 * 10:02d}" for slot in shift)
    return a, b
