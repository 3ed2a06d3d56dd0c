"""Looks into the package of an xlsx for what its reader does not tell: errors, hidden rows, date system, sizes."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Final
from xml.etree import ElementTree

from ledger.errors import FormError

BYTES_MAX: Final = 256 * 1024 * 1024  # unpacked: 300,000 rows or so
CELLS_MAX: Final = 10_000_000  # of one sheet, the empty ones between others included: the reader makes room for all
# Tags as spreadsheets write them; every repeat is bounded, as a hostile part may be one endless tag.
_ROW = re.compile(rb"row\s[^<>]{0,99}?\br=[\"'](\d{1,8})[\"']([^<>]{0,999})>")
_CELL = re.compile(rb"<(?:\w{1,9}:)?c\s[^<>]{0,99}?\br=[\"']([A-Z]{1,3})(\d{1,8})[\"'][^<>]{0,99}(?<!/)>")
_WIDE = re.compile(rb" r=[\"']([A-Z]{2,3})\d")
_ERROR = re.compile(
    rb"<(?:\w{1,9}:)?c\s(?=[^<>]{0,99}\bt=[\"']e[\"'])[^<>]{0,99}?\br=[\"']([A-Z]{1,3})(\d{1,8})[\"'][^<>]{0,99}>"
    rb"(?:<(?:\w{1,9}:)?f\b[^<]{0,9999}(?:</(?:\w{1,9}:)?f>)?)?<(?:\w{1,9}:)?v>([^<]{1,20})"
)
_HIDDEN = re.compile(rb"\bhidden=[\"'](?:1|true)[\"']")
_PART: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


_DAMAGED = (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, LookupError, ValueError, EOFError, OSError,
            RuntimeError)  # fmt: skip


class TooLarge(FormError):
    """A workbook that would take more memory than an import has."""

    code = "workbook-too-large"
    zh = "工作簿过大（{what}）；请删去表格之外的内容，或按年份、月份拆分后分别导入"
    en = "the workbook is too large ({what}); delete what stands outside its tables, or import it in parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a sheet has that its reader does not tell: errors by (row, column), both from 0, and its hidden rows."""

    errors: Mapping[tuple[int, int], str] = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The sheets by name; nothing of a file that is no xlsx. `since_1904` when its days are counted from 1904."""

    sheets: Mapping[str, Seen]
    since_1904: bool = False


def look(content: bytes) -> Package:
    """What the package says. Raises TooLarge; a package that is damaged is left to the reader to refuse."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            unpacked = sum(part.file_size for part in package.infolist())
            if unpacked > BYTES_MAX:
                raise TooLarge(what=f"{unpacked:,} bytes", expected=f"≤ {BYTES_MAX:,} bytes")
            book = ElementTree.fromstring(package.read("xl/workbook.xml"))
            links = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
            parts = {link.get("Id"): link.get("Target", "") for link in links}
            sheets = {}
            for sheet in book.iterfind("{*}sheets/{*}sheet"):
                path = parts.get(sheet.get(_PART), "")
                path = path[1:] if path.startswith("/") else f"xl/{path}"
                sheets[sheet.get("name", "")] = _seen(sheet.get("name", ""), package.read(path))
            kept = book.find("{*}workbookPr")
            return Package(sheets=sheets, since_1904=kept is not None and kept.get("date1904") in ("1", "true"))
    except _DAMAGED:
        return Package(sheets={})


def _seen(name: str, part: bytes) -> Seen:
    rows = [(int(row[1]), row[2]) for row in _ROW.finditer(part)]
    height, width = max((number for number, _ in rows), default=0), _width(_WIDE.findall(part))
    if height * width > CELLS_MAX:  # perhaps nothing but formats stands there
        filled = [(cell[1], int(cell[2])) for cell in _CELL.finditer(part)]
        height, width = max((row for _, row in filled), default=0), _width(letters for letters, _ in filled)
        if height * width > CELLS_MAX:
            raise TooLarge(what=f"{name}: {height:,} × {width:,}", expected=f"≤ {CELLS_MAX:,}")
    errors = {
        (int(row) - 1, _column(letters)): said.decode("ascii", "replace")
        for letters, row, said in (_ERROR.findall(part) if b't="e"' in part or b"t='e'" in part else ())
    }
    hidden = frozenset(number - 1 for number, said in rows if b"hidden" in said and _HIDDEN.search(said))
    return Seen(errors=errors, hidden=hidden)


def _width(columns: Iterable[bytes]) -> int:
    return max(map(_column, set(columns)), default=25) + 1


def _column(letters: bytes) -> int:
    """The place of a column, counted from 0."""
    return reduce(lambda place, letter: place * 26 + letter - 64, letters, 0) - 1
