"""A minimal set of rules that cannot hold together.

By deletion (Chinneck and Dravnieks 1991), in ever smaller chunks: what can be left out with the rest still
contradictory is left out. Every step solves the request anew without some of its rules, which is exact where CP-SAT's
assumption cores are not (or-tools #5141). A step that is not settled in time counts as feasible, so that what remains
is contradictory always, and minimal unless time ran out; each member says whether its need is proven.

In large plants operations are left out first, by orders: the conflict of a few is found in a small problem.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.solve.why.rule_release import restricted
from engine.solve.why.rules_given import Rule, RuleBook
from engine.solve.why.searching import minimised

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from engine.model import OptimizationRequest
    from engine.solve.why.feasibility import Judge, Verdict

_FIRST_STEP_S, _LEAST_STEP_S, _MOST_STEP_S = 2.0, 0.5, 3.0
_STEP_FACTOR = 10
_MOST_UNREDUCED = 8
_MOST_FACTS = 12
_SHARE_FOR_CORE = 0.4
_SMALL = 24


@dataclass(frozen=True, slots=True)
class Member:
    """A rule of a conflict, and whether it is proven that there is a plan without it."""

    rule: Rule
    is_proven: bool


class ConflictFinder:
    """Finds one minimal conflict of a request.

    Parameters
    ----------
    book
        The rules of the request.
    judge
        Says whether there is a plan.
    until
        When to end, a moment of ``time.monotonic``.

    Attributes
    ----------
    book
        The rules of the operations that are in conflict: of the whole request, or of a part that has no plan either.
    """

    def __init__(self, book: RuleBook, judge: Judge, until: float) -> None:
        self._whole = book
        self.book = book
        self._judge = judge
        self._until = until
        self._step_s = _FIRST_STEP_S
        self._known: dict[frozenset[tuple[str, str]], Verdict] = {}
        self._names_facts = True

    def find(self) -> list[Member]:
        """Return the members of a conflict; none where there was not enough time, or there is nothing to release."""
        core = self._core()
        if core is None:
            return self._members()
        self._look_at(RuleBook(core))
        return self._on_the_whole(self._members())

    def _look_at(self, book: RuleBook) -> None:
        self.book = book
        self._known.clear()
        self._step_s = _FIRST_STEP_S

    # fewer operations

    def _core(self) -> OptimizationRequest | None:
        """Return the request about fewer operations that has no plan either, or None where that is not worth it."""
        request = self._whole.request
        groups: dict[str, list[str]] = defaultdict(list)
        for op in request.schedule_data.snapshot.events:
            groups[f"o{op.order_id}" if op.order_id is not None else f"e{op.id}"].append(op.id)
        if len(request.schedule_data.snapshot.events) <= _SMALL or len(groups) < 2:
            return None
        begin, end = time.monotonic(), self._until
        self._until = begin + _SHARE_FOR_CORE * (end - begin)
        is_plain = self._judge.has_no_room(request)

        def contradicts(some: Sequence[list[str]]) -> bool:
            part = restricted(request, _members_of(some))
            return self._judge.has_no_room(part) if is_plain else self._ask(part) == "infeasible"

        kept = minimised(list(groups.values()), contradicts, lambda: self._is_late)
        self._until = end
        return restricted(request, _members_of(kept)) if len(kept) < len(groups) else None

    def _on_the_whole(self, members: Sequence[Member]) -> list[Member]:
        """Return the members as rules of the whole plant, proven once more there."""
        rules = {rule.key: rule for rule in (*self._whole.decisions, *self._whole.facts)}
        others = self._others(members)
        self._step_s = _MOST_STEP_S
        out: list[Member] = []
        for member in members:
            rule = rules.get(member.rule.key, member.rule)
            is_proven = member.is_proven and self._ask(self._whole.without([*others, rule])) == "feasible"
            out.append(Member(rule, is_proven))
        return out

    def _others(self, members: Sequence[Member]) -> list[Rule]:
        """Return the rules of the whole plant that are released while a conflict is looked at."""
        named = {member.rule.key for member in members}
        pool = (*self._whole.decisions, *self._whole.facts) if self._names_facts else self._whole.decisions
        return [rule for rule in pool if rule.key not in named]

    # fewer rules

    def _members(self) -> list[Member]:
        decisions, facts = list(self.book.decisions), list(self.book.facts)
        if self._verdict(decisions) == "infeasible":  # not to blame
            return self._needed(facts, decisions)
        conflict = self._needed(decisions, [])
        if not conflict:
            return []
        kept = {member.rule for member in conflict}
        others = [rule for rule in decisions if rule not in kept]
        reasons = self._needed(facts, others)
        self._names_facts = len(reasons) <= _MOST_FACTS and all(member.is_proven for member in reasons)
        return [*conflict, *reasons] if self._names_facts else conflict

    def _needed(self, pool: list[Rule], aside: list[Rule]) -> list[Member]:
        """Return a minimal subset of a pool that is contradictory, with the rules ``aside`` released."""

        def contradicts(rest: Sequence[Rule]) -> bool:
            kept = set(rest)
            return self._verdict([*aside, *(rule for rule in pool if rule not in kept)]) == "infeasible"

        if pool and contradicts([]):
            return []  # the rest contradicts itself without any of these
        current = minimised(pool, contradicts, lambda: self._is_late)
        if len(current) > _MOST_UNREDUCED and self._is_late:
            return []
        members: list[Member] = []
        for rule in list(current):
            rest = {r for r in current if r is not rule}
            verdict = self._verdict([*aside, *(r for r in pool if r not in rest)])
            if verdict == "infeasible":
                current = [r for r in current if r is not rule]
            else:
                members.append(Member(rule, verdict == "feasible"))
        is_reduced = all(member.is_proven for member in members) or len(members) <= _MOST_UNREDUCED
        return members if is_reduced else []

    # asking

    @property
    def _is_late(self) -> bool:
        return time.monotonic() >= self._until

    def _verdict(self, rules: Collection[Rule]) -> Verdict:
        """Return whether there is a plan with some rules released."""
        key = frozenset(rule.key for rule in rules)
        if key not in self._known:
            verdict = self._ask(self.book.without(rules))
            if verdict == "unknown":
                return verdict
            self._known[key] = verdict
        return self._known[key]

    def _ask(self, request: OptimizationRequest) -> Verdict:
        begin = time.monotonic()
        verdict = self._judge.find(request, min(begin + self._step_s, self._until)).verdict
        if verdict == "infeasible":  # others will be as hard to prove; what takes much longer hardly is one
            spent = _STEP_FACTOR * (time.monotonic() - begin)
            self._step_s = min(_MOST_STEP_S, max(_LEAST_STEP_S, self._step_s / 2, spent))
        return verdict


def _members_of(groups: Sequence[list[str]]) -> set[str]:
    return {key for group in groups for key in group}
