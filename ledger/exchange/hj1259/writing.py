"""Writes rows as a workbook of the five tables, a sheet each, headed as HJ 1259-2022 heads them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from ledger.custody.regimes.base import Regime, moment_of
from ledger.custody.regimes.cn import REGIME
from ledger.exchange.hj1259.tables import COLUMNS, RECEIVER_KINDS, STORE_KINDS, TABLES, TITLES, UNITS, Row, Table


def write_workbook(rows: Iterable[Row], regime: Regime = REGIME) -> bytes:
    """An xlsx of the rows, each table in the order they come in. The same rows always make the same bytes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    # The file's own time of making would make two exports of one ledger differ.
    book.set_properties({"created": datetime(2022, 10, 1)})
    writer = _Writer(book, regime)
    for row in rows:
        writer.write(row)
    book.close()
    return out.getvalue()


class _Writer:
    def __init__(self, book: xlsxwriter.Workbook, regime: Regime) -> None:
        self._regime = regime
        self._bold = book.add_format({"bold": True, "text_wrap": True, "align": "center", "valign": "vcenter"})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._sheets = {table: book.add_worksheet(f"表{table}") for table in TABLES}
        self._next = {table: self._head(table) for table in TABLES}

    def write(self, row: Row) -> None:
        """Add a row below its table."""
        sheet, place = self._sheets[row.table], self._next[row.table]
        self._next[row.table] += 1
        for column, spec in enumerate(COLUMNS[row.table]):
            value = place - 2 if not spec.field else self._cell(row, spec.field)
            match value:
                case None | "":
                    pass
                case datetime():
                    whole_day = (value.hour, value.minute, value.second) == (0, 0, 0)
                    sheet.write_datetime(place, column, value, self._day if whole_day else self._moment)
                case int() | Decimal():
                    sheet.write_number(place, column, value)
                case _:
                    sheet.write_string(place, column, value)

    def _head(self, table: Table) -> int:
        """Title, groups, headings; answers the place of the first row below them."""
        sheet, columns = self._sheets[table], COLUMNS[table]
        sheet.set_column(0, 0, 6)
        sheet.set_column(1, len(columns) - 1, 18)
        sheet.write_string(0, 0, f"表{table} {TITLES[table]}", self._bold)
        for place, column in enumerate(columns):
            new_group = column.group and (place == 0 or columns[place - 1].group != column.group)
            if new_group or not column.group:
                sheet.write_string(1, place, column.group or column.heading, self._bold)
        for place, column in enumerate(columns):
            if column.group:
                sheet.write_string(2, place, column.heading, self._bold)
        return 3

    def _cell(self, row: Row, field: str) -> Any:
        match field:
            case "at" | "ended":
                moment = getattr(row, field)
                return (moment_of(moment) + self._regime.offset).replace(tzinfo=None) if moment else None
            case "quantity":
                return Decimal(row.quantity[0]) if row.quantity else None
            case "unit":
                return UNITS[row.quantity[1]] if row.quantity else None
            case "count":
                return row.count or 1
            case "category":
                return "、".join(self._regime.classes_of(row.code))
            case "store_kind":
                return STORE_KINDS.get(row.store_kind)
            case "receiver_kind":
                return RECEIVER_KINDS[row.receiver_kind]
            case "licensed" | "exempt" | "abroad" | "other":
                return row.receiver if row.receiver_kind == field else None
            case "from_batches":
                return "、".join(row.from_batches)
            case _:
                return getattr(row, field)
