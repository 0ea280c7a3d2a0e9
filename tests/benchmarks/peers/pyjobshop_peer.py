"""PyJobShop 0.0.9 on a problem of ``taktwerk bench``, by its own CP-SAT model with its own settings.

The model is PyJobShop's, unchanged; only the solver is called here, to hear of the first plan.
"""

from __future__ import annotations

import itertools
from typing import Any

from common import Incumbents, main, set_up
from ortools.sat.python import cp_model
from pyjobshop import Model
from pyjobshop.solvers.ortools.CPModel import CPModel

_KINDS = (("sameMachine", True), ("differentMachine", False))


def build(problem: dict[str, Any]) -> Model:
    """Return the problem as a PyJobShop model."""
    model = Model()
    resources = _resources(model, problem)
    jobs = [model.add_job(weight=job["weight"], due_date=job["due"]) for job in problem["jobs"]]
    tasks = [
        model.add_task(
            job=None if task["job"] is None else jobs[task["job"]],
            earliest_start=task["earliestStart"],
            latest_start=task["latestStart"],
            earliest_end=task["earliestEnd"],
            latest_end=task["latestEnd"],
            allow_breaks=task["pauses"],
        )
        for task in problem["tasks"]
    ]
    modes = _modes(model, problem, tasks, resources)
    _precedences(model, problem, tasks)
    _setups(model, problem, tasks, resources)
    _sets(model, problem, modes)
    if problem["objective"] == "minimize_tardiness":
        model.set_objective(weight_total_tardiness=1)
    else:
        model.set_objective(weight_makespan=1)
    return model


def _resources(model: Model, problem: dict[str, Any]) -> list[Any]:
    """One at a time is a machine, more is a renewable resource; a stock is consumed."""
    made: list[Any] = []
    for item in problem["resources"]:
        if item["stock"]:
            made.append(model.add_consumable(item["capacity"]))
            continue
        breaks = [tuple(pair) for pair in item["breaks"]]
        is_machine = _is_machine(item)
        made.append(
            model.add_machine(breaks=breaks) if is_machine else model.add_renewable(item["capacity"], breaks=breaks)
        )
    return made


def _is_machine(item: dict[str, Any]) -> bool:
    return item["capacity"] == 1 and not item["infinite"] and not item["stock"]


def allowed_modes(problem: dict[str, Any]) -> list[list[int]]:
    """Return the modes of each task that same and different machines leave open: a mode needs one to go with it."""
    found = [list(range(len(task["modes"]))) for task in problem["tasks"]]
    machines = [[mode["machine"] for mode in task["modes"]] for task in problem["tasks"]]
    pairs = [
        (a, b, is_same)
        for kind, is_same in _KINDS
        for members in problem[kind]
        for a, b in itertools.permutations(members, 2)
    ]
    is_settled = False
    while not is_settled:
        is_settled = True
        for a, b, is_same in pairs:
            there = {machines[b][mode] for mode in found[b]}
            kept = [
                mode for mode in found[a] if (machines[a][mode] in there if is_same else there - {machines[a][mode]})
            ]
            is_settled = is_settled and kept == found[a]
            found[a] = kept
    return found


def _modes(model: Model, problem: dict[str, Any], tasks: list[Any], resources: list[Any]) -> list[dict[int, Any]]:
    """Modes by number, and beside their machines one for each set of operations that never run together."""
    allowed = allowed_modes(problem)
    together = [model.add_machine() for _ in problem["neverTogether"]]
    is_machine = [_is_machine(item) for item in problem["resources"]]
    found: list[dict[int, Any]] = []
    for number, (task, given) in enumerate(zip(tasks, problem["tasks"], strict=True)):
        alone = [
            machine for machine, members in zip(together, problem["neverTogether"], strict=True) if number in members
        ]
        made: dict[int, Any] = {}
        for place in allowed[number]:
            mode = given["modes"][place]
            # PyJobShop's machines are held whole, and demand nothing
            needs = [(resources[key], 0 if is_machine[key] else quantity) for key, quantity in mode["needs"]]
            needs += [(item, 0) for item in alone]
            items, amounts = [item for item, _ in needs], [amount for _, amount in needs]
            made[place] = model.add_mode(task, items, mode["duration"], amounts)
        found.append(made)
    return found


def _precedences(model: Model, problem: dict[str, Any], tasks: list[Any]) -> None:
    add = {
        "start-start": model.add_start_before_start,
        "start-end": model.add_start_before_end,
        "end-start": model.add_end_before_start,
        "end-end": model.add_end_before_end,
    }
    for relation, first, second, delay in problem["precedences"]:
        add[relation](tasks[first], tasks[second], delay)


def _setups(model: Model, problem: dict[str, Any], tasks: list[Any], resources: list[Any]) -> None:
    """Setups between operations; the state at the start is an operation of no length at time 0."""
    initial: dict[int, Any] = {}
    for machine, before, after, duration in problem["setups"]:
        if before is None and machine not in initial:
            initial[machine] = model.add_task(latest_end=0)
            model.add_mode(initial[machine], [resources[machine]], 0)
            for number, task in enumerate(problem["tasks"]):
                if any(mode["machine"] == machine for mode in task["modes"]):
                    model.add_setup_time(resources[machine], tasks[number], initial[machine], 1)  # nothing before it
        first = initial[machine] if before is None else tasks[before]
        model.add_setup_time(resources[machine], first, tasks[after], duration)


def _sets(model: Model, problem: dict[str, Any], modes: list[dict[int, Any]]) -> None:
    """Same or different machines, mode by mode: people and tools have no part in it."""
    for kind, is_same in _KINDS:
        for members in problem[kind]:
            for a, b in itertools.permutations(members, 2):
                machine_a, machine_b = ([mode["machine"] for mode in problem["tasks"][key]["modes"]] for key in (a, b))
                for place, mode in modes[a].items():
                    fitting = [
                        other for at, other in modes[b].items() if (machine_b[at] == machine_a[place]) == is_same
                    ]
                    model.add_mode_dependency(mode, fitting)


def solve(problem: dict[str, Any], begun: float) -> dict[str, Any]:
    """Build, solve and return the plan, if there is one."""
    allowed = allowed_modes(problem)
    if not all(allowed):
        return {"status": "infeasible"}
    data = build(problem).data()
    model = CPModel(data)
    solver = cp_model.CpSolver()
    set_up(solver, problem, begun)
    heard = Incumbents(begun)
    status = solver.solve(model.model, heard)
    answer = {"status": solver.status_name(status).lower(), "firstS": heard.first_s}
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return answer
    solution = model._convert_to_solution(solver)
    places = [(task, place) for task, modes in enumerate(allowed) for place in modes]
    count = len(problem["tasks"])
    tasks = [(places[task.mode][1], task.start, task.end) for task in solution.tasks[:count]]
    return answer | {"tasks": tasks, "bound": solver.best_objective_bound}


if __name__ == "__main__":
    main("pyjobshop", solve)
