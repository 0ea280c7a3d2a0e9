"""What plans take of their resources: money by the hour, and utilisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.metrics import HOUR_MS
from engine.solve.cpsat.model import Lit, Model, negated
from engine.solve.cpsat.terms import Sum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.solve.cpsat.frame import Frame, Held
    from engine.solve.cpsat.model import Expr
    from engine.solve.cpsat.open_choices import OpenChoice
    from engine.solve.cpsat.setup_nodes import Changeover
    from engine.solve.cpsat.setups import Setups
    from engine.solve.cpsat.variables import OpVars

_PPM = 1_000_000
Part = tuple[int, "Expr", int]
"""``(factor, expression, most)``: a share of a resource's load, in ticks."""


class Loads:
    """Costs and loads of a frame; ``choices`` are the open demands of what stays."""

    def __init__(
        self, model: Model, frame: Frame, made: dict[int, OpVars], setups: Setups, choices: Sequence[OpenChoice] = ()
    ) -> None:
        self._model = model
        self._frame = frame
        self._problem = frame.problem
        self._made = made
        self._setups = setups
        self._choices = choices
        self._shares: dict[int, tuple[Expr, int]] = {}

    def cost(self) -> Sum:
        """Return resource hours, setups and modes in money."""
        total = Sum()
        per_tick = self._problem.tick_ms / HOUR_MS
        rates = [r.cost_per_hour for r in self._problem.resources]
        for made in self._made.values():
            for mode in made.modes:
                rate = rates[mode.data.resource] if mode.data.resource >= 0 else 0.0
                _add(total, mode.data.cost + mode.data.work_ms / HOUR_MS * rate, mode.lit)
            for demand, lits in zip(made.op.demands, made.choices, strict=True):
                for resource, lit in lits.items():
                    if demand.quantity and rates[resource]:
                        for factor, expr, most in self._demand_parts(made, lit):
                            total.add(factor * demand.quantity * rates[resource] * per_tick, expr, most)
        self._add_held_costs(total, rates)
        for change in (*self._setups.standing, *self._setups.changeovers):
            hours = change.ms / HOUR_MS
            _add(total, change.cost + hours * rates[change.resource], change.lit)
            for resource, quantity, lit in self._served_meanwhile(change):
                _add(total, hours * quantity * rates[resource], lit)
        return total

    def _served_meanwhile(self, change: Changeover) -> list[tuple[int, int, Lit]]:
        """Return who serves a setup of an operation that stays, with how many units, and where that is so.

        Of free operations the length of the setup is a variable, and ``_demand_parts`` has it.
        """
        if self._frame.is_free[change.op]:
            return []
        held = self._frame.held(change.op)
        found = [(r, d.quantity, change.lit) for d, r in zip(held.op.demands, held.choices, strict=True) if r >= 0]
        for other, k, lits in self._choices:
            if other.op.index == change.op:
                for resource, lit in lits.items():
                    hint = self._model.is_hinted(lit) and self._model.is_hinted(change.lit)
                    both = self._model.both(lit, change.lit, hint)
                    found.append((resource, other.op.demands[k].quantity, both))
        return found

    def _add_held_costs(self, total: Sum, rates: list[float]) -> None:
        """Add what stays; in a neighbourhood only what a changed setup before it takes."""
        if not self._frame.is_whole:
            return
        for op in self._problem.ops:
            if op.fixed is None:
                continue
            held = self._frame.held(op.index)
            hours = self._work_of(held) * self._problem.tick_ms / HOUR_MS
            rate = rates[held.resource] if held.resource >= 0 else 0.0
            for demand, resource in zip(op.demands, held.choices, strict=True):
                rate += demand.quantity * rates[resource] if resource >= 0 else 0.0
            total.constant += op.modes[0].cost + hours * rate
        for held, k, lits in self._choices:
            hours = self._work_of(held) * self._problem.tick_ms / HOUR_MS
            for resource, lit in lits.items():
                _add(total, held.op.demands[k].quantity * hours * rates[resource], lit)

    def peak(self) -> Sum:
        """Return the greatest utilisation, in ppm."""
        shares = [self._share(r) for r in self._problem.objective.balance_resources]
        total = Sum()
        if shares:
            most = max(m for _, m in shares)
            peak = self._model.integer(0, most, self._most([share for share, _ in shares]))
            for share, _ in shares:
                self._model.require(peak >= share)
            total.add(1, peak, most)
        return total

    def spread(self) -> Sum:
        """Return the sum over groups of greatest minus least utilisation, in ppm."""
        total = Sum()
        for group in self._problem.objective.balance_groups:
            shares = [self._share(r) for r in group]
            most = max(m for _, m in shares)
            exprs = [share for share, _ in shares]
            top = self._model.integer(0, most, self._most(exprs))
            bottom = self._model.integer(0, most, self._least(exprs))
            for share, _ in shares:
                self._model.require(top >= share)
                self._model.require(bottom <= share)
            total.add(1, top - bottom, most)
        return total

    def _most(self, exprs: list[Expr]) -> int | None:
        hints = [self._model.hint_of(expr) for expr in exprs]
        return max((h for h in hints if h is not None), default=None)

    def _least(self, exprs: list[Expr]) -> int | None:
        hints = [self._model.hint_of(expr) for expr in exprs]
        return min((h for h in hints if h is not None), default=None)

    def _share(self, resource: int) -> tuple[Expr, int]:
        """Return the utilisation of a resource in ppm, rounded down, and its greatest value."""
        if resource not in self._shares:
            tick = self._problem.tick_ms
            available_ms = max(1, self._problem.objective.balance_available_ms[resource])
            unit, available = (1, available_ms // tick) if available_ms % tick == 0 else (tick, available_ms)
            constant, parts = self._load(resource)
            most_load = constant + sum(factor * most for factor, _, most in parts)
            most = most_load * unit * _PPM // available
            load = constant + sum(factor * expr for factor, expr, _ in parts)
            if not parts:
                self._shares[resource] = most, most
            else:
                known = self._model.hint_of(load)
                share = self._model.integer(0, most, None if known is None else known * unit * _PPM // available)
                self._model.require(share * available <= load * (unit * _PPM))
                self._model.require(share * available >= load * (unit * _PPM) - (available - 1))
                self._shares[resource] = share, most
        return self._shares[resource]

    def _load(self, resource: int) -> tuple[int, list[Part]]:
        """Return what plans take of a resource in ticks: a constant and parts."""
        constant, parts = self._held_load(resource), list[Part]()
        for held, k, lits in self._choices:
            if resource in lits:
                parts.append((held.op.demands[k].quantity * self._work_of(held), lits[resource], 1))
        for made in self._made.values():
            for mode in made.modes:
                if mode.data.resource == resource:
                    if mode.lit is True:
                        constant += mode.data.work
                    else:
                        parts.append((mode.data.work, mode.lit, 1))
            for demand, lits in zip(made.op.demands, made.choices, strict=True):
                if resource in lits and demand.quantity:
                    found = self._demand_parts(made, lits[resource])
                    parts += [(demand.quantity * factor, expr, most) for factor, expr, most in found]
        for change in (*self._setups.standing, *self._setups.changeovers):
            ticks = change.ms // self._problem.tick_ms
            if change.resource == resource:
                parts.append((ticks, change.lit, 1))
            parts += [(ticks * units, lit, 1) for r, units, lit in self._served_meanwhile(change) if r == resource]
        constant += sum(factor for factor, expr, _ in parts if expr is True)
        return constant, [(f, e, m) for f, e, m in parts if f and m and e is not True and e is not False]

    def _demand_parts(self, made: OpVars, lit: Lit) -> list[Part]:
        """Return the time for which whoever has ``lit`` serves a demand: the work in each mode, and the setup."""
        works = {mode.data.work for mode in made.modes}
        parts: list[Part] = []
        if lit is True:
            parts += [(m.data.work, 1 if m.lit is True else m.lit, 1) for m in made.modes]
        elif len(works) == 1:
            parts.append((works.pop(), lit, 1))
        else:
            for mode in made.modes:
                hint = self._model.is_hinted(lit) and self._model.is_hinted(mode.lit)
                parts.append((mode.data.work, self._model.both(lit, mode.lit, hint), 1))
        for track in made.tracks:
            if track.held_from is not track.start:
                parts.append(self._setup_part(track.setup, track.start.high - track.held_from.low, lit))
        return [part for part in parts if part[0] and part[1] is not False]

    def _setup_part(self, setup: Expr, most: int, lit: Lit) -> Part:
        if lit is True:
            return 1, setup, most
        hint = self._model.hint_of(setup)
        counted = self._model.integer(0, most, None if hint is None else hint * self._model.is_hinted(lit))
        self._model.require(counted == setup, lit)
        self._model.require(counted == 0, negated(lit))
        return 1, counted, most

    def _held_load(self, resource: int) -> int:
        """Return what stays takes of a resource, in ticks."""
        frame = self._frame
        total = 0
        for o in range(len(self._problem.ops)):
            if frame.is_free[o] or (frame.base is None and self._problem.ops[o].fixed is None):
                continue
            held = frame.held(o)
            units = int(held.resource == resource)
            units += sum(d.quantity for d, r in zip(held.op.demands, held.choices, strict=True) if r == resource)
            if units:
                total += units * self._work_of(held)
        return total

    def _work_of(self, held: Held) -> int:
        clock = self._frame.clocks.of(held.resource)
        return clock.work_at(held.end) - clock.work_at(held.start)


def _add(total: Sum, amount: float, lit: Lit) -> None:
    if lit is True:
        total.constant += amount
    elif lit is not False:
        total.add(amount, lit, 1)
