"""Reading Excel workbooks of unknown origin: a stream of cells, no tree, no entities, no formulas carried out.

Only what cells show is read: shared and inline texts, numbers, dates by their format, truth values, and of formulas the
value that was last computed. Read by hand on expat because a workbook can say that a sheet of two cells is 17 billion
cells large, and because text has escapes (``_x000D_``) that must come back as they went out.
"""

from __future__ import annotations

import datetime as dt
import posixpath
import re
from collections.abc import Callable
from xml.parsers import expat

from app.exchange.table_cells import BadCell, CellValue
from app.exchange.table_import import RawSheet
from app.exchange.text import too_large
from app.exchange.zip_guard import GuardedZip, Limits, damaged

LIMITS = Limits(entries=3_000, entry_bytes=160 * 2**20, total_bytes=400 * 2**20)
MAX_CELLS = 6_000_000
MAX_COLUMNS = 400
_MAX_SHEETS = 200
_MAX_DEPTH = 60
_MAX_STRINGS = 3_000_000
_MAX_ROW = 1_048_576
_REFERENCE = re.compile(r"^\$?([A-Z]{1,3})\$?(\d{1,7})$")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DATE_CODES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_NOT_DATE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_STEP = 1 << 16
_ZERO_1900, _ZERO_1904 = dt.datetime(1899, 12, 30), dt.datetime(1904, 1, 1)  # noqa: DTZ001 - the plant's clock

Attributes = dict[str, str]


