"""The terms of Microsoft Project XML that reading and writing share."""

from __future__ import annotations

NAMESPACE = "http://schemas.microsoft.com/project"
SUBJECT = "Taktwerk; time zone "
"""Begins the subject of a project of ours; the zone of its dates follows, for which the format has no place."""

TASK_ID, TASK_KIND, ORDER_MARK = "188743731", "188743734", "order"
RESOURCE_ID = "205520904"
"""Fields Text1 and Text2 of tasks and Text1 of resources: our ids, and what a task stands for."""
DEMANDS_ONLY = "demands only"

LINK_TYPES = {0: 3, 1: 2, 2: 1, 3: 0}
"""Our types of dependency (SS SF FS FF) as theirs; the same table serves both ways."""
CONSTRAINTS = {
    "muststarton": 2,
    "mustfinishon": 3,
    "startnoearlierthan": 4,
    "startnolaterthan": 5,
    "finishnoearlierthan": 6,
    "finishnolaterthan": 7,
}
LAG_FORMATS = {"ms": 4, "s": 4, "m": 4, "h": 6, "d": 8}
"""Lags of ours are elapsed time: elapsed minutes, hours, days."""
LAG_UNITS = {3: "m", 4: "m", 5: "h", 6: "h", 7: "d", 8: "d"}
TENTH_MS = 6_000
"""A lag counts tenths of a minute."""
