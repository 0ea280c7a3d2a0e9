"""Why a plan is as it is: why orders are late, how much slack there is, where the bottlenecks are, why not here.

Everything is computed from a schedule as it stands, without the solver, and told as frozen dataclasses with plain
sentences and ``to_json()``. Nothing here decides or changes anything.
"""

from engine.explain.bottlenecks import Bottleneck, bottlenecks
from engine.explain.lateness import Cause, Delayer, Lateness, LateOrder, OrderShare
from engine.explain.load import DayLoad, Load, ResourceLoad
from engine.explain.part import Kind, Link, Part
from engine.explain.part_words import TITLES
from engine.explain.rulebook import Rulebook
from engine.explain.slack import OperationSlack, Slack
from engine.explain.slot import Consequence, Obstacle, OrderEffect, SlotAnswer, why_not_here

__all__ = [
    "TITLES",
    "Bottleneck",
    "Cause",
    "Consequence",
    "DayLoad",
    "Delayer",
    "Kind",
    "LateOrder",
    "Lateness",
    "Link",
    "Load",
    "Obstacle",
    "OperationSlack",
    "OrderEffect",
    "OrderShare",
    "Part",
    "ResourceLoad",
    "Rulebook",
    "Slack",
    "SlotAnswer",
    "bottlenecks",
    "why_not_here",
]
