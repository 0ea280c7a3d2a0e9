"""What follows from a plan: work, sequences, setups, lateness, labels; pins; and the words for times."""

from __future__ import annotations

import pytest

from engine.instants import zone_of
from engine.model import Demand, Resource, Scope, SetupMatrix, SetupRule
from engine.pinning import Pin, pins
from engine.plan import PlanFacts, chosen, required_ms
from engine.setups import Changeover, SetupTable
from engine.wording import length, listing, moment, period
from tests.support.plants import (
    DAY,
    HOUR,
    MINUTE,
    T0_MS,
    after,
    at,
    at_ms,
    calendar,
    machine,
    matrix,
    moved,
    ms,
    op,
    order,
    outage,
    plant,
    request,
)

DAY_SHIFT = calendar("C", "08:00-16:00")


@pytest.mark.parametrize(
    ("duration", "efficiency", "need"),
    [
        (60, 1, 60),
        (60, 2, 30),
        (60, 0.5, 120),
        (3_600_000, 0.9, 4_000_000),
        (10, 3, 4),
        (0, 0.1, 0),
        (3_300_000, 1.1, 3_000_000),
    ],
)
def test_required_work_is_exact_and_rounded_up(duration, efficiency, need):
    assert required_ms(duration, efficiency) == need


def test_the_modes_duration_counts():
    facts = PlanFacts(plant([op("A", 60, modes=["M", ("N", 30)])], [machine("N", efficiency=0.5)]))
    a = facts.operations["A"]
    assert [facts.need_ms(a, key) for key in (None, "M", "N")] == [ms(60), ms(60), ms(60)]
    assert facts.need_ms(a.model_copy(update={"resource_id": "N"})) == ms(60)


def test_worked_time_leaves_out_breaks_and_outages():
    schedule = plant(
        [op("A", 120, "M", 15 * HOUR, DAY + 9 * HOUR), op("B", 60, "N", 0), op("C", 60, None, 0)],
        [machine("M", calendar="C")], calendars=[DAY_SHIFT], constraints=[outage("N", 30, 40)],
    )  # fmt: skip
    assert PlanFacts(schedule).worked_ms == {"A": ms(120), "B": ms(50), "C": ms(60)}


def test_derived_ends_pause_unless_the_operation_must_not():
    schedule = plant(
        [op("A", 120, "M"), op("B", 120, "M", interruptible=False)], [machine("M", calendar="C")], calendars=[DAY_SHIFT]
    )
    facts = PlanFacts(schedule)
    assert facts.derived_end_ms(facts.operations["A"], at_ms(15 * HOUR)) == at_ms(DAY + 9 * HOUR)
    assert facts.derived_end_ms(facts.operations["B"], at_ms(15 * HOUR)) == at_ms(17 * HOUR)
    never = PlanFacts(plant([op("A", 120, "M")], [machine("M", calendar="N")], calendars=[calendar("N")]))
    assert never.derived_end_ms(never.operations["A"], T0_MS) is None


def test_derived_ends_look_as_far_as_it_takes():
    rare = calendar("R", exceptions=[("2028-06-01", "2028-06-01", True)])
    facts = PlanFacts(plant([op("A", 60, "M")], [machine("M", calendar="R")], calendars=[rare]))
    end = facts.derived_end_ms(facts.operations["A"], T0_MS)
    assert end is not None
    assert moment(end) == "Thu 1 Jun 2028 01:00"


def test_sequences_by_start_then_end_then_id():
    schedule = plant(
        [
            op("b", 60, "M", 10),
            op("c", 30, "M", 10),
            op("a", 60, "M", 10),
            op("z", 5, "M", 0),
            op("x", 5, "N", 0),
            op("u", 1, "M"),
        ]
    )
    assert PlanFacts(schedule).sequences == {"M": ("z", "c", "a", "b"), "N": ("x",)}


