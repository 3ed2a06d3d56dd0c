"""Reads a workbook into rows: finds the tables, their headings and their units, and names every cell that is wrong."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, NamedTuple

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

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
    is_nothing,
    unit_of,
    whole,
)
from ledger.exchange.hj1259.package import Seen, look
from ledger.exchange.hj1259.remarks import (
    CategoryDiffers,
    CellMissing,
    CellUnreadable,
    CodesAreNumbers,
    ColumnMissing,
    ColumnsNotRead,
    ColumnTwice,
    DayDiffers,
    Fault,
    HiddenRead,
    NoTable,
    Notice,
    ReceiversTwo,
    RowAlike,
    RowNotRead,
    RowsHidden,
    RowTwice,
    SheetsNotRead,
    UnitDiffers,
)
from ledger.exchange.hj1259.tables import COLUMNS, HEADINGS, PATTERNS, TABLES, Identity, Row, Table, heading_of
from ledger.log.hashing import sha256

_HEADING_WITHIN: Final = 15  # rows from the top of a sheet
_HEADING_DEPTH: Final = 3  # rows of one heading
_CACHED: Final = 4096  # values of one column remembered, as most repeat
_NAMED = re.compile(r"(?<![A-Z0-9])B\s*[.．·]?\s*([1-5])(?!\d)", re.IGNORECASE)
_STAGES: Final[tuple[tuple[str, Table], ...]] = (  # a later stage names the earlier ones that it refers to
    (r"委外|委托|外运|出厂", "B.5"),
    (r"自行|自利用|自处置", "B.4"),
    (r"出库", "B.3"),
    (r"入库", "B.2"),
    (r"产生", "B.1"),
)
_OWN_STAGE = re.compile(r"利用|处置")  # of a batch in the heading: a delivered one says more
_FOOT = re.compile(r"(合计|小计|总计|累计|注\d*[:：]|备注|说明|填表|填报|审核)")
_UNIT_IN_HEADING = re.compile(r"[(\[]([^()\[\]]+)[)\]]$")
_BATCH_DAY = re.compile(r"(20\d{2})(\d{2})(\d{2})")
_CODES: Final = ("batch", "from_batches", "container_code", "facility")
_ERRORS: Final = frozenset(("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"))
_UNIT_ABOVE = re.compile(r"[(（]?(?:计量)?单位\s*[:：]\s*([^()（）]+)[)）]?")


_Range = tuple[tuple[int, int], tuple[int, int]]  # its first and its last cell, each (row, column)


class NotAWorkbook(FormError):
    """The bytes are no spreadsheet that can be opened."""

    code = "not-a-workbook"
    zh = "无法打开：不是电子表格文件，或已加密、已损坏（{detail}）；请用 Excel 或 WPS 去掉密码，另存为 .xlsx 后重试"
    en = (
        "cannot be opened: not a spreadsheet, or encrypted or damaged ({detail}); open it in Excel or WPS, take the"
        " password off and save it as .xlsx"
    )


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
    """Where a table's columns are: the last row of the heading, field → column, the unit in the quantity's heading.

    `twice` are the headings of each field that several may be meant as; `units` are all units that stand in the
    heading and above it.
    """

    last: int
    columns: dict[str, int]
    unknown: tuple[str, ...]
    twice: dict[str, tuple[str, ...]]
    units: frozenset[str]

    @property
    def unit(self) -> str:
        return next(iter(self.units), "")

    def missing(self, table: Table) -> list[str]:
        """The standard's headings of what is required and not there."""
        there = self.columns.keys() | self.twice.keys()
        missing = [c.heading for c in COLUMNS[table] if c.required and c.field not in there]
        if not self.units and "unit" not in there and "quantity" in there:
            missing.append(heading_of(table, "unit"))
        return missing


