"""The rules in the order in which they are checked and reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import NamedTuple

from engine.check.capacity import check_capacity, check_choices, check_demand_times
from engine.check.part import Part
from engine.check.pinned import check_blocks, check_pins
from engine.check.placements import (
    check_dates,
    check_ends,
    check_order_ends,
    check_start,
    check_unscheduled,
    check_work,
)
from engine.check.relations import check_dependencies, check_sequences, check_sets
from engine.check.violation import Context, Violation
from engine.plan import PlanFacts

Found = Mapping[tuple[int, str], Sequence[Violation]]
"""Violations by step and item."""


class Item(Enum):
    """What a step looks at one by one."""

    OPERATION = auto()
    SUCCESSOR = auto()
    RESOURCE = auto()
    ORDER = auto()
    CONSTRAINT = auto()
    ALL = auto()
    """It looks at everything at once and itself remembers what was not touched; found per operation."""


class Step(NamedTuple):
    """A rule, and what it is checked for."""

    rule: Callable[[Context], None]
    item: Item


STEPS = (
    Step(check_unscheduled, Item.OPERATION),
    Step(check_work, Item.OPERATION),
    Step(check_start, Item.OPERATION),
    Step(check_choices, Item.ALL),
    Step(check_capacity, Item.RESOURCE),
    Step(check_demand_times, Item.OPERATION),
    Step(check_sequences, Item.OPERATION),
    Step(check_dependencies, Item.SUCCESSOR),
    Step(check_ends, Item.OPERATION),
    Step(check_order_ends, Item.ORDER),
    Step(check_dates, Item.CONSTRAINT),
    Step(check_sets, Item.CONSTRAINT),
    Step(check_pins, Item.OPERATION),
    Step(check_blocks, Item.OPERATION),
)


def run(context: Context) -> None:
    """Check every rule for the context's part of the plan."""
    for number, step in enumerate(STEPS):
        context.step = number
        step.rule(context)


def listed(found: Found, facts: PlanFacts) -> list[Violation]:
    """Return what was found in its fixed order: by step, then as the items stand in the schedule."""
    ranks = [_rank(step.item, facts) if any(key[0] == i for key in found) else {} for i, step in enumerate(STEPS)]
    ordered = sorted(found, key=lambda key: (key[0], ranks[key[0]][key[1]]))
    return [violation for key in ordered for violation in found[key]]


def keys_of(part: Part) -> set[tuple[int, str]]:
    """Return the steps and items that a check of the part finds anew; steps on everything at once aside."""
    items = {
        Item.OPERATION: part.operations,
        Item.SUCCESSOR: part.successors,
        Item.RESOURCE: part.resources,
        Item.ORDER: part.orders,
        Item.CONSTRAINT: tuple(rule.id for rule in part.constraints),
        Item.ALL: (),
    }
    return {(i, key) for i, step in enumerate(STEPS) for key in items[step.item]}


def _rank(item: Item, facts: PlanFacts) -> Mapping[str, int]:
    match item:
        case Item.RESOURCE:
            return {key: i for i, key in enumerate(facts.resources)}
        case Item.ORDER:
            return {key: i for i, key in enumerate(facts.orders)}
        case Item.CONSTRAINT:
            return {rule.id: i for i, rule in enumerate(facts.schedule.snapshot.constraints)}
        case _:
            return facts.position
