"""What anybody may read without a log-in: the rate by kind and year with its terms, as the authority decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from flask import Blueprint, current_app, request
from werkzeug.wrappers import Response

from api.auth import Right, ledger, queries, requires
from api.pages.overview import one_of, policy
from api.pages.shown import name, registry, t, word
from api.pages.tables import Column, Table, tabled
from ledger import figures as told
from ledger import verdicts
from ledger.custody.rate import Question, Rate
from ledger.custody.regimes.base import KINDS

blueprint = Blueprint("page_disclosure", __name__)
SETTING: Final = "disclosure"
"""Adopted by an authority: "rates" (the default), "none", or for single parties "enterprise" (docs/decisions/0010)."""
YEARS: Final = 5
ENTERPRISES_MIN: Final = 3  # with fewer, a sum would tell one's figure to the others

_FIGURES: Final = (
    Column("proven", "已证明", "Proven", "percent"),
    Column("closed", "由有资质单位办结", "Closed by an entitled party", "grams"),
    Column("whole", "产生 + 期初", "Generated + opening", "grams"),
    Column("missing", "还差", "Missing", "grams"),
    Column("due", "到期", "Due", "percent"),
)


@blueprint.get("/public")
@requires(Right.PUBLIC)
def public() -> Response:
    today = ledger().regime.day_of(ledger().now())
    years = [str(int(today[:4]) - back) for back in range(YEARS)]
    year = one_of("year", request.args.get("year") or years[0], years)
    disclosed = registry().setting(SETTING, today) != "none"
    found = list(_figures(year, today)) if disclosed else []
    columns = (
        Column("kind", "废物类别", "Kind of waste"),
        Column("count", "企业数", "Enterprises", "number"),
        *_FIGURES,
    )
    open_ = {party for party in registry().parties if registry().setting(SETTING, today, party) == "enterprise"}
    few = {kind for kind, _, of_each in found if 0 < len(of_each.keys() - open_) < ENTERPRISES_MIN}
    sums = [
        _row(whole) | {"kind": word(kind, "WASTES"), "count": len(of_each)}
        for kind, whole, of_each in found
        if of_each and kind not in few
    ]
    named = [
        _row(rate) | {"kind": word(kind, "WASTES"), "party": name(party)}
        for kind, _, of_each in found
        for party, rate in sorted(of_each.items(), key=lambda item: name(item[0]))
        if party in open_
    ]
    own = (Column("party", "企业", "Enterprise", "recorded"), Column("kind", "废物类别", "Kind of waste"), *_FIGURES)
    caption = t(f"{year} 年安全处置率", f"Safe-disposal rate, {year}")
    return tabled(
        "disclosure.html",
        Table(name="rates", caption=caption, columns=columns, rows=sums),
        Table(name="enterprises", caption=t("按规定公开的企业", "Enterprises that disclose"), columns=own, rows=named),
        year=year,
        years=years,
        day=today,
        disclosed=disclosed,
        few=[word(kind, "WASTES") for kind in KINDS if kind in few],
        size=queries().projected(),
        trusted=told.believed(ledger(), policy()),
        verified=verdicts.newest(current_app.extensions["settings"].verdict),
        authorities=sorted({each.name for each in ledger().opened.authorities}),
    )


def _figures(year: str, today: str) -> Iterator[tuple[str, Rate, dict[str, Rate]]]:
    """(kind, sum, each enterprise's) of a year, clocks read at the beginning of this day: made once a day and size."""
    kept = current_app.extensions.setdefault("disclosed", {})
    key = (queries().projected(), today)
    if kept.get(year, (None,))[0] != key:
        kept[year] = key, list(_made(year, today))
    yield from kept[year][1]


def _made(year: str, today: str) -> Iterator[tuple[str, Rate, dict[str, Rate]]]:
    start, end = ledger().regime.period(year)
    for kind in KINDS:
        question = Question(view="origin", kind=kind, start=start, end=end, as_of=ledger().regime.period(today)[0])
        yield kind, *told.by_producer(queries(), question)


def _row(rate: Rate) -> dict[str, Any]:
    return {
        "proven": rate.proven,
        "closed": rate.proven.part_g,
        "whole": rate.proven.whole_g,
        "missing": rate.proven.whole_g - rate.proven.part_g,
        "due": rate.due,
    }
