"""The sample plant itself: shifts, machines, people, tools and setup times of a maker of metal components.

Everything here is invented. Machines stand in groups; people and tools are secondary resources.
"""

from __future__ import annotations

from engine.model import (
    Calendar,
    CalendarException,
    Resource,
    SetupDefault,
    SetupMatrix,
    SetupRule,
    Shift,
)

ZONE = "Europe/Berlin"
MINUTE_MS = 60_000
_WEEKDAYS = (1, 2, 3, 4, 5)


def _shift(days: tuple[int, ...], start: str, end: str) -> Shift:
    return Shift(days=days, from_=start, to=end)


def _off(start: str, end: str, name: str, *, working: bool = False) -> CalendarException:
    return CalendarException(from_=start, to=end, working=working, name=name)


_ASSEMBLY_MEETING = _off("2026-11-26T13:00", "2026-11-26T15:00", "Works meeting")

CALENDARS = (
    Calendar(
        id="three-shifts",
        name="Three shifts, Sunday 22:00 to Saturday 06:00",
        week=(
            _shift(_WEEKDAYS, "06:00", "14:00"),
            _shift(_WEEKDAYS, "14:00", "22:00"),
            _shift((7, 1, 2, 3, 4, 5), "22:00", "06:00"),
        ),
        exceptions=(_off("2026-11-28T06:00", "2026-11-28T12:00", "Saturday overtime", working=True),),
    ),
    Calendar(
        id="two-shifts",
        name="Two shifts with breaks",
        week=(
            _shift(_WEEKDAYS, "06:00", "10:00"),
            _shift(_WEEKDAYS, "10:30", "14:00"),
            _shift(_WEEKDAYS, "14:00", "18:00"),
            _shift(_WEEKDAYS, "18:30", "22:00"),
        ),
        exceptions=(_ASSEMBLY_MEETING,),
    ),
    Calendar(
        id="day-shift",
        name="Day shift",
        week=(
            _shift((1, 2, 3, 4), "07:00", "12:00"),
            _shift((1, 2, 3, 4), "12:30", "16:00"),
            _shift((5,), "07:00", "13:00"),
        ),
        exceptions=(_ASSEMBLY_MEETING,),
    ),
    Calendar(
        id="part-time",
        name="Part-time line, mornings",
        week=(_shift((1, 2, 3, 4), "08:00", "10:00"), _shift((1, 2, 3, 4), "10:15", "12:30")),
        exceptions=(_off("2026-12-03", "2026-12-03", "Training day"),),
    ),
    Calendar(
        id="relieved",
        name="Two shifts, relieved in the breaks",
        week=(_shift(_WEEKDAYS, "06:00", "22:00"),),
    ),
    Calendar(
        id="around-the-clock",
        name="Around the clock but Sundays",
        week=(_shift((1, 2, 3, 4, 5, 6), "00:00", "24:00"),),
    ),
    Calendar(
        id="subcontractor-days",
        name="Subcontractor, weekdays",
        week=(_shift(_WEEKDAYS, "07:00", "17:00"),),
    ),
)


def _machine(
    key: str,
    name: str,
    group: str,
    calendar: str | None,
    cost: float,
    *,
    setup: tuple[str, str] | None = None,
    efficiency: float = 1.0,
    capacity: int = 1,
    infinite: bool = False,
) -> Resource:
    return Resource(
        id=key,
        name=name,
        group=group,
        calendar=calendar,
        cost_per_hour=cost,
        setup_matrix=setup[0] if setup else None,
        initial_setup=setup[1] if setup else None,
        efficiency=efficiency,
        capacity=capacity,
        infinite=infinite,
    )


