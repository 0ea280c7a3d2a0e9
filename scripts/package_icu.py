"""Leave out of Qt's ICU data the languages and character sets that the program does not have.

Qt asks ICU for four things: the order of texts, upper and lower case, names of time zones, and character sets of old.
Its data library holds them for all languages of the world, 32 MB. What is kept is all that belongs to no language, and
the languages of the program.

The data is one block: a header, a table of names and places, and the items (``ucmndata.h`` in ICU's sources).
"""

from __future__ import annotations

import re
import struct
import subprocess
import tempfile
from pathlib import Path, PurePosixPath
from typing import Final

from scripts.package_contents import LANGUAGES

_LOCALE: Final = re.compile(r"^([a-z]{2,3})(?:_\w+)?$")
_UNUSED_TREES: Final = {"translit", "rbnf", "unit"}
"""Other scripts' letters, numbers in words, measures: ICU has them, Qt has no way to ask for them."""
_KEPT_CHARACTER_SETS: Final = {"ibm-5348_P100-1997", "iso-8859_15-1998", "ibm-923_P100-1998"}
"""Of Western Europe; those of Unicode and Latin-1 are code, not data."""
_ALIGNED_TO: Final = 16


def is_kept(item: str) -> bool:
    """Return whether an item stays; ``item`` is its path in the block, ``icudt73l/coll/de.res``."""
    path = PurePosixPath(*PurePosixPath(item).parts[1:])
    if path.parts[0] in _UNUSED_TREES and len(path.parts) > 1:
        return False
    if path.suffix == ".cnv":
        return path.stem in _KEPT_CHARACTER_SETS
    if path.suffix == ".dict":  # where words end in languages that do not write spaces
        return False
    locale = _LOCALE.match(path.stem) if path.suffix == ".res" else None
    return locale is None or locale[1] in LANGUAGES


def items_of(block: bytes) -> list[tuple[str, bytes]]:
    """Return the items of a block, in its order. Raises ``ValueError`` for anything else."""
    size, magic = struct.unpack_from("<HH", block)
    if magic != 0x27DA or block[12:16] != b"CmnD":
        raise ValueError("this is no block of ICU data")
    (count,) = struct.unpack_from("<I", block, size)
    entries = [struct.unpack_from("<II", block, size + 4 + 8 * i) for i in range(count)]
    ends = [*(at for _, at in entries[1:]), len(block) - size]
    found = []
    for (name_at, at), end in zip(entries, ends, strict=True):
        name = block[size + name_at : block.index(b"\0", size + name_at)].decode("ascii")
        found.append((name, block[size + at : size + end]))
    return found


def block_of(header: bytes, items: list[tuple[str, bytes]]) -> bytes:
    """Return a block of items, which must be in the order of their names."""
    names = b"".join(name.encode("ascii") + b"\0" for name, _ in items)
    at = 4 + 8 * len(items)
    first = -(-(at + len(names)) // _ALIGNED_TO) * _ALIGNED_TO
    table, body, name_at = [struct.pack("<I", len(items))], bytearray(), at
    for name, data in items:
        table.append(struct.pack("<II", name_at, first + len(body)))
        name_at += len(name) + 1
        body += data + bytes(-len(data) % _ALIGNED_TO)
    head = b"".join(table) + names
    return header + head + bytes(first - len(head)) + bytes(body)


def slim(library: Path) -> int:
    """Make ``libicudata.so`` anew without what is not kept; return the bytes won. Needs a C compiler."""
    before = library.stat().st_size
    said = subprocess.run(["readelf", "--dyn-syms", "-W", library], capture_output=True, text=True, check=True).stdout
    symbol = next(line.split() for line in said.splitlines() if re.search(r" icudt\d+_dat$", line))
    content = library.read_bytes()
    begin, length = int(symbol[1], 16), int(symbol[2], 0)
    block = content[begin : begin + length]  # read-only data stands in the file where it stands in memory
    (size,) = struct.unpack_from("<H", block)
    kept = [(name, data) for name, data in items_of(block) if is_kept(name)]
    with tempfile.TemporaryDirectory() as name:
        data, source, made = Path(name, "icu.dat"), Path(name, "icu.s"), Path(name, library.name)
        data.write_bytes(block_of(block[:size], kept))
        source.write_text(
            f".section .rodata\n.balign 16\n.globl {symbol[7]}\n.type {symbol[7]}, %object\n{symbol[7]}:\n"
            f'.incbin "{data}"\n.size {symbol[7]}, .-{symbol[7]}\n.section .note.GNU-stack,"",%progbits\n'
        )
        link = ["cc", "-shared", "-nostdlib", "-s", f"-Wl,-soname,{library.name}", "-o", made, source]
        subprocess.run(link, check=True)
        library.write_bytes(made.read_bytes())
    return before - library.stat().st_size
