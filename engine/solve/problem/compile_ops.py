"""The operation side of a problem: modes and demands in ticks, and what is fixed, where and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.instants import to_ms
from engine.model import Operation, Status
from engine.pinning import Pin, pins
from engine.plan import required_ms
from engine.solve.problem.problem import (
    NO_FAMILY,
    NO_ORDER,
    NO_RESOURCE,
    DemandData,
    FixedBy,
    FixedData,
    ModeData,
    OpData,
    Placement,
)
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from engine.calendars import WorkingTimes
    from engine.model import Demand, OptimizationRequest
    from engine.solve.problem.compile_resources import Grid


def work_ms(duration_ms: int, efficiency: float, tick_ms: int) -> int:
    """Return the working time that ``duration_ms`` takes at ``efficiency``, rounded up to whole ticks.

    At efficiency 1 it is the duration itself.
    """
    if efficiency == 1:
        return duration_ms
    return -(-required_ms(duration_ms, efficiency) // tick_ms) * tick_ms


_OrderPlace = tuple[int, int, int]
"""An order's index, release and deadline."""
_NO_ORDER_PLACE: Final[_OrderPlace] = (NO_ORDER, -FOREVER, FOREVER)
_FIXED_BY: dict[Pin, FixedBy] = {
    Pin.COMPLETED: "completed",
    Pin.STARTED: "started",
    Pin.LOCKED: "lock",
    Pin.FROZEN: "frozen",
    Pin.OUT_OF_SCOPE: "scope",
}


