"""Algorithm 4: plans from a portfolio of priority rules, in an instant, keeping every rule of the contract.

Where a greedy plan breaks a bound, what was in trouble is moved to the front of the list and the plan made again
("squeaky wheel optimization", Joslin and Clements 1999), with growing noise.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.solve.dispatching.decoder import Decoded, Decoder, ModeRule
from engine.solve.dispatching.priorities import PRESENT_PLAN, RULES, Priorities, rule_order
from engine.solve.dispatching.simulate import DYNAMIC_RULES, Simulation
from engine.solve.problem.evaluate import evaluate
from engine.solve.problem.stocks import StockModes
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from engine.solve.problem.problem import Problem, Solution
    from engine.solve.report import StopFlag

_log = logging.getLogger("taktwerk.engine")

_MODE_RULES: dict[str, tuple[ModeRule, ...]] = {
    "minimize_cost": ("cost", "end"),
    "balance_resources": ("load", "end"),
    "minimize_setup": ("setup", "end"),
}
_NOISE = 0.15
_REPAIRS_PER_RULE = 12
_RULES_WITHIN_STOCKS = 3


@dataclass(slots=True)
class Found:
    """A plan that keeps every rule, its objective vector, and the rule that made it."""

    solution: Solution
    vector: tuple[int, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to go on: to a moment of ``time.monotonic`` (None = no limit), or for a number of passes."""

    until: float | None
    passes: int

    @property
    def is_late(self) -> bool:
        """Whether the time is used up."""
        return self.until is not None and time.monotonic() >= self.until

    def reached(self, passes: int) -> bool:
        """Whether the time or the passes are used up."""
        return passes >= self.passes or self.is_late


