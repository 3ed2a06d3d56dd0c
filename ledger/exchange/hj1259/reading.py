"""Reads a workbook into rows: finds the tables, their headings and their units, and names every cell that is wrong."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, NamedTuple

from python_calamine import CalamineError, CalamineWorkbook

from ledger.custody.regimes.base import Regime, later
from ledger.custody.regimes.cn import REGIME
from ledger.custody.values import GRAMS_MAX
from ledger.errors import FormError
from ledger.exchange.hj1259.cells import (
    GRAMS,
    MILLILITRES,
    UNITS_SAY,
    CellForm,
    Quantity,
    When,
    cell_readers,
    clean,
    declared,
    unit_of,
    whole,
)
from ledger.exchange.hj1259.remarks import (
    CategoryDiffers,
    CellMissing,
    CellUnreadable,
    ColumnMissing,
    ColumnsNotRead,
    Fault,
    NoTable,
    Notice,
    RowNotRead,
    RowTwice,
    SheetsNotRead,
)
from ledger.exchange.hj1259.tables import COLUMNS, PATTERNS, TABLES, Identity, Row, Table, heading_of
from ledger.log.hashing import sha256

_HEADING_WITHIN: Final = 15  # rows from the top of a sheet
_HEADING_DEPTH: Final = 3  # rows of one heading
_CACHED: Final = 4096  # values of one column remembered, as most repeat
_NAMED = re.compile(r"B\s*[.．·]?\s*([1-5])(?!\d)", re.IGNORECASE)
_STAGES: Final[tuple[tuple[str, Table], ...]] = (
    (r"委外|委托|外运|出厂", "B.5"),
    (r"自行|自利用|自处置", "B.4"),
    (r"入库", "B.2"),
    (r"出库", "B.3"),
    (r"产生", "B.1"),
)
_FOOT = re.compile(r"(合计|小计|总计|累计|注\d*[:：]|备注|说明|填表|填报|审核)")
_UNIT_IN_HEADING = re.compile(r"[(\[/]([^()\[\]/]+)[)\]]?$")
_UNIT_ABOVE = re.compile(r"[(（]?(?:计量)?单位\s*[:：]\s*([^()（）]+)[)）]?")


class NotAWorkbook(FormError):
    """The bytes are no spreadsheet that can be opened."""

    code = "not-a-workbook"
    zh = "无法打开：不是电子表格文件（{detail}）"
    en = "cannot be opened: not a spreadsheet ({detail})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """All rows in order of time, and what is wrong with those that are missing. `sha256` is of its bytes.

    `faulty` are the batches (table, batch code) of which a row is missing, with the place of that row.
    """

    sha256: str
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    notices: tuple[Notice, ...]
    faulty: dict[tuple[Table, str], tuple[str, int]]


class _Heading(NamedTuple):
    """Where a table's columns are: the last row of the heading, field → column, the unit in the quantity's heading."""

    last: int
    columns: dict[str, int]
    unknown: tuple[str, ...]
    unit: str


def read_workbook(content: bytes, regime: Regime = REGIME) -> Workbook:
    """The rows of the five tables in a workbook (xlsx, xls, xlsb, ods). Raises NotAWorkbook."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = book.sheet_names
        sheets = [(name, list(book.get_sheet_by_name(name).iter_rows())) for name in names]
    except (CalamineError, ValueError, OSError) as error:
        raise NotAWorkbook(detail=clean(error)[:200]) from None
    reader = _Reader(regime)
    unread = [name for name, rows in sheets if any(map(any, rows)) and not reader.read(_sheet_name(name), rows)]
    if len(unread) == len(sheets) or not reader.tables:
        reader.faults.append(NoTable(expected="B.1 … B.5", got="、".join(names)))
    elif unread:
        reader.notices.append(SheetsNotRead(sheets="、".join(unread)))
    rows = tuple(reader.numbered())
    return Workbook(
        sha256=sha256(content).hex(),
        rows=rows,
        faults=tuple(reader.faults),
        notices=tuple(reader.notices),
        faulty=reader.faulty,
    )


def _sheet_name(name: str) -> str:
    return clean(name) or "?"


