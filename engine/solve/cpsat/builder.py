"""A frame of a problem as a CP-SAT model: variables, then rules, then the objective's levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.solve.cpsat.capacity import Capacity
from engine.solve.cpsat.constraints import Rules
from engine.solve.cpsat.kept import keep_order
from engine.solve.cpsat.model import Model
from engine.solve.cpsat.objective import Objective, needs_setup_amounts, weighs_setups
from engine.solve.cpsat.open_choices import OpenChoice, open_choices
from engine.solve.cpsat.setups import Setups
from engine.solve.cpsat.stocks import add_stocks
from engine.solve.cpsat.variables import make_op
from engine.solve.cpsat.windows import compute_windows

if TYPE_CHECKING:
    from engine.solve.cpsat.frame import Frame
    from engine.solve.cpsat.terms import Level
    from engine.solve.cpsat.variables import OpVars


@dataclass(slots=True)
class Built:
    """A model with what is needed to read its solutions.

    ``is_relaxed``: its plans may lack room for setups, so that they have to be repaired; its bound holds.
    """

    model: Model
    frame: Frame
    made: dict[int, OpVars]
    levels: list[Level]
    open_choices: list[OpenChoice]
    is_relaxed: bool


def build(frame: Frame, *, with_objective: bool = True, exact_setups: bool = False) -> Built | None:
    """Return the model of a frame, or None when it has no solution on the face of it.

    Parameters
    ----------
    frame
        What to model.
    with_objective
        Whether to build the objective's levels.
    exact_setups
        Whether to do without the relaxation of setups that keeps big models searchable.
    """
    windows = compute_windows(frame)
    if any(window.is_empty for window in windows.values()):
        return None
    model, ops = Model(), frame.problem.ops
    made = {o: make_op(model, frame, ops[o], windows[o]) for o in frame.free}
    if model.is_contradictory:
        return None
    choices = open_choices(model, frame)
    undecided = [
        (held, held.op.demands[k].quantity, lits)
        for held, k, lits in choices
        if not any(lit is True for lit in lits.values())
    ]
    capacity = Capacity(model, frame, made, undecided)
    weighed = with_objective and weighs_setups(frame)
    amounts = weighed and needs_setup_amounts(frame)
    setups = Setups(model, frame, made, need_amounts=amounts, need_arcs=weighed, must_be_exact=exact_setups)
    setups.add_all(capacity)
    capacity.add_all()
    Rules(model, frame, made).add_all()
    add_stocks(model, frame, made)
    if frame.kept:
        keep_order(model, frame, made, capacity)
    levels = Objective(model, frame, made, setups, choices).levels() if with_objective else []
    if model.is_contradictory:
        return None
    return Built(model, frame, made, levels, choices, setups.is_relaxed)
