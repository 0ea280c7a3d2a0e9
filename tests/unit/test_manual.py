"""The manual is complete and leads nowhere but into itself; and the search over it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from app import manual
from app.config import Settings
from ui.actions import ACTIONS, plain_text
from ui.help.flow import PAGE_OF_DOCK
from ui.main_window import _DOCKS  # pyright: ignore[reportPrivateUsage]

FOLDER = manual.manual_folder()
ALL = "\n".join(manual.page_text(page) for page in manual.PAGES)


def test_every_page_is_listed_and_has_one_title() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(manual.PAGES)
    titles = [manual.title_of(page) for page in manual.PAGES]
    assert len(set(titles)) == len(titles)
    for page in manual.PAGES:
        assert len(re.findall(r"^# ", manual.page_text(page), re.M)) == 1, page


@pytest.mark.parametrize("page", manual.PAGES)
def test_links_and_pictures_lead_into_the_manual(page: str) -> None:
    text = manual.page_text(page)
    for mark, target, _, anchor in re.findall(r"(!?)\[[^\]]*\]\(([^)#]*)(#([^)]*))?\)", text):
        if mark:
            path = (FOLDER / target).resolve()
            assert path.is_file(), target
            assert path.parent == (FOLDER.parent / "images").resolve(), target
            continue
        name = target.removesuffix(".md") or page
        assert name in manual.PAGES, target
        if anchor:
            assert anchor in {section.anchor for section in manual.sections(name)}, f"{target}#{anchor}"


def test_every_page_is_linked_from_the_first() -> None:
    first = manual.page_text("index")
    for page in manual.PAGES[1:]:
        assert f"({page}.md)" in first, page


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_command_is_in_the_manual_with_its_keys(action: object) -> None:
    spec = next(one for one in ACTIONS if one is action)
    words = plain_text(spec.text)
    row = re.search(rf"^\| {re.escape(words)} \| (.*?) \|", manual.page_text("shortcuts"), re.M)
    assert row, words
    assert re.findall(r"`([^`]+)`", row[1]) == list(spec.shortcut)
    prose = "\n".join(manual.page_text(page) for page in manual.PAGES if page != "shortcuts")
    named = f"{spec.menu} > {words}" in prose or (spec.menu == "Help" and words in ALL)
    assert named, f"no page says what {spec.menu} > {words} is for"


@pytest.mark.parametrize("key", _DOCKS)
def test_every_dock_has_a_page_and_a_heading(key: str) -> None:
    page, anchor = PAGE_OF_DOCK[key]
    assert anchor in {section.anchor for section in manual.sections(page)}
    title = next(plain_text(spec.text) for spec in ACTIONS if spec.id == f"view.{key}")
    assert title in manual.page_text(page)


def test_every_setting_is_in_the_manual() -> None:
    for name in Settings.model_fields:
        assert f"`TAKTWERK_{name.upper()}`" in manual.page_text("settings"), name


def test_a_search_finds_sections_that_hold_every_word() -> None:
    hits = manual.search("Push Successors")
    assert (hits[0].section.page, hits[0].section.anchor) == ("editing", "push-successors")
    assert "push" in hits[0].excerpt.lower()
    for hit in manual.search("overtime repair"):
        words = f"{hit.section.title} {hit.section.text}".lower()
        assert "overtime" in words
        assert "repair" in words
    assert manual.search("   ") == []
    assert manual.search("xyzzy") == []


def test_plain_text_has_no_marks() -> None:
    text = "See **the** [page](a.md#b), `x`.\n\n![P](p.png)\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n- item"
    assert manual.plain(text) == "See the page, x. A B 1 2 item"


def test_a_packaged_program_has_the_manual_in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert manual.manual_folder() == tmp_path / "docs" / "manual"