class _Stream:
    """Feeds one XML part to handlers by local name; anything but plain XML is refused."""

    def __init__(self, part: str, name: str) -> None:
        self._part, self._name = part, name
        self._path: list[str] = []
        self.starts: Callable[[str, Attributes, list[str]], None] = lambda _tag, _attributes, _path: None
        self.ends: Callable[[str, list[str]], None] = lambda _tag, _path: None
        self.text: Callable[[str], None] = lambda _text: None

    def run(self, content: bytes) -> None:
        """Read the part."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = lambda text: self.text(text)
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        try:
            for at in range(0, len(content), _STEP):
                parser.Parse(content[at : at + _STEP], False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise damaged(self._name, f"{self._part} is not intact XML ({error})") from None

    def _start(self, tag: str, attributes: Attributes) -> None:
        local = tag.rpartition(":")[2]
        if len(self._path) >= _MAX_DEPTH:
            raise damaged(self._name, f"{self._part} is nested deeper than any workbook")
        self._path.append(local)
        self.starts(local, attributes, self._path)

    def _end(self, tag: str) -> None:
        self.ends(tag.rpartition(":")[2], self._path)
        self._path.pop()

    def _refuse(self, *_found: object) -> None:
        raise damaged(self._name, f"{self._part} declares entities, as no workbook does")


def read_workbook(content: bytes, name: str) -> list[RawSheet]:
    """Return the sheets of a workbook with their cells.

    Raises
    ------
    TaktwerkError
        E009 when it is damaged or made to harm; E006 when it is too large.
    """
    return _Workbook(GuardedZip(content, name, LIMITS), name).sheets()


class _Workbook:
    def __init__(self, file: GuardedZip, name: str) -> None:
        self._file, self._name = file, name
        self._names = {entry.casefold(): entry for entry in file.names}
        self._zero = _ZERO_1900
        self._strings: list[str] = []
        self._is_date: list[bool] = []
        self._cells = 0

    def sheets(self) -> list[RawSheet]:
        """Read the parts in the order in which they need each other."""
        root = next((p for p in (self._target("_rels/.rels", "officeDocument", ""), "xl/workbook.xml") if p), "")
        listed = self._listed(root)
        folder, leaf = posixpath.split(root)
        relations = self._relations(f"{folder}/_rels/{leaf}.rels", folder)
        by_kind = {kind: path for kind, path in relations.values() if kind in ("sharedStrings", "styles")}
        if "sharedStrings" in by_kind:
            self._read_strings(by_kind["sharedStrings"])
        if "styles" in by_kind:
            self._read_styles(by_kind["styles"])
        found: list[RawSheet] = []
        for title, relation in listed:
            kind, path = relations.get(relation, ("", ""))
            if kind == "worksheet":
                found.append(RawSheet(title, _Cells(self).read(path)))
            elif kind != "chartsheet":
                raise damaged(self._name, f"the sheet {title[:60]!r} is missing")
        return found

    def part(self, path: str) -> bytes:
        """Return a part by its path, whatever the case of its letters."""
        return self._file.read(self._names.get(path.casefold(), path))

    def stream(self, path: str) -> _Stream:
        """Return a stream for a part."""
        return _Stream(path, self._name)

    def string(self, index: str) -> CellValue:
        """Return a shared text."""
        if not index.isascii() or not index.isdigit() or len(index) > 8 or int(index) >= len(self._strings):
            return BadCell(index[:20], "the cell names a text that the workbook does not have")
        return self._strings[int(index)]

    def number(self, text: str, style: str) -> CellValue:
        """Return a number, as a date where the cell is formatted as one."""
        try:
            value = float(text)
        except ValueError:
            return BadCell(text[:40], "the cell's number is none")
        is_date = style.isdigit() and len(style) < 7 and int(style) < len(self._is_date) and self._is_date[int(style)]
        if not is_date:
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        if not 0 <= value < 2_958_466:
            return BadCell(text[:40], "a date lies between 1900 and 9999")
        moment = self._zero + dt.timedelta(milliseconds=round(value * 86_400_000))
        return moment.time() if value < 1 and self._zero == _ZERO_1900 else moment

    def count(self) -> None:
        """Count one cell more."""
        self._cells += 1
        if self._cells > MAX_CELLS:
            raise too_large(f"{self._name} has more than {MAX_CELLS:,} cells.")

    def _target(self, path: str, wanted: str, folder: str) -> str:
        if path.casefold() not in self._names:
            return ""
        return next((target for kind, target in self._relations(path, folder).values() if kind == wanted), "")

    def _relations(self, path: str, folder: str) -> dict[str, tuple[str, str]]:
        """Return kind and path of each relation by its id; those that lead outside the file are left out."""
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, attributes: Attributes, _path: list[str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "")
                full = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                kind = attributes.get("Type", "").rpartition("/")[2]
                found[attributes.get("Id", "")] = kind, posixpath.normpath(full)

        stream = self.stream(path)
        stream.starts = start
        stream.run(self.part(path))
        return found

    def _listed(self, path: str) -> list[tuple[str, str]]:
        listed: list[tuple[str, str]] = []

        def start(tag: str, attributes: Attributes, _path: list[str]) -> None:
            if tag == "workbookPr" and attributes.get("date1904", "0") in ("1", "true"):
                self._zero = _ZERO_1904
            if tag == "sheet":
                relation = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id" and ":" in k), "")
                listed.append((attributes.get("name", ""), relation))
                if len(listed) > _MAX_SHEETS:
                    raise too_large(f"{self._name} has more than {_MAX_SHEETS} sheets.")

        stream = self.stream(path)
        stream.starts = start
        stream.run(self.part(path))
        return listed

    def _read_strings(self, path: str) -> None:
        pieces: list[str] = []
        inside = [False]

        def start(tag: str, _attributes: Attributes, trail: list[str]) -> None:
            if tag == "si":
                pieces.clear()
            inside[0] = tag == "t" and "rPh" not in trail

        def end(tag: str, _path: list[str]) -> None:
            inside[0] = False
            if tag == "si":
                self._strings.append(unescaped("".join(pieces)))
                if len(self._strings) > _MAX_STRINGS:
                    raise too_large(f"{self._name} has more than {_MAX_STRINGS:,} texts.")

        stream = self.stream(path)
        stream.starts, stream.ends = start, end
        stream.text = lambda text: pieces.append(text) if inside[0] else None
        stream.run(self.part(path))

    def _read_styles(self, path: str) -> None:
        codes: dict[str, str] = {}

        def start(tag: str, attributes: Attributes, trail: list[str]) -> None:
            if tag == "numFmt" and len(codes) < 10_000:
                codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")[:255]
            elif tag == "xf" and len(trail) > 1 and trail[-2] == "cellXfs" and len(self._is_date) < 100_000:
                key = attributes.get("numFmtId", "0")
                known = key.isdigit() and len(key) < 7 and int(key) in _DATE_CODES
                self._is_date.append(_is_date_code(codes[key]) if key in codes else known)

        stream = self.stream(path)
        stream.starts = start
        stream.run(self.part(path))


class _Cells:
    """Reads the cells of one sheet."""

    def __init__(self, book: _Workbook) -> None:
        self._book = book
        self._rows: dict[int, dict[int, CellValue]] = {}
        self._row, self._column = 0, -1
        self._kind, self._style = "n", ""
        self._value: list[str] = []
        self._is_formula = False
        self._inside = ""

    def read(self, path: str) -> dict[int, dict[int, CellValue]]:
        """Return the cells by row (from 1) and column (from 0); empty ones are left out."""
        stream = self._book.stream(path)
        stream.starts, stream.ends, stream.text = self._start, self._end, self._text
        stream.run(self._book.part(path))
        return self._rows

    def _start(self, tag: str, attributes: Attributes, path: list[str]) -> None:
        if tag == "row":
            number = attributes.get("r", "")
            self._row = int(number) if number.isascii() and number.isdigit() and len(number) < 8 else self._row + 1
            self._column = -1
        elif tag == "c":
            self._place(attributes.get("r", ""))
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._value.clear()
            self._is_formula = False
        elif tag == "f":
            self._is_formula = True
        elif tag == "v" or (tag == "t" and "is" in path and "rPh" not in path):
            self._inside = tag

    def _place(self, reference: str) -> None:
        match = _REFERENCE.match(reference)
        if match is None:
            self._column += 1
            return
        column = 0
        for letter in match[1]:
            column = column * 26 + ord(letter) - 64
        self._column, self._row = column - 1, int(match[2])

    def _text(self, text: str) -> None:
        if self._inside:
            self._value.append(text)

    def _end(self, tag: str, _path: list[str]) -> None:
        if tag == self._inside:
            self._inside = ""
        if tag != "c" or not (self._value or self._is_formula):
            return
        self._book.count()
        if self._column < MAX_COLUMNS and 1 <= self._row <= _MAX_ROW:
            self._rows.setdefault(self._row, {})[self._column] = self._cell("".join(self._value))

    def _cell(self, text: str) -> CellValue:
        if self._is_formula and not text:
            return BadCell("=…", "a formula that was never computed; open and save the workbook in its program")
        if self._kind == "s":
            return self._book.string(text.strip())
        if self._kind in ("str", "inlineStr"):
            return unescaped(text)
        if self._kind == "b":
            return text.strip() in ("1", "true")
        if self._kind == "e":
            return BadCell(text[:20], f"the cell shows the error {text[:20]}")
        if self._kind == "d":
            try:
                return dt.datetime.fromisoformat(text.strip())
            except ValueError:
                return BadCell(text[:40], "the cell's date is none")
        return self._book.number(text, self._style)


def unescaped(text: str) -> str:
    """Return a text with ``_xHHHH_`` as the characters they stand for."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _is_date_code(code: str) -> bool:
    """Return whether a number format shows a date or a time."""
    plain = _NOT_DATE.sub("", code.lower())
    return any(sign in plain for sign in "ymdhs") and "general" not in plain
