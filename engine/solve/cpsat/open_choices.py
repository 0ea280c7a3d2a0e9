"""Demands of operations that stay and that nobody serves yet: they still have a choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.solve.cpsat.frame import Window
from engine.solve.cpsat.variables import demand_zones

if TYPE_CHECKING:
    from engine.solve.cpsat.frame import Frame, Held
    from engine.solve.cpsat.model import Lit, Model

OpenChoice = tuple["Held", int, dict[int, "Lit"]]
"""An operation that stays, the number of its demand, and the literal of each resource that can serve it."""


def open_choices(model: Model, frame: Frame) -> list[OpenChoice]:
    """Return the open demands of what stays.

    Where operations fixed by circumstance cannot all be served, it stays as ``served`` has it, as constants, and the
    frame is told: what is in conflict anyway does not make the model infeasible.
    """
    out: list[OpenChoice] = []
    problem = frame.problem
    if not frame.is_whole:
        return out
    for op in problem.ops:
        for k, demand in enumerate(op.demands if op.fixed is not None else ()):
            if len(demand.candidates) == 1:
                continue
            held = frame.held(op.index)
            if held.is_lock or problem.is_served:
                out.append((held, k, _literals(model, frame, held, k)))
            else:
                frame.secondary[op.served[k]].append((held, demand.quantity))
                out.append((held, k, {op.served[k]: True}))
    return out


def _able(frame: Frame, held: Held, k: int) -> list[int]:
    """Return who can serve a demand by their working time; of an operation held by circumstance, everyone if none."""
    demand = held.op.demands[k]
    clock = frame.clocks.of(held.resource)
    first, last = clock.work_at(held.start), clock.work_at(held.end)
    window = Window(held.start, held.start, held.end, held.end)
    able: list[int] = []
    for resource in demand.candidates:
        zones = demand_zones(frame, resource, clock, window, is_lock=True)
        if not demand.quantity or all(last <= a or first >= b for a, b in zones):
            able.append(resource)
    return able if able or held.is_lock else list(demand.candidates)


def _literals(model: Model, frame: Frame, held: Held, k: int) -> dict[int, Lit]:
    op = held.op
    chosen = None if frame.base is None else int(frame.base.choice[frame.problem.demand_offset[op.index] + k])
    able = _able(frame, held, k)
    if chosen is not None and chosen not in able:
        chosen = None
    lits: dict[int, Lit] = {r: model.boolean(None if chosen is None else r == chosen) for r in able}
    model.exactly_one(lits.values())
    return lits
