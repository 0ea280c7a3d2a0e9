"""Why an operation cannot stand somewhere, in a planner's words."""

from __future__ import annotations

from engine.explain.block import Block
from engine.model import Operation
from engine.plan import PlanFacts
from engine.wording import length, listing, moment

_PINS = {
    "completed": "is completed",
    "started": "has started",
    "locked": "is locked",
    "frozen": "starts within the frozen time",
    "scope": "is outside the scope",
}


class BlockWords:
    """Makes sentences of what stands in the way of operations of one plan."""

    def __init__(self, facts: PlanFacts) -> None:
        self._facts = facts
        self._names = {rule.id: rule.name or "" for rule in facts.schedule.snapshot.constraints}

    def of(self, op: Operation, resource_id: str | None, start_ms: int, block: Block) -> str:
        """Return a sentence on what a block says about an operation at a resource and a start."""
        task = self._facts.label(op.id)
        if block.rule in _PINS:
            return f"{task} {_PINS[block.rule]} and stays where it is."
        match block.rule:
            case "mode":
                able = [self._facts.resource_label(mode.resource_id) for mode in op.alternatives]
                return f"{task} cannot run on {self._label(resource_id)}. It can run on {listing(able) or 'nothing'}."
            case "calendar":
                return self._calendar(op, task, resource_id, block)
            case "capacity" | "demand" | "setup" | "forbidden_sequence" | "demand_calendar" | "blocked" | "stock":
                return self._on_resource(op, task, block)
            case "predecessor" | "successor" | "max_lag":
                return self._on_dependency(task, start_ms, block)
            case "nooverlap" | "sameresource" | "differentresource":
                return self._on_set(task, block)
            case _:
                return self._on_date(task, block)

    def _calendar(self, op: Operation, task: str, resource_id: str | None, block: Block) -> str:
        until = "" if block.limit_ms is None else f" before {self._moment(block.limit_ms)}"
        need = length(self._facts.need_ms(op, resource_id))
        if block.limit_ms is None:
            return f"{self._label(resource_id)} has no room for the {need} of {task} in its working time any more."
        if not op.interruptible:
            whole = f"{task} takes {need} without a break"
            return f"{whole}, and {self._label(resource_id)} has no such span of working time{until}."
        return f"{self._label(resource_id)} does not work there: no work begins{until}."

    def _on_resource(self, op: Operation, task: str, block: Block) -> str:
        name, others = self._label(block.resource_id), self._others(block)
        match block.rule:
            case "capacity":
                if not block.event_ids:
                    return f"{name} has not enough units in service for {task}."
                return f"{name} is taken by {others}, with the setups around it."
            case "demand":
                by = f": {others} {'needs' if len(block.event_ids) == 1 else 'need'} it" if others else ""
                return f"{name}, which {task} needs, is not free{by}."
            case "demand_calendar":
                until = "" if block.limit_ms is None else f" before {self._moment(block.limit_ms)}"
                return f"{name}, which {task} needs, does not work all that time: not{until}."
            case "setup":
                return f"Without {task} at its present place, {others or name} has no room for its setup."
            case "stock":
                return f"There is too little of {name} left for {task}."
            case "blocked":
                until = "" if block.limit_ms is None else f" until {self._moment(block.limit_ms)}"
                return f"{name} is blocked{until}."
            case _:
                family = f" ({op.setup_family})" if op.setup_family else ""
                return f"The setup matrix of {name} forbids {task}{family} next to {others or 'what stands there'}."

    def _on_dependency(self, task: str, start_ms: int, block: Block) -> str:
        others = self._others(block)
        when = "" if block.limit_ms is None else self._moment(block.limit_ms)
        if block.rule == "predecessor":
            return f"{task} follows {others}, which lets it come at {when} at the earliest."
        if block.rule == "successor":
            return f"{others} follows {task} and needs it done by {when}."
        early = block.until_ms is not None
        return f"Between {task} and {others} too much time would pass: not {'before' if early else 'after'} {when}."

    def _on_set(self, task: str, block: Block) -> str:
        others, name = self._others(block), self._named(block)
        if block.rule == "nooverlap":
            return f"{task} must not run at the same time as {others}{name}."
        where = self._label(block.resource_id)
        if block.rule == "sameresource":
            return f"{task} must run on the same resource as {others}, which runs on {where}{name}."
        return f"{task} must not run on the same resource as {others}, which runs on {where}{name}."

    def _on_date(self, task: str, block: Block) -> str:
        when = "" if block.limit_ms is None else self._moment(block.limit_ms)
        match block.rule:
            case "horizon":
                return f"The plan begins {when}; nothing may be put before that, setups included."
            case "release":
                return f"{task} is not released before {when}, setup included."
            case "deadline":
                return f"{task} would end after its deadline {when}."
            case "startnoearlierthan" | "finishnoearlierthan":
                does = "start" if block.rule.startswith("start") else "end"
                return f"{task} must not {does} before {when}{self._named(block)}."
            case "startnolaterthan" | "finishnolaterthan":
                does = "start" if block.rule.startswith("start") else "end"
                return f"{task} must not {does} after {when}{self._named(block)}."
            case _:
                does = "start" if block.rule == "muststarton" else "end"
                return f"{task} must {does} at {when}{self._named(block)}."

    def _label(self, resource_id: str | None) -> str:
        return "Its resource" if resource_id is None else self._resource(resource_id)

    def _resource(self, resource_id: str) -> str:
        return self._facts.resource_label(resource_id) if resource_id in self._facts.resources else resource_id

    def _others(self, block: Block) -> str:
        return listing([self._facts.label(key) for key in block.event_ids], 3)

    def _named(self, block: Block) -> str:
        name = self._names.get(block.constraint_id or "", "")
        return f" ({name})" if name else ""

    def _moment(self, at_ms: int) -> str:
        return moment(at_ms, self._facts.zone)
