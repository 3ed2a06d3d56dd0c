"""Office tables: one description of columns gives the table on the page, its CSV and its XLSX.

    found = Table(name="stock", caption=t("库存", "Stock"), columns=COLUMNS, rows=rows)
    return tabled("stores.html", found, site=site)        # in the template: {{ stock }}

`?as=csv` or `?as=xlsx` answers the same rows as a file; of several tables on a page `?table=` names one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlencode

from flask import Response, render_template, request
from markupsafe import Markup, escape
from xlsxwriter import Workbook  # type: ignore[import-untyped]

from api.errors import BadRequest
from api.pages.shown import grams, moment, page, percent, t, teller
from ledger.custody.rate import Share

Kind = Literal["text", "code", "recorded", "grams", "number", "moment", "percent", "state"]
FILE_ROWS_MAX: Final = 100_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the rows' key, its heading, and what its values are.

    `text` is in the reader's language, `recorded` as it was recorded (a name, a law), `code` a code that stays on one
    line; `grams` and `number` are int or None, `moment` a wire moment or "", `percent` a Share, `state` a pair
    (ok|soon|wrong|unknown, word). `link` is the key under which a row holds the address that the cell leads to ("" or
    absent: none).
    """

    key: str
    zh: str
    en: str
    kind: Kind = "text"
    link: str = ""

    @property
    def css(self) -> str:
        """The class of its cells: numbers stand at the right, moments and codes on one line."""
        numbers, whole = ("grams", "number", "percent"), ("moment", "code")
        return "number" if self.kind in numbers else "mass" if self.kind in whole else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under columns. `next` is the address of the following page of a long list; `empty` says what to do first
    when there are no rows."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    next: str = ""
    empty: str = ""

    def __html__(self) -> Markup:
        return Markup(render_template("table.html", table=self))

    def cells(self, row: Mapping[str, Any]) -> Iterator[tuple[Column, Markup]]:
        """A row's cells for the page."""
        for column in self.columns:
            shown, to = _shown(column, row[column.key]), row.get(column.link, "") if column.link else ""
            yield column, Markup('<a href="{}">{}</a>').format(to, shown) if to else shown

    def address(self, kind: str) -> str:
        """Where this table is to be had as a file: this page's address, its filters included."""
        kept = [(k, v) for k, v in request.args.items(multi=True) if k not in ("as", "table", "cursor", "done")]
        return f"{request.path}?{urlencode([*kept, ('table', self.name), ('as', kind)])}"


def tabled(template: str, /, *tables: Table, **context: Any) -> Response:
    """The page with its tables by name; or, where the address asks `as` a file, one of the tables as that."""
    kind = request.args.get("as", "")
    if not kind:
        return page(template, **{table.name: table for table in tables}, **context)
    wanted = request.args.get("table", tables[0].name)
    found = next((table for table in tables if table.name == wanted), None)
    if found is None or kind not in _TYPES:
        names = ", ".join(table.name for table in tables)
        raise BadRequest(expected=f"as=csv or as=xlsx of a table of {names}", got=f"{kind} of {wanted}")
    return _file(found, kind)


def rows_max(shown: int) -> int:
    """How many rows to load: so many for the page, all of them for a file."""
    return FILE_ROWS_MAX if request.args.get("as") else shown


def _file(table: Table, kind: str) -> Response:
    response = Response((as_csv if kind == "csv" else as_xlsx)(table), content_type=_TYPES[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{table.name}.{kind}"'
    return response


def as_csv(table: Table) -> bytes:
    """The table for spreadsheets of any age: UTF-8 with a mark; a text that looks like a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_headings(table.columns))
    for row in table.rows:
        cells = (_plain(column, row[column.key]) for column in table.columns)
        writer.writerow(f"'{x}" if isinstance(x, str) and x.startswith(_FORMULA) else x for x in cells)
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(table: Table) -> bytes:
    """The table as a workbook of one sheet, in which texts are texts and numbers numbers."""
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        for x, heading in enumerate(_headings(table.columns)):
            sheet.write_string(0, x, heading, bold)
        for y, row in enumerate(table.rows, 1):
            for x, column in enumerate(table.columns):
                value = _plain(column, row[column.key])
                sheet.write_string(y, x, value) if isinstance(value, str) else sheet.write_number(y, x, value)
        sheet.freeze_panes(1, 0)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
            sheet.autofit(360)
    return out.getvalue()


def _headings(columns: Iterable[Column]) -> list[str]:
    units = {"grams": " (g)", "percent": " (%)"}
    return [t(column.zh, column.en) + units.get(column.kind, "") for column in columns]


def _shown(column: Column, value: Any) -> Markup:
    match column.kind:
        case "grams":
            return grams(value)
        case "number":
            return Markup("–") if value is None else escape(f"{value:,}")
        case "moment":
            return moment(value)
        case "percent":
            return escape(percent(value))
        case "state":
            return Markup('<span class="state {}">{}</span>').format(*value)
        case "recorded":
            return Markup('<span lang="zh">{}</span>').format(value) if value else Markup("–")
        case "text" | "code":
            return escape(value)


def _plain(column: Column, value: Any) -> str | int:
    """A value for a file: masses in grams, moments at the ledger's clock."""
    match column.kind:
        case "moment":
            return teller().local(value) if value else ""
        case "percent":
            assert isinstance(value, Share)
            return value.percent or ""
        case "state":
            return str(value[1])
        case _:
            return value if isinstance(value, int) else str(value or "")
