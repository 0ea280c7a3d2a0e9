"""One HTML file of a plan that any browser opens offline: chart, lists, figures, and what differs from a base.

Nothing in it can load or run anything else: its policy allows the one script and the one style sheet that are in it, by
their hashes, and no request at all. What the schedule says stands in a JSON block whose signs of markup are escaped;
the script puts it into the page as text only.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import html
from importlib.resources import files

import orjson

from app import __version__
from app.exchange.html_data import page_data
from app.exchange.share import Rendered, Sharing
from engine.model import Schedule

NOT_HELD = "An HTML page shows a plan; it cannot be read back as a schedule. Send a .takt package for that."
_MARKUP = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))


def render_file(schedule: Schedule, sharing: Sharing) -> Rendered:
    """Return the page of a schedule, with the differences to the base if there is one."""
    folder = files("resources") / "export"
    frame, css, script = ((folder / f"viewer.{ending}").read_text(encoding="utf-8") for ending in ("html", "css", "js"))
    data = page_data(schedule, sharing.base, sharing.base_title, sharing.title)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(css)}'; "
        "img-src 'none'; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "CSP": policy,
        "GENERATOR": f"Taktwerk {__version__}",
        "TITLE": html.escape(data["title"]),
        "CSS": css,
        "JS": script,
        "DATA": embedded(data),
    }
    pieces = frame.split("@")
    page = "".join(parts.get(piece, piece) if index % 2 else piece for index, piece in enumerate(pieces))
    return page.encode("utf-8", "replace"), [NOT_HELD]


def embedded(data: object) -> str:
    """Return JSON that can stand in a script element: no sign in it ends the element or begins a comment."""
    text = orjson.dumps(data).decode()
    for sign, escape in _MARKUP:
        text = text.replace(sign, escape)
    return text


def created(now: dt.datetime | None = None) -> str:
    """Return when a page or report was made, for its subtitle."""
    return (now or dt.datetime.now(dt.UTC)).strftime("%Y-%m-%d %H:%M UTC")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
