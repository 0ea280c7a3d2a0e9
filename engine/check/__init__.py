"""The independent checker: does a plan keep every rule of its schedule, and what does it break?

It shares no code with the solver's model. It is the judge of every result before anyone sees it, and tells a planner
what an edit broke.
"""

from engine.check.checker import check, check_result, is_tolerated, untolerated
from engine.check.violation import Violation

__all__ = ["Violation", "check", "check_result", "is_tolerated", "untolerated"]
