"""Sequence-dependent setups: what a changeover from one family to another takes."""

from __future__ import annotations

from dataclasses import dataclass

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
        for rule in self.matrix.rules:
            if rule.from_ in (from_family, ANY) and rule.to in (to_family, ANY):
                return Changeover(rule.duration, rule.cost or 0.0, rule.forbidden)
        default = self.matrix.default
        if default is None:
            return NO_CHANGEOVER
        return Changeover(default.duration, default.cost or 0.0)
