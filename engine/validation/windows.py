"""Spans that run backwards, and pairs of dates of one item that do.

Dates that are sound each for itself but leave an operation no room (a release, the work, a deadline) are no faults of
the schedule: it can be opened and edited, and a run tells what clashes and what would help (E003).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from engine.instants import format_instant, to_ms
from engine.model import Operation, Status, Unavailable
from engine.validation.draft import Draft
from engine.wording import moment


def check_windows(draft: Draft) -> None:
    """Report spans that end before they begin, and deadlines of an item that are not after its release."""
    for i, rule in draft.each("constraints"):
        if isinstance(rule, Unavailable):
            check_span(draft, draft.path("constraints", i), rule)
    for i, order in draft.each("orders"):
        _check_deadline(draft, draft.path("orders", i), order.release_date, order.deadline)
    for i, op in draft.each("events"):
        path = draft.path("events", i)
        _check_placement(draft, path, op)
        if op.duration and op.status not in (Status.STARTED, Status.COMPLETED):
            _check_deadline(draft, path, op.release_date, op.deadline)


def check_span(draft: Draft, path: str, span: Any) -> None:
    """Report a ``start``-``end`` span that is empty or runs backwards."""
    if span.end <= span.start:
        start = _words(draft, to_ms(span.start))
        draft.add(
            f"{path}.end", format_instant(span.end), f"must come after `start` ({start}). Maybe the two are swapped"
        )


def _check_deadline(draft: Draft, path: str, release: dt.datetime | None, deadline: dt.datetime | None) -> None:
    if release is not None and deadline is not None and release >= deadline:
        reason = f"must come after its release {_words(draft, to_ms(release))}. Maybe the two are swapped"
        draft.add(f"{path}.deadline", format_instant(deadline), reason)


def _check_placement(draft: Draft, path: str, op: Operation) -> None:
    if op.start_date is not None and op.end_date is None:
        draft.add(f"{path}.endDate", None, "is missing beside `startDate`; give both or neither")
    elif op.end_date is not None and op.start_date is None:
        draft.add(f"{path}.startDate", None, "is missing beside `endDate`; give both or neither")
    elif op.start_date is not None and op.end_date is not None and op.end_date < op.start_date:
        start = _words(draft, to_ms(op.start_date))
        draft.add(
            f"{path}.endDate",
            format_instant(op.end_date),
            f"lies before `startDate` ({start}). Maybe the two are swapped",
        )


def _words(draft: Draft, at_ms: int) -> str:
    return moment(at_ms, draft.zone)
