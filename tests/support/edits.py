"""Random edits of a plan, of every kind that a gesture, an undo or a merge can bring about."""

from __future__ import annotations

import random
from typing import Any

from app.commands import with_operations
from engine.instants import from_ms
from engine.model import Operation, Schedule, Status
from engine.moves import place, push_after
from engine.plan import PlanFacts

MINUTE_MS = 60_000
_KINDS = 9


def any_edit(draw: random.Random, facts: PlanFacts) -> dict[str, Operation]:
    """One operation changed in some way that an edit, an undo or a merge can bring about."""
    one = draw.choice(facts.schedule.snapshot.events)
    begin_ms = facts.horizon_start_ms
    match draw.randrange(_KINDS):
        case 0 | 1 | 2:
            modes = [mode.resource_id for mode in one.alternatives]
            at_ms = begin_ms + draw.randrange(-120, 3_000) * MINUTE_MS
            moved = place(facts, one, draw.choice(modes) if modes else None, at_ms)
            return push_after(facts, {one.id: moved}, draw.choice(["off", "on", "all"]))[0]
        case 3:
            change: dict[str, Any] = {"start_date": None, "end_date": None}
            change |= {"resource_id": None} if one.modes else {}
        case 4:
            change = {"status": draw.choice(list(Status)), "locked": draw.random() < 0.5}
        case 5:
            change = {"name": draw.choice([o.name for o in facts.schedule.snapshot.events] + ["New"])}
        case 6:
            change = {"setup_family": draw.choice([o.setup_family for o in facts.schedule.snapshot.events])}
            change |= {"duration": draw.randrange(0, 200) * MINUTE_MS, "interruptible": draw.random() < 0.5}
        case 7:
            at = from_ms(begin_ms + draw.randrange(0, 3_000) * MINUTE_MS)
            change = {draw.choice(["due_date", "deadline", "release_date"]): draw.choice([None, at])}
            change |= {"order_id": draw.choice([None, *facts.orders])}
        case _:
            at_ms = begin_ms + draw.randrange(-100, 3_000) * MINUTE_MS
            span = {"start_date": from_ms(at_ms), "end_date": from_ms(at_ms + draw.randrange(0, 300) * MINUTE_MS)}
            change = {**span, "resource_id": draw.choice([None, *facts.resources])}
            if one.demands:
                chosen = [d.model_copy(update={"resource_id": draw.choice([None, *d.candidates])}) for d in one.demands]
                change["demands"] = tuple(chosen)
    return {one.id: one.model_copy(update=change)}


def placed_at_random(draw: random.Random, schedule: Schedule) -> Schedule:
    """Return the schedule with most operations placed somewhere they may be."""
    facts, events = PlanFacts(schedule), list[Operation]()
    for one in schedule.snapshot.events:
        if one.is_placed or draw.random() < 0.2:
            events.append(one)
            continue
        mode = draw.choice(one.alternatives)
        events.append(
            place(facts, one, mode.resource_id, facts.horizon_start_ms + draw.randrange(0, 1_500) * MINUTE_MS)
        )
    return with_operations(schedule, {one.id: one for one in events})
