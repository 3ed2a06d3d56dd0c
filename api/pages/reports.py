"""Monthly and quarterly reports: every kind and enterprise with its terms, and an enterprise's books as HJ 1259."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from flask import Blueprint
from flask import Response as Answer
from werkzeug.wrappers import Response

from api.auth import Right, current_viewer, ledger, queries, requires
from api.errors import NoSuchPlace
from api.pages.overview import Asked, asked, choices
from api.pages.shown import name, registry, t, word
from api.pages.tables import Column, Table, tabled
from ledger import figures as told
from ledger.books import rows_of
from ledger.custody.rate import Rate
from ledger.custody.regimes.base import KINDS
from ledger.exchange.hj1259 import write_workbook

blueprint = Blueprint("page_reports", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS = (
    Column("kind", "废物类别", "Kind of waste"),
    Column("party", "企业", "Enterprise", "recorded", link="href"),
    Column("opening", "期初", "Opening", "grams"),
    Column("generated", "产生", "Generated", "grams"),
    Column("derived", "处置残渣", "Residues", "grams"),
    Column("other", "其他来源", "Otherwise came in", "grams"),
    Column("utilised", "利用", "Utilised", "grams"),
    Column("disposed", "处置", "Disposed of", "grams"),
    Column("settled", "容差与工艺损耗", "Tolerance, process loss", "grams"),
    Column("bad", "不安全", "Not safe", "grams"),
    Column("open", "期末未办结", "Open at the end", "grams"),
    Column("overdue", "其中超期", "Of it overdue", "grams"),
    Column("proven", "已证明", "Proven", "percent"),
    Column("due", "到期", "Due", "percent"),
    Column("declared", "申报", "Declared", "percent"),
)


@blueprint.get("/reports")
@requires(Right.READ)
def reports() -> Response:
    filters = asked()
    caption = t(f"{filters.period} 报表，截至检查点 {queries().projected()}",
                f"Report {filters.period}, as of checkpoint {queries().projected()}")  # fmt: skip
    empty = t("此时段没有记录的废物。", "No waste is recorded in the period.")
    table = Table(name="report", caption=caption, columns=COLUMNS, rows=list(_rows(filters)), empty=empty)
    return tabled("reports.html", table, asked=filters, choices=choices(), parties=_books())


def _rows(filters: Asked) -> Iterator[dict[str, Any]]:
    """Each kind's enterprises, then the kind's own sum; kinds are never added."""
    for kind in KINDS:
        question = replace(filters.question, view="origin", kind=kind)
        (sum_, rates), ends = told.by_producer(queries(), question), told.ends_by_producer(queries(), question)
        for party in sorted(rates, key=name):
            of_one = replace(filters, question=question, party=party)
            yield _row(of_one, rates[party], ends.get(party, {})) | {"party": name(party)}
        if len(rates) > 1:
            total = {end: sum(each.get(end, 0) for each in ends.values()) for end in ("utilised", "disposed")}
            yield _row(replace(filters, question=question), sum_, total) | {"party": t("合计", "all")}


def _row(filters: Asked, rate: Rate, ends: dict[str, int]) -> dict[str, Any]:
    came = dict(rate.came_in_g)
    return {
        "kind": word(filters.question.kind, "WASTES"),
        "href": filters.address(),
        "opening": rate.opening_g,
        "generated": came.pop("generated"),
        "derived": came.pop("derived"),
        "other": sum(came.values()),
        "utilised": ends.get("utilised", 0),
        "disposed": ends.get("disposed", 0),
        "settled": rate.settled_g,
        "bad": sum(rate.bad_g.values()),
        "open": rate.open_g,
        "overdue": rate.overdue_g,
        "proven": rate.proven,
        "due": rate.due,
        "declared": rate.declared,
    }


def _books() -> list[str]:
    """Whose books the reader may have."""
    return sorted((party for party in registry().parties if current_viewer().is_own(party)), key=name)


@blueprint.get("/reports/hj1259/<party>.xlsx")
@requires(Right.READ)
def books(party: str) -> Response:
    """An enterprise's five tables B.1 to B.5."""
    if party not in _books():
        raise NoSuchPlace()
    found = rows_of(ledger(), queries(), party)
    answer = Answer(write_workbook((row.row for row in found), ledger().regime), content_type=XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="hj1259-{party[-8:]}.xlsx"'
    return answer