MACHINES = (
    _machine("SAW-1", "Band saw 1", "Sawing", "two-shifts", 38),
    _machine("SAW-2", "Band saw 2", "Sawing", "two-shifts", 38),
    _machine("LAT-1", "CNC lathe 1", "Turning", "three-shifts", 72, setup=("turning", "chuck 100")),
    _machine("LAT-2", "CNC lathe 2", "Turning", "three-shifts", 72, setup=("turning", "chuck 250")),
    _machine("LAT-3", "CNC lathe 3", "Turning", "three-shifts", 72, setup=("turning", "chuck 160")),
    _machine("LAT-4", "Turn-mill centre 4", "Turning", "three-shifts", 95, setup=("turning", "bar feed")),
    _machine("LAT-5", "Old lathe 5", "Turning", "two-shifts", 48, setup=("turning", "chuck 250"), efficiency=0.75),
    _machine("MIL-1", "Machining centre 1", "Milling", "three-shifts", 84, setup=("milling", "vice")),
    _machine("MIL-2", "Machining centre 2", "Milling", "three-shifts", 84, setup=("milling", "vice")),
    _machine("MIL-3", "Horizontal centre 3", "Milling", "three-shifts", 98, setup=("milling", "tombstone")),
    _machine("MIL-4", "Five-axis centre 4", "Milling", "three-shifts", 125, setup=("milling", "five-axis")),
    _machine("HOB-1", "Gear hobber 1", "Gear cutting", "three-shifts", 88, setup=("hobbing", "module 2")),
    _machine("HOB-2", "Gear hobber 2", "Gear cutting", "two-shifts", 80, setup=("hobbing", "module 3")),
    _machine("FUR-1", "Chamber furnace 1", "Heat treatment", "around-the-clock", 110, setup=("furnace", "930 C")),
    _machine("FUR-2", "Chamber furnace 2", "Heat treatment", "around-the-clock", 110, setup=("furnace", "860 C")),
    _machine("TEM-1", "Tempering oven (3 loads)", "Heat treatment", "around-the-clock", 45, capacity=3),
    _machine("GRI-1", "Cylindrical grinder 1", "Grinding", "two-shifts", 92, setup=("grinding", "outer wheel")),
    _machine("GRI-2", "Cylindrical grinder 2", "Grinding", "two-shifts", 92, setup=("grinding", "outer wheel")),
    _machine("GRI-3", "Gear grinder 3", "Grinding", "three-shifts", 118, setup=("grinding", "gear wheel")),
    _machine("WAS-1", "Washing line", "Surface", "two-shifts", 35, capacity=2),
    _machine("PAI-1", "Paint booth", "Surface", "two-shifts", 65, setup=("colours", "light grey")),
    _machine("DRY-1", "Drying rack", "Surface", None, 2, infinite=True),
    _machine("SUB-1", "Zinc plating (subcontractor)", "Subcontracting", "subcontractor-days", 30, infinite=True),
    _machine("ASM-1", "Assembly bench 1", "Assembly", "two-shifts", 55),
    _machine("ASM-2", "Assembly bench 2", "Assembly", "two-shifts", 55),
    _machine("ASM-3", "Assembly line 3, part-time", "Assembly", "part-time", 42),
    _machine("CMM-1", "Measuring machine 1", "Inspection", "day-shift", 70),
    _machine("CMM-2", "Measuring machine 2", "Inspection", "two-shifts", 70),
)


def _helper(key: str, name: str, kind: str, capacity: int, calendar: str | None, cost: float = 0) -> Resource:
    group = "People" if kind == "labour" else "Tools"
    return Resource(
        id=key, name=name, type=kind, group=group, capacity=capacity, calendar=calendar, cost_per_hour=cost or None
    )


HELPERS = (
    _helper("OPS-CNC", "CNC operators", "labour", 8, "three-shifts", 34),
    _helper("OPS-5X", "Five-axis programmers", "labour", 1, "three-shifts", 42),
    _helper("OPS-ASM", "Fitters", "labour", 3, "relieved", 33),
    _helper("INS-1", "Inspector Krause", "labour", 1, "relieved", 38),
    _helper("INS-2", "Inspector Demir", "labour", 1, "relieved", 38),
    _helper("HOB-M2", "Hob cutter, module 2", "tool", 1, None),
    _helper("JIG-BLK", "Block clamping jigs", "tool", 2, None),
    _helper("RIG-1", "Pressure test rig", "tool", 1, None),
)

RESOURCES = (*MACHINES, *HELPERS)


def _matrix(
    key: str, name: str, families: tuple[str, ...], default: int, pairs: dict[tuple[str, str], int]
) -> SetupMatrix:
    """A matrix in minutes: nothing within a family, ``default`` between any other two."""
    minutes = {(family, family): 0 for family in families} | pairs
    return SetupMatrix(
        id=key,
        name=name,
        default=SetupDefault(duration=default * MINUTE_MS),
        rules=tuple(SetupRule(from_=a, to=b, duration=m * MINUTE_MS) for (a, b), m in minutes.items()),
    )


SETUP_MATRICES = (
    _matrix(
        "turning",
        "Turning: chucks and bar feed",
        ("chuck 100", "chuck 160", "chuck 250", "bar feed"),
        90,
        {
            ("chuck 100", "chuck 160"): 45,
            ("chuck 160", "chuck 100"): 45,
            ("chuck 160", "chuck 250"): 60,
            ("chuck 250", "chuck 160"): 60,
            ("*", "bar feed"): 120,
        },
    ),
    _matrix(
        "milling",
        "Milling: fixtures",
        ("vice", "tombstone", "jig", "five-axis"),
        75,
        {("vice", "tombstone"): 105, ("*", "five-axis"): 150, ("five-axis", "*"): 120, ("jig", "vice"): 45},
    ),
    _matrix("hobbing", "Gear cutting: hob change", ("module 2", "module 3"), 105, {}),
    _matrix(
        "furnace",
        "Furnace: heating up and cooling down",
        ("930 C", "860 C", "540 C"),
        60,
        {
            ("930 C", "860 C"): 90,
            ("860 C", "930 C"): 45,
            ("930 C", "540 C"): 240,
            ("860 C", "540 C"): 180,
        },
    ),
    _matrix(
        "grinding",
        "Grinding: wheel change and dressing",
        ("outer wheel", "inner wheel", "gear wheel"),
        60,
        {("*", "gear wheel"): 120, ("gear wheel", "*"): 90},
    ),
    _matrix(
        "colours",
        "Paint booth: from light to dark is quick",
        ("light grey", "signal blue", "jet black"),
        45,
        {
            ("light grey", "signal blue"): 15,
            ("light grey", "jet black"): 15,
            ("signal blue", "jet black"): 15,
            ("signal blue", "light grey"): 60,
            ("jet black", "signal blue"): 75,
            ("jet black", "light grey"): 90,
        },
    ),
)
