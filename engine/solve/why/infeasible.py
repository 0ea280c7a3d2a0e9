"""Why there is no plan: a minimal set of rules that cannot hold together, and what to change so that there is one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.solve.why.conflict import ConflictFinder, Member
from engine.solve.why.feasibility import Judge
from engine.solve.why.repairs import Repairer
from engine.solve.why.rules_given import RuleBook, prepared

if TYPE_CHECKING:
    from engine.model import OptimizationRequest
    from engine.solve.report import StopFlag

_log = logging.getLogger("taktwerk.engine")

_SHARE_FOR_CONFLICT = 0.5
_STOPS_WITHIN_S = 0.2


@dataclass(frozen=True, slots=True)
class Explanation:
    """Rules that cannot hold together, and ranked repairs, as JSON.

    ``conflict`` has members ``{kind, id, text, proven, eventId?, orderId?, resourceId?, fact?}``: ``proven`` when
    without this one, and without all that are not named, there is a plan; ``fact`` when it comes from the plant and
    not from a planner. ``repairs`` are those of ``engine.solve.why.repairs``. ``is_minimal`` tells that all members are
    proven. Both lists are empty where the time did not suffice to get down to a few rules, or where the request
    contradicts itself by what no rule decides.
    """

    conflict: list[dict[str, Any]] = field(default_factory=list)
    repairs: list[dict[str, Any]] = field(default_factory=list)
    is_minimal: bool = False


OnNews = Callable[[Explanation], None]


def explain_infeasible(
    request: OptimizationRequest, until: float, stop: StopFlag, workers: int = 1, on_news: OnNews = lambda _: None
) -> Explanation:
    """Explain why an infeasible request has no plan.

    Parameters
    ----------
    request
        A request that was proven infeasible.
    until
        The moment of ``time.monotonic`` at which to end; building a large model can take a moment more.
    stop
        Ends it earlier.
    workers
        Threads of CP-SAT.
    on_news
        Told of what is known so far: the conflict, then one more repair at a time.
    """
    begin = time.monotonic()
    judge = Judge(stop, workers)
    book = RuleBook(prepared(request))
    finder = ConflictFinder(book, judge, begin + _SHARE_FOR_CONFLICT * (until - begin))
    members = finder.find()
    if not members:
        return Explanation()
    on_news(_explanation(members, []))
    repairer = Repairer(request, book, finder.book, judge, until)
    repairs = repairer.repairs([m.rule for m in members], lambda found: on_news(_explanation(members, found)))
    _log.info(
        "conflict of %d rules, %d repairs, by %d solves in %.1f s",
        len(members),
        len(repairs),
        judge.solves,
        time.monotonic() - begin,
    )
    return _explanation(members, repairs)


def explain_in_time(request: OptimizationRequest, until: float, stop: StopFlag, workers: int = 1) -> Explanation:
    """Explain an infeasible request; return at ``until`` what is known by then, whatever is under way."""
    known = Explanation()

    def hear(news: Explanation) -> None:
        nonlocal known
        known = news

    def work() -> None:
        try:
            hear(explain_infeasible(request, until, stop, workers, hear))
        except Exception:
            _log.exception("the explanation failed; what is known of it is told")

    thread = threading.Thread(target=work, name="explanation", daemon=True)
    thread.start()
    while thread.is_alive() and not stop.stopped and time.monotonic() < until:
        thread.join(0.05)
    thread.join(_STOPS_WITHIN_S)
    return known


def _explanation(members: list[Member], repairs: list[dict[str, Any]]) -> Explanation:
    conflict = [member.rule.to_json() | {"proven": member.is_proven} for member in members]
    return Explanation(conflict, repairs, all(member.is_proven for member in members))
