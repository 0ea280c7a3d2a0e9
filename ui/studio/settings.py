"""What the planner has set in the Studio, free of widgets: check it, fill it from a profile, make a request of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from engine.model import Locks, OptimizationRequest, Options, ResourceInterval, Schedule, Scope, Weights

GoalKind = Literal["objective", "mix", "ladder"]
ScopeKind = Literal["all", "operations", "resources", "span"]
MAX_TIME_LIMIT_S = 7 * 86_400


@dataclass(frozen=True)
class RunSettings:
    """The whole form. ``objective`` ``""`` leaves the choice to the engine; ``workers``, ``memory_limit_mib`` and
    ``tick_ms`` ``None`` too."""

    algorithm_id: int = 1
    profile_id: int | None = None
    goal: GoalKind = "objective"
    objective: str = ""
    weights: dict[str, float] = field(default_factory=dict)
    ladder: tuple[str, ...] = ()
    time_limit_s: float = 30.0
    workers: int | None = None
    warm_start: bool = True
    incremental: bool = False
    change_weight: float = 0.05
    tardiness_cost_per_hour: float = 1.0
    seed: int = 0
    deterministic: bool = False
    memory_limit_mib: int | None = None
    tick_ms: int | None = None
    scope: ScopeKind = "all"
    scope_event_ids: tuple[str, ...] = ()
    scope_resource_ids: tuple[str, ...] = ()
    scope_start: dt.datetime | None = None
    scope_end: dt.datetime | None = None
    blocked: tuple[ResourceInterval, ...] = ()

    def faults(self) -> dict[str, str]:
        """Return what keeps this from running, as a sentence by field."""
        found: dict[str, str] = {}
        if self.goal == "mix" and not any(value > 0 for value in self.weights.values()):
            found["weights"] = "Give at least one goal a weight above 0."
        if self.goal == "mix" and {k for k, v in self.weights.items() if v > 0} == {"change"}:
            found["weights"] = "Change alone keeps the plan as it is. Give another goal a weight too."
        if self.goal == "ladder" and not self.ladder:
            found["ladder"] = "Add at least one goal to the ladder."
        if not 0 < self.time_limit_s <= MAX_TIME_LIMIT_S:
            found["time_limit_s"] = "The time limit lies between 1 second and 7 days."
        if self.deterministic and self.workers != 1:
            found["deterministic"] = "Equal results need exactly 1 worker."
        if self.scope == "operations" and not self.scope_event_ids:
            found["scope"] = "Select the operations that may move on the board."
        if self.scope == "resources" and not self.scope_resource_ids:
            found["scope"] = "Choose at least one resource."
        if self.scope == "span" and self.scope_start and self.scope_end and self.scope_start >= self.scope_end:
            found["scope"] = "The time span must end after it starts."
        return found

    def to_options(self) -> Options:
        """Return the options of the contract."""
        return Options(
            objective=(self.objective or None) if self.goal == "objective" else None,  # type: ignore[arg-type]
            weights=Weights(**self.weights) if self.goal == "mix" else None,
            objectives=self.ladder if self.goal == "ladder" else None,  # type: ignore[arg-type]
            time_limit=float(self.time_limit_s),
            workers=self.workers,
            seed=self.seed,
            deterministic=self.deterministic,
            incremental_mode=self.incremental,
            change_weight=self.change_weight,
            warm_start=self.warm_start,
            scope=self._scope(),
            tick=self.tick_ms,
            tardiness_cost_per_hour=self.tardiness_cost_per_hour,
            memory_limit=self.memory_limit_mib,
        )

    def to_request(self, schedule: Schedule) -> OptimizationRequest:
        """Return the request that optimises ``schedule``, with its locked operations and the blocked intervals."""
        locked = tuple(op.id for op in schedule.snapshot.events if op.locked)
        return OptimizationRequest(
            schedule_data=schedule,
            algorithm_id=self.algorithm_id,
            profile_id=self.profile_id,
            options=self.to_options(),
            locks=Locks(events=locked, resource_intervals=self.blocked),
        )

    def with_profile(self, profile_id: int, algorithm_id: int | None, options: dict[str, Any]) -> RunSettings:
        """Return these settings with a profile's; what the profile leaves open goes back to the default.

        Scope and blocked intervals stay: they belong to this plan, not to a profile.
        """
        goal: GoalKind = "mix" if "weights" in options else "ladder" if "objectives" in options else "objective"
        values = {name: options[wire] for wire, name in _WIRE.items() if options.get(wire) is not None}
        fresh = RunSettings(
            algorithm_id=algorithm_id or self.algorithm_id,
            profile_id=profile_id,
            goal=goal,
            weights={k: float(v) for k, v in (options.get("weights") or {}).items()},
            ladder=tuple(options.get("objectives") or ()),
        )
        fresh = replace(fresh, **values)
        if goal == "objective" and not options.get("objective"):
            fresh = replace(fresh, goal=self.goal, objective=self.objective, weights=self.weights, ladder=self.ladder)
        return replace(
            fresh,
            scope=self.scope,
            scope_event_ids=self.scope_event_ids,
            scope_resource_ids=self.scope_resource_ids,
            scope_start=self.scope_start,
            scope_end=self.scope_end,
            blocked=self.blocked,
        )

    def _scope(self) -> Scope | None:
        if self.scope == "operations":
            return Scope(event_ids=self.scope_event_ids)
        if self.scope == "resources":
            return Scope(resource_ids=self.scope_resource_ids)
        if self.scope == "span" and (self.scope_start or self.scope_end):
            return Scope(start=self.scope_start, end=self.scope_end)
        return None


_WIRE = {
    "objective": "objective",
    "timeLimit": "time_limit_s",
    "workers": "workers",
    "warmStart": "warm_start",
    "incrementalMode": "incremental",
    "changeWeight": "change_weight",
    "tardinessCostPerHour": "tardiness_cost_per_hour",
    "seed": "seed",
    "deterministic": "deterministic",
    "memoryLimit": "memory_limit_mib",
    "tick": "tick_ms",
}