def setups(*events, initial=None, rules=None, default=None, cal=None):
    table = matrix("S", rules or {}, default)
    made = Resource(id="M", name="M", setup_matrix="S", initial_setup=initial, calendar=cal)
    facts = PlanFacts(plant(events, [made], matrices=[table], calendars=[DAY_SHIFT]))
    return {
        k: (s.from_family, s.to_family, s.duration_ms // MINUTE, (s.start_ms - T0_MS) // MINUTE)
        for k, s in facts.setups.items()
    }


def test_setup_from_the_previous_family():
    a, b = op("A", 60, "M", 0, family="x"), op("B", 60, "M", 100, family="y")
    assert setups(a, b, rules={("x", "y"): 20}) == {"B": ("x", "y", 20, 80)}
    assert setups(a, b, rules={("y", "x"): 20}) == {}


def test_setup_from_the_initial_family_or_none():
    a = op("A", 60, "M", 100, family="y")
    assert setups(a, rules={("x", "y"): 20}, initial="x") == {"A": ("x", "y", 20, 80)}
    assert setups(a, rules={("x", "y"): 20}) == {}


def test_operations_without_a_family_are_passed_over():
    a, n, b = op("A", 60, "M", 0, family="x"), op("N", 10, "M", 60), op("B", 60, "M", 100, family="y")
    assert setups(a, n, b, rules={("x", "y"): 20}) == {"B": ("x", "y", 20, 80)}


def test_milestones_neither_need_nor_change_a_setup():
    a, n, b = op("A", 60, "M", 0, family="x"), op("N", 0, "M", 60, family="z"), op("B", 60, "M", 100, family="y")
    assert setups(a, n, b, default=20) == {"B": ("x", "y", 20, 80)}


@pytest.mark.parametrize("status", ["started", "completed"])
def test_history_sets_the_family_but_needs_no_setup(status):
    a, b = op("A", 60, "M", 0, family="x", status=status), op("B", 60, "M", 100, family="y")
    assert setups(a, b, default=20, initial="w") == {"B": ("x", "y", 20, 80)}


def test_a_setup_pauses_over_breaks():
    a, b = op("A", 60, "M", 9 * HOUR, family="x"), op("B", 60, "M", DAY + 8 * HOUR + 10, family="y")
    assert setups(a, b, default=30, cal="C") == {"B": ("x", "y", 30, 16 * HOUR - 20)}
    late = op("B", 60, "M", DAY + 8 * HOUR + 30, family="y")
    assert setups(a, late, default=30, cal="C") == {"B": ("x", "y", 30, DAY + 8 * HOUR)}  # latest possible


def test_a_setup_without_room_before_it_says_so():
    opened = calendar("N", exceptions=[("2026-01-05", "2026-01-05", True)])
    made = Resource(id="M", name="M", setup_matrix="S", initial_setup="x", calendar="N")
    facts = PlanFacts(
        plant([op("A", 60, "M", 10, family="y")], [made], calendars=[opened], matrices=[matrix("S", default=20)])
    )
    assert (facts.setups["A"].complete, facts.setup_start_ms("A")) == (False, at_ms(10))


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (("x", "y"), Changeover(1)),  # the first match holds, not the best
        (("x", "z"), Changeover(2)),
        (("w", "y"), Changeover(3)),
        (("w", "q"), Changeover(9, 5.0)),  # default
        (("x", "x"), Changeover(2)),  # a family after itself is a pair like any other
        (("q", "q"), Changeover(9, 5.0)),
        (("z", "z"), Changeover(7)),
        (("b", "c"), Changeover(0, 0.0, forbidden=True)),
        ((None, "y"), Changeover(0)),
        (("x", None), Changeover(0)),
    ],
)
def test_setup_rules(pair, expected):
    rules = [("x", "y", 1), ("x", "*", 2), ("*", "y", 3), ("z", "z", 7), ("x", "y", 8)]
    made = [SetupRule(**{"from": a, "to": b, "duration": d}) for a, b, d in rules]
    made.append(SetupRule(**{"from": "b", "to": "c", "forbidden": True}))
    table = SetupTable(SetupMatrix(id="S", name="S", rules=tuple(made), default={"duration": 9, "cost": 5.0}))
    assert table.lookup(*pair) == expected == table.lookup(*pair)


def test_lateness_of_orders_and_operations():
    schedule = plant(
        [op("A", 60, "M", 0, order="O"), op("B", 60, "M", 60, order="O", due=100), op("C", 60, "M", order="P")],
        orders=[order("O", due=150), order("P", due=1), order("Q", due=1)],
    )
    facts = PlanFacts(schedule)
    assert facts.order_ends == {"O": at_ms(120)}
    assert facts.order_lateness_ms == {"O": ms(-30)}
    assert facts.event_lateness_ms == {"B": ms(20)}
    assert facts.order_operations == {"O": ("A", "B"), "P": ("C",)}
    assert facts.unscheduled == ("C",)
    assert PlanFacts(plant([op("A", status="completed")])).unscheduled == ()


def test_labels_are_names_where_those_are_unique():
    facts = PlanFacts(plant([op("1", name="Mill"), op("2", name="Turn"), op("3", name="Turn"), op("4", name="")]))
    assert [facts.label(k) for k in "1234"] == ["Mill", "Turn (2)", "Turn (3)", "(4)"]


