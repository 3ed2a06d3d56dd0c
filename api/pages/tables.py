"""Office tables: one description of columns gives the table on the page, its CSV and its XLSX.

    found = Table(name="stock", caption=t("库存", "Stock"), columns=COLUMNS, rows=rows)
    return tabled("stores.html", found, site=site)        # in the template: {{ stock }}

`?as=csv` or `?as=xlsx` answers the rows as a file; of several tables on a page `?table=` names one. A long list is
shown in parts, from `?skip=` rows on; its files hold the whole list.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlencode

from flask import Response, render_template, request
from markupsafe import Markup, escape
from xlsxwriter import Workbook  # type: ignore[import-untyped]

from api.errors import BadRequest
from api.pages.shown import grams, moment, page, percent, t, teller
from ledger.custody.rate import Share

Kind = Literal["text", "code", "recorded", "grams", "number", "moment", "percent", "state", "drawn"]
T = TypeVar("T")
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
    (ok|soon|wrong|unknown, word) or None. `drawn` is what the page makes of the row, as a box to tick; a file has the
    value, and a column without a key is in no file. `link` is the key under which a row holds the address that the cell
    leads to ("" or absent: none).
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
    """Rows under columns; `empty` says what to do first when there are none, `sums` adds up masses on the page. Without
    `files` it cannot be downloaded: it is a form's answer and nothing recorded.

    Of a list that is shown in parts, `start` rows stand before these, the following ones are at `next`, and `total` is
    how many there are, where that is known.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    empty: str = ""
    sums: bool = False
    files: bool = True
    start: int = 0
    next: str = ""
    total: int | None = None

    def __html__(self) -> Markup:
        return self.drawn(lambda row, key: escape(row[key]))

    def drawn(self, caller: Callable[[Mapping[str, Any], str], Markup]) -> Markup:
        """The table with its drawn cells: `{% call(row, key) table.drawn() %}…{% endcall %}`."""
        return Markup(render_template("table.html", table=self, draw=caller))

    def cells(self, row: Mapping[str, Any], draw: Callable[[Mapping[str, Any], str], Markup]) -> Iterator[Any]:
        """(column, cell) of a row for the page."""
        for column in self.columns:
            shown = draw(row, column.key) if column.kind == "drawn" else _shown(column, row[column.key])
            to = row.get(column.link, "") if column.link else ""
            yield column, Markup('<a href="{}">{}</a>').format(to, shown) if to else shown

    def sum_of(self, column: Column) -> Markup:
        """What a column of masses adds up to; nothing of any other."""
        return grams(sum(row[column.key] or 0 for row in self.rows)) if column.kind == "grams" else Markup()

    @property
    def place(self) -> str:
        """Which rows of the list are shown, and of how many."""
        first, last = self.start + 1, self.start + len(self.rows)
        zh, en = ("", "") if self.total is None else (f"，共 {self.total:,} 行", f" of {self.total:,}")
        return t(f"第 {first:,}–{last:,} 行{zh}", f"Rows {first:,}–{last:,}{en}") if self.rows else t("无", "None")

    @property
    def first(self) -> str:
        """The address of the list's first rows."""
        return this_page()

    def address(self, kind: str) -> str:
        """Where this table is to be had as a file: this page's address, its filters included."""
        return this_page(**{"table": self.name, "as": kind})


def tabled(template: str, /, *tables: Table, **context: Any) -> Response:
    """The page with its tables by name; or, where the address asks `as` a file, one of the tables as that."""
    kind = request.args.get("as", "")
    if not kind:
        return page(template, **{table.name: table for table in tables}, **context)
    wanted = request.args.get("table", tables[0].name)
    had = {table.name: table for table in tables if table.files}
    if wanted not in had or kind not in _TYPES:
        names = ", ".join(had)
        raise BadRequest(expected=f"as=csv or as=xlsx of a table of {names}", got=f"{kind} of {wanted}")
    return _file(had[wanted], kind)


def this_page(**more: str | int) -> str:
    """This page's address with its filters, without its place in a list, and with what is added."""
    gone = ("as", "table", "cursor", "skip", "done", *more)
    kept = [(key, value) for key, value in request.args.items(multi=True) if key not in gone]
    return f"{request.path}?{urlencode([*kept, *more.items()])}".rstrip("?")


def skipped() -> int:
    """How many rows of a long list stand before those that the address asks for."""
    return max(0, min(FILE_ROWS_MAX, request.args.get("skip", default=0, type=int)))


def in_parts(more: object) -> bool:
    """True for a page that shows a part of a list, as when there is more of it: it should say of how many."""
    return not request.args.get("as") and bool(more or skipped())


def part(found: Sequence[T], size: int) -> Sequence[T]:
    """Of a list those that the address asks for: so many for the page, all of them for a file."""
    return found if request.args.get("as") else found[skipped() : skipped() + size]


def following(known: int, size: int, **more: str | int) -> str:
    """The address of the part after the one shown; "" where so many rows end with it."""
    after = skipped() + size
    return this_page(skip=after, **more) if known > after else ""


def rows_max(shown: int) -> int:
    """How many rows to load: so many for the page, for a file all of them and one more than it may hold."""
    return FILE_ROWS_MAX + 1 if request.args.get("as") else shown


def _file(table: Table, kind: str) -> Response:
    if len(table.rows) > FILE_ROWS_MAX:
        raise BadRequest(
            expected=t(
                f"至多 {FILE_ROWS_MAX:,} 行，请缩小筛选范围", f"{FILE_ROWS_MAX:,} rows at most: narrow the filter"
            ),
            got=f"{len(table.rows):,}",
        )
    response = Response((as_csv if kind == "csv" else as_xlsx)(table), content_type=_TYPES[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{table.name}.{kind}"'
    return response


def as_csv(table: Table) -> bytes:
    """The table for spreadsheets of any age: UTF-8 with a mark; a text that looks like a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out)
    columns = _of_files(table)
    writer.writerow(_headings(columns))
    for row in table.rows:
        cells = (_plain(column, row[column.key]) for column in columns)
        writer.writerow(f"'{x}" if isinstance(x, str) and x.startswith(_FORMULA) else x for x in cells)
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(table: Table) -> bytes:
    """The table as a workbook of one sheet, in which texts are texts and numbers numbers."""
    out, columns = io.BytesIO(), _of_files(table)
    with Workbook(out, {"in_memory": True}) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        for x, heading in enumerate(_headings(columns)):
            sheet.write_string(0, x, heading, bold)
        for y, row in enumerate(table.rows, 1):
            for x, column in enumerate(columns):
                value = _plain(column, row[column.key])
                sheet.write_string(y, x, value) if isinstance(value, str) else sheet.write_number(y, x, value)
        sheet.freeze_panes(1, 0)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), len(columns) - 1)
            sheet.autofit(360)
    return out.getvalue()


def _of_files(table: Table) -> list[Column]:
    return [column for column in table.columns if column.key]


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
            return Markup('<span class="state {}">{}</span>').format(*value) if value else Markup("–")
        case "recorded":
            return Markup('<span lang="zh">{}</span>').format(value) if value else Markup("–")
        case "text" | "code" | "drawn":
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
            return str(value[1]) if value else ""
        case _:
            return value if isinstance(value, int) else str(value or "")
