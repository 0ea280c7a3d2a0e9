"""The manual for planners: its pages, in the order in which they are read, and a search over them.

The pages are Markdown in ``docs/manual``, their pictures stand in ``docs/images``. A packaged program has both under
the same names in its own folder.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

PAGES: Final[tuple[str, ...]] = (
    "index",
    "first-plan",
    "board",
    "editing",
    "optimising",
    "no-plan",
    "explain",
    "robustness",
    "versions",
    "compare",
    "merge",
    "what-if",
    "import-export",
    "automation",
    "backups",
    "settings",
    "shortcuts",
    "glossary",
)
"""The names of the pages, without their ending."""

_HEADING: Final = re.compile(r"^(#{1,3}) +(.+?)\s*$", re.M)
_EXCERPT: Final = 110


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a page with the text below it; ``anchor`` is empty for the page's own title."""

    page: str
    title: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A section that holds every word that was looked for, and the place where the first one stands."""

    section: Section
    page_title: str
    excerpt: str


def manual_folder() -> Path:
    """Return the folder of the pages: of the packaged program, else of the checkout."""
    bundled = getattr(sys, "_MEIPASS", None)
    root = Path(bundled) if bundled else Path(__file__).resolve().parents[1]
    return root / "docs" / "manual"


def page_text(page: str) -> str:
    """Return a page's Markdown; raises ``OSError`` when the manual is not there."""
    return (manual_folder() / f"{page}.md").read_text(encoding="utf-8")


def anchor_of(title: str) -> str:
    """Return the name by which links find a heading, as GitHub makes it."""
    kept = re.sub(r"[^\w\- ]", "", plain(title).lower())
    return kept.strip().replace(" ", "-")


@cache
def sections(page: str) -> tuple[Section, ...]:
    """Return the sections of a page, its title first."""
    text = page_text(page)
    heads = list(_HEADING.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    found = []
    for head, end in zip(heads, ends, strict=True):
        title = plain(head[2])
        anchor = "" if len(head[1]) == 1 else anchor_of(title)
        found.append(Section(page, title, anchor, plain(text[head.end() : end])))
    return tuple(found)


def title_of(page: str) -> str:
    """Return the title of a page."""
    return sections(page)[0].title


def search(words: str) -> list[Hit]:
    """Return the sections that hold every word, those with the words in their title first."""
    wanted = words.lower().split()
    if not wanted:
        return []
    ranked: list[tuple[int, int, Hit]] = []
    for page in PAGES:
        for section in sections(page):
            title, text = section.title.lower(), section.text.lower()
            if not all(word in title or word in text for word in wanted):
                continue
            in_title = sum(word in title for word in wanted)
            count = sum(text.count(word) for word in wanted)
            ranked.append((-in_title, -count, Hit(section, title_of(page), _excerpt(section.text, wanted))))
    return [hit for _, _, hit in sorted(ranked, key=lambda one: one[:2])]


def plain(markdown: str) -> str:
    """Return Markdown as the text that is read: no marks, no pictures, one space between words."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", " ", markdown)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^[ \t]*\|[-| :]+\|[ \t]*$", " ", text, flags=re.M)
    text = re.sub(r"^[ \t]*(?:[-*>]|\d+\.)[ \t]+", "", text, flags=re.M)
    text = re.sub(r"[*`|]+", " ", text)
    text = re.sub(r"\s+", " ", text)
    return re.sub(r" ([.,;:)])", r"\1", text).strip()


def _excerpt(text: str, wanted: list[str]) -> str:
    """Return the text around the first word."""
    places = [at for word in wanted if (at := text.lower().find(word)) >= 0]
    start = max(0, min(places, default=0) - _EXCERPT // 3)
    start = text.find(" ", start) + 1 if start else 0
    words = text[start : start + _EXCERPT]
    return f"{'… ' if start else ''}{words}{' …' if start + _EXCERPT < len(text) else ''}"
