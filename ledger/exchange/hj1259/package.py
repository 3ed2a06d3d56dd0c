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
_FAR = re.compile(rb"r\s{0,9}=\s{0,9}[\"'](?:[A-Z]{4}|[A-Z]{0,9}\d{6})")
_WIDE = re.compile(rb" r=[\"']([A-Z]{2,3})\d")
_ROW = re.compile(rb"row\s[^<>]{0,999}?\br\s*=\s*[\"'](\d{1,12})[\"']([^<>]{0,999})>")
_CELL = re.compile(rb"<(?:\w{1,9}:)?c\s[^<>]{0,999}?\br\s*=\s*[\"']([A-Z]{1,9})(\d{1,12})[\"'][^<>]{0,999}(?<!/)>")
_NO_PLACE = re.compile(rb"<(?:\w{1,9}:)?c(?=[\s/>])(?![^<>]{0,999}\br\s*=)")
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
    if _FAR.search(part) or 100_000 * _width(_WIDE.findall(part)) > CELLS_MAX:
        height, width = _room(part)
        if height * width > CELLS_MAX:
            raise TooLarge(what=f"{name}: {height:,} × {width:,}", expected=f"≤ {CELLS_MAX:,}")
    errors = {
        (int(row) - 1, _column(letters)): said.decode("ascii", "replace")
        for letters, row, said in (_ERROR.findall(part) if b't="e"' in part or b"t='e'" in part else ())
    }
    rows = _ROW.findall(part) if b"hidden" in part else ()
    hidden = frozenset(int(row) - 1 for row, said in rows if _HIDDEN.search(said))
    return Seen(errors=errors, hidden=hidden)


def _room(part: bytes) -> tuple[int, int]:
    """How many rows and columns the cells reach over that hold something, not a format alone."""
    filled = [(cell[1], int(cell[2])) for cell in _CELL.finditer(part)]
    height = max((row for _, row in filled), default=0)
    if _NO_PLACE.search(part):  # such a cell stands where its row does
        height = max(height, *(int(row) for row, _ in _ROW.findall(part)), 0)
    return height, _width(letters for letters, _ in filled)


def _width(columns: Iterable[bytes]) -> int:
    return max(map(_column, set(columns)), default=25) + 1


def _column(letters: bytes) -> int:
    """The place of a column, counted from 0."""
    return reduce(lambda place, letter: place * 26 + letter - 64, letters, 0) - 1