def test_links_by_operation():
    link = after("A", "B")
    facts = PlanFacts(plant([op("A"), op("B")], dependencies=[link]))
    assert (facts.predecessors, facts.successors) == ({"B": (link,)}, {"A": (link,)})


def test_working_times_are_taken_over_while_the_workshop_is_the_same():
    schedule = plant([op("A", 60, "M", 0)], [machine("M", calendar="C")], calendars=[DAY_SHIFT])
    first = PlanFacts(schedule)
    worked = first.working_time("M")
    near = PlanFacts(moved(schedule, "A", start=600), previous=first)
    assert near.working_time("M") is worked
    far = PlanFacts(moved(schedule, "A", start=3_000 * DAY), previous=first)
    assert far.working_time("M") is not worked
    assert far.working_time("M").is_working(at_ms(3_000 * DAY + 12 * HOUR))
    events, resources = [op("A", 60, "M", 0)], [machine("M", calendar="C")]
    others = [
        plant(events, [machine("M")], calendars=[DAY_SHIFT]),
        plant(events, resources, calendars=[calendar("C", "09:00-16:00")]),
        plant(events, resources, calendars=[DAY_SHIFT], constraints=[outage("M", 9 * HOUR, 10 * HOUR)]),
        plant(events, resources, calendars=[DAY_SHIFT], zone="Europe/Berlin"),
    ]
    for other in others:
        assert PlanFacts(other, previous=first).working_time("M") == PlanFacts(other).working_time("M") != worked


def test_choices_of_demands():
    assert chosen(Demand(resource_id="W")) == "W"
    assert chosen(Demand(resource_ids=("W",))) == "W"
    assert chosen(Demand(resource_ids=("W", "V"))) is None
    assert chosen(Demand(resource_ids=("W", "V"), resource_id="V")) == "V"


def test_pins_name_the_strongest_reason():
    events = [
        op("done", 9, "M", 0, status="completed", locked=True),
        op("begun", 9, "M", 0, status="started", locked=True),
        op("locked", 9, "M", 0, locked=True),
        op("asked", 9, "M", 99),
        op("soon", 9, "M", 5),
        op("free", 9, "M", 10),
        op("nowhere", 9, "M", locked=True),
    ]
    schedule = plant(events, freeze=10)
    wanted = {"done": Pin.COMPLETED, "begun": Pin.STARTED, "locked": Pin.LOCKED, "soon": Pin.FROZEN}
    assert pins(schedule) == wanted
    assert pins(schedule, request(schedule, locked=["asked", "nowhere"])) == {**wanted, "asked": Pin.LOCKED}
    assert Pin.FROZEN.is_circumstance
    assert not Pin.LOCKED.is_circumstance


def test_scope_frees_what_meets_every_given_field():
    events = [op("A", 9, "M", 0), op("B", 9, "N", 0), op("C", 9, "M", 50), op("new", 9, modes=["M"])]
    schedule = plant(events)

    def out(**scope):
        return set(pins(schedule, request(schedule, scope=Scope(**scope))))

    assert out() == set()
    assert out(event_ids=("A",)) == {"B", "C", "new"}  # what stays unplaced is named too
    assert out(resource_ids=("M",)) == {"B"}
    assert out(resource_ids=("M",), start=at(0), end=at(50)) == {"B", "C"}
    assert out(start=at(1)) == {"A", "B"}


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 min"),
        (90 * MINUTE, "1 h 30 min"),
        (1, "1 ms"),
        (86_400_000 + 1_000, "1 d 1 s"),
        (-60_000, "-1 min"),
        (61_001, "1 min 1 s 1 ms"),
    ],
)
def test_lengths_in_words(amount, text):
    assert length(amount) == text


def test_times_in_words():
    berlin = zone_of("Europe/Berlin")
    assert moment(T0_MS, berlin) == "Mon 5 Jan 2026 01:00"
    assert moment(T0_MS + 1_500) == "Mon 5 Jan 2026 00:00:01.500"
    assert period(T0_MS, at_ms(90)) == "from Mon 5 Jan 2026 00:00 to 01:30"
    assert period(T0_MS, at_ms(DAY)) == "from Mon 5 Jan 2026 00:00 to Tue 6 Jan 2026 00:00"
    assert (listing(["a"]), listing(["a", "b", "c"]), listing(list("abcdef"), 2)) == (
        "a",
        "a, b and c",
        "a, b and 4 more",
    )
