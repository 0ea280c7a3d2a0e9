"""The sample plant's products and how they are made: routings with machines, times, families, people and tools."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.model import Demand

_LATHES = ("LAT-1", "LAT-2", "LAT-3", "LAT-5")
_SAWS = ("SAW-1", "SAW-2")
_MILLS = ("MIL-1", "MIL-2", "MIL-3")
_BENCHES = ("ASM-1", "ASM-2", "ASM-3")
_MEASURING = ("CMM-1", "CMM-2")
_CNC = Demand(resource_id="OPS-CNC")
_FIVE_AXIS = Demand(resource_id="OPS-5X")
_FITTER = Demand(resource_id="OPS-ASM")
_INSPECTOR = Demand(resource_ids=("INS-1", "INS-2"))


@dataclass(frozen=True)
class Step:
    """One step of a routing: fixed minutes a lot and minutes a piece, on one of ``machines``.

    ``factors`` are the pace of single machines (2 = twice as long); ``after`` are the steps before it, by default the
    one listed before; ``cooling_h`` is the wait after those, in hours.
    """

    name: str
    machines: tuple[str, ...]
    fixed: int
    piece: float
    family: str | None = None
    demands: tuple[Demand, ...] = ()
    interruptible: bool = True
    factors: dict[str, float] = field(default_factory=dict)
    after: tuple[int, ...] | None = None
    cooling_h: float = 0


@dataclass(frozen=True)
class Product:
    """A product: its name, lot sizes, and routing."""

    key: str
    name: str
    lots: tuple[int, ...]
    steps: tuple[Step, ...]


def _saw(piece: float) -> Step:
    return Step("Saw", _SAWS, 20, piece)


def _turn(piece: float, chuck: str, name: str = "Turn") -> Step:
    return Step(name, (*_LATHES, "LAT-4"), 30, piece, chuck, (_CNC,), factors={"LAT-4": 0.9})


def _mill(piece: float, fixture: str = "vice", name: str = "Mill") -> Step:
    return Step(name, _MILLS, 30, piece, fixture, (_CNC,), factors={"MIL-3": 0.85})


def _furnace(name: str, hours: float, temperature: str) -> Step:
    return Step(name, ("FUR-1", "FUR-2"), round(hours * 60), 0, temperature, interruptible=False)


def _temper(hours: float) -> Step:
    return Step("Temper", ("TEM-1",), round(hours * 60), 0, interruptible=False, cooling_h=1)


def _grind(piece: float, wheel: str = "outer wheel", cooling_h: float = 0) -> Step:
    return Step("Grind", ("GRI-1", "GRI-2"), 30, piece, wheel, cooling_h=cooling_h)


def _inspect(piece: float, name: str = "Inspect") -> Step:
    return Step(name, _MEASURING, 30, piece, demands=(_INSPECTOR,))


def _paint(colour: str) -> tuple[Step, ...]:
    return (
        Step("Wash", ("WAS-1",), 30, 0.2, interruptible=False),
        Step(f"Paint {colour}", ("PAI-1",), 30, 0.8, colour, interruptible=False),
        Step("Dry", ("DRY-1",), 480, 0, interruptible=False),
    )


PRODUCTS = (
    Product(
        "AW40",
        "Drive shaft AW 40",
        (90, 140, 210),
        (
            _saw(1.2),
            _turn(5.0, "chuck 100"),
            _mill(3.0, name="Mill keyway"),
            _furnace("Harden", 7, "860 C"),
            _temper(3),
            _grind(3.6, cooling_h=2),
            _inspect(1.0),
        ),
    ),
    Product(
        "SP60",
        "Spindle SP 60",
        (30, 45, 60),
        (
            _saw(2.0),
            _turn(16.0, "chuck 160", "Rough-turn"),
            _furnace("Nitride", 12, "540 C"),
            _turn(9.0, "chuck 160", "Finish-turn"),
            _grind(10.0, "inner wheel"),
            _inspect(4.0, "Measure"),
        ),
    ),
    Product(
        "ZR25",
        "Gear wheel ZR 25",
        (120, 180, 270),
        (
            _saw(0.8),
            _turn(3.4, "chuck 100"),
            Step("Hob teeth", ("HOB-1", "HOB-2"), 30, 3.2, "module 2", (Demand(resource_id="HOB-M2"),)),
            _furnace("Case-harden", 9, "930 C"),
            _temper(3),
            Step("Grind teeth", ("GRI-3",), 45, 2.2, "gear wheel", cooling_h=2),
            _inspect(0.6),
        ),
    ),
    Product(
        "RZ30",
        "Pinion shaft RZ 30",
        (90, 140),
        (
            _saw(1.0),
            _turn(5.5, "chuck 160"),
            Step("Hob teeth", ("HOB-1", "HOB-2"), 30, 4.0, "module 3"),
            _furnace("Case-harden", 9, "930 C"),
            _grind(3.2, cooling_h=3),
            _inspect(0.8),
        ),
    ),
    Product(
        "FL120",
        "Flange FL 120",
        (150, 230, 320),
        (
            _saw(0.9),
            _turn(4.2, "chuck 250"),
            _mill(1.8, name="Drill"),
            Step("Zinc-plate", ("SUB-1",), 840, 0),
            _inspect(0.3),
        ),
    ),
    Product(
        "BZ12",
        "Bush BZ 12",
        (500, 850, 1200),
        (
            Step("Turn from bar", ("LAT-4", "LAT-3"), 30, 1.1, "bar feed", (_CNC,), factors={"LAT-3": 1.4}),
            Step("Wash", ("WAS-1",), 30, 0.1, interruptible=False),
            _inspect(0.15),
        ),
    ),
    Product(
        "VB10",
        "Valve body VB 10",
        (40, 60, 80),
        (
            _saw(1.5),
            Step("Mill five-axis", ("MIL-4",), 45, 13.0, "five-axis", (_CNC, _FIVE_AXIS)),
            Step("Deburr", ("ASM-3", "ASM-1"), 15, 3.0, demands=(_FITTER,)),
            Step("Pressure test", ("ASM-1", "ASM-2"), 30, 2.5, demands=(_FITTER, Demand(resource_id="RIG-1"))),
            _inspect(1.2),
        ),
    ),
    Product(
        "HB8",
        "Hydraulic block HB 8",
        (30, 45, 60),
        (
            _saw(2.5),
            Step(
                "Mill block",
                ("MIL-3", "MIL-1", "MIL-2"),
                40,
                11.0,
                "jig",
                (_CNC, Demand(resource_id="JIG-BLK")),
                factors={"MIL-1": 1.2, "MIL-2": 1.2},
            ),
            Step("Mill ports", ("MIL-4", "MIL-3"), 40, 7.0, "five-axis", (_CNC,), factors={"MIL-3": 1.3}),
            *_paint("jet black"),
            Step("Assemble", ("ASM-1", "ASM-2"), 30, 6.0, demands=(_FITTER,)),
            Step("Pressure test", ("ASM-1", "ASM-2"), 30, 3.0, demands=(_FITTER, Demand(resource_id="RIG-1"))),
        ),
    ),
    Product(
        "LB75",
        "Bearing housing LB 75",
        (50, 80, 100),
        (
            _mill(7.0, "tombstone", "Mill face"),
            _mill(5.0, "tombstone", "Mill bore"),
            *_paint("light grey"),
            _inspect(1.0),
        ),
    ),
    Product(
        "KO5",
        "Bracket KO 5",
        (160, 250),
        (
            _saw(0.6),
            _mill(3.0, "vice"),
            *_paint("signal blue"),
            Step("Pack", ("ASM-3", "ASM-2"), 20, 0.5, demands=(_FITTER,), factors={"ASM-2": 1.6}),
        ),
    ),
    Product(
        "GB2",
        "Gearbox GB 2",
        (4, 5, 8),
        (
            _mill(38.0, "tombstone", "Mill housing"),
            *_paint("light grey"),
            Step("Turn shaft", (*_LATHES, "LAT-4"), 30, 24.0, "chuck 160", (_CNC,), after=()),
            Step("Hob shaft", ("HOB-1", "HOB-2"), 30, 16.0, "module 3"),
            _furnace("Case-harden", 9, "930 C"),
            _grind(14.0, cooling_h=3),
            Step("Assemble gearbox", _BENCHES, 45, 55.0, demands=(_FITTER,), after=(3, 7)),
            Step("Test run", ("ASM-1", "ASM-2"), 60, 20.0, demands=(_FITTER,)),
            _inspect(6.0, "Final inspection"),
        ),
    ),
)