class _Reader:
    """Collects rows and remarks over the sheets of one workbook."""

    def __init__(self, regime: Regime) -> None:
        self.faults: list[Fault] = []
        self.notices: list[Notice] = []
        self.faulty: dict[tuple[Table, str], tuple[str, int]] = {}
        self.tables: set[Table] = set()
        self._rows: list[Row] = []
        self._regime, self._readers = regime, cell_readers(regime)
        self._known: dict[str, dict[Any, Any]] = {field: {} for field in self._readers}

    def read(self, sheet: str, cells: Sequence[Sequence[Any]]) -> bool:
        """Take in a sheet; False when it is none of the tables."""
        table = _table_of(sheet, cells)
        heading = _heading(table, cells) if table else None
        if table is None or heading is None:
            return False
        self.tables.add(table)
        if heading.unknown:
            unknown = "、".join(heading.unknown)
            self.notices.append(ColumnsNotRead(sheet=sheet, row=heading.last + 1, columns=unknown))
        missing = [c.heading for c in COLUMNS[table] if c.required and c.field not in heading.columns]
        if "unit" not in heading.columns and not heading.unit and "quantity" in heading.columns:
            missing.append(heading_of(table, "unit"))
        if missing:
            column = "、".join(missing)
            self.faults.append(ColumnMissing(sheet=sheet, row=heading.last + 1, table=table, column=column))
            return True
        for place in range(heading.last + 1, len(cells)):
            if any(cells[place]):
                self._read_row(table, sheet, place + 1, heading, cells[place])
        return True

    def numbered(self) -> Iterator[Row]:
        """The rows with their ordinals; two rows of one container in one batch are a fault of the second."""
        seen: dict[Identity, Row] = {}
        for row in sorted(self._rows, key=lambda row: row.at):
            identity = row.identity
            while identity in seen and not row.container_code:
                identity = identity._replace(ordinal=identity.ordinal + 1)
            if identity in seen:
                first = seen[identity]
                fault = RowTwice(
                    sheet=row.sheet,
                    row=row.number,
                    column=heading_of(row.table, "batch"),
                    got=f"{row.batch} {row.container_code}",
                    other_sheet=first.sheet,
                    other=first.number,
                )
                self.faults.append(fault)
                continue
            numbered = replace(row, ordinal=identity.ordinal) if identity.ordinal else row
            seen[identity] = numbered
            yield numbered

    def _read_row(self, table: Table, sheet: str, number: int, heading: _Heading, cells: Sequence[Any]) -> None:
        got: dict[str, Any] = {}
        faults: list[Fault] = []

        def fault(kind: type[Fault], field: str, **fields: object) -> None:
            faults.append(kind(sheet=sheet, row=number, column=heading_of(table, field), **fields))

        for field, place in heading.columns.items():
            raw = cells[place]
            if raw == "" or raw is None:
                continue
            known = self._known[field]
            try:
                value = known.get(raw)
                if value is None:
                    if isinstance(raw, str) and not clean(raw):
                        continue
                    value = self._readers[field](raw)
                    if len(known) < _CACHED:
                        known[raw] = value
            except CellForm as form:
                fault(CellUnreadable, field, expected=form.expected, got=clean(raw)[:80])
            else:
                got[field] = value
        if "batch" not in got and _is_foot(cells):
            self.notices.append(RowNotRead(sheet=sheet, row=number))
            return
        unreadable = {f.fields["column"] for f in faults}
        for column in COLUMNS[table]:
            if column.required and column.field not in got and column.heading not in unreadable:
                fault(CellMissing, column.field)
        if heading_of(table, "unit") in unreadable:
            got.pop("quantity", None)
        _settle_times(got, fault)
        _settle_quantity(got, heading.unit, fault)
        _settle_waste(table, got, self._regime, fault)
        if table == "B.5":
            _settle_receiver(got, fault)
        if faults:
            self.faults.extend(faults)
            if "batch" in got:
                self.faulty.setdefault((table, got["batch"]), (sheet, number))
            return
        self._rows.append(Row(table=table, sheet=sheet, number=number, **got))


def _settle_times(got: dict[str, Any], fault: Any) -> None:
    at, ended = got.get("at"), got.get("ended")
    if isinstance(at, When):
        got["at"], got["whole_day"] = at
    if isinstance(ended, When):
        got["ended"] = ended.at
        if isinstance(at, When) and ended.at < at.at:
            # A day alone ends no earlier than the moment it began at.
            if ended.whole_day and at.at < later(ended.at, days=1):
                got["ended"] = at.at
            else:
                fault(CellUnreadable, "ended", expected=f"≥ {at.at}", got=ended.at)


def _settle_quantity(got: dict[str, Any], heading_unit: str, fault: Any) -> None:
    quantity = got.pop("quantity", None)
    unit = got.pop("unit", "") or heading_unit
    if not isinstance(quantity, Quantity):
        return
    unit = quantity.unit or unit
    try:
        if unit in GRAMS:
            got["net_g"] = whole(quantity.value, GRAMS[unit], GRAMS_MAX)
        elif unit in MILLILITRES:
            got["volume_ml"] = whole(quantity.value, MILLILITRES[unit], GRAMS_MAX)
        else:
            fault(CellMissing, "unit", expected=UNITS_SAY)
            return
        if not (got.get("net_g") or got.get("volume_ml")):
            fault(CellUnreadable, "quantity", expected="> 0", got=f"{quantity.value} {unit}")
        got["quantity"] = declared(quantity, unit)
    except CellForm as form:
        fault(CellUnreadable, "quantity", expected=form.expected, got=f"{quantity.value} {unit}")


