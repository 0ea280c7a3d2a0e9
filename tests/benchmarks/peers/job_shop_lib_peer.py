"""job_shop_lib's ORToolsSolver on a problem of ``taktwerk bench``: job shops with one machine an operation, makespan.

The model is the library's, unchanged; only the solver is called here, to set its threads and hear of the first plan.
"""

from __future__ import annotations

from typing import Any

from common import Incumbents, main, set_up
from job_shop_lib import JobShopInstance, Operation
from job_shop_lib.constraint_programming import ORToolsSolver
from ortools.sat.python import cp_model


def misfit(problem: dict[str, Any]) -> str | None:
    """Return what the library has no means for, None when it can hold the problem."""
    if problem["objective"] != "minimize_makespan":
        return "other objectives than the makespan"
    if any(len(task["modes"]) != 1 for task in problem["tasks"]):
        return "alternatives"
    if any(task["modes"][0]["machine"] is None for task in problem["tasks"]):
        return "operations without a machine"
    if any(len(task["modes"][0]["needs"]) > 1 for task in problem["tasks"]):
        return "people or tools"
    if problem["setups"] or any(problem[kind] for kind in ("sameMachine", "differentMachine", "neverTogether")):
        return "setups and further rules"
    if any(item["breaks"] or item["capacity"] != 1 for item in problem["resources"]):
        return "calendars and capacities"
    horizon = problem["horizon"]
    if any(task["earliestStart"] or min(task["latestStart"], task["latestEnd"]) < horizon for task in problem["tasks"]):
        return "dates"
    return None


def chains(problem: dict[str, Any]) -> list[list[int]] | None:
    """Return the jobs as lists of tasks in their order, None when they are no chains."""
    following: dict[int, int] = {}
    has_predecessor: set[int] = set()
    for relation, first, second, delay in problem["precedences"]:
        if relation != "end-start" or delay or first in following or second in has_predecessor:
            return None
        following[first] = second
        has_predecessor.add(second)
    jobs: list[list[int]] = []
    for task in range(len(problem["tasks"])):
        if task not in has_predecessor:
            jobs.append([task])
            while jobs[-1][-1] in following:
                jobs[-1].append(following[jobs[-1][-1]])
    return jobs


def solve(problem: dict[str, Any], begun: float) -> dict[str, Any]:
    """Build, solve and return the plan, if there is one."""
    reason = misfit(problem)
    jobs = chains(problem)
    if reason or jobs is None:
        return {"status": "cannot express", "reason": reason or "jobs that are no chains of operations"}
    modes = [task["modes"][0] for task in problem["tasks"]]
    instance = JobShopInstance(
        [[Operation(modes[task]["machine"], modes[task]["duration"]) for task in job] for job in jobs]
    )
    library = ORToolsSolver(max_time_in_seconds=problem["timeLimit"])
    library._initialize_model(instance)
    set_up(library.solver, problem, begun)
    heard = Incumbents(begun)
    status = library.solver.solve(library.model, heard)
    answer = {"status": library.solver.status_name(status).lower(), "firstS": heard.first_s}
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return answer
    tasks = [(0, 0, 0)] * len(modes)
    for job, steps in zip(jobs, instance.jobs, strict=True):
        for task, step in zip(job, steps, strict=True):
            start, end = library._operations_start[step]
            tasks[task] = (0, library.solver.value(start), library.solver.value(end))
    return answer | {"tasks": tasks, "bound": library.solver.best_objective_bound}


if __name__ == "__main__":
    main("job_shop_lib", solve)