class OpCompiler:
    """Compiles the operations of one request, without order dates and date constraints."""

    def __init__(
        self,
        request: OptimizationRequest,
        grid: Grid,
        natural_ms: int,
        families: list[str],
        times: WorkingTimes,
    ) -> None:
        snapshot = request.schedule_data.snapshot
        self._request = request
        self._grid = grid
        self._natural_ms = natural_ms
        self._times = times
        self._family = {name: i for i, name in enumerate(families)}
        self._resources = snapshot.resources
        self._index = {r.id: i for i, r in enumerate(snapshot.resources)}
        self._pins = pins(request.schedule_data, request)
        self.warnings: list[str] = []
        self.idle = len(snapshot.resources)
        self.needs_idle = False
        self._known_modes: dict[tuple[str | None, int, float | None], ModeData] = {}
        self._has_stocks = any(r.nonrenewable for r in snapshot.resources)
        self._orders = self._order_places()

    def compile(self) -> tuple[OpData, ...]:
        """Return the operations of the problem; what is unplaced and may not be placed is left out."""
        ops: list[OpData] = []
        left_out = 0
        for event in self._request.schedule_data.snapshot.events:
            op = self._op(len(ops), event)
            if op is None:
                left_out += 1
            else:
                ops.append(op)
        if left_out:
            what = "1 unplaced operation is" if left_out == 1 else f"{left_out} unplaced operations are"
            self.warnings.append(f"{what} out of scope or completed without dates, and left out.")
        return tuple(ops)

    def _order_places(self) -> dict[str | None, _OrderPlace]:
        """Return index and dates of every order that has operations in the problem."""
        snapshot, grid = self._request.schedule_data.snapshot, self._grid
        present = {event.order_id for event in snapshot.events if not self._is_left_out(event)}
        orders = (order for order in snapshot.orders if order.id in present)
        return {
            order.id: (
                i,
                -FOREVER if order.release_date is None else grid.up(to_ms(order.release_date)),
                FOREVER if order.deadline is None else grid.down(to_ms(order.deadline)),
            )
            for i, order in enumerate(orders)
        }

    def _is_left_out(self, event: Operation) -> bool:
        return not event.is_placed and (event.id in self._pins or event.status == Status.COMPLETED)

    def _op(self, index: int, event: Operation) -> OpData | None:
        if self._is_left_out(event):
            return None
        pin = self._pins.get(event.id)
        order = self._orders.get(event.order_id, _NO_ORDER_PLACE)
        fixed = None
        if pin is not None:
            fixed = FixedData(self._placement(event, derive_end=pin is Pin.STARTED), _FIXED_BY[pin])
        demands = range(len(event.demands or ()))
        modes = self._modes(event, is_pinned=pin is not None)
        spans = fixed is not None and fixed.placement.end_ms > fixed.placement.start_ms  # whatever its duration says
        is_milestone = not spans and all(mode.work == 0 for mode in modes)
        return OpData(
            index=index,
            id=event.id,
            modes=modes,
            demands=tuple(self._demand(event, k, modes, narrow=pin is not None) for k in demands),
            family=NO_FAMILY if event.setup_family is None or is_milestone else self._family[event.setup_family],
            order=order[0],
            interruptible=event.interruptible,
            release=self._release(event, pin, order[1]),
            est=-FOREVER,
            lst=FOREVER,
            eet=-FOREVER,
            let=self._deadline(event, pin, order[2]),
            due_ms=None if event.due_date is None else to_ms(event.due_date),
            weight=event.weight,
            fixed=fixed,
            previous=self._placement(event, derive_end=False) if event.is_placed else None,
            previous_choice=tuple(self._previous_choice(event, k, modes) for k in demands),
        )

    def _release(self, event: Operation, pin: Pin | None, of_order: int) -> int:
        if pin is not None and pin.is_circumstance:
            return -FOREVER
        release = of_order
        if event.release_date is not None:
            release = max(release, self._grid.up(to_ms(event.release_date)))
        is_ahead = pin is None or (event.start_date is not None and to_ms(event.start_date) >= self._grid.h0_ms)
        return max(release, 0) if is_ahead else release

    def _deadline(self, event: Operation, pin: Pin | None, of_order: int) -> int:
        if pin is not None and pin.is_circumstance:
            return FOREVER
        return of_order if event.deadline is None else min(of_order, self._grid.down(to_ms(event.deadline)))

    def _placement(self, event: Operation, derive_end: bool) -> Placement:
        """Return the placement of a placed operation, its end derived from its duration if asked."""
        assert event.start_date is not None and event.end_date is not None
        start_ms, end_ms = to_ms(event.start_date), to_ms(event.end_date)
        if derive_end:
            end_ms = self._derived_end_ms(event, start_ms, end_ms)
        resource = NO_RESOURCE if event.resource_id is None else self._index[event.resource_id]
        return Placement(resource, self._grid.down(start_ms), self._grid.up(end_ms), start_ms, end_ms)

    def _derived_end_ms(self, event: Operation, start_ms: int, end_ms: int) -> int:
        """Return the end that the duration gives; the present one where the calendar gives none."""
        mode = self._modes(event, is_pinned=True)[0]
        if not event.interruptible:
            return start_ms + mode.work_ms
        derived = self._times.of(event.resource_id).add(start_ms, mode.work_ms)
        return end_ms if derived is None else derived

    def _modes(self, event: Operation, is_pinned: bool) -> tuple[ModeData, ...]:
        """Return its modes; of a fixed one, and of one that has begun, the one on its present resource."""
        modes = [self._mode(event, m.resource_id, m.duration, m.cost) for m in event.alternatives]
        if not modes:
            modes = [self._mode(event, None, None, None)]
        keeps_resource = event.resource_id is not None and (event.status == Status.STARTED or event.locked)
        if not is_pinned and not keeps_resource:
            return tuple(modes)
        here = NO_RESOURCE if event.resource_id is None else self._index[event.resource_id]
        kept = [mode for mode in modes if mode.resource == here]
        return (kept[0],) if kept else (self._mode(event, event.resource_id, None, None),)

    def _mode(self, event: Operation, resource_id: str | None, duration: int | None, cost: float | None) -> ModeData:
        length = event.duration if duration is None else duration
        known = self._known_modes.get((resource_id, length, cost))
        if known is not None:
            return known
        index, exact = NO_RESOURCE, length
        if resource_id is not None:
            index = self._index[resource_id]
            exact = work_ms(length, self._resources[index].efficiency, self._natural_ms)
        mode = ModeData(index, self._grid.length_up(exact), exact, cost or 0.0)
        self._known_modes[resource_id, length, cost] = mode
        return mode

    def _demand(self, event: Operation, k: int, modes: tuple[ModeData, ...], narrow: bool) -> DemandData:
        demand = (event.demands or ())[k]
        present = self._present_choice(event, k)
        held_on = self._held_on(demand, modes)
        quantity = demand.quantity if held_on else 0
        if narrow and present != NO_RESOURCE:
            return DemandData((present,), quantity)
        candidates = tuple(self._index[r] for r in dict.fromkeys(demand.candidates))
        if len(held_on) in (0, len(modes)):
            return DemandData(candidates, quantity)
        self.needs_idle = True
        return DemandData((*candidates, self.idle), quantity, held_on)

    def _held_on(self, demand: Demand, modes: tuple[ModeData, ...]) -> tuple[int, ...]:
        """Return the resources of the modes in which a demand is held; nothing is drawn from a stock in no time."""
        if demand.only_on is None and not self._has_stocks:
            return tuple(mode.resource for mode in modes)
        is_stock = any(self._resources[self._index[r]].nonrenewable for r in demand.candidates)
        return tuple(
            mode.resource
            for mode in modes
            if demand.is_held_on(None if mode.resource == NO_RESOURCE else self._resources[mode.resource].id)
            and (mode.work or not is_stock)
        )

    def _previous_choice(self, event: Operation, k: int, modes: tuple[ModeData, ...]) -> int:
        held_on = self._held_on((event.demands or ())[k], modes)
        here = NO_RESOURCE if event.resource_id is None else self._index[event.resource_id]
        is_held = len(held_on) in (0, len(modes)) or here in held_on
        return self._present_choice(event, k) if is_held else self.idle

    def _present_choice(self, event: Operation, k: int) -> int:
        demand = (event.demands or ())[k]
        if demand.resource_id is not None:
            return self._index[demand.resource_id]
        return self._index[demand.candidates[0]] if len(demand.candidates) == 1 else NO_RESOURCE
