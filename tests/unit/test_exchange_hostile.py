"""Packages and workbooks made to harm: refused with a code, nothing written, memory bounded."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from app.exchange import read
from app.exchange.excel_read import read_workbook
from app.exchange.zip_guard import GuardedZip, Limits
from engine.errors import ErrorCode, TaktwerkError
from tests.support.hostile_files import PACKAGES, SHEET, WORKBOOKS, book_with, cells, packed, zipped

_MOST_MEMORY = 160 * 2**20
_REFUSALS = {ErrorCode.PACKAGE, ErrorCode.TOO_LARGE, ErrorCode.INVALID_SCHEDULE}


def refused(content: bytes, path: Path) -> TaktwerkError:
    path.write_bytes(content)
    before = sorted(path.parent.rglob("*"))
    tracemalloc.start()
    try:
        with pytest.raises(TaktwerkError) as caught:
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < _MOST_MEMORY, f"{peak:,} bytes"
    assert sorted(path.parent.rglob("*")) == before
    return caught.value


def test_there_are_enough_of_them() -> None:
    assert len(PACKAGES) + len(WORKBOOKS) >= 60


@pytest.mark.parametrize("name", PACKAGES)
def test_a_hostile_package_is_refused(name: str, tmp_path: Path) -> None:
    error = refused(PACKAGES[name](), tmp_path / "evil.takt")
    assert error.code in (ErrorCode.PACKAGE, ErrorCode.TOO_LARGE), error
    assert len(error.message) < 1_000


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_hostile_workbook_is_refused(name: str, tmp_path: Path) -> None:
    error = refused(WORKBOOKS[name](), tmp_path / "evil.xlsx")
    assert error.code in _REFUSALS


def test_a_sound_package_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "good.takt"
    path.write_bytes(packed(3))
    assert len(read(path).snapshot.events) == 12


def test_a_cell_far_out_costs_nothing() -> None:
    content = book_with(
        SHEET, cells('<row r="1048576"><c r="XFD1048576"><v>1</v></c><c r="A1048576"><v>2</v></c></row>')
    )
    (sheet,) = [s for s in read_workbook(content, "x.xlsx") if s.name == "operations"]
    assert sheet.rows == {1_048_576: {0: 2}}


def test_faulty_cells_are_named(tmp_path: Path) -> None:
    error = refused(WORKBOOKS["a text as number"](), tmp_path / "evil.xlsx")
    fault = error.details["faults"][0]
    assert (fault["path"], fault["value"]) == ("operations!B2", "soon")
    assert "number" in fault["reason"]


def test_an_entry_cannot_grow_beyond_what_it_may() -> None:
    file = GuardedZip(zipped({"a": b"x" * 1_000}), "x.zip", Limits(3, 2_000, 1_500))
    assert file.read("a") == b"x" * 1_000
    with pytest.raises(TaktwerkError) as caught:
        file.read("a")  # the total is used up
    assert caught.value.code is ErrorCode.TOO_LARGE
