"""A thin layer over ``CpModel``: literals that may be constants, hints kept beside variables, points on a clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ortools.sat.python import cp_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Lit = cp_model.LiteralT | bool
Expr = cp_model.LinearExprT


@dataclass(frozen=True, slots=True)
class Point:
    """A moment: an expression with bounds, affine in one variable (so that it can edge an interval), and its hint."""

    expr: Expr
    low: int
    high: int
    hint: int | None = None

    @property
    def is_constant(self) -> bool:
        """Whether it is one fixed moment."""
        return self.low == self.high

    def plus(self, amount: int) -> Point:
        """Return the moment ``amount`` later."""
        if amount == 0:
            return self
        hint = None if self.hint is None else self.hint + amount
        expr = self.low + amount if self.is_constant else self.expr + amount
        return Point(expr, self.low + amount, self.high + amount, hint)


def constant(value: int) -> Point:
    """Return a fixed moment."""
    return Point(value, value, value, value)


class Model:
    """A ``CpModel`` under construction. ``is_contradictory`` once something was required that cannot be."""

    def __init__(self) -> None:
        self.cp = cp_model.CpModel()
        self.is_contradictory = False
        self._hints: dict[int, int] = {}

    def integer(self, low: int, high: int, hint: int | None = None) -> cp_model.IntVar:
        """Return a new variable within ``[low, high]``."""
        var = self.cp.new_int_var(low, max(low, high), "")
        if high < low:
            self.contradict()
        if hint is not None:
            self._hints[var.index] = min(max(hint, low), max(low, high))
        return var

    def integer_in(self, spans: Sequence[tuple[int, int]], hint: int | None = None) -> cp_model.IntVar:
        """Return a new variable within the closed, sorted ``spans``."""
        if len(spans) <= 1:
            low, high = spans[0] if spans else (0, -1)
            return self.integer(low, high, hint)
        var = self.cp.new_int_var_from_domain(cp_model.Domain.from_intervals([list(s) for s in spans]), "")
        if hint is not None:
            self._hints[var.index] = snapped(spans, hint)
        return var

    def boolean(self, hint: bool | None = None) -> cp_model.IntVar:
        """Return a new literal."""
        var = self.cp.new_bool_var("")
        if hint is not None:
            self._hints[var.index] = int(hint)
        return var

    def point(self, low: int, high: int, hint: int | None = None) -> Point:
        """Return a new moment within ``[low, high]``."""
        if hint is not None:
            hint = min(max(hint, low), max(low, high))
        if low == high:
            return Point(low, low, high, hint)
        return Point(self.integer(low, high, hint), low, max(low, high), hint)

    def point_in(self, spans: Sequence[tuple[int, int]], hint: int | None = None) -> Point:
        """Return a new moment within the closed, sorted ``spans``."""
        if not spans:
            self.contradict()
            return constant(0)
        if hint is not None:
            hint = snapped(spans, hint)
        if len(spans) == 1:
            return self.point(*spans[0], hint)
        return Point(self.integer_in(spans, hint), spans[0][0], spans[-1][1], hint)

    def require(self, condition: cp_model.BoundedLinearExpression | bool, *lits: Lit) -> None:
        """Require a linear condition wherever all ``lits`` hold."""
        if condition is True or any(lit is False for lit in lits):
            return
        enforcing = [lit for lit in lits if lit is not True]
        if condition is False:
            self.any_of([negated(lit) for lit in enforcing])
            return
        constraint = self.cp.add(condition)
        if enforcing:
            constraint.only_enforce_if(enforcing)

    def before(self, one: Point, other: Point, gap: int, *lits: Lit) -> None:
        """Require ``one + gap <= other`` wherever all ``lits`` hold."""
        if one.high + gap <= other.low:
            return
        if one.low + gap > other.high:
            self.any_of([negated(lit) for lit in lits])
            return
        self.require(one.expr + gap <= other.expr, *lits)

    def within(self, point: Point, spans: Sequence[tuple[int, int]], *lits: Lit) -> None:
        """Require a moment to lie in the closed, sorted ``spans`` wherever all ``lits`` hold."""
        spans = clipped(spans, point.low, point.high)
        if len(spans) == 1 and spans[0] == (point.low, point.high):
            return
        if not spans:
            self.any_of([negated(lit) for lit in lits])
            return
        if any(lit is False for lit in lits):
            return
        domain = cp_model.Domain.from_intervals([list(s) for s in spans])
        constraint = self.cp.add_linear_expression_in_domain(point.expr, domain)
        enforcing = [lit for lit in lits if lit is not True]
        if enforcing:
            constraint.only_enforce_if(enforcing)

    def any_of(self, lits: Iterable[Lit]) -> None:
        """Require at least one literal."""
        lits = list(lits)
        if any(lit is True for lit in lits):
            return
        open_ = [lit for lit in lits if lit is not False]
        if open_:
            self.cp.add_bool_or(open_)
        else:
            self.contradict()

    def exactly_one(self, lits: Iterable[Lit]) -> None:
        """Require exactly one literal."""
        lits = list(lits)
        given = sum(lit is True for lit in lits)
        open_ = [lit for lit in lits if lit is not True and lit is not False]
        if given > 1 or (given == 0 and not open_):
            self.contradict()
        elif given == 1:
            for lit in open_:
                self.cp.add(lit == 0)
        else:
            self.cp.add_exactly_one(open_)

    def contradict(self) -> None:
        """Make the model infeasible."""
        if not self.is_contradictory:
            self.is_contradictory = True
            self.cp.add_bool_or([])

    def both(self, one: Lit, other: Lit, hint: bool | None) -> Lit:
        """Return a literal that holds exactly where both do."""
        if one is False or other is False:
            return False
        if one is True or one is other:
            return other
        if other is True:
            return one
        lit = self.boolean(hint)
        self.cp.add_implication(lit, one)
        self.cp.add_implication(lit, other)
        self.cp.add_bool_or([lit, negated(one), negated(other)])
        return lit

    def either(self, lits: Sequence[Lit], hint: bool | None) -> Lit:
        """Return a literal that holds exactly where one of ``lits``, of which at most one can hold, does."""
        open_ = [lit for lit in lits if lit is not False]
        if any(lit is True for lit in open_):
            return True
        if len(open_) <= 1:
            return open_[0] if open_ else False
        either = self.boolean(hint)
        self.cp.add_exactly_one([*open_, either.negated()])
        return either

    def hint_of(self, expr: Expr) -> int | None:
        """Return the value of an expression by the hints, if all its variables have one."""
        if isinstance(expr, int):
            return expr
        flat = cp_model.FlatIntExpr(expr)
        total = flat.offset
        for var, factor in zip(flat.vars, flat.coeffs, strict=True):
            value = self._hints.get(var.index)
            if value is None:
                return None
            total += factor * value
        return int(total)

    def is_hinted(self, lit: Lit) -> bool:
        """Return whether the hint makes a literal that is not a negation true."""
        return lit is True or (lit is not False and self._hints.get(lit.index) == 1)

    def write_hints(self, values: dict[int, int] | None = None) -> None:
        """Put the hints (or ``values`` by variable index instead) into the model."""
        hints = self._hints if values is None else values
        self.cp.clear_hints()
        proto = self.cp.proto.solution_hint
        proto.vars.extend(list(hints.keys()))
        proto.values.extend(list(hints.values()))


def negated(lit: Lit) -> Lit:
    """Return the opposite literal."""
    if lit is True:
        return False
    if lit is False:
        return True
    return ~lit


def clipped(spans: Iterable[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    """Return closed, sorted spans cut to ``[low, high]``."""
    return [(max(a, low), min(b, high)) for a, b in spans if b >= low and a <= high]


def snapped(spans: Sequence[tuple[int, int]], value: int) -> int:
    """Return the value within closed, sorted spans that is nearest to ``value``."""
    return min((min(max(value, a), b) for a, b in spans), key=lambda at: abs(at - value))


def without(low: int, high: int, holes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ``[low, high]`` without the closed ``holes``, as sorted closed spans."""
    out: list[tuple[int, int]] = []
    at = low
    for a, b in sorted(holes):
        if a > high:
            break
        if b < at or b < a:
            continue
        if a > at:
            out.append((at, a - 1))
        at = b + 1
    if at <= high:
        out.append((at, high))
    return out
