"""Sums of expressions with real factors, made into integer expressions for CP-SAT without losing what matters."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from ortools.sat.python import cp_model

if TYPE_CHECKING:
    from engine.solve.cpsat.model import Expr

_LARGEST = 10**15
_FINEST = 10**9


@dataclass(slots=True)
class Sum:
    """``constant + sum(factor * expression)``, in the units of the objective vector."""

    constant: float = 0.0
    terms: list[tuple[float, Expr, int]] = field(default_factory=list)

    def add(self, factor: float, expr: Expr, most: int) -> None:
        """Add a term; ``most`` bounds the expression's absolute value."""
        if factor and most:
            self.terms.append((factor, expr, most))

    def extend(self, other: Sum, factor: float = 1.0) -> None:
        """Add another sum, times ``factor``."""
        self.constant += factor * other.constant
        for f, expr, most in other.terms:
            self.add(factor * f, expr, most)


@dataclass(frozen=True, slots=True)
class Level:
    """One component of the objective vector as an integer expression.

    The component is ``constant + unit * expr``, wrong by at most ``error`` because factors had to be rounded.
    """

    name: str
    expr: Expr
    unit: Fraction
    constant: float
    error: float

    @property
    def is_whole(self) -> bool:
        """Whether the component is a whole number by itself, not rounded to one."""
        return self.unit.denominator == 1 and float(self.constant).is_integer() and not self.error

    @property
    def slack(self) -> int:
        """How far a component may lie above ``bound`` of its least expression because of rounding."""
        return 0 if self.is_whole else 1 + math.ceil(2 * self.error)

    def bound(self, value: float) -> int:
        """Return a lower bound on the component, given one on the expression."""
        low = self.constant + float(self.unit * math.ceil(value - 1e-6)) - self.error
        return math.ceil(low - 1e-6) if self.is_whole else math.ceil(low - 0.5 - 1e-6)

    def ceiling(self, vector_value: int) -> int:
        """Return the greatest value of the expression at which the component is at most ``vector_value``."""
        return math.floor(
            (Fraction(vector_value) + Fraction(self.error) + Fraction(1, 2) - Fraction(self.constant)) / self.unit
        )


def level(name: str, total: Sum) -> Level:
    """Return a sum as an integer expression, its factors exact where that is possible."""
    factors = [Fraction(f).limit_denominator(_FINEST) for f, _, _ in total.terms]
    if not factors:
        return Level(name, 0, Fraction(1), total.constant, 0.0)
    common = math.lcm(*(f.denominator for f in factors))
    size = sum(abs(f) * most for f, (_, _, most) in zip(factors, total.terms, strict=True))
    if size * common > _LARGEST:
        common = max(1, int(_LARGEST / size)) if size <= _LARGEST else Fraction(_LARGEST) / size
    numbers = [round(f * common) for f in factors]
    divisor = math.gcd(*numbers) or 1
    unit = Fraction(divisor) / Fraction(common)
    numbers = [n // divisor for n in numbers]
    error = sum(abs(f - n * unit) * most for f, n, (_, _, most) in zip(factors, numbers, total.terms, strict=True))
    expr = cp_model.LinearExpr.weighted_sum([e for _, e, _ in total.terms], numbers)
    return Level(name, expr, unit, total.constant, float(error))
