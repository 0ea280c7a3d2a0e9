"""``.takt`` packages among the other formats."""

from __future__ import annotations

from typing import cast

from app.exchange import package
from app.exchange.package_keys import KeyRing
from app.exchange.share import Rendered, Sharing
from engine.model import Schedule


def parse_file(content: bytes, name: str) -> tuple[Schedule, list[str]]:
    """Return the schedule in a package, and who sent it; errors as ``package.read``."""
    found = package.read(content, name, KeyRing())
    return found.schedule, [found.signature_sentence()]


def render_file(schedule: Schedule, sharing: Sharing) -> Rendered:
    """Return the package of a schedule."""
    content = package.write(
        schedule,
        title=sharing.title,
        sender=sharing.sender,
        note=sharing.note,
        ancestors=sharing.ancestors,
        history=cast("tuple[package.Step, ...]", sharing.history),
        keys=sharing.keys,
    )
    return content, []