def read_workbook(content: bytes, regime: Regime = REGIME) -> Workbook:
    """The rows of the five tables in a workbook (xlsx, xls, xlsb, ods). Raises NotAWorkbook and TooLarge."""
    package = look(content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = book.sheet_names
        hidden = {sheet.name for sheet in book.sheets_metadata if sheet.visible is not SheetVisibleEnum.Visible}
        sheets = [(sheet, list(sheet.iter_rows())) for sheet in map(book.get_sheet_by_name, names)]
    except (CalamineError, ValueError, OSError) as error:
        raise NotAWorkbook(detail=clean(error)[:200]) from None
    reader = _Reader(regime, package.since_1904)
    unread = []
    for sheet, cells in sheets:
        if any(map(any, cells)):
            name = _sheet_name(sheet.name)
            seen = package.sheets.get(sheet.name, Seen())
            if not reader.read(name, cells, sheet.merged_cell_ranges or (), seen):
                unread.append(name)
            elif sheet.name in hidden:
                reader.notices.append(HiddenRead(sheet=name))
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

    def __init__(self, regime: Regime, since_1904: bool) -> None:
        self.faults: list[Fault] = []
        self.notices: list[Notice] = []
        self.faulty: dict[tuple[Table, str], tuple[str, int]] = {}
        self.tables: set[Table] = set()
        self._rows: list[Row] = []
        self._numbers: set[str] = set()  # the codes of this sheet that are numbers
        self._regime, self._readers = regime, cell_readers(regime, since_1904)
        self._known: dict[str, dict[Any, Any]] = {field: {} for field in self._readers}

    def read(self, sheet: str, cells: Sequence[list[Any]], merged: Sequence[_Range], seen: Seen) -> bool:
        """Take in a sheet; False when it is none of the tables."""
        table, heading = _table_of(sheet, cells)
        if table is None:
            return False
        self.tables.add(table)
        if heading is None:
            column = heading_of(table, "batch")
            self.faults.append(ColumnMissing(sheet=sheet, row=1, table=table, column=column))
            return True
        where = {"sheet": sheet, "row": heading.last + 1}
        if heading.unknown:
            self.notices.append(ColumnsNotRead(**where, columns="、".join(heading.unknown)))
        wrong: list[Fault] = [
            ColumnTwice(**where, column=heading_of(table, field), columns="、".join(texts))
            for field, texts in heading.twice.items()
        ]
        if missing := heading.missing(table):
            wrong.append(ColumnMissing(**where, table=table, column="、".join(missing)))
        if len(heading.units) > 1:
            units = "、".join(sorted(heading.units))
            wrong.append(UnitDiffers(**where, column=heading_of(table, "quantity"), units=units))
        self.faults += wrong
        if wrong:
            return True
        _fill_merged(cells, merged, heading)
        for (place, error_at), said in seen.errors.items():
            if place < len(cells) and error_at < len(cells[place]):
                cells[place][error_at] = said
        rows = range(heading.last + 1, len(cells))
        if hidden := [place + 1 for place in rows if place in seen.hidden and any(cells[place])]:
            self.notices.append(RowsHidden(sheet=sheet, row=hidden[0], count=len(hidden)))
        self._numbers.clear()
        for place in rows:
            if any(cells[place]):
                self._read_row(table, sheet, place + 1, heading, cells[place])
        return True

    def numbered(self) -> Iterator[Row]:
        """The rows with their ordinals; two rows of one container in one batch are a fault of the second, and so are
        two without a container code on two sheets, of which one is a copy."""
        seen: dict[Identity, Row] = {}
        for row in sorted(self._rows, key=lambda row: row.at):
            identity = row.identity
            while identity in seen and not row.container_code and seen[identity].sheet == row.sheet:
                other = seen[identity]
                if replace(row, number=other.number, ordinal=other.ordinal) == other:
                    self.notices.append(RowAlike(sheet=row.sheet, row=row.number, other=other.number))
                identity = identity._replace(ordinal=identity.ordinal + 1)
            if identity in seen:
                first = seen[identity]
                fault = RowTwice(
                    sheet=row.sheet,
                    row=row.number,
                    column=heading_of(row.table, "batch"),
                    got=f"{row.batch} {row.container_code}".strip(),
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
            column = heading_of(table, field)
            if kind is not CellMissing or column not in (f.fields["column"] for f in faults):
                faults.append(kind(sheet=sheet, row=number, column=column, **fields))

        for field, place in heading.columns.items():
            raw = cells[place]
            if raw == "" or raw is None:
                continue
            known = self._known[field]
            try:
                value = None if isinstance(raw, bool) else known.get(raw)  # True is no 1.0
                if value is None:
                    if isinstance(raw, str) and is_nothing(clean(raw)):
                        continue
                    if isinstance(raw, str) and raw in _ERRORS:
                        raise CellForm("没有公式错误的值 a value, no error")
                    value = self._readers[field](raw)
                    if len(known) < _CACHED:
                        known[raw] = value
            except CellForm as form:
                fault(CellUnreadable, field, expected=form.expected, got=clean(raw)[:80])
            else:
                got[field] = value
                if isinstance(raw, float) and field in _CODES and field not in self._numbers:
                    self._numbers.add(field)
                    where = {"sheet": sheet, "row": number, "column": heading_of(table, field)}
                    self.notices.append(CodesAreNumbers(**where, got=clean(raw)))
        if "batch" not in got and _is_foot(cells):
            self.notices.append(RowNotRead(sheet=sheet, row=number))
            return
        others = (cell for place, cell in enumerate(cells) if place != heading.columns.get("unit"))
        if not faults and got.keys() <= {"unit"} and all(text.isdigit() for text in map(clean, others) if text):
            return  # prepared for later: it has a running number at most
        for column in COLUMNS[table]:
            if column.required and column.field not in got:
                fault(CellMissing, column.field)
        if heading_of(table, "unit") in (f.fields["column"] for f in faults):
            got.pop("quantity", None)
        _settle_day(got, fault)
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


def _settle_day(got: dict[str, Any], fault: Any) -> None:
    at, named = got.get("at"), _BATCH_DAY.search(got.get("batch", ""))
    if isinstance(at, When) and named and at.day != named[0]:
        year, month, day = at.day[:4], at.day[4:6], at.day[6:]
        if named.groups() == (year, day, month) or named.groups()[1:] == (month, day):
            fault(DayDiffers, "at", batch=got["batch"], got=f"{year}-{month}-{day}")


def _settle_times(got: dict[str, Any], fault: Any) -> None:
    at, ended = got.get("at"), got.get("ended")
    if isinstance(at, When):
        got["at"], got["whole_day"] = at.at, at.whole_day
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
    column_unit = got.pop("unit", "")
    if not isinstance(quantity, Quantity):
        return
    # What the cell itself says is about it alone; the heading and the column are both about the whole table.
    if units := {u for u in (quantity.unit or heading_unit, column_unit) if u}:
        unit = units.pop()
        if units:
            fault(UnitDiffers, "quantity", units="、".join(sorted((unit, *units))))
            return
    else:
        unit = ""
    try:
        if unit in GRAMS:
            got["net_g"] = whole(quantity.value, GRAMS[unit], GRAMS_MAX)
        elif unit in MILLILITRES:
            got["volume_ml"] = whole(quantity.value, MILLILITRES[unit], GRAMS_MAX)
        else:
            fault(CellMissing, "unit", expected=UNITS_SAY)
            return
        if not (got.get("net_g") or got.get("volume_ml")):
            fault(CellUnreadable, "quantity", expected="> 0", got=f"{quantity.value} {unit}"[:80])
        got["quantity"] = declared(quantity, unit)
    except CellForm as form:
        fault(CellUnreadable, "quantity", expected=form.expected, got=f"{quantity.value} {unit}"[:80])


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
    if len(set(named.values())) > 1:
        fault(ReceiversTwo, "receiver_kind", names="、".join(dict.fromkeys(named.values())))
    if not kind and "licence" in got:
        kind = "licensed"
    got["receiver_kind"] = kind or "other"
    got["receiver"] = named.get(kind) or next(iter(named.values()), "")
    if not got["receiver"] and "licence" not in got:
        fault(CellMissing, "receiver_kind")


def _table_of(sheet: str, cells: Sequence[Sequence[Any]]) -> tuple[Table | None, _Heading | None]:
    """The table that a sheet is, and its heading: what its name or title numbers it, else what the batches of its
    heading say, else what stage its name or title speaks of; the first of these that has all that is required."""
    headed = next((n for n, row in enumerate(cells[:_HEADING_WITHIN]) if any("批次" in clean(c) for c in row)), None)
    titles = [sheet, *(" ".join(map(clean, row)) for row in cells[:headed][:3])]
    titles = [unicodedata.normalize("NFKC", title).upper() for title in titles]
    tables = [TABLES[int(named[1]) - 1] for title in titles for named in _NAMED.finditer(title)]
    batches = "" if headed is None else " ".join(text for text in map(clean, cells[headed]) if "批次" in text)
    stage, spoken = _stage_of([batches]), _stage_of(titles)
    if stage != "B.5" and _OWN_STAGE.search(batches):
        stage = "B.4"
    if stage:
        tables.append(stage)
    if spoken and spoken >= (stage or spoken):  # a heading refers to earlier stages, never to later ones
        tables.append(spoken)
    found = [(table, _heading(table, cells)) for table in dict.fromkeys(tables)]
    for table, heading in found:
        if heading is not None and not heading.missing(table):
            return table, heading
    for table, heading in found:
        if heading is not None or _NAMED.search(titles[0]):
            return table, heading
    return None, None


def _stage_of(titles: Sequence[str]) -> Table | None:
    return next((table for title in titles for stage, table in _STAGES if re.search(stage, title)), None)


def _heading(table: Table, cells: Sequence[Sequence[Any]]) -> _Heading | None:
    found: list[tuple[int, int, _Heading]] = []
    for first in range(min(_HEADING_WITHIN, len(cells))):
        for depth in range(1, min(_HEADING_DEPTH, len(cells) - first) + 1):
            if depth > 1 and any(cell != "" and not isinstance(cell, str) for cell in cells[first + depth - 1]):
                break  # a row with a number or a date is no heading
            heading = _recognise(table, cells[first : first + depth], first + depth - 1)
            if "batch" in heading.columns or "batch" in heading.twice:
                units = heading.units | _units_above(cells[:first])
                found.append((len(heading.columns) + len(heading.twice), -depth, heading._replace(units=units)))
    return max(found, key=lambda one: one[:2], default=(0, 0, None))[2]


def _units_above(rows: Sequence[Sequence[Any]]) -> frozenset[str]:
    said = (_UNIT_ABOVE.fullmatch(clean(cell)) for row in rows for cell in row if isinstance(cell, str))
    return frozenset(unit for named in said if named and (unit := _unit_named(named[1])))


def _unit_named(text: str) -> str:
    try:
        return unit_of(text)
    except CellForm:
        return ""


def _recognise(table: Table, rows: Sequence[Sequence[Any]], last: int) -> _Heading:
    found: dict[str, dict[int, tuple[str, str]]] = {}  # of each field: column → heading as written, without its unit
    unknown: list[str] = []
    units: dict[int, str] = {}
    for place, raw in enumerate(_joined(rows)):
        text = re.sub(r"\s", "", unicodedata.normalize("NFKC", raw))
        bare = _UNIT_IN_HEADING.sub("", text)
        field = next((f for f, pattern in PATTERNS[table] if pattern.search(bare)), None)
        if field:
            found.setdefault(field, {})[place] = raw, bare
        elif text and field is None:
            unknown.append(raw)
        if field == "quantity" and (named := _UNIT_IN_HEADING.search(text)):
            units[place] = _unit_named(named[1])
    columns: dict[str, int] = {}
    twice: dict[str, tuple[str, ...]] = {}
    for field, places in found.items():
        if len(places) > 1:
            exact = [place for place, (_, bare) in places.items() if (table, field, bare) in HEADINGS]
            if len(exact) != 1:
                twice[field] = tuple(raw for raw, _ in places.values())
                continue
            unknown += (raw for place, (raw, _) in places.items() if place != exact[0])
            places = {exact[0]: places[exact[0]]}
        (columns[field],) = places
    unit = units.get(columns.get("quantity", -1), "")
    return _Heading(last, columns, tuple(unknown), twice, frozenset(filter(None, (unit,))))


def _joined(rows: Sequence[Sequence[Any]]) -> list[str]:
    """One text for each column of a heading of several rows; a group's heading reaches over the columns below it."""
    texts = [[clean(cell) if isinstance(cell, str) else "" for cell in row] for row in rows]
    for upper, lower in reversed(list(pairwise(texts))):
        for place in range(1, len(upper)):
            if not upper[place] and lower[place]:
                upper[place] = upper[place - 1]
    return ["".join(dict.fromkeys(filter(None, column))) for column in zip(*texts, strict=True)]


def _fill_merged(cells: Sequence[list[Any]], merged: Sequence[_Range], heading: _Heading) -> None:
    """What rows share in one merged cell is said of each of them; not so a quantity, which is said of all together."""
    shared = {place for field, place in heading.columns.items() if field not in ("quantity", "count")}
    for (top, column), (bottom, _) in merged:
        if top > heading.last and column in shared and cells[top : top + 1] and cells[top][column] != "":
            for row in cells[top + 1 : bottom + 1]:
                if row[column] != "":
                    break
                row[column] = cells[top][column]


def _is_foot(cells: Sequence[Any]) -> bool:
    first = next((clean(cell) for cell in cells if cell != ""), "")
    return _FOOT.match(re.sub(r"\s", "", first)) is not None