def _settle_waste(table: Table, got: dict[str, Any], regime: Regime, fault: Any) -> None:
    category, code = got.pop("category", ""), got.get("code", "")
    classes = regime.classes_of(code) if code else ()
    if category and classes and not any(name.endswith(category) for name in classes):
        fault(CategoryDiffers, "category", waste=code, expected=" | ".join(classes), got=category)
    if table == "B.1" and not got.get("name"):
        if "catalogue_name" not in got:
            fault(CellMissing, "name")
        else:
            got["name"] = got["catalogue_name"]
    if got.get("volume_ml") and table in ("B.4", "B.5"):
        fault(CellUnreadable, "quantity", expected="t 吨 | kg 千克 | g 克", got=" ".join(got["quantity"]))


def _settle_receiver(got: dict[str, Any], fault: Any) -> None:
    named: dict[str, str] = {kind: got.pop(kind) for kind in ("licensed", "exempt", "abroad", "other") if kind in got}
    kind = got.get("receiver_kind") or next(iter(named), "")
    if not kind and "licence" in got:
        kind = "licensed"
    got["receiver_kind"] = kind or "other"
    got["receiver"] = named.get(kind) or next(iter(named.values()), "")
    if not got["receiver"] and "licence" not in got:
        fault(CellMissing, "receiver_kind")


def _table_of(sheet: str, cells: Sequence[Sequence[Any]]) -> Table | None:
    titles = [sheet, *("".join(map(clean, row)) for row in cells[:3])]
    for title in titles:
        named = _NAMED.search(unicodedata.normalize("NFKC", title))
        if named:
            return TABLES[int(named[1]) - 1]
    return next((table for title in titles for stage, table in _STAGES if re.search(stage, title)), None)


def _heading(table: Table, cells: Sequence[Sequence[Any]]) -> _Heading | None:
    found: list[tuple[int, int, _Heading]] = []
    for first in range(min(_HEADING_WITHIN, len(cells))):
        for depth in range(1, min(_HEADING_DEPTH, len(cells) - first) + 1):
            heading = _recognise(table, cells[first : first + depth], first + depth - 1)
            if "batch" in heading.columns:
                unit = heading.unit or _unit_above(cells[:first])
                found.append((len(heading.columns), -depth, heading._replace(unit=unit)))
    return max(found, key=lambda one: one[:2], default=(0, 0, None))[2]


def _unit_above(rows: Sequence[Sequence[Any]]) -> str:
    for raw in (cell for row in rows for cell in row if isinstance(cell, str)):
        if named := _UNIT_ABOVE.fullmatch(clean(raw)):
            return _unit_named(named[1])
    return ""


def _unit_named(text: str) -> str:
    try:
        return unit_of(text)
    except CellForm:
        return ""


def _recognise(table: Table, rows: Sequence[Sequence[Any]], last: int) -> _Heading:
    columns: dict[str, int] = {}
    unknown: list[str] = []
    unit = ""
    for place, raw in enumerate(_joined(rows)):
        text = re.sub(r"\s", "", unicodedata.normalize("NFKC", raw))
        bare = _UNIT_IN_HEADING.sub("", text) if text.endswith((")", "]")) else text
        field = next((f for f, pattern in PATTERNS[table] if f not in columns and pattern.search(bare)), None)
        if field is None:
            if text:
                unknown.append(raw)
            continue
        columns[field] = place
        if field == "quantity" and (named := _UNIT_IN_HEADING.search(text)):
            unit = _unit_named(named[1])
    columns.pop("", None)
    return _Heading(last, columns, tuple(unknown), unit)


def _joined(rows: Sequence[Sequence[Any]]) -> list[str]:
    """One text for each column of a heading of several rows; a group's heading reaches over the columns below it."""
    texts = [[clean(cell) if isinstance(cell, str) else "" for cell in row] for row in rows]
    for upper, lower in reversed(list(pairwise(texts))):
        for place in range(1, len(upper)):
            if not upper[place] and lower[place]:
                upper[place] = upper[place - 1]
    return ["".join(dict.fromkeys(filter(None, column))) for column in zip(*texts, strict=True)]


def _is_foot(cells: Sequence[Any]) -> bool:
    first = next((clean(cell) for cell in cells if cell != ""), "")
    return _FOOT.match(re.sub(r"\s", "", first)) is not None