class Dispatcher:
    """Runs the portfolio on one problem and keeps the best plan.

    Parameters
    ----------
    problem
        What to plan.
    stop
        Polled between passes.
    on_better
        Told of every plan that is better than all before.
    seed
        For the noise; equal seeds give equal passes.
    """

    def __init__(
        self, problem: Problem, stop: StopFlag, on_better: Callable[[Found], None] | None = None, seed: int = 0
    ) -> None:
        self.problem = problem
        self.decoder = Decoder(problem)
        self.best: Found | None = None
        self.passes = 0
        self.least_excess: int | None = None
        self._stop = stop
        self._on_better = on_better
        self._random = np.random.default_rng(seed)
        self.priorities = Priorities(problem, self.decoder.units)
        self._stock_modes = StockModes(problem, self._random) if problem.stocks else None
        self._to_come = self._attempts()

    def run(self, limits: Limits) -> Found | None:
        """Try rule after rule, then noisy ones, until the limits are reached; return the best plan, if there is one.

        Called again, it goes on where it was.
        """
        while not self._is_over(limits):
            name, priority, modes, mode_rule = next(self._to_come)
            decoded = self._pass(priority, name, mode_rule, modes)
            if decoded.excess and self.best is None:
                self._repair(priority, decoded, name, mode_rule, modes, limits)
        return self.best

    def _is_over(self, limits: Limits) -> bool:
        if self._stop.stopped or limits.reached(self.passes):
            return True
        return self.best is not None and not any(self.best.vector)

    def _attempts(self) -> Iterator[tuple[str, NDArray[np.float64], list[int] | None, ModeRule]]:
        """Yield rule name, priorities, modes and mode rule of every pass to make, without end."""
        first = (self.problem.objective.names or ("",))[0]
        mode_rules = _MODE_RULES.get(first, ("end",))
        names = rule_order(self.problem)
        if stays_close(self.problem):
            modes = present_modes(self.problem)
            yield f"{PRESENT_PLAN}, held", RULES[PRESENT_PLAN].priority(self.priorities), modes, mode_rules[0]
        elif holds_placed_work(self.problem):
            yield PRESENT_PLAN, RULES[PRESENT_PLAN].priority(self.priorities), present_modes(self.problem), "end"
        yield names[0], RULES[names[0]].priority(self.priorities), None, mode_rules[0]
        if self._stock_modes is not None:
            for name in names[:_RULES_WITHIN_STOCKS]:
                yield name, RULES[name].priority(self.priorities), self._stock_modes.draw(), mode_rules[0]
        simulation = Simulation(self.problem, self.priorities)
        for name in DYNAMIC_RULES:
            order, modes = simulation.run(name)
            yield name, order, modes, mode_rules[0]
            yield name, order, None, mode_rules[0]
        for name in names[1:]:
            modes = present_modes(self.problem) if name == PRESENT_PLAN else None
            yield name, RULES[name].priority(self.priorities), modes, mode_rules[0]
        for mode_rule in mode_rules[1:]:
            for name in names[:4]:
                yield name, RULES[name].priority(self.priorities), None, mode_rule
        while True:
            name = str(self._random.choice(names))
            noisy = self._noisy(RULES[name].priority(self.priorities), _NOISE)
            modes = None
            if self._stock_modes is not None:
                modes = self._stock_modes.draw()
            elif self.best is None and self._random.random() < 0.5:
                modes = self._random_modes()
            yield f"{name} with noise", noisy, modes, mode_rules[int(self._random.integers(len(mode_rules)))]

    def _pass(
        self, priority: NDArray[np.float64], name: str, mode_rule: ModeRule, modes: list[int] | None = None
    ) -> Decoded:
        self.passes += 1
        decoded = self.decoder.decode(
            priority.tolist(),
            modes,
            mode_rule,
            dated_first=self.passes % 3 != 0,
            not_before=present_starts(self.problem) if name.endswith("held") else None,
            should_stop=lambda: self._stop.stopped,
        )
        if decoded.solution is None and self._stop.stopped:
            return decoded
        if self.least_excess is None or decoded.excess < self.least_excess:
            self.least_excess = decoded.excess
        if decoded.excess == 0 and decoded.solution is not None:
            self._offer(decoded.solution, name)
        return decoded

    def _offer(self, solution: Solution, name: str) -> None:
        vector = evaluate(self.problem, solution)
        if self.best is None or vector < self.best.vector:
            self.best = Found(solution, vector, name)
            _log.debug("rule %s: %s", name, vector)
            if self._on_better is not None:
                self._on_better(self.best)

    def _repair(
        self,
        priority: NDArray[np.float64],
        decoded: Decoded,
        name: str,
        mode_rule: ModeRule,
        modes: list[int] | None,
        limits: Limits,
    ) -> None:
        """Make the plan again with the troubled operations earlier, until one keeps every rule or tries run out."""
        ranks = _ranks(priority)
        best, best_excess = ranks, decoded.excess
        for attempt in range(_REPAIRS_PER_RULE):
            if self._is_over(limits):
                return
            if decoded.solution is None and self._random.random() < 0.5:  # no place at all: maybe after others
                ranks = self._put_off(ranks, decoded.troubled)
            else:
                ranks = self._urged(ranks, decoded.troubled, attempt)
            decoded = self._pass(ranks, f"{name}, repaired", mode_rule, modes)
            if decoded.excess == 0:
                return
            if decoded.excess <= best_excess:
                best, best_excess = ranks, decoded.excess
            elif attempt % 4 == 3:
                ranks = self._noisy(best, _NOISE * (1 + attempt / 4))

    def _urged(self, ranks: NDArray[np.float64], troubled: list[int], attempt: int) -> NDArray[np.float64]:
        """Return ranks with the troubled operations, and what they wait for, moved to the front by some way."""
        step = len(ranks) * (0.2 + 0.2 * attempt) * (0.5 + self._random.random()) + 1
        out = ranks.copy()
        urgent = {o: out[o] - step for o in troubled}
        stack = list(urgent)
        waits_for = self._waits_for
        while stack:
            o = stack.pop()
            for p in waits_for[o]:
                if out[p] > urgent[o] and urgent.get(p, np.inf) > urgent[o]:
                    urgent[p] = urgent[o]
                    stack.append(p)
        for o, rank in urgent.items():
            out[o] = min(out[o], rank)
        return out

    def _put_off(self, ranks: NDArray[np.float64], troubled: list[int]) -> NDArray[np.float64]:
        """Return ranks with the troubled operations moved back by some way."""
        out = ranks.copy()
        out[troubled] += len(ranks) * self._random.random(len(troubled)) + 1
        return out

    def _random_modes(self) -> list[int]:
        """Return a mode drawn at random for some operations, and the free choice (-1) for the others."""
        drawn = self._random.random(len(self.problem.ops)) < 0.3
        return [
            int(self._random.integers(len(op.modes))) if d else -1
            for d, op in zip(drawn, self.problem.ops, strict=True)
        ]

    @property
    def _waits_for(self) -> list[list[int]]:
        rows: list[list[int]] = [[] for _ in self.problem.ops]
        for arc in self.problem.arcs:
            rows[arc.succ].append(arc.pred)
        return rows

    def _noisy(self, priority: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
        ranks = _ranks(priority)
        return ranks + self._random.normal(0.0, max(1.0, strength * len(ranks)), len(ranks))


def stays_close(problem: Problem) -> bool:
    """Whether the objective counts changes of the present plan."""
    weights = problem.objective.weights
    return problem.objective.incremental or bool(weights and weights["change"])


def holds_placed_work(problem: Problem) -> bool:
    """Whether work is locked in a plan that exists: what comes before it fits best where that plan has it."""
    return any(op.fixed is not None and not op.is_circumstance for op in problem.ops) and any(
        problem.ops[o].previous is not None for o in problem.movable
    )


def present_modes(problem: Problem) -> list[int]:
    """Return the mode of each operation in the present plan, -1 where it has none."""
    out: list[int] = []
    for op in problem.ops:
        here = None if op.previous is None else op.previous.resource
        out.append(next((k for k, mode in enumerate(op.modes) if mode.resource == here), -1))
    return out


def present_starts(problem: Problem) -> list[int]:
    """Return the start of each operation in the present plan, far in the past where it has none."""
    return [-FOREVER if op.previous is None else op.previous.start for op in problem.ops]


def _ranks(priority: NDArray[np.float64]) -> NDArray[np.float64]:
    ranks = np.empty(len(priority))
    ranks[np.argsort(priority, kind="stable")] = np.arange(len(priority))
    return ranks
