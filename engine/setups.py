"""Sequence-dependent setups: what a changeover from one family to another takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from engine.model import SetupMatrix

ANY = "*"


@dataclass(frozen=True, slots=True)
class Changeover:
    """What a sequence of two families takes: working ms, money, or that it is banned."""

    duration_ms: int = 0
    cost: float = 0.0
    forbidden: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether it takes neither time nor money and is allowed."""
        return not (self.duration_ms or self.cost or self.forbidden)


NO_CHANGEOVER = Changeover()


class SetupTable:
    """A setup matrix, asked by pair. Answers are remembered.

    The first rule that matches holds, else the matrix's default, else there is no setup. That goes for a family
    followed by itself too: a plant that needs nothing then says so with a rule.
    """

    def __init__(self, matrix: SetupMatrix) -> None:
        self.matrix = matrix
        self._known: dict[tuple[str, str], Changeover] = {}

    @property
    def longest_ms(self) -> int:
        """The longest setup that any pair of families can need."""
        default = self.matrix.default
        return max([rule.duration for rule in self.matrix.rules] + [default.duration if default else 0])

    def lookup(self, from_family: str | None, to_family: str | None) -> Changeover:
        """Return the changeover between two families; ``None`` on either side needs no setup."""
        if from_family is None or to_family is None:
            return NO_CHANGEOVER
        key = (from_family, to_family)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._find(from_family, to_family)
        return known

    def _find(self, from_family: str, to_family: str) -> Changeover:
        pairs = ((from_family, to_family), (from_family, ANY), (ANY, to_family), (ANY, ANY))
        first = min((self._places[pair] for pair in pairs if pair in self._places), default=None)
        if first is not None:
            rule = self.matrix.rules[first]
            return Changeover(rule.duration, rule.cost or 0.0, rule.forbidden)
        default = self.matrix.default
        if default is None:
            return NO_CHANGEOVER
        return Changeover(default.duration, default.cost or 0.0)

    @cached_property
    def _places(self) -> dict[tuple[str, str], int]:
        """Where the first rule of each pair is; matrices of a family for each job have hundreds of thousands."""
        places: dict[tuple[str, str], int] = {}
        for place, rule in enumerate(self.matrix.rules):
            places.setdefault((rule.from_, rule.to), place)
        return places
