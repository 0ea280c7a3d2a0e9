"""Damaged and hostile files: a coded error that names line and reason, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.exchange import NAMES, parse_bytes, read, write
from app.exchange import text as exchange_text
from engine.errors import TaktwerkError
from engine.model import Schedule
from tests.support.bench_files import FILES, FJSP, FJSP_SDST, JSP, PSPLIB, SDST_JSON


def error_of(content: str | bytes, name: str | None) -> TaktwerkError:
    raw = content.encode() if isinstance(content, str) else content
    with pytest.raises(TaktwerkError) as caught:
        parse_bytes(raw, "case.txt", name)
    return caught.value


@pytest.mark.parametrize(
    ("name", "before", "after", "line", "reason"),
    [
        ("jsp", "2 3\n", "2\n", 2, "<jobs> <machines>"),
        ("jsp", "2 3\n", "two 3\n", 2, "'two' is not a whole number"),
        ("jsp", "2 3\n", "0 3\n", 2, "jobs must be at least 1"),
        ("jsp", "2 3\n", "3 3\n", 4, "3 jobs are announced, 2 lines follow"),
        ("jsp", "0 3  1 2", "3 3  1 2", 3, "machines are 0 to 2"),
        ("jsp", "0 3  1 2", "0 -3  1 2", 3, "the duration of operation 1 is -3"),
        ("jsp", "0 3  1 2", "0 x  1 2", 3, "'x' is not a whole number"),
        ("jsp", "0 3  1 2", "0 3.5  1 2", 3, "'3.5' is not a whole number"),
        ("jsp", "0 3  1 2", "0 nan  1 2", 3, "'nan' is not a whole number"),
        ("jsp", "0 3  1 2", "0 1e99  1 2", 3, "not a whole number"),
        ("jsp", "0 3  1 2", "0 99999999999999999999  1 2", 3, "must lie between 0 and"),
        ("jsp", "2 4  0 1  1 5", "2 4  0 1  1", 4, "5 numbers"),
        ("jsp", "2 4  0 1  1 5", "2 4  0 1", 4, "4 numbers; 6 expected for 3 machines"),
        ("fjsp", "2  1 1 4", "3  1 1 4", 2, "the line ends before operation 3"),
        ("fjsp", "2  1 1 4", "0  1 1 4", 2, "0 operations"),
        ("fjsp", "2  1 1 4", "2  0 1 4", 2, "operation 1 has 0 machines"),
        ("fjsp", "1  2 2 5 1 7", "1  2 2 5 1", 3, "the line ends within operation 1"),
        ("fjsp", "1  2 2 5 1 7", "1  2 2 5 3 7", 3, "machines are 1 to 2"),
        ("fjsp", "1  2 2 5 1 7", "1  2 2 5 1 7 8", 3, "1 numbers too many"),
        ("fjsp_sdst", "1 9 5\n", "1 9\n", 5, "machine 1: 2 setup times; 3 are expected"),
        ("fjsp_sdst", "1 9 5\n", "1 9 -5\n", 5, "the setup from j1-o2 to j2-o1 is -5"),
        ("fjsp_sdst", "1 9 5\n", "", 8, "6 lines of setup times are expected"),
        ("psplib", "   2        1          1           4", "   2        1          2           4", 13, "successors"),
        ("psplib", "   2        1          1           4", "   2        3          1           4", 13, "3 modes"),
        ("psplib", "   2        1          1           4", "   2        1          1           9", 13, "no activity 9"),
        ("psplib", "   3        1          1           4\n", "", 14, "4 activities are announced, 3 are listed"),
        ("psplib", "  2      1     5       2    0", "  2      1     5       2", 21, "4 numbers; 5 are expected"),
        ("psplib", "  2      1     5       2    0", "  2      1    -5       2    0", 21, "the duration of activity 2"),
        ("psplib", "   4    1\n", "   4\n", 27, "1 availabilities; 2 are expected"),
        ("psplib", "RESOURCEAVAILABILITIES:", "RESOURCES:", 28, "RESOURCEAVAILABILITIES is missing"),
        ("fajsp", "4 2 2\n", "4 2\n", 2, "<operations> <precedences> <machines>"),
        ("fajsp", "4 2 2\n", "4 -2 2\n", 2, "precedences must be at least 0"),
        ("fajsp", "4 2 2\n", "4 3 2\n", 8, "3 precedences and 4 operations are announced, 6 lines follow"),
        ("fajsp", "1 0 2\n", "", 7, "4 operations are announced, 5 lines follow"),
        ("fajsp", "0 2\n", "0 4\n", 4, "there is no operation 4; they are numbered 0 to 3"),
        ("fajsp", "0 2\n", "2 2\n", 4, "operation 2 cannot precede itself"),
        ("fajsp", "0 2\n", "0 2 1 1\n", 4, "a precedence is <before> <after>"),
        ("fajsp", "2 1 4 0 6", "2 1 4 2 6", 6, "operation 1 names machine 2; machines are 0 to 1"),
        ("fajsp", "2 1 4 0 6", "3 1 4 0 6", 6, "operation 1: 3 pairs are announced, 4 numbers follow"),
        ("fajsp", "2 1 4 0 6", "0 1 4 0 6", 6, "operation 1 has 0 machines"),
        ("fajsp", "2 1 4 0 6", "2 1 -4 0 6", 6, "the duration of operation 1 on machine 1 is -4"),
        ("fajsp", "2 1 4 0 6", "2 1 4 0 x", 6, "'x' is not a whole number"),
        ("patterson_rcp", "4 2\n", "4 2 1\n", 1, "the first line must be <activities> <resources>"),
        ("patterson_rcp", "4 2\n", "four 2\n", 1, "'four' is not a whole number"),
        ("patterson_rcp", "4 2\n", "5 2\n", 8, "the file ends before the data of activity 5 of 5"),
        ("patterson_rcp", "0 0 0 0\n", "0 0 0 0\n7\n", 9, "numbers follow after activity 4"),
        ("patterson_rcp", "4 1\n", "4 -1\n", 2, "an availability must lie between 0 and 1,000,000"),
        ("patterson_rcp", "0 0 0 2 2\n 3", "0 0 0 2 2\n 5", 4, "successor 5; activities are numbered 1 to 4"),
        ("patterson_rcp", "5 2 0 1 4", "5 -2 0 1 4", 5, "activity 2 needs a negative amount"),
        ("patterson_rcp", "5 2 0 1 4", "-5 2 0 1 4", 5, "the duration of activity 2 is -5"),
        ("patterson_rcp", "5 2 0 1 4", "5 2 0 9 4", 5, "activity 2 has 9 successors"),
        ("patterson_rcp", "4 3 1 1 4", "4 3 y 1 4", 6, "'y' is not a whole number"),
        ("patterson_rcp", "0 0 0 0\n", "0 0\n", 8, "the file ends before the data of activity 4 of 4"),
        (
            "psplib_mm",
            "2	2	1		4",
            "2	0	1		4",
            10,
            "activity 2 has 0 modes; 1 to 100 are possible",
        ),
        (
            "psplib_mm",
            "2	2	1		4",
            "2	2	2		4",
            10,
            "expected: number, modes, successor count, successors",
        ),
        ("psplib_mm", "2	2	1		4", "2	2	1		7", 10, "there is no activity 7"),
        ("psplib_mm", "3	3	1		4\n", "", 11, "4 activities are announced, 3 are listed"),
        ("psplib_mm", "	2	6	2	1\n", "", 22, "activity 2 has 2 modes, but 1 are listed here"),
        ("psplib_mm", "	2	6	2	1\n", "	3	6	2	1\n", 19, "mode 3 comes after 1 others"),
        ("psplib_mm", "	2	6	2	1\n", "	2	6	2\n", 19, "3 numbers; 4 or one more are expected"),
        (
            "psplib_mm",
            "	2	6	2	1\n",
            "	2	-6	2	1\n",
            19,
            "the duration of activity 2 in mode 2 is -6",
        ),
        ("psplib_mm", "	2	6	2	1\n", "	2	6	-2	1\n", 19, "activity 2 needs a negative amount"),
        ("psplib_mm", "	2	6	2	1\n", "	2	six	2	1\n", 19, "'six' is not a whole number"),
        ("psplib_mm", "	4	5\n", "	4\n", 28, "1 availabilities; 2 are expected"),
        ("psplib_mm", " RESOURCE AVAILABILITIES", " AVAILABLE", 30, "RESOURCEAVAILABILITIES is missing"),
        ("naderi_npfsp", "3\n2\n", "3 2\n", 1, "the number of jobs: 1 numbers are expected, 2 stand here"),
        ("naderi_npfsp", "3\n2\n", "0\n2\n", 1, "the number of jobs: 0 does not lie between 1 and"),
        ("naderi_npfsp", "3\n2\n", "3\ntwo\n", 2, "'two' is not a whole number"),
        ("naderi_npfsp", "1 2\n", "1 2 3\n", 4, "the durations of job 2: 2 numbers are expected, 3 stand here"),
        ("naderi_npfsp", "1 2\n", "1 -2\n", 4, "the durations of job 2: -2 does not lie between 0 and"),
        ("naderi_npfsp", "3 9\n", "", 4, "the file ends before the durations of job 3: 2 of 3 lines"),
        ("naderi_npfsp", "3 9\n", "3 9\n1 1\n", 6, "after all that are announced"),
        ("naderi_hfsp", "2 1\n", "2 0\n", 3, "the number of machines of each stage: 0 does not lie between 1 and"),
        ("naderi_hfsp", "2 1\n", "2\n", 3, "the number of machines of each stage: 2 numbers are expected"),
        ("naderi_tt_pfsp", "9 4 20\n", "9 4\n", 3, "the due date of each job: 3 numbers are expected"),
        ("naderi_tt_pfsp", "9 4 20\n", "9 4 -20\n", 3, "the due date of each job: -20"),
        ("naderi_sdst_pfsp", "7 0\n", "7 0 1\n", 6, "the setups of machine 1 after job 2: 2 numbers are expected"),
        ("naderi_sdst_pfsp", "2 0\n", "", 7, "the file ends before the setups of machine 2 after job 2: 1 of 2"),
        ("naderi_sdst_pfsp", "2 0\n", "2 no\n", 8, "'no' is not a whole number"),
        (
            "psplib",
            "nonrenewable              :  0",
            "nonrenewable              :  2",
            7,
            "nonrenewable resources have no place",
        ),
    ],
)
def test_fault_names_line_and_reason(name: str, before: str, after: str, line: int, reason: str) -> None:
    assert before in FILES[name]
    error = error_of(FILES[name].replace(before, after, 1), name)
    assert error.code == "E001"
    told = [f"{fault['path']}: {fault['reason']}" for fault in error.details["faults"]]
    assert any(text.startswith(f"case.txt, line {line}:") and reason in text for text in told), told


@pytest.mark.parametrize(
    ("before", "after", "path", "reason"),
    [
        ('"n_jobs": 2, ', "", "n_jobs", "is missing"),
        ('"n_jobs": 2, ', '"n_jobs": 2, "extra": 1, ', "extra", "is unknown"),
        ('"n_jobs": 2', '"n_jobs": "2"', "n_jobs", "must be a whole number of at least 1"),
        ('"n_jobs": 2', '"n_jobs": 3', "jobs", "3 entries are expected, 2 are here"),
        ("[0, 4], [1, 5]", "[0, 4], [2, 5]", "jobs[0][1][0]", "a whole number from 0 to 1 is expected"),
        ("[0, 4], [1, 5]", "[0, 4], [1, -5]", "jobs[0][1][1]", "a whole number from 0 to 50,000,000 is expected"),
        ("[0, 4], [1, 5]", "[0, 4], [1]", "jobs[0][1]", "2 entries are expected, 1 are here"),
        ("[[0, 4], [1, 5]]", "[]", "jobs[0]", "a job needs at least one operation"),
        ("[[0, 4], [1, 5]]", '"none"', "jobs[0]", "a list is expected"),
        ("[7, 0]", "[7, true]", "setup_job_by_machine[0][1][1]", "a whole number"),
        ("[7, 0]", "[7]", "setup_job_by_machine[0][1]", "2 entries are expected, 1 are here"),
        ("[[0, 1], [2, 0]]", "[[0, 1]]", "setup_job_by_machine[1]", "2 entries are expected, 1 are here"),
    ],
)
def test_fault_in_json_names_its_path(before: str, after: str, path: str, reason: str) -> None:
    assert before in SDST_JSON
    error = error_of(SDST_JSON.replace(before, after, 1), "jsp_sdst_json")
    assert error.code == "E001"
    told = [(fault["path"], fault["reason"]) for fault in error.details["faults"]]
    assert any(where == f"case.txt: {path}" and reason in text for where, text in told), told


def test_truncated_json_names_the_line() -> None:
    fault = error_of(SDST_JSON[: SDST_JSON.index("[[1, 2]")], "jsp_sdst_json").details["faults"][0]
    assert fault["path"].startswith("case.txt, line 2")
    assert "not JSON" in fault["reason"]


def test_every_fault_is_told_at_once() -> None:
    broken = JSP.replace("0 3  1 2", "0 -3  1 2").replace("2 4  0 1", "7 4  0 1")
    paths = [fault["path"] for fault in error_of(broken, "jsp").details["faults"]]
    assert paths == ["case.txt, line 3", "case.txt, line 4"]


def test_cycle_of_precedences_is_refused() -> None:
    assert "in a circle" in error_of(FILES["fajsp"].replace("0 2\n", "1 0\n"), "fajsp").message
    assert "in a circle" in error_of(FILES["patterson_rcp"].replace("5 2 0 1 4", "5 2 0 1 1"), "patterson_rcp").message


def test_cycle_in_a_project_is_refused() -> None:
    cyclic = PSPLIB.replace("   4        1          0", "   4        1          1           1")
    assert "in a circle" in error_of(cyclic, "psplib").message


@pytest.mark.parametrize("name", [None, *NAMES])
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\0\0\0\0", b"\xff\xfe1\x00", b"hello", b"1 1\n", b"-1 -1\n0 0\n"])
def test_rubbish_is_refused(content: bytes, name: str | None) -> None:
    assert error_of(content, name).code == ("E009" if name in ("takt", "excel") else "E001")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("jsp", "1000000 1000000\n0 1\n"),
        ("jsp", "99999 99999\n0 1\n"),
        ("fjsp", "9999999 2\n1 1 1 1\n"),
        (None, "9999999 9999999\n1 1 1 1\n"),
        ("psplib", PSPLIB.replace("/sink ):  4", "/sink ):  999999999999")),
        ("psplib", PSPLIB.replace(" renewable                 :  2", " renewable                 :  99999")),
        ("fajsp", "9999999 2 2\n1 1 1 1\n"),
        ("patterson_rcp", "9999999 2\n1 1\n"),
        ("naderi_npfsp", "99999\n99999\n1\n"),
        ("naderi_hfsp", "9999999\n1\n1\n"),
        ("naderi_sdst_pfsp", "9999\n5\n1\n"),
        ("jsp_sdst_json", SDST_JSON.replace('"n_jobs": 2', '"n_jobs": 9999')),
        ("jsp_sdst_json", SDST_JSON.replace('"n_machines": 2', '"n_machines": 9999999')),
        ("fjsp_sdst", "1 100\n" + "200 " + "1 1 1 " * 200 + "\n"),
    ],
)
def test_announced_sizes_are_checked_before_anything_is_made(name: str | None, content: str) -> None:
    error = error_of(content, name)
    assert error.code == "E006"
    assert error.details["limits"]["operations"] == 100_000


def test_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_text, "MAX_BYTES", 1 << 20)
    path = tmp_path / "big.txt"
    path.write_bytes(b"1 " * (1 << 20))
    with pytest.raises(TaktwerkError, match="larger than 1 MiB") as caught:
        read(path)
    assert caught.value.code == "E006"


@pytest.mark.parametrize("path", ["missing.txt", ".", "a\0b"])
def test_unreadable_path_is_not_found(path: str) -> None:
    with pytest.raises(TaktwerkError) as caught:
        read(path)
    assert caught.value.code == "E012"


def test_unwritable_path_is_a_storage_error(tmp_path: Path) -> None:
    data = parse_bytes(FJSP.encode(), "case.fjs")
    assert isinstance(data, Schedule)
    with pytest.raises(TaktwerkError) as caught:
        write(data, tmp_path / "no" / "such" / "folder.json")
    assert caught.value.code == "E008"


@given(
    name=st.sampled_from(sorted(FILES)),
    edits=st.lists(st.tuples(st.integers(0, 2_000), st.sampled_from("0123456789 \n-.x*{")), min_size=1, max_size=6),
)
@settings(max_examples=80, deadline=None)
def test_damaged_file_is_read_or_refused_with_a_code(name: str, edits: list[tuple[int, str]]) -> None:
    text = list(FILES[name])
    for position, character in edits:
        text[position % len(text)] = character
    for chosen in (name, None):
        try:
            parse_bytes("".join(text).encode(), "case.txt", chosen)
        except TaktwerkError as error:
            assert error.code in ("E001", "E006")


def test_json_fault_names_the_line() -> None:
    error = error_of('{\n "version": 1,\n "snapshot" {}\n}', None)
    assert error.details["faults"][0]["path"] == "case.txt, line 3"


def test_unexpected_json_is_refused() -> None:
    assert "JSON object" in error_of("[1, 2]", None).message
    assert error_of("{}", None).code == "E001"


def test_setups_of_a_job_shop_file_are_not_mistaken() -> None:
    """A file with setup matrices is not taken for a plain one with lines too many."""
    assert "lines of jobs are announced" in error_of(FJSP_SDST, "fjsp").message
