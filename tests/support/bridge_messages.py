"""Messages that no page of ours sends: broken, huge, nested, foreign, wrongly typed; and right ones among them."""

from __future__ import annotations

import json
import random
from typing import Any

from app.commands import EDITABLE
from engine.model import Schedule

_MARKUP = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>'
_STRINGS = (
    "",
    " ",
    _MARKUP,
    "\ud800",
    "a\udfffb",
    "\x00",
    "\u202e\u0007",
    "__proto__",
    "constructor",
    "../../etc/passwd",
    "'; DROP TABLE schedules; --",
    "2026-11-24T06:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30",
    "1e400",
    "NaN",
    "x" * 300,
    "ä" * 5_000,
)
_NUMBERS = (
    0,
    -1,
    1,
    7,
    2**31,
    2**53 + 1,
    2**63,
    -(2**64),
    10**40,
    0.5,
    -0.0,
    1e308,
    5e-324,
    float("nan"),
    float("inf"),
)
_METHODS = (
    "ready",
    "execute",
    "undo",
    "redo",
    "details",
    "probe",
    "select",
    "edit",
    "order",
    "optimise",
    "whyNot",
    "viewport",
    "look",
    "trouble",
    "deleteLater",
    "destroy",
    "apply",
    "save",
    "__class__",
    "executE",
)
_KINDS = ("move", "lock", "unschedule", "edit", "adjust", "delete", "")
_EDITABLE = (*sorted(EDITABLE), "id", "startDate", "modes", "resourceId", "demands")
_FIELDS = (
    "eventId",
    "eventIds",
    "resourceId",
    "start",
    "end",
    "orderId",
    "text",
    "at",
    "level",
    "top",
    "folded",
    "more",
)


class Messages:
    """An endless, repeatable stream of texts for ``Bridge.call``."""

    def __init__(self, schedule: Schedule, seed: int) -> None:
        self._draw = random.Random(seed)
        shot = schedule.snapshot
        self._events = [op.id for op in shot.events]
        self._resources = [one.id for one in shot.resources]
        self._orders = [one.id for one in shot.orders]

    def next(self) -> str:
        """Return one message."""
        draw = self._draw
        kind = draw.random()
        if kind < 0.12:
            return self._noise()
        if kind < 0.20:
            return json.dumps(self.value(0))
        if kind < 0.55:
            return self._text(self._request())
        return self._text({"method": "execute", "command": self._command()})

    def value(self, depth: int) -> Any:
        """Return any JSON value, odd ones first of all."""
        draw, kind = self._draw, self._draw.randrange(10)
        if kind < 3:
            return draw.choice(_STRINGS)
        if kind < 5:
            return draw.choice(_NUMBERS)
        if kind < 6:
            return draw.choice((None, True, False))
        if kind < 8:
            return draw.choice((*self._events[:20], *self._resources, *self._orders[:5], "of another plan"))
        if depth > 3:
            return []
        if kind == 8:
            return [self.value(depth + 1) for _ in range(draw.randrange(4))]
        return {
            str(draw.choice((*_FIELDS, *_EDITABLE, *_STRINGS))): self.value(depth + 1) for _ in range(draw.randrange(4))
        }

    def _noise(self) -> str:
        draw, kind = self._draw, self._draw.randrange(8)
        if kind == 0:
            return "".join(chr(draw.choice((draw.randrange(0x80), draw.randrange(0x110000)))) for _ in range(60))
        if kind == 1:
            return draw.choice("[{") * draw.choice((10, 1_000, 90_000))
        if kind == 2:
            return '{"method":"select","eventIds":' + "[" * 500 + "]" * 500 + "}"
        if kind == 3:
            return "x" * draw.choice((199_999, 200_001, 400_000)) if draw.random() < 0.05 else "x" * 500
        if kind == 4:
            return (
                '{"method":"probe","eventId":"'
                + self._events[0]
                + '","start":'
                + "9" * draw.choice((20, 4_000, 5_000))
                + "}"
            )
        if kind == 5:
            return (
                json.dumps({"method": "select", "eventIds": ["e"] * draw.choice((10, 4_999, 5_001))})
                if draw.random() < 0.1
                else "[]"
            )
        whole = self._text(self._request())
        at = draw.randrange(len(whole) + 1)
        return whole[:at] if kind == 6 else whole[:at] + draw.choice('"{}[]:,\\\x00\ud800') + whole[at + 1 :]

    def _text(self, message: Any) -> str:
        return json.dumps(message, ensure_ascii=self._draw.random() < 0.5)

    def _or_odd(self, right: Any, odd: float = 0.3) -> Any:
        return self.value(0) if self._draw.random() < odd else right

    def _event(self) -> Any:
        return self._or_odd(self._draw.choice(self._events))

    def _several(self) -> Any:
        return self._or_odd([self._event() for _ in range(self._draw.randrange(4))])

    def _instant(self) -> Any:
        draw = self._draw
        right = (
            f"2026-{draw.randint(11, 12)}-{draw.randint(1, 30):02}T{draw.randrange(24):02}:{draw.randrange(60):02}:00Z"
        )
        return self._or_odd(right)

    def _ms(self) -> Any:
        return self._or_odd(1_795_000_000_000 + self._draw.randrange(10**10))

    def _request(self) -> Any:
        draw = self._draw
        method = draw.choice(_METHODS)
        right: dict[str, Any] = {
            "details": {"eventId": self._event()},
            "edit": {"eventId": self._event()},
            "order": {"orderId": self._or_odd(draw.choice(self._orders))},
            "probe": {
                "eventId": self._event(),
                "resourceId": self._or_odd(draw.choice(self._resources)),
                "start": self._ms(),
            },
            "whyNot": {"eventId": self._event(), "resourceId": self._or_odd(None), "start": self._ms()},
            "select": {"eventIds": self._several()},
            "optimise": {"eventIds": self._several()},
            "viewport": {"start": self._ms(), "end": self._ms()},
            "look": {"at": self._ms(), "level": self._or_odd(3), "top": self._or_odd(40), "folded": self._several()},
            "trouble": {"text": self._or_odd("the page says so")},
            "execute": {"command": self.value(0)},
        }.get(method, {})
        message = {"method": self._or_odd(method, 0.05), **right}
        if draw.random() < 0.2:
            message[draw.choice(_FIELDS)] = self.value(0)
        if draw.random() < 0.1 and right:
            del message[draw.choice(list(right))]
        return message

    def _command(self) -> Any:
        draw = self._draw
        kind = draw.choice(_KINDS)
        command: dict[str, Any] = {
            "move": {"eventId": self._event(), "start": self._instant(), "resourceId": draw.choice(self._resources)},
            "lock": {"eventIds": self._several(), "locked": self._or_odd(False, 0.5)},
            "unschedule": {"eventIds": self._several()},
            "edit": {"eventId": self._event(), "changes": self._or_odd(self._changes(), 0.1)},
            "adjust": {"name": self._or_odd("A repair"), "change": [self.value(0)]},
        }.get(kind, {"eventId": self._event()})
        command["kind"] = self._or_odd(kind, 0.05)
        if draw.random() < 0.15:
            command[draw.choice(("start", "resourceId", "eventIds", "changes", "push", "force"))] = self.value(0)
        return command

    def _changes(self) -> dict[str, Any]:
        draw = self._draw
        return {str(draw.choice(_EDITABLE)): self.value(1) for _ in range(draw.randint(1, 2))}
