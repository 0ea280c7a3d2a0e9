"""Manifests: which instances there are, and what is known of each."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.exchange.text import decode, read_bytes
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule

BUNDLED: Final = Path(__file__).resolve().parents[2] / "resources" / "bench" / "manifest.csv"
"""A few small instances that come with the program."""

COLUMNS: Final = ("family", "instance", "format", "objective", "path", "n_ops", "best_known_ub", "best_known_lb")
"""The columns that are read; others may stand beside them."""

OBJECTIVES: Final = {"makespan": "minimize_makespan", "total_tardiness": "minimize_tardiness"}


@dataclass(frozen=True, slots=True)
class Instance:
    """One benchmark instance. ``best_known`` and ``bound`` are the published value and lower bound, in time units."""

    family: str
    name: str
    format: str
    objective: str
    path: Path
    operations: int
    best_known: float | None = None
    bound: float | None = None

    @property
    def is_settled(self) -> bool:
        """Whether the published value is known to be the optimum."""
        return self.best_known is not None and self.best_known == self.bound


def read_manifest(path: Path | str) -> list[Instance]:
    """Return the instances of a manifest, in its order. Paths in it are relative to its folder.

    Raises
    ------
    TaktwerkError
        E001 with every fault by line; E012 when it cannot be read.
    """
    name = Path(path).name
    rows = csv.DictReader(io.StringIO(decode(read_bytes(path), name)))
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise invalid_schedule([Fault(f"{name}: line 1", ", ".join(missing), "columns are missing")], "manifest")
    faults: list[Fault] = []
    found: dict[tuple[str, str], Instance] = {}
    for row in rows:
        instance = _instance(row, Path(path).parent, f"{name}: line {rows.line_num}", faults)
        if instance is None:
            continue
        key = (instance.family, instance.name)
        if key in found:
            faults.append(Fault(f"{name}: line {rows.line_num}", "/".join(key), "this instance is listed twice"))
        found[key] = instance
    if faults:
        raise invalid_schedule(faults, "manifest")
    return list(found.values())


def _instance(row: dict[str, str | None], folder: Path, where: str, faults: list[Fault]) -> Instance | None:
    """Return the instance of a line, or None with its faults noted."""
    noted = len(faults)
    texts = {column: (row.get(column) or "").strip() for column in COLUMNS}
    for column in ("family", "instance", "format", "path"):
        if not texts[column]:
            faults.append(Fault(f"{where}: {column}", "", "this is empty"))
    if texts["objective"] not in OBJECTIVES:
        known = ", ".join(OBJECTIVES)
        faults.append(Fault(f"{where}: objective", texts["objective"], f"unknown objective; known are {known}"))
    numbers: dict[str, float | None] = {}
    for column in ("n_ops", "best_known_ub", "best_known_lb"):
        try:
            numbers[column] = _number(texts[column])
        except ValueError:
            faults.append(Fault(f"{where}: {column}", texts[column], "a number of 0 or more is expected, or nothing"))
    if len(faults) > noted:
        return None
    return Instance(
        family=texts["family"],
        name=texts["instance"],
        format=texts["format"],
        objective=OBJECTIVES[texts["objective"]],
        path=folder / texts["path"],
        operations=round(numbers["n_ops"] or 0),
        best_known=numbers["best_known_ub"],
        bound=numbers["best_known_lb"],
    )


def _number(text: str) -> float | None:
    """Return a number of 0 or more, None for nothing."""
    if not text:
        return None
    number = float(text)
    if not math.isfinite(number) or number < 0:
        raise ValueError(text)
    return number


def read_selection(path: Path | str) -> list[tuple[str, str]]:
    """Return ``(family, instance)`` of each line of a selection, a CSV file with these two columns.

    Raises
    ------
    TaktwerkError
        E001 when the columns are missing; E012 when it cannot be read.
    """
    name = Path(path).name
    rows = csv.DictReader(io.StringIO(decode(read_bytes(path), name)))
    columns = ("family", "instance")
    missing = [column for column in columns if column not in (rows.fieldnames or ())]
    if missing:
        raise invalid_schedule([Fault(f"{name}: line 1", ", ".join(missing), "columns are missing")], "selection")
    return [(row["family"].strip(), row["instance"].strip()) for row in rows]


def pick(instances: Sequence[Instance], keys: Sequence[tuple[str, str]]) -> list[Instance]:
    """Return the instances of a selection, in its order.

    Raises
    ------
    TaktwerkError
        E012 naming those that are not there.
    """
    known = {(instance.family, instance.name): instance for instance in instances}
    _must_know("instance", ("/".join(key) for key in keys), ["/".join(key) for key in known])
    return [known[key] for key in keys]


def select(
    instances: Sequence[Instance],
    families: Collection[str] = (),
    names: Collection[str] = (),
    per_family: int | None = None,
) -> list[Instance]:
    """Return the instances of some families, with some names, and of each family at most ``per_family``.

    Those are spread over the sizes of the family, its smallest and its largest among them.

    Raises
    ------
    TaktwerkError
        E012 when a family or a name is not there, or nothing is left.
    """
    _must_know("family", families, {instance.family for instance in instances})
    _must_know("instance", names, {instance.name for instance in instances})
    chosen = [
        instance
        for instance in instances
        if (not families or instance.family in families) and (not names or instance.name in names)
    ]
    if not chosen:
        raise TaktwerkError(ErrorCode.NOT_FOUND, "No instance is left to run. Name other families or instances.")
    if per_family is None:
        return chosen
    by_family: defaultdict[str, list[Instance]] = defaultdict(list)
    for instance in chosen:
        by_family[instance.family].append(instance)
    return [instance for family in by_family.values() for instance in _spread(family, per_family)]


def _must_know(what: str, wanted: Iterable[str], known: Collection[str]) -> None:
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise TaktwerkError(
            ErrorCode.NOT_FOUND,
            f"The manifest has no {what} {', '.join(unknown)}. It has: {', '.join(sorted(known)[:40])}.",
            {what: unknown},
        )


def _spread(instances: Sequence[Instance], count: int) -> list[Instance]:
    """Return ``count`` instances spread evenly over the sizes, in the order of the manifest."""
    if count >= len(instances):
        return list(instances)
    by_size = sorted(range(len(instances)), key=lambda i: (instances[i].operations, i))
    last = len(instances) - 1
    places = {round(k * last / (count - 1)) for k in range(count)} if count > 1 else {last // 2}
    return [instances[i] for i in sorted(by_size[place] for place in places)]
