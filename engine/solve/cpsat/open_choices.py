"""Demands of operations that stay and that nobody serves yet: they still have a choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.solve.cpsat.frame import Window
from engine.solve.cpsat.variables import demand_zones

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.solve.cpsat.frame import Frame, Held
    from engine.solve.cpsat.model import Lit, Model

OpenChoice = tuple["Held", int, dict[int, "Lit"]]
"""An operation that stays, the number of its demand, and the literal of each resource that can serve it."""


def open_choices(model: Model, frame: Frame) -> list[OpenChoice]:
    """Return the open demands of what stays.

    Where operations fixed by circumstance cannot all be served, their demands are given to whoever is least in use, as
    constants, and the frame is told: what is in conflict anyway does not make the model infeasible.
    """
    out: list[OpenChoice] = []
    if not frame.is_whole:
        return out
    fixed = (op for op in frame.problem.ops if op.fixed is not None)
    wanting = [(frame.held(op.index), k) for op in fixed for k, d in enumerate(op.demands) if len(d.candidates) > 1]
    locks = [(held, k) for held, k in wanting if held.is_lock]
    loose = sorted(((h, k) for h, k in wanting if not h.is_lock), key=lambda hk: (hk[0].start, hk[0].op.index, hk[1]))
    served, is_served = _first_fit(frame, loose)
    for held, k in locks if not is_served else wanting:
        out.append((held, k, _literals(model, frame, held, k)))
    if not is_served:
        for (held, k), resource in zip(loose, served, strict=True):
            frame.secondary[resource].append((held, held.op.demands[k].quantity))
            out.append((held, k, {resource: True}))
    return out


def _first_fit(frame: Frame, loose: list[tuple[Held, int]]) -> tuple[list[int], bool]:
    """Serve demands one after the other; return by whom, and whether nothing is used beyond its capacity."""
    spans: dict[int, list[tuple[int, int, int]]] = {}
    is_served = True
    served: list[int] = []
    for held, k in loose:
        demand = held.op.demands[k]
        found = None
        for resource in demand.candidates:
            if resource not in spans:
                users = [(h, 1) for h in frame.primary.get(resource, [])] + frame.secondary.get(resource, [])
                spans[resource] = [(h.start, h.end, q) for h, q in users]
            data = frame.problem.resources[resource]
            beside = [s for s in spans[resource] if s[0] < held.end and s[1] > held.start]
            if data.infinite or _peak(beside) + demand.quantity <= data.capacity:
                found = resource
                break
        if found is None:
            is_served = False
            found = min(demand.candidates, key=lambda r: (len(spans[r]), r))
        spans[found].append((held.start, held.end, demand.quantity))
        served.append(found)
    return served, is_served


def _peak(spans: Iterable[tuple[int, int, int]]) -> int:
    spans = list(spans)
    return max((sum(q for a, b, q in spans if a <= at < b) for at, _, _ in spans), default=0)


def _literals(model: Model, frame: Frame, held: Held, k: int) -> dict[int, Lit]:
    op, demand = held.op, held.op.demands[k]
    clock = frame.clocks.of(held.resource)
    first, last = clock.work_at(held.start), clock.work_at(held.end)
    chosen = None if frame.base is None else int(frame.base.choice[frame.problem.demand_offset[op.index] + k])
    lits: dict[int, Lit] = {}
    window = Window(held.start, held.start, held.end, held.end)
    for resource in demand.candidates:
        lit = model.boolean(None if chosen is None else resource == chosen)
        lits[resource] = lit
        zones = demand_zones(frame, resource, clock, window, is_lock=True)
        if held.is_lock and demand.quantity and any(first < b and last > a for a, b in zones):
            model.any_of([~lit])
    model.exactly_one(lits.values())
    return lits
