"""A frame of a problem as a CP-SAT model: variables, then rules, then the objective's levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.solve.cpsat.capacity import Capacity
from engine.solve.cpsat.constraints import Rules
from engine.solve.cpsat.model import Lit, Model
from engine.solve.cpsat.objective import Objective, needs_setup_amounts
from engine.solve.cpsat.setups import Setups
from engine.solve.cpsat.variables import demand_zones, make_op
from engine.solve.cpsat.windows import compute_windows
from engine.solve.cpsat.frame import Window

if TYPE_CHECKING:
    from engine.solve.cpsat.frame import Frame, Held
    from engine.solve.cpsat.terms import Level
    from engine.solve.cpsat.variables import OpVars


@dataclass(slots=True)
class Built:
    """A model with what is needed to read its solutions.

    ``is_restricted``: it leaves out plans, so that neither its bound nor its infeasibility says anything about the
    frame. ``open_choices``: the literals of demands of operations that stay and that nobody serves yet.
    """

    model: Model
    frame: Frame
    made: dict[int, OpVars]
    levels: list[Level]
    open_choices: list[tuple[Held, int, dict[int, Lit]]]
    is_restricted: bool


def build(frame: Frame, *, with_objective: bool = True, reach: int | None = None) -> Built | None:
    """Return the model of a frame, or None when it has no solution on the face of it.

    Parameters
    ----------
    frame
        What to model.
    with_objective
        Whether to build the objective's levels.
    reach
        See ``Setups``.
    """
    windows = compute_windows(frame)
    if any(window.is_empty for window in windows.values()):
        return None
    model, ops = Model(), frame.problem.ops
    made = {o: make_op(model, frame, ops[o], windows[o]) for o in frame.free}
    if model.is_contradictory:
        return None
    open_choices = _open_choices(model, frame)
    capacity = Capacity(model, frame, made, [(h, h.op.demands[k].quantity, lits) for h, k, lits in open_choices])
    setups = Setups(model, frame, made, with_objective and needs_setup_amounts(frame), reach)
    setups.add_all(capacity)
    capacity.add_all()
    Rules(model, frame, made).add_all()
    levels = Objective(model, frame, made, setups).levels() if with_objective else []
    if model.is_contradictory:
        return None
    return Built(model, frame, made, levels, open_choices, setups.is_restricted)


def _open_choices(model: Model, frame: Frame) -> list[tuple[Held, int, dict[int, Lit]]]:
    """Return, for each demand of something that stays and that nobody serves yet, a literal for each who could."""
    out: list[tuple[Held, int, dict[int, Lit]]] = []
    if not frame.is_whole:
        return out
    for op in frame.problem.ops:
        if op.fixed is None:
            continue
        for k, demand in enumerate(op.demands):
            if len(demand.candidates) > 1:
                out.append((frame.held(op.index), k, _candidates(model, frame, frame.held(op.index), k)))
    return out


def _candidates(model: Model, frame: Frame, held: Held, k: int) -> dict[int, Lit]:
    op, demand = held.op, held.op.demands[k]
    clock = frame.clocks.of(held.resource)
    first, last = clock.work_at(held.start), clock.work_at(held.end)
    chosen = None if frame.base is None else int(frame.base.choice[frame.problem.demand_offset[op.index] + k])
    lits: dict[int, Lit] = {}
    for resource in demand.candidates:
        window = Window(held.start, held.start, held.end, held.end)
        zones = demand_zones(frame, resource, clock, window, is_lock=True)
        lit = model.boolean(None if chosen is None else resource == chosen)
        lits[resource] = lit
        if held.is_lock and demand.quantity and any(first < b and last > a for a, b in zones):
            model.any_of([~lit])
    model.exactly_one(lits.values())
    return lits
