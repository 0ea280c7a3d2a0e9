"""Packages and workbooks made to harm, each by its name: (file name, content, codes with which it may be refused)."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import orjson

from app.exchange import package
from app.exchange.excel import render_file
from app.exchange.share import Sharing
from storage import canonical
from tests.support.databases import line_schedule, moved

Entries = dict[str, bytes]
SCHEDULE = line_schedule(12)
BOMB = b"0" * (64 * 2**20)


def entries_of(content: bytes) -> Entries:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def zipped(entries: Entries, change: Callable[[zipfile.ZipInfo], None] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if change:
                change(info)
            archive.writestr(info, data)
    return out.getvalue()


def packed(steps: int = 0) -> bytes:
    versions = [package.Step(package.note_of(item), item) for item in _line(steps)]
    return package.write(versions[-1].schedule if versions else SCHEDULE, history=versions)


def _line(steps: int) -> list:
    made = [SCHEDULE][:steps]
    while len(made) < steps:
        made.append(moved(made[-1], "j0-o3", 5))
    return made


def rehashed(entries: Entries, **changes: bytes) -> bytes:
    """Put other parts in, with the manifest made to fit: only what the parts say can give them away."""
    manifest = orjson.loads(entries["manifest.json"])
    for key, data in changes.items():
        name = f"{key}.json"
        entries[name] = data
        manifest["parts"][name] = {"bytes": len(data), "sha256": canonical.content_hash(data)}
        if key == "schedule":
            manifest["version"]["contentHash"] = canonical.content_hash(data)
    return zipped({**entries, "manifest.json": canonical.dumps(manifest)})


def manifest_with(**changes: object) -> bytes:
    entries = entries_of(packed())
    manifest = orjson.loads(entries["manifest.json"]) | changes
    return zipped({**entries, "manifest.json": orjson.dumps({k: v for k, v in manifest.items() if v is not None})})


def schedule_with(change: Callable[[dict], None]) -> bytes:
    entries = entries_of(packed())
    data = orjson.loads(entries["schedule.json"])
    change(data)
    return rehashed(entries, schedule=canonical.dumps(data))


def history_with(change: Callable[[dict], None]) -> bytes:
    entries = entries_of(packed(3))
    data = orjson.loads(entries["history.json"])
    change(data)
    return rehashed(entries, history=canonical.dumps(data))


def _encrypted(content: bytes) -> bytes:
    """Set the encryption flag of every entry, in its header and in the table of contents."""
    raw = bytearray(content)
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.find(sign)
        while at >= 0:
            raw[at + offset] |= 1
            at = raw.find(sign, at + 4)
    return bytes(raw)


def _lying_size(content: bytes) -> bytes:
    """Say that the last entry unpacks to 3 bytes."""
    raw = bytearray(content)
    at = raw.rfind(b"PK\x01\x02")
    struct.pack_into("<I", raw, at + 24, 3)
    return bytes(raw)


def _claiming_entries(count: int) -> bytes:
    raw = bytearray(packed())
    struct.pack_into("<HHI", raw, len(raw) - 22 + 8, 65_000, 65_000, count)
    return bytes(raw)


def _twice() -> bytes:
    entries = entries_of(packed())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data)
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr(zipfile.ZipInfo("schedule.json"), b"{}")
    return out.getvalue()


def _named(name: str) -> bytes:
    return zipped({**entries_of(packed()), name: b"x"})


def _link(info: zipfile.ZipInfo) -> None:
    info.external_attr = 0o120777 << 16


def _lzma(info: zipfile.ZipInfo) -> None:
    info.compress_type = zipfile.ZIP_LZMA


def _drop_part() -> bytes:
    entries = entries_of(packed())
    del entries["schedule.json"]
    return zipped(entries)


def _changed_schedule() -> bytes:
    entries = entries_of(packed())
    return zipped({**entries, "schedule.json": entries["schedule.json"].replace(b"anna", b"otto")})


def _set(data: dict, *path: str | int, value: object) -> None:
    for key in path[:-1]:
        data = data[key]  # type: ignore[index]
    data[path[-1]] = value  # type: ignore[index]


PACKAGES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "two letters": lambda: b"PK",
    "text": lambda: b"hello",
    "empty zip": lambda: b"PK\x05\x06" + bytes(18),
    "cut in half": lambda: packed()[: len(packed()) // 2],
    "cut by one": lambda: packed()[:-1],
    "first half missing": lambda: packed()[len(packed()) // 2 :],
    "byte changed": lambda: (
        (raw := bytearray(packed()), raw.__setitem__(len(raw) // 2, raw[len(raw) // 2] ^ 255)) and bytes(raw)
    ),
    "encrypted": lambda: _encrypted(packed()),
    "lying about a size": lambda: _lying_size(packed()),
    "many entries claimed": lambda: _claiming_entries(0x7FFFFFFF),
    "many entries": lambda: zipped({"manifest.json": b"{}"} | {f"p{i}": b"" for i in range(5_000)}),
    "bomb as manifest": lambda: zipped({"manifest.json": BOMB}),
    "bomb as schedule": lambda: zipped({**entries_of(packed()), "schedule.json": BOMB}),
    "nested zip": lambda: zipped({"manifest.json": zipped({"manifest.json": BOMB})}),
    "two parts of one name": _twice,
    "names that differ in case": lambda: _named("SCHEDULE.json"),
    "path up": lambda: _named("../evil.json"),
    "path up inside": lambda: _named("a/../../evil.json"),
    "absolute path": lambda: _named("/etc/evil.json"),
    "backslashes": lambda: _named("..\\evil.json"),
    "drive": lambda: _named("C:evil.json"),
    "markup in a name": lambda: _named("<script>.json"),
    "control signs in a name": lambda: _named("a\x1b[2J.json"),
    "very long name": lambda: _named("n" * 5_000),
    "extra part": lambda: _named("more.json"),
    "folder": lambda: _named("folder/"),
    "links": lambda: zipped(entries_of(packed()), _link),
    "lzma": lambda: zipped(entries_of(packed()), _lzma),
    "no schedule": _drop_part,
    "changed schedule": _changed_schedule,
    "manifest of no kind": lambda: manifest_with(format="else"),
    "newer version": lambda: manifest_with(formatVersion=2),
    "huge version": lambda: manifest_with(formatVersion=2**62),
    "version as text": lambda: manifest_with(formatVersion="1"),
    "version true": lambda: manifest_with(formatVersion=True),
    "no version": lambda: manifest_with(formatVersion=None),
    "unknown field": lambda: manifest_with(evil=1),
    "no parts": lambda: manifest_with(parts={}),
    "parts elsewhere": lambda: manifest_with(parts={"../x": {"bytes": 1, "sha256": "0" * 64}}),
    "negative size": lambda: manifest_with(parts={"schedule.json": {"bytes": -1, "sha256": "0" * 64}}),
    "wrong hash": lambda: manifest_with(parts={"schedule.json": {"bytes": 1, "sha256": "0" * 64}}),
    "ancestors of no hash": lambda: manifest_with(ancestors=["x" * 64]),
    "key without signature": lambda: manifest_with(sender={"name": "Eve", "publicKey": "A" * 43 + "="}),
    "manifest a list": lambda: zipped({**entries_of(packed()), "manifest.json": b"[]"}),
    "manifest not utf-8": lambda: zipped({**entries_of(packed()), "manifest.json": b'{"format":"\xff\xfe"}'}),
    "nested deeply": lambda: rehashed(entries_of(packed()), schedule=b'{"a":' * 200_000 + b"1" + b"}" * 200_000),
    "not a number": lambda: rehashed(entries_of(packed()), schedule=b'{"version":NaN}'),
    "infinite": lambda: rehashed(entries_of(packed()), schedule=b'{"version":1e999}'),
    "not utf-8": lambda: rehashed(entries_of(packed()), schedule=b'{"version":"\xff"}'),
    "no object": lambda: rehashed(entries_of(packed()), schedule=b'"x"'),
    "spaces in the json": lambda: rehashed(
        entries_of(packed()), schedule=entries_of(packed())["schedule.json"].replace(b":", b": ", 1)
    ),
    "key twice": lambda: rehashed(
        entries_of(packed()), schedule=entries_of(packed())["schedule.json"].replace(b"{", b'{"version":"0",', 1)
    ),
    "unknown field of the schedule": lambda: schedule_with(lambda data: _set(data, "evil", value=1)),
    "dangling reference": lambda: schedule_with(
        lambda data: _set(data, "snapshot", "events", 0, "resourceId", value="nowhere")
    ),
    "huge duration": lambda: schedule_with(lambda data: _set(data, "snapshot", "events", 0, "duration", value=2**60)),
    "too many resources": lambda: schedule_with(
        lambda data: _set(data, "snapshot", "resources", value=[{"id": str(i), "name": ""} for i in range(10_001)])
    ),
    "history with a wrong hash": lambda: history_with(
        lambda data: _set(data, "versions", 1, "contentHash", value="0" * 64)
    ),
    "history that ends elsewhere": lambda: history_with(
        lambda data: data.update(versions=data["versions"][:-1], deltas=data["deltas"][:-1])
    ),
    "history with a change too many": lambda: history_with(lambda data: data["deltas"].append({})),
    "history with a change of no kind": lambda: history_with(
        lambda data: _set(data, "deltas", 0, value={"events": {"j0-o3": {"evil": 1}}})
    ),
    "history with a list as change": lambda: history_with(
        lambda data: _set(data, "deltas", 0, value={"events": {"j0-o3": {"changed": {"x": 1}}}})
    ),
    "history that changes what is not there": lambda: history_with(
        lambda data: _set(data, "deltas", 0, value={"events": {"nope": {"changed": {"name": ["a", "b"]}}}})
    ),
    "history without versions": lambda: history_with(lambda data: data.update(versions=[], deltas=[])),
}


def workbook() -> Entries:
    return entries_of(render_file(SCHEDULE, Sharing())[0])


SHEET = "xl/worksheets/sheet5.xml"  # operations


def book_with(name: str, change: Callable[[bytes], bytes]) -> bytes:
    entries = workbook()
    return zipped({**entries, name: change(entries[name])})


def cells(rows: str) -> Callable[[bytes], bytes]:
    """Return what puts other rows into a sheet."""

    def change(data: bytes) -> bytes:
        start, end = data.index(b"<sheetData>") + 11, data.index(b"</sheetData>")
        return data[:start] + rows.encode() + data[end:]

    return change


_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]><sst><si><t>&j;</t></si></sst>"
)
_OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><sst><si><t>&a;</t></si></sst>'


def _inline(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


_HEAD = f'<row r="1">{_inline("A1", "Id")}{_inline("B1", "Duration")}</row>'
_A2 = _inline("A2", "a")

WORKBOOKS: dict[str, Callable[[], bytes]] = {
    "billion laughs": lambda: book_with("xl/sharedStrings.xml", lambda _: _LAUGHS.encode()),
    "entity from outside": lambda: book_with("xl/sharedStrings.xml", lambda _: _OUTSIDE.encode()),
    "bomb as texts": lambda: book_with("xl/sharedStrings.xml", lambda _: BOMB),
    "bomb as sheet": lambda: book_with(SHEET, lambda _: BOMB),
    "no workbook": lambda: zipped({"xl/nothing.xml": b"<x/>"}),
    "sheet missing": lambda: zipped({k: v for k, v in workbook().items() if k != SHEET}),
    "broken xml": lambda: book_with(SHEET, lambda data: data[: len(data) // 2]),
    "nested xml": lambda: book_with(SHEET, lambda _: b"<a>" * 100_000 + b"</a>" * 100_000),
    "relations up": lambda: book_with(
        "xl/_rels/workbook.xml.rels", lambda data: data.replace(b"worksheets/", b"../../../etc/")
    ),
    "encrypted workbook": lambda: _encrypted(zipped(workbook())),
    "path up in a workbook": lambda: zipped({**workbook(), "../evil.xml": b"x"}),
    "many parts": lambda: zipped(workbook() | {f"xl/p{i}": b"" for i in range(5_000)}),
    "a cell that names no text": lambda: book_with(
        SHEET, cells(f'{_HEAD}<row r="2"><c r="A2" t="s"><v>99999</v></c></row>')
    ),
    "an error in a cell": lambda: book_with(
        SHEET,
        cells(f'{_HEAD}<row r="2">{_A2}<c r="B2" t="e"><v>#REF!</v></c></row>'),
    ),
    "a formula never computed": lambda: book_with(
        SHEET, cells(f'{_HEAD}<row r="2">{_A2}<c r="B2"><f>1+1</f></c></row>')
    ),
    "a number of no kind": lambda: book_with(SHEET, cells(f'{_HEAD}<row r="2">{_A2}<c r="B2"><v>1e999</v></c></row>')),
    "a text as number": lambda: book_with(
        SHEET,
        cells(f'{_HEAD}<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="inlineStr"><is><t>soon</t></is></c></row>'),
    ),
    "operations twice": lambda: book_with(
        SHEET, cells(f'{_HEAD}<row r="2"><c r="A2"><v>1</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>')
    ),
    "rows beyond the last": lambda: book_with(
        SHEET, cells('<row r="99999999"><c r="ZZZ99999999"><v>1</v></c></row>' * 3)
    ),
    "macro text as number": lambda: book_with(
        SHEET, cells(f'{_HEAD}<row r="2"><c r="A2" t="d"><v>never</v></c></row>')
    ),
}
