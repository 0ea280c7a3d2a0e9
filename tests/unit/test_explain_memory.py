"""What is worked out for an explanation goes when it is dropped: it refers to itself nowhere.

The collector never looks at it (``app.collector.settle_collector``), so that a circle would keep a whole plan for good.
"""

from __future__ import annotations

import gc
import weakref

from app.explanation import Explanation
from tests.support.explain_plans import workshop_plan


def test_a_dropped_explanation_is_freed_at_once() -> None:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        made = Explanation(workshop_plan())
        made.late_orders(), made.delaying_resources(), made.slack(), made.bottlenecks(), made.load()
        facts = made.facts
        key = sorted(facts.starts)[0]
        answer = made.why_not(key, facts.operations[key].resource_id, facts.starts[key] - 7_200_000)
        known = [weakref.ref(made), weakref.ref(facts)]
        del made, facts, answer
        assert [one() for one in known] == [None, None]
    finally:
        if was_enabled:
            gc.enable()
