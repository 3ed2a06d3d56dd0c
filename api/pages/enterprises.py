"""Enterprises by what is missing, and the sheet of one: rate, stock, exceptions, licences, plan, duties, manifests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from flask import Blueprint, request
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, current_viewer, ledger, queries, reading, requires
from api.errors import NoSuchPlace
from api.pages import acts
from api.pages.authority import ACTS, LICENCES, stopped
from api.pages.exceptions import listed, standing
from api.pages.overview import Asked, asked, choices, one_of
from api.pages.shown import name, registry, t, word
from api.pages.tables import FILE_ROWS_MAX, Column, Table, following, part, skipped, tabled
from ledger import figures as told
from ledger.custody.duties import years_owed
from ledger.custody.rate import Question, Rate
from ledger.custody.regimes.base import KINDS
from ledger.custody.registry import Licence

blueprint = Blueprint("page_enterprises", __name__)
LIST_MAX: Final = 200
TIERS: Final[dict[str, tuple[str, str]]] = {
    "key": ("重点监管", "key unit"),
    "simplified": ("简化管理", "simplified"),
    "registered": ("登记管理", "registered"),
}
ROLES: Final[dict[str, tuple[str, str]]] = {
    "generator": ("产生单位", "generator"),
    "carrier": ("运输单位", "carrier"),
    "disposer": ("利用处置单位", "disposer"),
    "authority": ("主管部门", "authority"),
    "operator": ("运营方", "operator"),
}
_OPEN: Final = ("arrived", "under-way", "issued")


@blueprint.get("/enterprises")
@requires(Right.READ)
def enterprises() -> Response:
    filters = asked()
    question = replace(filters.question, view="origin")
    counts: dict[str, int] = {}
    for flag in standing(current_viewer()):
        counts[flag.holder] = counts.get(flag.holder, 0) + 1
    _, rates = told.by_producer(queries(), question)
    rows = sorted(
        (_row(filters, party, rate, counts.get(party, 0)) for party, rate in rates.items()),
        key=lambda row: (-row["missing"], row["name"]),
    )
    columns = (
        Column("name", "企业", "Enterprise", "recorded", link="href"),
        Column("missing", "距 100 % 还差", "Missing from 100 %", "grams", link="overview"),
        Column("proven", "已证明", "Proven", "percent"),
        Column("due", "到期", "Due", "percent"),
        Column("declared", "申报", "Declared", "percent"),
        Column("whole", "产生 + 期初", "Generated + opening", "grams"),
        Column("bad", "不安全", "Bad", "grams"),
        Column("overdue", "超期", "Overdue", "grams"),
        Column("exceptions", "未结异常", "Exceptions", "number", link="exceptions_href"),
    )
    table = Table(
        name="enterprises",
        caption=t("按还差的质量排序", "By what is missing"),
        columns=columns,
        rows=part(rows, LIST_MAX),
        empty=t("此范围和时段没有产生废物的企业。", "No enterprise generated waste in this scope and period."),
        start=skipped(),
        next=following(len(rows), LIST_MAX),
        total=len(rows),
    )
    return tabled("enterprises.html", table, asked=filters, choices=choices())


def _row(filters: Asked, party: str, rate: Rate, exceptions: int) -> dict[str, Any]:
    return {
        "name": name(party),
        "href": f"/enterprises/{party}",
        "missing": rate.proven.whole_g - rate.proven.part_g,
        "overview": filters.address(party=party, view="origin"),
        "proven": rate.proven,
        "due": rate.due,
        "declared": rate.declared,
        "whole": rate.proven.whole_g,
        "bad": sum(rate.bad_g.values()),
        "overdue": rate.overdue_g,
        "exceptions": exceptions,
        "exceptions_href": f"/exceptions?party={party}" if exceptions else "",
    }


@blueprint.get("/enterprises/<party>")
@requires(Right.READ)
def enterprise(party: str) -> Response:
    """The sheet of one enterprise, for itself and for who watches it; to others, what the registry tells of it."""
    registered = registry().parties.get(party)
    if registered is None:
        raise NoSuchPlace()
    sites = {site: event for site, event in registry().sites.items() if event.holder == party}
    known = {
        "party": party,
        "registered": registered,
        "sites": sites,
        "roles": [t(*ROLES[x]) for x in registered.duties],
    }
    if not current_viewer().is_own(party):
        return tabled("enterprises-other.html", _licences(party, own=False), **known)
    years = [each for each, _ in choices()["years"]]
    year = one_of("year", request.args.get("year") or years[0], years)
    flags = [flag for flag in standing(current_viewer()) if flag.holder == party]
    return tabled(
        "enterprises-one.html",
        _rates(party, year),
        _stock(party),
        listed(flags),
        _licences(party, own=True),
        acts.crossings(party.__eq__),
        acts.plans(party.__eq__),
        acts.exemptions(party.__eq__),
        _plan(sites, int(year)),
        _duties(sites, int(year)),
        _manifests(party),
        year=year,
        years=years,
        forms=ACTS,
        oversees=_oversees(),
        **known,
    )


def _rates(party: str, year: str) -> Table:
    start, end = ledger().regime.period(year)
    rows = []
    for kind in KINDS:
        question = Question(
            view="origin", kind=kind, start=start, end=end, as_of=ledger().now(), parties=frozenset({party})
        )
        rate = queries().rate(question)
        if rate.proven.whole_g:
            filters = Asked(question=question, period=year, region="", party=party)
            rows.append({"kind": word(kind, "WASTES")} | _row(filters, party, rate, 0))
    columns = (
        Column("kind", "废物类别", "Kind of waste", link="overview"),
        Column("proven", "已证明", "Proven", "percent"),
        Column("missing", "还差", "Missing", "grams"),
        Column("due", "到期", "Due", "percent"),
        Column("declared", "申报", "Declared", "percent"),
        Column("whole", "产生 + 期初", "Generated + opening", "grams"),
    )
    empty = t("本年没有产生废物的记录。", "Nothing generated is recorded for the year.")
    return Table(name="rates", caption=t("安全处置率", "Safe-disposal rate"), columns=columns, rows=rows, empty=empty)


def _stock(party: str) -> Table:
    found = reading().stock(current_viewer(), {"holder": party}, "", FILE_ROWS_MAX).items
    rows = [
        {
            "site": name(row["site"]),
            "href": f"/stores/{row['site']}" if row["site"] else "",
            "stage": word(row["stage"], "STAGES"),
            "kind": word(row["kind"], "WASTES"),
            "code": row["code"],
            "grams": row["grams"],
            "deadline": row["deadline"],
        }
        for row in found
    ]
    columns = (
        Column("site", "场所", "Site", "recorded", link="href"),
        Column("stage", "状态", "Where"),
        Column("kind", "类别", "Kind"),
        Column("code", "代码", "Code"),
        Column("grams", "质量", "Mass", "grams"),
        Column("deadline", "最早的时限", "First deadline", "moment"),
    )
    empty = t("没有库存。", "Nothing in stock.")
    return Table(name="stock", caption=t("库存与时限", "Stock and clocks"), columns=columns, rows=rows, empty=empty)


def _licences(party: str, *, own: bool) -> Table:
    today, held = ledger().regime.day_of(ledger().now()), registry().licences.get(party, ())
    confirmed = {x.terms.licence for x in held if x.confirmed}
    rows = [
        {
            "licence": x.terms.licence,
            "confirmed": x.confirmed,
            "number": x.terms.number,
            "kind": t(*LICENCES[x.terms.kind]),
            "from": x.terms.valid_from,
            "until": x.terms.valid_until,
            "codes": "、".join(x.terms.include) or t("全部", "all"),
            "methods": "、".join(x.terms.methods) or t("不限", "any"),
            "annual": x.terms.annual_g,
            "state": _licence_state(x, today),
            "href": f"/evidence/{x.fact.id}" if own else "",
        }
        for x in (registry().amended(each, today) for each in held)
        if x.confirmed or x.terms.licence not in confirmed
    ]
    columns = (
        Column("number", "编号", "Number", "recorded", link="href"),
        Column("kind", "种类", "Kind"),
        Column("state", "状态", "State", "state"),
        Column("from", "自", "From"),
        Column("until", "至", "Until"),
        Column("codes", "代码", "Codes"),
        Column("methods", "方式", "Methods"),
        Column("annual", "年数量", "A year", "grams"),
        *([Column("", "办理", "Acts", "drawn")] if _oversees() and own else []),
    )
    empty = t("没有登记的许可证。", "No licence is registered.")
    return Table(name="licences", caption=t("许可证", "Licences"), columns=columns, rows=rows, empty=empty)


def _oversees() -> bool:
    return "regulator" in current_actor().roles


def _licence_state(licence: Licence, today: str) -> tuple[str, str]:
    if not licence.confirmed:
        return "unknown", t("仅自行登记", "asserted only")
    if words := stopped(licence, today):
        return "wrong", words
    return ("ok", t("有效", "valid")) if licence.valid_on(today) else ("wrong", t("失效", "not valid"))


def _plan(sites: dict[str, Any], year: int) -> Table:
    rows = [
        {
            "site": name(site),
            "code": each.code,
            "planned": ("ok", t("在计划内", "in the plan")) if each.planned else ("soon", t("计划外", "not planned")),
            "planned_generated": each.planned_generated_g,
            "generated": each.generated_g,
            "planned_treated": each.planned_treated_g,
            "treated": each.treated_g,
            "planned_entrusted": each.planned_entrusted_g,
            "entrusted": each.entrusted_g,
        }
        for site in sites
        for each in queries().planned(site, year)
    ]
    columns = (
        Column("site", "场所", "Site", "recorded"),
        Column("code", "代码", "Code"),
        Column("planned", "计划", "Plan", "state"),
        Column("planned_generated", "计划产生", "Planned", "grams"),
        Column("generated", "实际产生", "Generated", "grams"),
        Column("planned_treated", "计划自行处置", "Planned own", "grams"),
        Column("treated", "实际自行处置", "Treated itself", "grams"),
        Column("planned_entrusted", "计划委托", "Planned out", "grams"),
        Column("entrusted", "实际委托", "Entrusted", "grams"),
    )
    caption = t(f"{year} 年计划与实际", f"Plan against actual, {year}")
    empty = t("本年没有计划，也没有产生。", "No plan and nothing generated this year.")
    return Table(name="plan", caption=caption, columns=columns, rows=rows, empty=empty)


def _duties(sites: dict[str, Any], year: int) -> Table:
    rows = list(_owed(sites, year))
    columns = (
        Column("site", "场所", "Site", "recorded"),
        Column("tier", "管理类别", "Tier"),
        Column("duty", "事项", "Duty"),
        Column("period", "时段", "Period"),
        Column("due", "期限", "Due", "moment"),
        Column("done", "完成", "Done", "moment"),
        Column("state", "状态", "State", "state"),
    )
    caption = t(f"{year} 年申报与计划", f"Declarations and plan, {year}")
    return Table(name="duties", caption=caption, columns=columns, rows=rows)


def _owed(sites: dict[str, Any], year: int) -> Iterator[dict[str, Any]]:
    """What each site owes; where no authority takes declarations through this ledger, it may be done elsewhere."""
    now, kinds = ledger().now(), {"plan": t("管理计划", "plan"), "declaration": t("申报", "declaration")}
    today = ledger().regime.day_of(now)
    for site, event in sites.items():
        tier, duties = queries().duties(site, year)
        here = year in years_owed(site, event.holder, today, registry())
        for duty in duties:
            state = ("ok", t("已完成", "done")) if duty.done_at else ("unknown", t("未到期", "not due yet"))
            if duty.overdue_at(now):
                state = ("wrong", t("逾期", "overdue")) if here else ("unknown", t("不在本账本", "not in this ledger"))
            yield {
                "site": name(site),
                "tier": t(*TIERS[tier]),
                "duty": kinds[duty.kind],
                "period": duty.period,
                "due": duty.due_at,
                "done": duty.done_at,
                "state": state,
            }


def _manifests(party: str) -> Table:
    wanted = ({"party": party, "status": status} for status in _OPEN)
    found = (reading().manifests(current_viewer(), each, "", FILE_ROWS_MAX).items for each in wanted)
    rows = [
        {
            "number": row["number"] or t("（未编号）", "(no number)"),
            "href": f"/manifests/{row['id']}",
            "status": word(row["status"], "STATUS"),
            "sender": name(row["sender"]),
            "carrier": name(row["carrier"]),
            "receiver": name(row["receiver"]),
            "issued_at": row["issued_at"],
        }
        for row in chain.from_iterable(found)
    ]
    columns = (
        Column("number", "联单", "Manifest", link="href"),
        Column("status", "状态", "State"),
        Column("sender", "移出人", "Sender", "recorded"),
        Column("carrier", "承运人", "Carrier", "recorded"),
        Column("receiver", "接受人", "Receiver", "recorded"),
        Column("issued_at", "开具", "Issued", "moment"),
    )
    empty = t("没有在途的联单。", "No manifest is under way.")
    return Table(
        name="manifests", caption=t("在途联单", "Manifests under way"), columns=columns, rows=rows, empty=empty
    )
