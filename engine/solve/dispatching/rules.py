"""Compiled dispatching for large problems: many passes of priority rules in the time of one plain one.

Each pass makes a sequence and modes by ``rules_kernels.generate``, under one rule, look-ahead and noise. Where the
problem is a shop, that is a plan; where there is more to keep (secondary resources, dates, sets), the sequence is
decoded by the kernels that keep everything.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.solve.dispatching.dispatch import Found, present_modes
from engine.solve.dispatching.priorities import PRESENT_PLAN, RULES, Priorities, rule_order
from engine.solve.dispatching.rules_kernels import generate
from engine.solve.problem.evaluate import evaluate
from engine.solve.problem.problem import Solution
from engine.solve.problem.units import Units
from engine.solve.searches import kernels
from engine.solve.searches.flat import flatten
from engine.solve.searches.shop import BANNED_TICKS, ShopMap, is_shop, setup_starts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from engine.solve.problem.problem import ArcData, Problem

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_LOOK_AHEADS = (0.0, 0.3, 1.0)
_NOISES = (0.1, 0.3, 0.05, 0.6)
_LEADERS = 3
_ATC_SCALES = ((2.0, 0.4), (1.0, 0.2), (5.0, 1.0))
"""Of slack in mean works, of setups in mean setups."""
_ATC = "ATC with setups"
_NOT_HERE = (PRESENT_PLAN, "family")
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class _Arm:
    """One way to make a plan. ``frees_modes`` lets the decoder choose modes; ``is_list`` decodes priorities alone."""

    name: str
    look_ahead: float = 0.0
    scales: tuple[float, float] = (1.0, 2.0)
    frees_modes: bool = False
    is_list: bool = False


class CompiledRules:
    """A running portfolio on one problem that ``flat.supports_flat`` accepts.

    Parameters
    ----------
    problem, seed
        The problem; equal seeds give equal passes.
    priorities
        What rules are made of, where that is known already.

    Attributes
    ----------
    problem
        What is planned.
    best
        The best plan so far that keeps every rule; set it to have only better ones handed over.
    """

    def __init__(self, problem: Problem, seed: int, priorities: Priorities | None = None) -> None:
        self.problem = problem
        self._facts = Priorities(problem, Units(problem)) if priorities is None else priorities
        self._random = np.random.default_rng(seed)
        self._is_shop = is_shop(problem)
        self._ops = np.array(problem.movable, np.int64)
        n = len(self._ops)
        self._start, self._end, self._mode, self._order = (np.zeros(n, np.int64) for _ in range(4))
        self._flat = None if self._is_shop else flatten(problem)
        self._state = _NONE if self._flat is None else kernels.new_state(self._flat[0])
        self._lagged = any(a.max_lag is not None for a in problem.arcs)
        self._keys: dict[str, Floats] = {}
        self.best: Found | None = None
        self.passes = 0
        self._worth: dict[_Arm, tuple[int, ...]] = {}
        self._to_come = self._attempts()

    def run(self, seconds: float, is_over: Callable[[], bool], on_better: Callable[[Found], None]) -> None:
        """Make passes for some time, handing over every plan that is better than all before."""
        begin, longest = time.monotonic(), 0.0
        while not is_over() and time.monotonic() - begin + longest < seconds:
            before = time.monotonic()
            self.turn(1, on_better)
            longest = max(longest, time.monotonic() - before)

    def turn(self, passes: int, on_better: Callable[[Found], None], *, until_found: bool = False) -> None:
        """Make a number of passes, fewer where there need only be some plan."""
        for _ in range(passes):
            if until_found and self.best is not None:
                return
            arm, noise = next(self._to_come)
            self.passes += 1
            solution = self._plan(arm, noise)
            if solution is None:
                continue
            vector = evaluate(self.problem, solution)
            self._worth[arm] = min(vector, self._worth.get(arm, vector))
            if self.best is None or vector < self.best.vector:
                self.best = Found(solution, vector, arm.name)
                on_better(self.best)

    @cached_property
    def _map(self) -> ShopMap:
        return ShopMap(self.problem if self._is_shop else _as_shop(self.problem, self._facts))

    @cached_property
    def _due(self) -> Floats:
        return self._facts.op_due[self._ops]

    @cached_property
    def _weight(self) -> Floats:
        return np.maximum(self._facts.weight[self._ops], 1e-6)

    @cached_property
    def _mean_work(self) -> float:
        works = self._map.shop.mode_work[self._map.shop.mode_work > 0]
        return float(works.mean()) if works.size else 1.0

    @cached_property
    def _mean_setup(self) -> float:
        setups = self._map.shop.setup[(self._map.shop.setup > 0) & (self._map.shop.setup < BANNED_TICKS)]
        return float(setups.mean()) if setups.size else self._mean_work

    def _attempts(self) -> Iterator[tuple[_Arm, float]]:
        """Yield every arm once, then the best ones with noise, without end."""
        arms = self._arms()
        yield from ((arm, 0.0) for arm in arms)
        for i in itertools.count():
            tried = [arm for arm in self._worth if arm.name != PRESENT_PLAN]
            leaders = sorted(tried, key=lambda arm: self._worth[arm])[:_LEADERS] or arms
            yield leaders[i % len(leaders)], _NOISES[i % len(_NOISES)]

    def _arms(self) -> list[_Arm]:
        """Return all ways to make a plan, those that differ most first."""
        order = rule_order(self.problem)
        names = [name for name in order if name not in _NOT_HERE]
        first, others = names[:4], names[4:]
        free = (False,) if self._is_shop else (True, False)
        arms = [] if self._is_shop else [_Arm(name, is_list=True) for name in first[:1]]
        if PRESENT_PLAN in order and not self._is_shop:
            arms.insert(0, _Arm(PRESENT_PLAN, is_list=True))
        for look_ahead in _LOOK_AHEADS:
            arms += [_Arm(_ATC, look_ahead, _ATC_SCALES[0], f) for f in free]
            arms += [_Arm(name, look_ahead, frees_modes=f) for name in first for f in free]
        arms += [_Arm(_ATC, look_ahead, scales) for scales in _ATC_SCALES[1:] for look_ahead in _LOOK_AHEADS[:2]]
        arms += [_Arm(name, look_ahead) for name in others for look_ahead in _LOOK_AHEADS]
        return arms if self._is_shop else arms + [_Arm(name, is_list=True) for name in names[1:]]

    def _plan(self, arm: _Arm, noise: float) -> Solution | None:
        """Return the plan of a pass, or None where it breaks a rule."""
        key = self._noisy(arm, noise)
        if arm.is_list:
            by_key = self._ops[np.argsort(key, kind="stable")]
            modes = present_modes(self.problem) if arm.name == PRESENT_PLAN else [-1] * len(self.problem.ops)
            return self._decoded(by_key, np.array(modes, np.int64))
        is_atc = arm.name == _ATC
        slack, setup = arm.scales
        if is_atc:
            slack, setup = slack * self._mean_work, setup * self._mean_setup
        rule = np.array([float(is_atc), arm.look_ahead, slack, setup, 1.0])
        out = self._start, self._end, self._mode, self._order
        due = key if is_atc else self._due
        if not generate(self._map.shop, key, due, self._weight, rule, *out):
            return None
        if self._is_shop:
            return self._as_plan()
        mode = np.full(len(self.problem.ops), -1, np.int64)
        if not arm.frees_modes:
            mode[self._map.ops] = self._mode - self._map.shop.mode_ptr[:-1]
        return self._decoded(self._map.ops[np.argsort(self._start, kind="stable")], mode)

    def _noisy(self, arm: _Arm, noise: float) -> Floats:
        """Return priorities (of ATCS: due dates), with noise in terms of how much they differ."""
        name = "ODD" if arm.name == _ATC else arm.name
        if name not in self._keys:
            self._keys[name] = np.ascontiguousarray(RULES[name].priority(self._facts)[self._ops], np.float64)
        key = self._keys[name]
        if noise:
            spread = 2.0 * float(np.std(key)) if arm.name != _ATC else 4.0 * self._mean_work
            key = key + noise * spread * (self._random.random(key.size) - 0.5)
        return key

    def _as_plan(self) -> Solution | None:
        shop = self._map.shop
        if int(self._end.max()) >= self.problem.window_end:
            return None
        begins = self._start
        if (shop.setup_of >= 0).any():
            begins = setup_starts(self.problem, shop, self._mode, self._before(), self._start)
        return self._map.solution(self._mode, self._start, self._end, begins)

    def _before(self) -> Ints:
        """Return the operation before each one on its resource, -1 for the first."""
        shop = self._map.shop
        resource = shop.mode_resource[self._mode][self._order]
        by_resource = np.argsort(resource, kind="stable")
        ops = self._order[by_resource]
        follows = np.diff(resource[by_resource], prepend=-1) == 0
        before = np.full(shop.n, -1, np.int64)
        before[ops[1:]] = ops[:-1]
        before[ops[~follows]] = -1
        return before

    def _decoded(self, order: Ints, mode: Ints) -> Solution | None:
        """Return the plan that keeps every rule, made of a list of operations and a mode for each (-1 = the best)."""
        assert self._flat is not None
        ints, floats = self._flat
        state, delay = self._state, np.zeros(len(self.problem.ops), np.int64)
        if self._lagged:
            penalty = kernels.decode_close(ints, floats, state, order, mode, delay)
        else:
            penalty = kernels.decode(ints, floats, state, order, mode, delay, 0.0, 0.0, np.inf)
        if penalty:
            return None
        n, d = len(self.problem.ops), self.problem.demand_offset[-1]
        parts = (kernels.MODE, kernels.START, kernels.END, kernels.FIRST)
        columns = [state[state[k] : state[k] + n].copy() for k in parts]
        return Solution(*columns, choice=state[state[kernels.CHOICE] : state[kernels.CHOICE] + d].copy())


def _as_shop(problem: Problem, facts: Priorities) -> Problem:
    """Return a problem with what a shop cannot have left out or turned to lags between ends and starts."""
    place = {o: i for i, o in enumerate(facts.topological)}
    work = facts.work

    def lag(arc: ArcData) -> int:
        return arc.min_lag - (0 if arc.pred_end else int(work[arc.pred])) - (int(work[arc.succ]) if arc.succ_end else 0)

    arcs = tuple(
        replace(arc, pred_end=True, succ_end=False, max_lag=None, min_lag=lag(arc))
        for arc in problem.arcs
        if problem.ops[arc.succ].fixed is None and place.get(arc.pred, -1) < place[arc.succ]
    )
    return replace(problem, arcs=arcs)


def load(problem: Problem) -> None:
    """Make a pass by every kernel on a tiny shop, so that all are there."""
    CompiledRules(problem, 0).turn(1, lambda _: None)
    arrays = flatten(problem)
    n = len(problem.ops)
    lists = np.arange(n), np.full(n, -1, np.int64), np.zeros(n, np.int64)
    kernels.decode_close(*arrays, kernels.new_state(arrays[0]), *lists)
    kernels.decode(*arrays, kernels.new_state(arrays[0]), *lists, 0.0, 0.0, np.inf)
