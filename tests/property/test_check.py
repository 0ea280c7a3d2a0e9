"""The checker against a naive one that goes through time minute by minute with sets."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given, settings

from engine.check import check
from engine.model import Demand, Dependency, Resource
from engine.plan import PlanFacts
from tests.support.plants import MINUTE, T0_MS, after, calendar, machine, matrix, op, order, outage, plant

FIRST, LAST = -60, 120
EVER = set(range(FIRST, LAST))
SHIFTS = {"early": [(0, 20), (30, 50)], "late": [(10, 60)], "none": []}
RULES = {("x", "y"): 3, ("y", "x"): 5, ("x", "x"): 1}
NAMES = "ABCDE"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


BEFORE = ("2025-01-01", "2026-01-04", False)  # nobody worked before T0, a Monday
CALENDARS = [
    calendar(k, *(f"{_clock(a)}-{_clock(b)}" for a, b in spans), days=(1,), exceptions=[BEFORE])
    for k, spans in SHIFTS.items()
]

resources = st.fixed_dictionaries(
    {
        "M": st.builds(
            lambda cal, family: Resource(id="M", name="M", calendar=cal, setup_matrix="S", initial_setup=family),
            st.sampled_from([None, "early", "late"]),
            st.sampled_from([None, "x", "y"]),
        ),
        "N": st.builds(
            lambda cal, units: machine("N", calendar=cal, capacity=units),
            st.sampled_from([None, None, "early", "none"]),
            st.integers(0, 3),
        ),
        "K": st.builds(
            lambda cal, units: machine("K", calendar=cal, capacity=units),
            st.sampled_from([None, None, "late"]),
            st.integers(1, 3),
        ),
    }
)


@st.composite
def plans(draw):
    made = draw(resources)
    events = []
    for key in NAMES[: draw(st.integers(1, 5))]:
        minutes, start = draw(st.integers(0, 12)), draw(st.integers(0, 45))
        stretch = draw(st.sampled_from([0, 0, 0, 0, 10, 1]))
        events.append(
            op(
                key,
                minutes,
                draw(st.sampled_from(["M", "M", "N", None])),
                start,
                start + minutes + (stretch if minutes else 0),
                family=draw(st.sampled_from(["x", "y", None])),
                demands=draw(st.sampled_from([None, None, [Demand(resource_id="K", quantity=2)], ["K"]])),
                interruptible=draw(st.booleans()),
                status=draw(st.sampled_from(["planned", "planned", "planned", "started", "completed"])),
                release=draw(st.sampled_from([None, None, 20])),
                deadline=draw(st.sampled_from([None, None, 30])),
                order=draw(st.sampled_from([None, "O"])),
            )
        )
    links = []
    for _ in range(draw(st.integers(0, 2))):
        if len(events) > 1:
            pair = draw(st.permutations([e.id for e in events]))[:2]
            most = draw(st.sampled_from([None, 5]))
            links.append(after(*pair, type=draw(st.integers(0, 3)), lag=draw(st.integers(-5, 5)), max_lag=most))
    downs = []
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(st.integers(0, 40))
        name, units = draw(st.sampled_from([("M", None), ("N", None), ("N", 1), ("N", 2), ("K", 1), ("K", None)]))
        down = outage(name, begin, begin + draw(st.integers(1, 15)), units)
        downs.append(down.model_copy(update={"id": f"{down.id}-{len(downs)}"}))
    orders = [order("O", release=draw(st.sampled_from([None, 10])), deadline=draw(st.sampled_from([None, 40])))]
    return plant(
        events, made.values(), dependencies=links, constraints=downs, calendars=CALENDARS, orders=orders,
        matrices=[matrix("S", RULES)], now=draw(st.sampled_from([0, 5])),
    )  # fmt: skip


class Naive:
    """Rules broken by a plan, all in minutes after T0 and sets of minutes."""

    def __init__(self, schedule) -> None:
        snapshot = schedule.snapshot
        self.resources = {r.id: r for r in snapshot.resources}
        self.outages = [
            (o.resource_id, set(range(_minute(o.start), _minute(o.end))), o.capacity) for o in snapshot.constraints
        ]
        self.ops = {o.id: o for o in snapshot.events}
        self.span = {o.id: (_minute(o.start_date), _minute(o.end_date)) for o in snapshot.events}
        self.now = _minute(schedule.metadata.horizon_start)
        self.order = snapshot.orders[0]
        self.links: tuple[Dependency, ...] = snapshot.dependencies
        self.setup: dict[str, set[int]] = {}
        self.rules: set[str] = set()
        self._setups()
        for key in self.ops:
            self._operation(key)
        self._load()
        for link in self.links:
            self._link(link)
        self._order_deadline()

    def working(self, name: str | None) -> set[int]:
        if name is None:
            return EVER
        resource = self.resources[name]
        on = {m for a, b in SHIFTS[resource.calendar] for m in range(a, b)} if resource.calendar else set(EVER)
        for other, minutes, units in self.outages:
            if other == name and (units is None or units >= resource.capacity):
                on -= minutes
        return on

    def _setups(self) -> None:
        family = self.resources["M"].initial_setup
        on_m = [
            k
            for k, o in self.ops.items()
            if o.resource_id == "M" and o.setup_family and self.span[k][0] < self.span[k][1]
        ]
        for key in sorted(on_m, key=lambda k: (*self.span[k], k)):
            before, family = family, self.ops[key].setup_family
            minutes = RULES.get((before, family), 0)
            if self.ops[key].status in ("started", "completed") or not minutes:
                continue
            earlier = sorted(m for m in self.working("M") if m < self.span[key][0])
            if len(earlier) < minutes:
                self.rules.add("setup")
                continue
            self.setup[key] = set(range(earlier[-minutes], self.span[key][0]))

    def _operation(self, key: str) -> None:
        o, (start, end) = self.ops[key], self.span[key]
        if o.status == "completed":
            return
        span, need, on = set(range(start, end)), o.duration // MINUTE, self.working(o.resource_id)
        if need:
            worked = span & on
            if o.interruptible:
                if span and not worked:
                    self.rules.add("calendar")
                else:
                    self._when(len(worked) != need, "duration")
                    edges = ({end - 1} if o.status == "started" else {start, end - 1}) if span else set()
                    self._when(bool(edges - on), "calendar")
            else:
                self._when(len(span) != need, "duration")
                self._when(bool(span - on), "calendar")
        for demand in o.demands or ():
            active = (span | self.setup.get(key, set())) & on
            self._when(bool(active - self.working(demand.resource_id)), "calendar")
        self._when(o.deadline is not None and end > _minute(o.deadline), "deadline")
        if o.status == "started":
            return
        self._when(start < self.now, "horizon")
        releases = [_minute(d) for d in (o.release_date, self.order.release_date if o.order_id else None) if d]
        self._when(any(start < r for r in releases), "release")
        for limit in [max(releases)] if releases else []:
            self._when(key in self.setup and min(self.setup[key]) < limit <= start, "setup")
        self._when(key in self.setup and min(self.setup[key]) < self.now <= start, "setup")

    def _load(self) -> None:
        for name, resource in self.resources.items():
            for minute in range(FIRST, LAST):
                used = 0
                for key, o in self.ops.items():
                    if minute in self.setup.get(key, ()) or self.span[key][0] <= minute < self.span[key][1]:
                        used += o.resource_id == name
                        used += sum(d.quantity for d in o.demands or () if d.resource_id == name)
                here = [units for other, minutes, units in self.outages if other == name and minute in minutes]
                full = any(units is None or units >= resource.capacity for units in here)
                left = resource.capacity if full else max(0, resource.capacity - sum(here))
                self._when(used > left, "load")

    def _link(self, link: Dependency) -> None:
        point = int(link.type)
        before = self.span[link.from_event][point in (2, 3)]
        at = self.span[link.to_event][point in (1, 3)]
        status = self.ops[link.to_event].status
        if status == "completed" or (status == "started" and point in (0, 2)):
            return
        self._when(at < before + link.lag, "dependency")
        self._when(link.max_lag is not None and at > before + link.max_lag, "max_lag")

    def _order_deadline(self) -> None:
        if self.order.deadline is not None:
            ends = [self.span[k][1] for k, o in self.ops.items() if o.order_id and o.status != "completed"]
            self._when(any(end > _minute(self.order.deadline) for end in ends), "deadline")

    def _when(self, broken: bool, rule: str) -> None:
        if broken:
            self.rules.add(rule)


def _minute(date) -> int:
    return (round(date.timestamp() * 1000) - T0_MS) // MINUTE


@settings(max_examples=250, deadline=None)
@given(plans())
def test_the_checker_finds_what_a_naive_one_finds(schedule):
    found = {"load" if v.rule in ("overlap", "capacity") else v.rule for v in check(schedule)}
    assert found == Naive(schedule).rules


@settings(max_examples=100, deadline=None)
@given(plans())
def test_setups_and_work_agree_with_the_naive_ones(schedule):
    facts, naive = PlanFacts(schedule), Naive(schedule)
    for key, setup in facts.setups.items():
        if setup.complete:
            assert set(range((setup.start_ms - T0_MS) // MINUTE, (setup.end_ms - T0_MS) // MINUTE)) == naive.setup[key]
    for key, worked_ms in facts.worked_ms.items():
        span = set(range(*naive.span[key]))
        assert worked_ms == len(span & naive.working(facts.operations[key].resource_id)) * MINUTE
