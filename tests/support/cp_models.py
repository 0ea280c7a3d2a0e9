"""Which constraints of a CP-SAT model its own hint breaks: told by a small interpreter, not by the solver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from engine.solve.cpsat.model import Model


def broken_by_hints(model: Model) -> list[str]:
    """Return what the hint of a model breaks; a variable without a hint counts as broken too."""
    return list(_Interpreter(model).faults())


class _Interpreter:
    def __init__(self, model: Model) -> None:
        model.write_hints()
        self._proto = model.cp.proto
        hint = self._proto.solution_hint
        self._values = dict(zip(hint.vars, hint.values, strict=True))
        self._constraints = list(self._proto.constraints)
        self._checks: dict[str, Callable[[Any], bool]] = {
            "linear": self._linear,
            "bool_or": lambda c: any(map(self._lit, c.bool_or.literals)),
            "bool_and": lambda c: all(map(self._lit, c.bool_and.literals)),
            "exactly_one": lambda c: sum(map(self._lit, c.exactly_one.literals)) == 1,
            "interval": self._interval,
            "no_overlap": self._no_overlap,
            "cumulative": self._cumulative,
            "circuit": self._circuit,
        }

    def faults(self) -> Iterator[str]:
        for i, var in enumerate(self._proto.variables):
            domain = list(var.domain)
            if i not in self._values and domain[0] != domain[-1]:
                yield f"variable {i} has no hint"
            self._values.setdefault(i, domain[0])
            if not _within(domain, self._values[i]):
                yield f"variable {i}: {self._values[i]} is not in {domain}"
        for k, constraint in enumerate(self._constraints):
            if not self._is_enforced(constraint):
                continue
            kind = next((name for name in self._checks if getattr(constraint, f"has_{name}")()), None)
            assert kind is not None, constraint
            if not self._checks[kind](constraint):
                yield f"constraint {k} ({kind})"

    def _is_enforced(self, constraint: Any) -> bool:
        return all(map(self._lit, constraint.enforcement_literal))

    def _lit(self, literal: int) -> bool:
        return bool(self._values[literal]) if literal >= 0 else not self._values[-literal - 1]

    def _expr(self, expr: Any) -> int:
        return expr.offset + sum(c * self._values[v] for v, c in zip(expr.vars, expr.coeffs, strict=True))

    def _linear(self, constraint: Any) -> bool:
        linear = constraint.linear
        total = sum(c * self._values[v] for v, c in zip(linear.vars, linear.coeffs, strict=True))
        return _within(list(linear.domain), total)

    def _interval(self, constraint: Any) -> bool:
        interval = constraint.interval
        size = self._expr(interval.size)
        return size >= 0 and self._expr(interval.start) + size == self._expr(interval.end)

    def _present(self, intervals: Any) -> Iterator[tuple[int, int, int]]:
        for at, i in enumerate(intervals):
            constraint = self._constraints[i]
            if self._is_enforced(constraint):
                yield self._expr(constraint.interval.start), self._expr(constraint.interval.end), at

    def _no_overlap(self, constraint: Any) -> bool:
        spans = sorted(self._present(constraint.no_overlap.intervals))
        return all(one[1] <= other[0] for one, other in pairwise(spans))

    def _cumulative(self, constraint: Any) -> bool:
        cumulative = constraint.cumulative
        demands = [self._expr(d) for d in cumulative.demands]
        change: dict[int, int] = {}
        for start, end, at in self._present(cumulative.intervals):
            change[start] = change.get(start, 0) + demands[at]
            change[end] = change.get(end, 0) - demands[at]
        used = 0
        for at in sorted(change):
            used += change[at]
            if used > self._expr(cumulative.capacity):
                return False
        return True

    def _circuit(self, constraint: Any) -> bool:
        circuit = constraint.circuit
        arcs = zip(circuit.tails, circuit.heads, circuit.literals, strict=True)
        taken = [(tail, head) for tail, head, literal in arcs if self._lit(literal)]
        following = dict(taken)
        nodes = set(circuit.tails) | set(circuit.heads)
        if len(taken) != len(nodes) or set(following) != nodes or set(following.values()) != nodes:
            return False
        moving = [node for node in nodes if following[node] != node]
        if not moving:
            return True
        at, steps = following[moving[0]], 1
        while at != moving[0]:
            at, steps = following[at], steps + 1
        return steps == len(moving)


def _within(domain: list[int], value: int) -> bool:
    return any(domain[i] <= value <= domain[i + 1] for i in range(0, len(domain), 2))
