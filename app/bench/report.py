"""Results as tables: a line a family and solver, and, in Markdown, every instance beneath."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from app.bench.cells import OWN, Cell, Results
from app.bench.gaps import FamilyLine, family_lines

COLUMNS = (
    "Family", "Solver", "Instances", "Plans", "Mean gap", "Worst gap", "At best known", "Proven", "First plan",
    "Peak memory", "Ours / theirs",
)  # fmt: skip

_NOTES = """\
Gap: (value − best known) / best known; for tardiness, whose best value may be 0, (value − best known) / max(1, best
known). Every plan, ours and the others', was converted to a schedule and passed by `engine/check`; others do not count
as plans. "Proven": the solver proved its plan optimal. "First plan": mean time; ours from the start of the solver's
process, imports included, the others' from the start of building their model. "Peak memory": the most resident memory
of a solver's process. "Ours / theirs": mean gap of this engine over that of the peer, on the instances for which both
have a plan.
\\* for some instances no value is published; their reference is the best value of this measurement."""


def table_rows(lines: Iterable[FamilyLine]) -> list[list[str]]:
    """Return the lines as texts under ``COLUMNS``."""
    return [
        [
            line.family,
            line.solver,
            str(line.instances),
            str(line.plans) + (f" ({line.broken} broken)" if line.broken else ""),
            _percent(line.mean_gap) + ("*" if line.own_reference else ""),
            _percent(line.worst_gap),
            str(line.at_best_known),
            str(line.proven),
            "–" if line.mean_first_plan_s is None else f"{line.mean_first_plan_s:.2f} s",
            "–" if line.peak_mib is None else f"{line.peak_mib:,} MiB",
            "–" if line.ratio is None else f"{line.ratio:.2f}",
        ]
        for line in lines
    ]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} %"


def to_json(results: Results) -> dict[str, Any]:
    """Return conditions, cells and family lines as plain JSON data."""
    families = [
        {"family": line.family, "solver": line.solver, **_figures(line)} for line in family_lines(results.cells)
    ]
    return {**results.to_json(), "families": families}


def _figures(line: FamilyLine) -> dict[str, Any]:
    named = {
        "instances": line.instances,
        "plans": line.plans,
        "brokenPlans": line.broken,
        "meanGap": line.mean_gap,
        "worstGap": line.worst_gap,
        "atBestKnown": line.at_best_known,
        "proven": line.proven,
        "ownReference": line.own_reference,
        "meanFirstPlanS": line.mean_first_plan_s,
        "peakMib": line.peak_mib,
        "ratioToPeer": line.ratio,
        "lead": line.lead,
    }
    return {name: value for name, value in named.items() if value is not None}


def markdown(results: Results, title: str = "Benchmark") -> str:
    """Return a page: conditions, the table of families, then each instance."""
    lines = family_lines(results.cells)
    parts = [
        f"# {title}",
        _conditions(results),
        _markdown_table(COLUMNS, table_rows(lines), left=2),
        _NOTES,
        "## Instances",
        *_instances(results.cells),
    ]
    return "\n\n".join(parts) + "\n"


def _conditions(results: Results) -> str:
    found, machine = results.conditions, results.conditions.machine
    loads = [cell.other_load for cell in results.cells if cell.other_load is not None]
    busy = f" Other processes kept {fmean(loads):.1f} cores busy meanwhile (mean)." if loads else ""
    versions = ", ".join(f"{name} {number}" for name, number in machine.get("versions", {}).items() if number)
    peers = "".join(f"; {name} {told.get('version')}" for name, told in found.peers.items())
    return (
        f"{found.date}. {found.time_limit:g} s a run, {found.workers} workers, seed {found.seed}, one run after the "
        f"other. {machine.get('processor')}, {machine.get('cores')} cores, {machine.get('memoryGiB')} GiB, "
        f"{machine.get('system')}, Python {machine.get('python')}; {versions}{peers}.{busy}"
    )


def _instances(cells: Sequence[Cell]) -> Iterable[str]:
    """Yield a table for each family: an instance a row, a pair of columns a solver."""
    solvers = list(dict.fromkeys(cell.solver for cell in cells))
    families: defaultdict[str, defaultdict[str, dict[str, Cell]]] = defaultdict(lambda: defaultdict(dict))
    for cell in cells:
        families[cell.family][cell.instance][cell.solver] = cell
    for family, instances in families.items():
        own = [solver for solver in solvers if any(solver in row for row in instances.values())]
        columns = (
            "Instance",
            "Operations",
            "Best known",
            *(f"{solver}{part}" for solver in own for part in ("", " gap")),
        )
        rows = [_instance_row(name, row, own) for name, row in instances.items()]
        yield f"### {family}"
        yield _markdown_table(columns, rows, left=1)


def _instance_row(name: str, row: dict[str, Cell], solvers: Sequence[str]) -> list[str]:
    first = next(iter(row.values()))
    known = _number(first.best_known)
    if first.best_known is not None and first.best_known_bound not in (None, first.best_known):
        known += f" (≥ {_number(first.best_known_bound)})"
    texts = [name, f"{first.operations:,}", known]
    for solver in solvers:
        cell = row.get(solver)
        if cell is None:
            texts += ["", ""]
        elif not cell.has_plan:
            texts += [cell.status, ""]
        else:
            texts += [_number(cell.value) + (" proven" if cell.optimal else ""), _percent(cell.gap)]
    return texts


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    rule = [":---" if number < left else "---:" for number in range(len(columns))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, rule, *rows))


def progress_line(cell: Cell, number: int, count: int) -> str:
    """Return one line about a cell just measured."""
    figures = [cell.status if cell.value is None else _number(cell.value)]
    if cell.gap is not None:
        figures.append(f"gap {cell.gap:.2f} %")
    if cell.optimal:
        figures.append("proven")
    if cell.first_plan_ms is not None:
        figures.append(f"first plan {cell.first_plan_ms / 1000:.2f} s")
    if cell.status == "broken plan":
        figures.append("BROKEN")
    if not cell.has_plan and cell.reason:
        figures.append(cell.reason[:100])
    return f"[{number}/{count}] {cell.family}/{cell.instance} {cell.solver}: " + " · ".join(figures)


def shortfalls(lines: Sequence[FamilyLine]) -> list[str]:
    """Return in plain words the families where this engine lacks plans or is behind a peer."""
    told: list[str] = []
    for line in lines:
        if line.solver == OWN and line.plans < line.instances:
            told.append(f"{line.family}: {line.plans} plans for {line.instances} instances")
        if line.lead is not None and line.lead < 0:
            told.append(f"{line.family}: {line.solver} is {-line.lead:.2f} percentage points better")
    return told
